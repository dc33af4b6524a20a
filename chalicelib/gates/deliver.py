"""Deliver an answer that is written but has not reached the engine: gate decisions, replies, wake-ups, results of sub-workflows. The outbox.

Called right after the decision, by the table's stream and by the sweeper: sending twice does no harm, since the engine takes a token once.
A sub-workflow's result is first recorded in the parent's node run, then sent: the parent never shows less than its engine knows.
"""

import logging
from collections.abc import Mapping
from typing import Any, Final

from chalicelib.clock import now_text
from chalicelib.errors import RunEnded, RunNotFound, StaleAttempt
from chalicelib.live.announce import announce
from chalicelib.machines.tokens import Taken, send_failure, send_success
from chalicelib.spec.model import Json
from chalicelib.store import accounts, answers
from chalicelib.store.accounts import node_event
from chalicelib.store.answers import Answer, Waiter
from chalicelib.store.items import record_of
from chalicelib.store.journal import Change, NodeChange
from chalicelib.store.run_records import Fault, NodeAttempt
from chalicelib.store.runs import ParentLink
from chalicelib.store.statuses import EventType, NodeStatus
from chalicelib.store.transitions import fail, go_on, succeed
from chalicelib.store.values import keep

DELIVERY_WRITES: Final = 1  # an answer is marked as sent
_log: Final = logging.getLogger(__name__)


def deliver(organisation_id: str, waiter_id: str) -> bool:
    """Send the answer of a waiter: `gate_…`, `msg_…`, `hook_…` or, for a sub-workflow's result, the child's `run_…`. True when nothing is left.

    A token that the engine no longer knows counts as settled elsewhere. Raises EngineUnavailable when it must be tried again.
    """
    waiter = answers.find(organisation_id, waiter_id)
    if waiter is None or waiter.delivered_at is not None:
        return True
    if waiter.answer is None:
        return False
    if waiter_id.startswith("run_"):
        _tell_parent(waiter, waiter.answer)
    if _send(waiter.token, waiter.answer) is Taken.SETTLED_ELSEWHERE:
        _log.info("an answer came too late for the engine", extra={"waiter_id": waiter_id})
    answers.mark_delivered(waiter)
    return True


def deliver_soon(organisation_id: str, waiter_id: str) -> None:
    """Deliver now if that is possible; the outbox does it otherwise. Whoever gave the answer has it written: no fault of this is theirs."""
    try:
        deliver(organisation_id, waiter_id)
    except Exception:
        _log.warning("an answer waits for the engine", exc_info=True, extra={"waiter_id": waiter_id})


def relay(image: Mapping[str, Any]) -> bool:
    """Deliver what a stream record's new image (plain values) holds, if it is an undelivered answer; False when it is not."""
    organisation_id, waiter_id, place = _organisation(image), image.get("GSI2SK"), image.get("GSI2PK")
    if not isinstance(waiter_id, str) or not isinstance(place, str) or not place.endswith("#UNDELIVERED"):
        return False
    return deliver(organisation_id, waiter_id)


def _organisation(image: Mapping[str, Any]) -> str:
    parts = str(image.get("PK", "")).split("#")
    return parts[1] if len(parts) > 1 else ""


def _send(token: str, answer: Answer) -> Taken:
    return send_success(token, answer.output) if answer.error is None else send_failure(token, answer.error, answer.cause)


def _tell_parent(waiter: Waiter, answer: Answer) -> None:
    """Record the child's end in the parent's node run; where the parent has ended or gone on there is nothing to record."""
    link = record_of(ParentLink, waiter.item)
    try:
        announce(lambda: _parent_change(link.attempt, answer))
    except (RunEnded, StaleAttempt, RunNotFound) as gone:
        _log.info("the parent waits no longer", extra={"waiter_id": waiter.id, "why": str(gone)})


def _parent_change(attempt: NodeAttempt, answer: Answer) -> Change | None:
    scene = accounts.read_scene(attempt)
    accounts.require_open(scene)
    if attempt.call is not None:
        going_on = go_on(scene.node, attempt)
        resumed = None if going_on is None else NodeChange(scene.node, going_on, (node_event(going_on, EventType.NODE_RESUMED),))
        return None if resumed is None else Change(scene.run, (resumed,))
    at = now_text()
    if answer.error is None:
        after = succeed(scene.node, attempt, at=at, result=_result(attempt, answer.output))
    else:
        after = fail(scene.node, attempt, at=at, error=Fault(name=answer.error, message=answer.cause))
    if after is None:
        return None
    succeeded = after.status is NodeStatus.SUCCEEDED
    data = accounts.succeeded_data(after) if succeeded else accounts.fault_data(after.error or Fault(name=""))
    told = node_event(after, EventType.NODE_SUCCEEDED if succeeded else EventType.NODE_FAILED, data)
    return Change(scene.run, (NodeChange(scene.node, after, (told,)),))


def _result(attempt: NodeAttempt, output: Json) -> Any:
    return keep(attempt.organisation_id, f"runs/{attempt.run_id}/{attempt.node}", output)
