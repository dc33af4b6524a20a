"""The journal of a run: every change of it is one transaction of the run's counters, node runs and numbered events.

In: a proposal, made from what was just read. Out: the run as it is now and the events that were written.
The run's `event_count` is the lock: a proposal made
from an older state is made again. So numbers have no gaps, and no reader sees an event without its change.
Never: a run that has ended told to go on but by a resume (`Reopening`); what else is proposed for it is the proposer's to refuse.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from chalicelib.clock import now_text
from chalicelib.errors import ConditionLost, Contention
from chalicelib.spec.model import JsonObject
from chalicelib.store import keys, table
from chalicelib.store.items import fields_of, item_of
from chalicelib.store.record import plain
from chalicelib.store.run_records import Fault, NodeRun, Run, RunEvent, Spent, Usage
from chalicelib.store.statuses import EventType, NodeStatus, RunStatus
from chalicelib.store.table import Write

_TRIES: Final = 60
_SPARE: Final = 4  # the run itself and events of its own


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event that has no number yet."""

    type: EventType
    node: str | None = None
    item_path: str = ""
    data: JsonObject = field(default_factory=dict)
    occurred_at: str | None = None


@dataclass(frozen=True, slots=True)
class NodeChange:
    """A node run before and after, and what is told of it."""

    before: NodeRun | None
    after: NodeRun
    events: tuple[NewEvent, ...] = ()
    writes: tuple[Write, ...] = ()  # what must be written with it


@dataclass(frozen=True, slots=True)
class Ending:
    """The run's terminal status. `lingers`: something is left to do afterwards, so that the sweeper must still find the run. `of_items`: what items
    of distributed maps have spent by now."""

    status: RunStatus
    at: str
    error: Fault | None = None
    failed_node: str | None = None
    lingers: bool = False
    of_items: Spent = field(default_factory=Spent)
    data: JsonObject = field(default_factory=dict)
    started_at: str | None = None


@dataclass(frozen=True, slots=True)
class Reopening:
    """An ended run goes on by a resume: what else of its record changes, and what its event tells."""

    fields: Mapping[str, Any]
    data: JsonObject


@dataclass(frozen=True, slots=True)
class Change:
    """A proposal: made from `run` as read. `writes`, `ending` and `reopening` belong to the last node change; many node changes may take several
    transactions."""

    run: Run
    nodes: tuple[NodeChange, ...] = ()
    events: tuple[NewEvent, ...] = ()
    writes: tuple[Write, ...] = ()
    ending: Ending | None = None
    reopening: Reopening | None = None
    usage: Usage = field(default_factory=Usage)
    invocation_count: int = 0
    write_count: int = 0  # written elsewhere for this run
    starts: bool = False  # the engine has begun, even if no node is told of yet

    @property
    def all_writes(self) -> tuple[Write, ...]:
        return (*(write for node in self.nodes for write in node.writes), *self.writes)


@dataclass(frozen=True, slots=True)
class Recorded:
    """`events` is empty when there was nothing to record."""

    run: Run | None
    events: tuple[RunEvent, ...] = ()


def record(propose: Callable[[], Change | None]) -> Recorded:
    """Record what `propose` proposes. It reads, decides, and is called again when another writer came first; None: there is nothing to record.

    What `propose` raises comes through. Raises Contention when others always come first.
    """
    written: tuple[RunEvent, ...] = ()
    for attempt in range(_TRIES):
        change = propose()
        if change is None:
            return Recorded(None, written)
        part = _first_part(change)
        run, events = _applied(part)
        try:
            table.transact(_writes(part, run, events))
        except ConditionLost:
            table.pause(min(attempt, 4))
            continue
        written += events
        if part is change:
            return Recorded(run, written)
    raise Contention(f"run {change.run.id if change else ''} changes too fast")


def first_event(run: Run, told: JsonObject | None = None) -> RunEvent:
    """The event with which a run begins; `run` already counts it. `told`: what else it says."""
    data: JsonObject = {"trigger": run.trigger.type, "started_by": run.started_by, **(told or {})}
    return _event(run, 1, NewEvent(EventType.RUN_QUEUED, data=data), run.created_at)


def _first_part(change: Change) -> Change:
    """As much of a change as one transaction holds: all of it, or its first node changes alone."""
    room = table.MAX_TRANSACTION - _SPARE - len(change.writes) - len(change.events)
    taken = 0
    for position, node in enumerate(change.nodes):
        taken += 1 + len(node.events) + len(node.writes)
        if taken > room:
            return Change(change.run, change.nodes[:position])
    return change


