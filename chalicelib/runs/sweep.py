"""The net behind status changes and streams: what a crash left half done is found and completed, once a minute.

In: an organisation. Out: counts. Starts queued runs that the engine never got, finishes runs whose execution has ended, cancels runs past their
deadline, delivers answers that have not reached the engine, gives back what budgets hold for calls whose worker died, deletes runs whose retention
is over, lets runs in that wait for a slot, and sets counts of slots right where they are not those of the open runs. A run that goes on as it should
is looked at less and less often.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

from chalicelib.access.budgets import give_back_lapsed
from chalicelib.clock import now_text, seconds_since
from chalicelib.gates.deliver import deliver
from chalicelib.machines import executions
from chalicelib.machines.names import execution_arn
from chalicelib.runs.admit import admit
from chalicelib.runs.finish import INTERRUPTED, NO_SLOT, StatusChange, change_of, finish
from chalicelib.runs.follow_up import follow_up, stop
from chalicelib.runs.recount import Recount
from chalicelib.runs.retention import delete_expired
from chalicelib.runs.start import give_to_engine, launch
from chalicelib.store import answers, keys, runs
from chalicelib.store.run_records import Run
from chalicelib.store.statuses import RunStatus
from chalicelib.store.workflows import get_version

PERIOD_SECONDS: Final = 60.0
HOURLY_SECONDS: Final = 3600.0
_PAGE: Final = 50
_log: Final = logging.getLogger(__name__)


@dataclass(slots=True)
class Swept:
    """What one sweep did, as counts."""

    started_count: int = 0
    finished_count: int = 0
    cancelled_count: int = 0
    delivered_count: int = 0
    given_back_count: int = 0  # reservations under budgets
    deleted_count: int = 0  # runs whose retention is over
    admitted_count: int = 0  # runs that waited for a slot
    corrected_count: int = 0  # counts of slots
    failed_count: int = 0  # could not be done now; the next sweep tries again


def sweep(organisation_id: str, *, grace_seconds: float = 30.0, budget_seconds: float = 50.0) -> Swept:
    """Sweep one organisation. Runs younger than the grace are left to their ordinary way; past the budget the next sweep goes on."""
    swept = Swept()
    until = time.monotonic() + budget_seconds
    for waiter_id in answers.list_undelivered(organisation_id):
        if time.monotonic() < until:
            _try(swept, partial(_deliver, organisation_id, waiter_id, swept))
    _try(swept, partial(_give_back, organisation_id, swept))
    _try(swept, partial(_delete_expired, organisation_id, swept))
    recount = Recount(organisation_id)
    cursor: str | None = None
    while time.monotonic() < until:
        page = runs.list_page(organisation_id, keys.open_runs(organisation_id), limit=_PAGE, cursor=cursor, newest_first=False)
        for run in page.runs:
            recount.count(run)
            if time.monotonic() < until and is_due(run, seconds_since(run.updated_at), grace_seconds):
                _try(swept, partial(_look_after, run, swept))
        cursor = page.cursor
        if cursor is None:
            _try(swept, partial(_correct, recount, swept))
            break
    _try(swept, partial(_admit, organisation_id, swept))
    return swept


def is_due(run: Run, idle_seconds: float, grace_seconds: float) -> bool:
    """Whether to look at a run now: at once when something is known to be left, else after 1, 2, 4, … minutes without news, and then once an hour."""
    if idle_seconds < grace_seconds:
        return False
    if _is_late(run) or run.lingers:
        return True
    if run.status is RunStatus.QUEUED:
        return run.slot != "waiting" or (run.start_by_at is not None and run.start_by_at < now_text())
    if idle_seconds >= HOURLY_SECONDS:
        return idle_seconds % HOURLY_SECONDS < PERIOD_SECONDS
    step = grace_seconds
    while step < HOURLY_SECONDS:
        if step <= idle_seconds < step + PERIOD_SECONDS:
            return True
        step = max(step * 2, PERIOD_SECONDS)
    return False


def _is_late(run: Run) -> bool:
    return run.deadline_at is not None and run.deadline_at < now_text()


def _look_after(run: Run, swept: Swept) -> None:
    if run.status.is_terminal:
        follow_up(run)
        swept.finished_count += 1
        return
    if run.slot == "waiting":
        _give_up(run, swept)
        return
    execution = executions.describe(run.machine_arn, run.execution_name)
    if execution is None and run.status is RunStatus.QUEUED:
        _start_again(run, swept)
    elif execution is None:
        _end(run, INTERRUPTED, "the engine knows nothing of this run any more", swept)
    elif execution.status != "RUNNING":
        finish(change_of(run.organisation_id, execution))
        swept.finished_count += 1
    elif _is_late(run):
        stop(run.organisation_id, run.id, by="sluice", reason="its parent waits no longer")
        swept.cancelled_count += 1
    elif run.status is RunStatus.QUEUED:
        finish(change_of(run.organisation_id, execution))


def _start_again(run: Run, swept: Swept) -> None:
    """A crash came between the run's record and its execution."""
    given = runs.get_input(run.organisation_id, run.id)
    if launch(run, given, get_version(run.organisation_id, run.version_id)):
        swept.started_count += 1
    else:
        _end(run, "MachineMissing", "the state machine of this version is gone", swept)


def _give_up(run: Run, swept: Swept) -> None:
    """It has waited for a slot as long as it may. One that gets its slot at this moment is looked at again."""
    arn = execution_arn(run.machine_arn, run.execution_name)
    finish(StatusChange(run.organisation_id, run.execution_name, arn, "TIMED_OUT", error=NO_SLOT, ended_at=now_text()))
    swept.finished_count += 1


def _end(run: Run, error: str, cause: str, swept: Swept) -> None:
    arn = execution_arn(run.machine_arn, run.execution_name)
    finish(StatusChange(run.organisation_id, run.execution_name, arn, "FAILED", error=error, cause=cause, ended_at=now_text()))
    swept.finished_count += 1


def _deliver(organisation_id: str, waiter_id: str, swept: Swept) -> None:
    swept.delivered_count += deliver(organisation_id, waiter_id)


def _give_back(organisation_id: str, swept: Swept) -> None:
    swept.given_back_count += give_back_lapsed(organisation_id)


def _delete_expired(organisation_id: str, swept: Swept) -> None:
    swept.deleted_count += delete_expired(organisation_id)


def _correct(recount: Recount, swept: Swept) -> None:
    swept.corrected_count += recount.correct()


def _admit(organisation_id: str, swept: Swept) -> None:
    swept.admitted_count += admit(organisation_id, give_to_engine)


def _try(swept: Swept, step: Callable[[], None]) -> None:
    """One run's or answer's fault, foreseen or not, keeps nobody else waiting."""
    try:
        step()
    except Exception:
        swept.failed_count += 1
        _log.warning("not swept", exc_info=True)
