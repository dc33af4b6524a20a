"""The worker of `message`: a text to people, with or without a wait for the reply.

In: the work and its values. Out: `{message_id, reply}` at once, or nothing that the machine waits for: the reply comes by the task token. A
channel that is not set up is replaced by the console, with a warning.
"""

from collections.abc import Callable, Mapping

from chalicelib.channels.console import ConsoleChannel, shown, text_for
from chalicelib.channels.fallback import Routed, route
from chalicelib.channels.outbound import Message as Outbound
from chalicelib.channels.outbound import Rendered
from chalicelib.conversations.message import Outgoing, send_message
from chalicelib.conversations.message import ask as ask_by_message
from chalicelib.spec.model import Json, JsonObject
from chalicelib.spec.nodes import Message
from chalicelib.store.message_records import SentMessage
from chalicelib.workers.payload import PayloadInvalid
from chalicelib.workers.values import rendered_text
from chalicelib.workers.warn import warn
from chalicelib.workers.work import Done, Work


def prepare(work: Work, node: Message, values: Mapping[str, Json]) -> tuple[JsonObject, Callable[[], Done]]:
    """(what is shown, the sending) of a message that waits for nothing."""
    (text, to), routed = _said(node, values), route(node.channels)
    warn(work.attempt, routed.warnings)
    recorded: JsonObject = {"text": text, "to": to, "channels": list(routed.channels)}
    return recorded, lambda: _send(work, text_for(to, text, work.effect_key), routed)


def ask(work: Work, node: Message, values: Mapping[str, Json]) -> JsonObject:
    """Send a message that waits for its reply; from here on the node waits."""
    token = work.payload.token
    if token is None:
        raise PayloadInvalid("a message that waits for its reply needs a task token")
    (text, to), routed = _said(node, values), route(node.channels)
    warn(work.attempt, routed.warnings)
    sent = _through_console(
        text_for(to, text, work.effect_key, expects_reply=True),
        lambda outgoing: ask_by_message(
            work.attempt, message=outgoing, token=token, deadline_seconds=work.payload.deadline_seconds, settled=work.payload.settled
        ),
        routed,
    )
    return {"message_id": sent.id}


def _said(node: Message, values: Mapping[str, Json]) -> tuple[str, str | None]:
    """The text, and whom it is for."""
    return rendered_text(node.text, values), (rendered_text(node.to, values) if node.to else "") or None


def _send(work: Work, message: Outbound, routed: Routed) -> Done:
    sent = _through_console(message, lambda outgoing: send_message(work.attempt, message=outgoing), routed)
    details: JsonObject = {"channels": list(routed.channels)}
    if routed.warnings:
        details["warnings"] = list(routed.warnings)
    return Done({"message_id": sent.id, "reply": None}, details=details)


def _through_console(message: Outbound, record: Callable[[Outgoing], SentMessage], routed: Routed) -> SentMessage:
    """Render and send by the console, whose recorder is the conversation."""
    kept: list[SentMessage] = []
    channel = ConsoleChannel(lambda rendered: kept.append(record(_outgoing(rendered, routed))))
    channel.send(channel.render(message))
    return kept[0]


def _outgoing(rendered: Rendered, routed: Routed) -> Outgoing:
    text, to = shown(rendered)
    return Outgoing(text=text, to=to, channels=routed.channels)