def _applied(change: Change) -> tuple[Run, tuple[RunEvent, ...]]:
    """The run after the change, and its events with their numbers."""
    at = now_text()
    run = change.run
    told = [event for node in change.nodes for event in node.events] + list(change.events)
    running, waiting = _counted(change.nodes)
    update: dict[str, Any] = {
        "running_count": run.running_count + running,
        "waiting_count": run.waiting_count + waiting,
        "invocation_count": run.invocation_count + change.invocation_count,
        "usage": run.usage.plus(change.usage),
        "updated_at": at,
    }
    if run.status is RunStatus.QUEUED and run.slot != "waiting" and (told or change.ending or change.starts):
        began_at = change.ending.started_at if change.ending else None
        told.insert(0, NewEvent(EventType.RUN_STARTED, data={"resume": run.resume} if run.resume else {}, occurred_at=began_at))
        update |= {"started_at": run.started_at or began_at or at, "status": RunStatus.RUNNING}
    if change.ending is not None:
        told.append(_ending_event(change.ending))
        update |= _ended(change.ending)
    elif change.reopening is not None:
        told.append(NewEvent(EventType.RUN_RESUMED, data=change.reopening.data))
        update |= {**_REOPENED, **change.reopening.fields}
    elif not run.status.is_terminal:
        status = _open_status(update.get("status", run.status), update["running_count"], update["waiting_count"])
        told += _turns(update.get("status", run.status), status)
        update["status"] = status
    update["event_count"] = run.event_count + len(told)
    update["write_count"] = run.write_count + 1 + len(told) + len(change.nodes) + len(change.all_writes) + change.write_count
    after = run.model_copy(update=update)
    return after, tuple(_event(after, run.event_count + position, event, at) for position, event in enumerate(told, start=1))


def _counted(nodes: Sequence[NodeChange]) -> tuple[int, int]:
    """How many more nodes run and wait after the changes."""
    return tuple(  # type: ignore[return-value]
        sum(_is(change.after, status) - _is(change.before, status) for change in nodes) for status in (NodeStatus.RUNNING, NodeStatus.WAITING)
    )


def _is(node_run: NodeRun | None, status: NodeStatus) -> int:
    return int(node_run is not None and not node_run.is_container and node_run.status is status)


def _open_status(before: RunStatus, running_count: int, waiting_count: int) -> RunStatus:
    if before is RunStatus.QUEUED:
        return before
    return RunStatus.WAITING if waiting_count and not running_count else RunStatus.RUNNING


def _turns(before: RunStatus, after: RunStatus) -> list[NewEvent]:
    match before, after:
        case RunStatus.RUNNING, RunStatus.WAITING:
            return [NewEvent(EventType.RUN_WAITING)]
        case RunStatus.WAITING, RunStatus.RUNNING:
            return [NewEvent(EventType.RUN_RESUMED)]
        case _:
            return []


_REOPENED: Final[Mapping[str, Any]] = {
    "status": RunStatus.QUEUED,
    "ended_at": None,
    "deadline_at": None,
    "error": None,
    "failed_node": None,
    "cancel_requested_by": None,
    "cancel_reason": None,
    "lingers": False,
}
_ENDING_EVENTS: Final = {
    RunStatus.SUCCEEDED: EventType.RUN_SUCCEEDED,
    RunStatus.FAILED: EventType.RUN_FAILED,
    RunStatus.TIMED_OUT: EventType.RUN_TIMED_OUT,
    RunStatus.CANCELLED: EventType.RUN_CANCELLED,
}


def _ending_event(ending: Ending) -> NewEvent:
    data = dict(ending.data)
    if ending.error is not None:
        data["error"] = plain(ending.error)
    return NewEvent(_ENDING_EVENTS[ending.status], node=ending.failed_node, data=data, occurred_at=ending.at)


def _ended(ending: Ending) -> dict[str, Any]:
    return {
        "status": ending.status,
        "ended_at": ending.at,
        "error": ending.error,
        "lingers": ending.lingers,
        "of_items": ending.of_items,
        "failed_node": ending.failed_node,
        "running_count": 0,
        "waiting_count": 0,
        "slot": "none",
    }


def _event(run: Run, number: int, event: NewEvent, at: str) -> RunEvent:
    return RunEvent(
        organisation_id=run.organisation_id,
        run_id=run.id,
        workflow_id=run.workflow_id,
        number=number,
        type=event.type,
        at=at,
        occurred_at=event.occurred_at,
        node=event.node,
        item_path=event.item_path,
        data=event.data,
    )


def _writes(change: Change, run: Run, events: Sequence[RunEvent]) -> list[Write]:
    return [
        _run_write(change, run),
        *(_node_write(run, node) for node in change.nodes),
        *(_event_write(event) for event in events),
        *change.all_writes,
    ]


def _run_write(change: Change, run: Run) -> Write:
    before, after = fields_of(change.run), fields_of(run)
    changes = {name: after.get(name) for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
    if change.ending is not None and not change.ending.lingers:
        changes |= {"GSI2PK": None, "GSI2SK": None}
    if change.reopening is not None:
        changes |= table.places(keys.open_runs(run.organisation_id, run.id))
    key = keys.run(run.organisation_id, run.id)
    return table.assign(key, dict(sorted(changes.items())), condition="#event_count = :counted", values={"counted": change.run.event_count})


def _node_write(run: Run, change: NodeChange) -> Write:
    before = change.before.revision if change.before else 0
    after = change.after.model_copy(update={"revision": before + 1})
    item = item_of(after, keys.node_run(run.organisation_id, run.id, after.node, after.item_path))
    return table.put(item, condition="#revision = :before" if before else table.ABSENT, values={"before": before} if before else {})


def _event_write(event: RunEvent) -> Write:
    return table.put(item_of(event, keys.event(event.organisation_id, event.run_id, event.number)), condition=table.ABSENT)
