"""Tells those who asked for it that a run has ended: one POST each, by the way that all tools go out, until it is taken or was tried often enough.

In: an ended run. Out: whether somebody is still to be told; the sweeper then comes back to the run, once a minute. Told twice is no harm: a
notification says that something has changed, and the caller asks. Never: an output or an error of the run; a redirect followed; an address that the
guard does not allow.
"""

import json
import logging
from typing import Final

from chalicelib.clock import now_text
from chalicelib.settings import settings
from chalicelib.spec.model import JsonObject
from chalicelib.store import pushes
from chalicelib.store.pushes import Push
from chalicelib.store.run_records import Run
from chalicelib.store.statuses import RunStatus
from chalicelib.tools.destination import Destinations
from chalicelib.tools.failures import ToolFailure
from chalicelib.tools.fetch import Limits, Question, fetch

SECONDS: Final = 5.0
MAX_TRIES: Final = 10
_ANSWER_BYTES: Final = 65_536
TASK_STATES: Final = {
    RunStatus.QUEUED: "TASK_STATE_SUBMITTED",
    RunStatus.RUNNING: "TASK_STATE_WORKING",
    RunStatus.WAITING: "TASK_STATE_WORKING",  # for others than who sent the message
    RunStatus.SUCCEEDED: "TASK_STATE_COMPLETED",
    RunStatus.FAILED: "TASK_STATE_FAILED",
    RunStatus.TIMED_OUT: "TASK_STATE_FAILED",
    RunStatus.CANCELLED: "TASK_STATE_CANCELED",
}
"""A run's status as A2A has it."""
_log: Final = logging.getLogger(__name__)


def destinations() -> Destinations:
    return Destinations(allowed_hosts=frozenset(settings().allowed_hosts))


def are_left(run: Run) -> bool:
    """Whether somebody is to be told."""
    return any(_is_open(run, push) for push in pushes.list_of_run(run.organisation_id, run.id))


def tell_ended(run: Run, body: JsonObject) -> bool:
    """Whether somebody is still to be told."""
    found = [_told(run, push, body) for push in pushes.list_of_run(run.organisation_id, run.id) if _is_open(run, push)]
    return any(_is_open(run, push) for push in found)


def _is_open(run: Run, push: Push) -> bool:
    """Of a run that was resumed each end is told."""
    is_told = push.told_at is not None and (run.ended_at is None or push.told_at >= run.ended_at)
    return not is_told and push.tried_count < MAX_TRIES


def _told(run: Run, push: Push, body: JsonObject) -> Push:
    told_at = max(now_text(), run.ended_at or "")  # the engine's clock may be ahead
    after = push.model_copy(update={"told_at": told_at} if _post(push, body, run.id) else {"tried_count": push.tried_count + 1})
    pushes.note(run.organisation_id, run.id, after)
    return after


def _post(push: Push, body: JsonObject, run_id: str) -> bool:
    headers = {"content-type": "application/json"}
    if push.token:
        headers["x-a2a-notification-token"] = push.token
    if push.scheme and push.credentials:
        headers["authorization"] = f"{push.scheme} {push.credentials}"
    try:
        limits = Limits(seconds=SECONDS, body_bytes=_ANSWER_BYTES)
        answer = fetch(destinations().check(push.url), Question("POST", headers, json.dumps(body).encode()), limits=limits)
    except ToolFailure as failure:
        _log.info("nobody took a notification", extra={"run_id": run_id, "why": type(failure).__name__})
        return False
    return 200 <= answer.status < 300
