"""Schedules fire: at their times, for times that were missed, and for times of the past that somebody asks for.

In: a trigger with a schedule, a scheduled time or a span. Out: firings. One time has one run, however it comes to be fired: the key is the time.
Never: more than `MOST_AT_ONCE` runs for one request or one making-up.
"""

from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Final

from chalicelib.access.objects import trigger_for
from chalicelib.access.principal import Principal
from chalicelib.access.scopes import Scope
from chalicelib.clock import now_text, time_text
from chalicelib.errors import TriggerInvalid
from chalicelib.runs.fire import Occasion, fire
from chalicelib.store import triggers
from chalicelib.store.trigger_records import Firing, Schedule, TriggerRecord
from chalicelib.triggers.times import is_time, next_times, times_between
from chalicelib.triggers.timing import timing_of

MOST_AT_ONCE: Final = 100
MOST_TIMES: Final = 100
GRACE: Final = timedelta(minutes=2)  # what Scheduler is still about to deliver is no missed time
_FRESH: Final = timedelta(minutes=10)
_LONGEST_SPAN: Final = timedelta(days=400)


@dataclass(frozen=True, slots=True)
class Backfill:
    """The times of a span; of each the firing, where it was no dry run."""

    times: tuple[str, ...]
    firings: tuple[Firing, ...] = ()


def tick(organisation_id: str, trigger_id: str, scheduled: str, revision: int) -> Firing | None:
    """EventBridge Scheduler says that it is time. None where the trigger is gone, was paused before, or does not mean this time any more."""
    trigger = triggers.find(organisation_id, trigger_id)
    if trigger is None or trigger.schedule is None or trigger.deleted_at is not None:
        return None
    if trigger.revision != revision:
        triggers.mark_unsynced(trigger)
    at = datetime.fromisoformat(scheduled)
    if not _is_due(trigger, trigger.schedule, at, is_current=trigger.revision == revision):
        return None
    return fire_at(trigger, at)


def _is_due(trigger: TriggerRecord, schedule: Schedule, at: datetime, *, is_current: bool) -> bool:
    if not trigger.enabled and (trigger.paused_at is None or datetime.fromisoformat(trigger.paused_at) < at):
        return False
    return is_current or is_time(timing_of(schedule), at)


def fire_at(trigger: TriggerRecord, at: datetime, *, in_turn: bool = True) -> Firing:
    """The run of one scheduled time. One that is not `in_turn` says nothing of what was missed."""
    text = time_text(at)
    return fire(trigger, Occasion(key=text, at=text, told={"schedule": {"at": text, "name": trigger.name}}, scheduled=in_turn))


def upcoming(principal: Principal, trigger_id: str, count: int) -> tuple[str, ...]:
    """The next times; none while it is paused. Raises TriggerNotFound, TriggerInvalid."""
    trigger = trigger_for(principal, trigger_id, Scope.WORKFLOW_READ)
    schedule = scheduled(trigger)
    last = triggers.tally(principal.organisation_id, trigger_id).last_scheduled_at
    return tuple(time_text(at) for at in next_times(timing_of(schedule, last), datetime.now(UTC), count)) if trigger.enabled else ()


def backfill(principal: Principal, trigger_id: str, *, first: datetime, last: datetime, dry_run: bool) -> Backfill:
    """Fire for all times from `first` to `last`, both included; those that have their run keep it. Raises TriggerNotFound, TriggerInvalid."""
    trigger = trigger_for(principal, trigger_id, Scope.WORKFLOW_EXECUTE)
    schedule = scheduled(trigger)
    if last < first or last - first > _LONGEST_SPAN or last > datetime.now(UTC):
        raise TriggerInvalid(f"a backfill goes from one time of the past to a later one, {_LONGEST_SPAN.days} days at most")
    found = list(islice(times_between(timing_of(schedule), first - timedelta(microseconds=1), last), MOST_AT_ONCE + 1))
    if len(found) > MOST_AT_ONCE:
        raise TriggerInvalid(f"these are more than {MOST_AT_ONCE} times; {time_text(found[-2])} is the last of the first {MOST_AT_ONCE}")
    times = tuple(time_text(at) for at in found)
    return Backfill(times) if dry_run else Backfill(times, tuple(fire_at(trigger, at, in_turn=False) for at in found))


def fire_now(principal: Principal, trigger_id: str, *, key: str) -> Firing:
    """Fire a schedule out of turn. With the same key it is the same firing."""
    trigger = trigger_for(principal, trigger_id, Scope.WORKFLOW_EXECUTE)
    scheduled(trigger)
    at = now_text()
    return fire(trigger, Occasion(key=f"by hand:{key or at}", at=at, told={"schedule": {"at": at, "name": trigger.name}}))


def make_up(trigger: TriggerRecord, until: datetime) -> int:
    """Fire for what was missed since the trigger was last looked after, as its policy says. Firing twice starts nothing twice."""
    missed = missed_times(trigger, until)
    for at in missed:
        fire_at(trigger, at)
    return len(missed)


def missed_times(trigger: TriggerRecord, until: datetime) -> tuple[datetime, ...]:
    """The times to make up for, oldest first; of many, the latest."""
    schedule = trigger.schedule
    if schedule is None or not trigger.enabled:
        return ()
    last = triggers.tally(trigger.organisation_id, trigger.id).last_scheduled_at
    since = max(last or "", trigger.handled_from or "")
    if schedule.catch_up == "none":
        if not _is_fresh(trigger, until):
            return ()
        since = max(since, trigger.updated_at)
    most = 1 if schedule.catch_up == "latest" else MOST_AT_ONCE
    return tuple(deque(times_between(timing_of(schedule, last), datetime.fromisoformat(since), until), maxlen=most))


def _is_fresh(trigger: TriggerRecord, now: datetime) -> bool:
    """Whether it was changed just now and EventBridge has not heard of it: a time that passed in between is nobody's else."""
    return trigger.synced_revision < trigger.revision and now - datetime.fromisoformat(trigger.updated_at) < _FRESH


def has_time_left(schedule: Schedule) -> bool:
    """Whether it will fire again."""
    return next(iter(next_times(timing_of(schedule), datetime.now(UTC), 1)), None) is not None


def scheduled(trigger: TriggerRecord) -> Schedule:
    """Raises TriggerInvalid for another kind."""
    if trigger.schedule is None:
        raise TriggerInvalid(f"{trigger.name} is a trigger of kind {trigger.kind}; only schedules have times")
    return trigger.schedule
