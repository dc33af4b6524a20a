"""What a publication of a workflow touches: runs in flight by version, open gates, who calls it, what starts it by itself.

In: who asks, a workflow. Out: `Impact`, from counters and indexes. Reads only; runs are counted for those alone who may see them, callers are told
to those who may read them. Runs stay on the version that they began with, and callers on the version that
they were published with: the figures say how much of that there is. Triggers that name no version start the new one from now on.
"""

from collections import Counter
from dataclasses import dataclass
from typing import Final

from chalicelib.access.objects import scopes_on, visible, workflow_for
from chalicelib.access.principal import Principal
from chalicelib.access.scopes import Scope
from chalicelib.store import gates, runs, tallies, triggers, workflows
from chalicelib.store.items import Item
from chalicelib.store.tallies import Tally
from chalicelib.store.trigger_records import TriggerKind
from chalicelib.store.workflow_records import Workflow

MAX_GATES: Final = 1000  # of the organisation, looked through for those of this workflow
_PAGE: Final = 100


@dataclass(frozen=True, slots=True)
class VersionImpact:
    """Runs that began with this version and have not ended, and their gates that wait for people."""

    version: int
    in_flight_count: int
    open_gate_count: int


@dataclass(frozen=True, slots=True)
class CallerImpact:
    """A workflow whose latest version calls a version of this one; it goes on with that until it is published itself."""

    workflow_id: str
    workflow_name: str
    version: int
    calls_version: int


@dataclass(frozen=True, slots=True)
class TriggerImpact:
    """What starts runs of the workflow by itself. `version` None: of the latest version, so of the new one as soon as it is published."""

    trigger_id: str
    name: str
    kind: TriggerKind
    enabled: bool
    version: int | None


@dataclass(frozen=True, slots=True)
class Impact:
    """`versions` are those with something open, newest first. `is_whole` is False where there were more open gates than are looked through, and for
    those who may not see the workflow's runs: to them nothing is open."""

    workflow_id: str
    latest_version: int
    versions: tuple[VersionImpact, ...]
    callers: tuple[CallerImpact, ...]
    triggers: tuple[TriggerImpact, ...] = ()
    is_whole: bool = True

    @property
    def in_flight_count(self) -> int:
        return sum(each.in_flight_count for each in self.versions)

    @property
    def open_gate_count(self) -> int:
        return sum(each.open_gate_count for each in self.versions)


def impact_of(principal: Principal, workflow_id: str) -> Impact:
    """Raises WorkflowNotFound."""
    workflow = workflow_for(principal, workflow_id, Scope.WORKFLOW_READ)
    callers, starting = _callers(principal, workflow), _triggers(workflow)
    if Scope.RUN_READ not in scopes_on(principal, workflow):
        return Impact(workflow_id, workflow.latest_version, (), callers, starting, is_whole=False)
    in_flight = {number: tally.in_flight_count for number, tally in tallies.of_workflow(workflow.organisation_id, workflow_id).items()}
    waiting, is_whole = _open_gates(workflow)
    numbers = sorted({number for number, count in in_flight.items() if count} | waiting.keys(), reverse=True)
    versions = tuple(VersionImpact(number, in_flight.get(number, 0), waiting[number]) for number in numbers)
    return Impact(workflow_id, workflow.latest_version, versions, callers, starting, is_whole)


def tallies_of(principal: Principal, workflow_id: str, *, seen: Workflow | None = None) -> dict[int, Tally] | None:
    """What the versions of a workflow came to, by number; None for those who may not see its runs. `seen` is the workflow as it was read for them
    just now. Raises WorkflowNotFound."""
    workflow = seen if seen is not None and seen.id == workflow_id else workflow_for(principal, workflow_id, Scope.WORKFLOW_READ)
    if Scope.RUN_READ not in scopes_on(principal, workflow):
        return None
    return tallies.of_workflow(workflow.organisation_id, workflow.id)


def _open_gates(workflow: Workflow) -> tuple[Counter[int], bool]:
    """How many gates are open, by the version of their run."""
    run_ids: list[str] = []
    after: Item | None = None
    for _ in range(MAX_GATES // _PAGE):
        found, page = gates.list_open(workflow.organisation_id, limit=_PAGE, after=after)
        run_ids += [gate.run_id for gate in found if gate.workflow_id == workflow.id]
        after = page.last
        if after is None:
            break
    of_run = runs.get_many(workflow.organisation_id, run_ids)
    return Counter(of_run[run_id].version for run_id in run_ids if run_id in of_run), after is None


def _triggers(workflow: Workflow) -> tuple[TriggerImpact, ...]:
    found = triggers.list_of_workflow(workflow.organisation_id, workflow.id)
    return tuple(TriggerImpact(each.id, each.name, each.kind, each.enabled, each.version) for each in found)


def _callers(principal: Principal, workflow: Workflow) -> tuple[CallerImpact, ...]:
    """Those whose latest version still calls it, as far as they may be read."""
    ids = [known.workflow_id for known in workflows.list_callers(workflow.organisation_id, workflow.id)]
    of_id = workflows.find_many(workflow.organisation_id, ids)
    found: list[CallerImpact] = []
    for caller in visible(principal, (of_id[caller_id] for caller_id in ids if caller_id in of_id)):
        if caller.deleted_at is not None or not caller.latest_version:
            continue
        summary = workflows.get_summary(caller.organisation_id, caller.id, caller.latest_version)
        child = workflows.get_version(caller.organisation_id, summary.id).children.get(workflow.name)
        if child is not None and child.workflow_id == workflow.id:
            found.append(CallerImpact(caller.id, caller.name, caller.latest_version, child.version))
    return tuple(found)
