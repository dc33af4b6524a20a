"""A person's reply to a message that waits for one."""

from typing import Final

from chalicelib.access.objects import run_for
from chalicelib.access.principal import Principal
from chalicelib.access.scopes import Scope
from chalicelib.clock import now_text
from chalicelib.errors import AlreadyReplied, MessageNotFound, RunEnded
from chalicelib.gates.deliver import DELIVERY_WRITES, deliver_soon
from chalicelib.live.announce import announce
from chalicelib.spec.model import JsonObject
from chalicelib.store import accounts, messages
from chalicelib.store.accounts import node_event
from chalicelib.store.answers import Answer
from chalicelib.store.journal import Change, NodeChange
from chalicelib.store.message_records import SentMessage
from chalicelib.store.run_records import NodeAttempt
from chalicelib.store.statuses import EventType
from chalicelib.store.transitions import succeed
from chalicelib.store.values import keep

MAX_TEXT: Final = 20_000


def reply(principal: Principal, run_id: str, *, text: str, node: str | None = None, message_id: str | None = None) -> SentMessage:
    """Answer the oldest message of the run that waits for a reply, or the one of `node` or `message_id`. The first reply wins.

    Raises RunNotFound, RunEnded, MessageNotFound when nothing waits, AlreadyReplied.
    """
    if run_for(principal, run_id, Scope.WORKFLOW_EXECUTE).status.is_terminal:
        raise RunEnded(f"run {run_id} has ended")
    asked = _asked(principal, run_id, node, message_id)
    announce(lambda: _change(asked, principal.person, text[:MAX_TEXT]))
    deliver_soon(asked.organisation_id, asked.id)
    return messages.find(asked.organisation_id, asked.id) or asked


def list_waiting(principal: Principal, run_id: str) -> tuple[SentMessage, ...]:
    """The run's messages that wait for a reply, oldest first. Raises RunNotFound."""
    run = run_for(principal, run_id, Scope.RUN_READ)
    if run.status.is_terminal:
        return ()
    sent = messages.list_of_run(principal.organisation_id, run_id)
    return tuple(message for message in sent if message.waits_for_reply and message.reply is None and message.fence.resume == run.resume)


def _asked(principal: Principal, run_id: str, node: str | None, message_id: str | None) -> SentMessage:
    if message_id is not None:
        found = messages.find(principal.organisation_id, message_id)
        if found is None or found.run_id != run_id or not found.waits_for_reply:
            raise MessageNotFound(f"run {run_id} has no message {message_id} that waits for a reply")
        return found
    waiting = [message for message in list_waiting(principal, run_id) if node in {None, message.node}]
    if not waiting:
        raise MessageNotFound(f"run {run_id} waits for no reply" + (f" at {node}" if node else ""))
    return waiting[0]


def _change(asked: SentMessage, person: str, text: str) -> Change:
    message = messages.find(asked.organisation_id, asked.id) or asked
    if message.reply is not None:
        raise AlreadyReplied(f"{message.replied_by} has replied already")
    attempt = NodeAttempt(
        organisation_id=message.organisation_id, run_id=message.run_id, node=message.node, item_path=message.item_path, fence=message.fence
    )
    scene = accounts.read_scene(attempt)
    accounts.require_open(scene)
    at = now_text()
    output: JsonObject = {"message_id": message.id, "reply": text}
    replied = message.model_copy(update={"reply": text, "replied_by": person, "replied_at": at, "revision": message.revision + 1})
    write = messages.reply_write(message, replied, Answer(output))
    current = attempt if scene.node is None else attempt.model_copy(update={"fence": scene.node.fence})
    after = succeed(scene.node, current, at=at, result=keep(message.organisation_id, f"runs/{message.run_id}/{message.node}", output))
    if after is None:
        return Change(scene.run, writes=(write,), write_count=DELIVERY_WRITES)
    data: JsonObject = {**accounts.succeeded_data(after), "by": person}
    return Change(
        scene.run,
        (NodeChange(scene.node, after, (node_event(after, EventType.NODE_SUCCEEDED, data),)),),
        writes=(write,),
        write_count=DELIVERY_WRITES,
    )
