"""The queue as people see it: who waits for a slot, at which place, until when by estimate; a workflow's limit, set, paused, emptied.

In: a principal, a run, a workflow. Out: places and queues. Estimates go by how fast the workflow's line has moved lately; where it has not moved yet,
there is none. Never: a run let in out of turn, which is `runs.admit`'s business alone.
"""

import time
from dataclasses import dataclass
from typing import Final

from chalicelib.access.objects import scopes_on, workflow_for
from chalicelib.access.principal import Principal
from chalicelib.access.scopes import Scope
from chalicelib.clock import seconds_text
from chalicelib.errors import RunEnded
from chalicelib.runs.admit import admit
from chalicelib.runs.cancel import cancel
from chalicelib.runs.start import give_to_engine
from chalicelib.store import runs, slots, workflows
from chalicelib.store.run_records import Priority, Run
from chalicelib.store.slots import WorkflowSlots

MOST_EMPTIED: Final = 100  # runs cancelled by one call


@dataclass(frozen=True, slots=True)
class Place:
    """`position` 1 is the next of its workflow, of `waiting_count`. Priorities that age, and what comes with a higher one, can change it."""

    position: int
    waiting_count: int
    estimated_start_at: str | None
    is_paused: bool


@dataclass(frozen=True, slots=True)
class WorkflowQueue:
    """`limit` None: as many runs as the organisation may have."""

    workflow_id: str
    workflow_name: str
    limit: int | None
    is_paused: bool
    running_count: int
    waiting: dict[str, int]


@dataclass(frozen=True, slots=True)
class Queue:
    """All that an organisation has."""

    limit: int | None
    running_count: int
    waiting_count: int
    workflows: tuple[WorkflowQueue, ...]


def place_of(run: Run) -> Place | None:
    """Where a run stands; None where it waits for no slot."""
    if run.slot != "waiting":
        return None
    found = slots.read_workflow(run.organisation_id, run.workflow_id)
    position = found.waiting_above(run.priority) + slots.ahead_of(run) + 1
    return Place(position, found.waiting, estimated_start_at(found, position), found.paused)


def estimated_start_at(found: WorkflowSlots, position: int) -> str | None:
    """When the one at this position gets in, if the line goes on moving as it did. None for one that never moved, or stands still."""
    if found.paused or len(found.recent) < 2:
        return None
    first, last = found.recent[0], found.recent[-1]
    interval = (last - first) / (len(found.recent) - 1)
    return seconds_text(max(last + position * interval, time.time() * 1000) / 1000)


def get_queue(principal: Principal) -> Queue:
    """The organisation's queue: the counts of all, and of the workflows whose runs the principal may see those with runs that hold a slot or wait for
    one, or with something set."""
    found = slots.read(principal.organisation_id)
    told = [each for each in found.workflows.values() if each.taken or each.waiting or each.limit is not None or each.paused]
    known = workflows.find_many(principal.organisation_id, {each.workflow_id for each in told})
    seen = {workflow.id: workflow.name for workflow in known.values() if Scope.RUN_READ in scopes_on(principal, workflow)}
    queues = sorted((_queue(each, seen[each.workflow_id]) for each in told if each.workflow_id in seen), key=lambda queue: queue.workflow_name)
    limit = slots.limit_of_organisation()
    return Queue(limit, found.organisation.taken, found.organisation.waiting, tuple(queues))


def get_workflow_queue(principal: Principal, workflow_id: str) -> WorkflowQueue:
    """Raises WorkflowNotFound, ScopeMissing."""
    workflow = workflow_for(principal, workflow_id, Scope.RUN_READ, deleted=True)
    return _queue(slots.read_workflow(principal.organisation_id, workflow_id), workflow.name)


def set_workflow_queue(principal: Principal, workflow_id: str, *, limit: int | None, is_paused: bool) -> WorkflowQueue:
    """Set how many runs of a workflow go on at once, of all its versions, and whether any get in at all. Running ones go on.

    Raises WorkflowNotFound, ScopeMissing.
    """
    workflow_for(principal, workflow_id, Scope.WORKFLOW_WRITE, deleted=True)
    slots.set_workflow(principal.organisation_id, workflow_id, limit=limit, paused=is_paused)
    admit(principal.organisation_id, give_to_engine)
    return get_workflow_queue(principal, workflow_id)


def empty_workflow_queue(principal: Principal, workflow_id: str, *, reason: str | None = None) -> tuple[int, WorkflowQueue]:
    """Cancel runs of a workflow that wait for a slot, up to `MOST_EMPTIED` a call: how many, and what is left. Raises WorkflowNotFound,
    ScopeMissing."""
    workflow_for(principal, workflow_id, Scope.RUN_CANCEL, deleted=True)
    count = 0
    for run_id in slots.in_line(principal.organisation_id, workflow_id, most=MOST_EMPTIED):
        count += _cancelled(principal, run_id, reason)
    return count, get_workflow_queue(principal, workflow_id)


def _cancelled(principal: Principal, run_id: str, reason: str | None) -> int:
    run = runs.find(principal.organisation_id, run_id)
    if run is None or run.slot != "waiting":
        return 0  # it got in, or was cancelled, meanwhile
    try:
        cancel(principal, run_id, reason=reason or "the queue was emptied")
    except RunEnded:
        return 0
    return 1


def _queue(found: WorkflowSlots, name: str) -> WorkflowQueue:
    waiting = {priority.value: found.waiting_of(priority) for priority in Priority}
    return WorkflowQueue(found.workflow_id, name, found.limit, found.paused, found.taken, waiting)
