"""What somebody may do with one workflow, its runs and its gates: the one place that says so.

In: a principal and an object, or its id. Out: the scopes that hold for it, or the object itself, if the scope asked for is among them. An admin may
do with anything in the organisation what their scopes allow, an owner with their own; others what was shared with them or their roles, on the levels
`read`, `run` and `edit`; a public workflow may be read by the whole organisation. Whoever started a run may follow, cancel and resume it. Who is
asked at a gate may see that gate. What may not be seen is not there: WorkflowNotFound, RunNotFound, GateNotFound; what may be seen and not done is
ScopeMissing.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from chalicelib.access.principal import Principal
from chalicelib.access.scopes import Scope, scopes_of
from chalicelib.errors import GateNotFound, RunNotFound, ScopeMissing, TriggerNotFound, WorkflowNotFound
from chalicelib.store import gates, people, runs, triggers, workflows
from chalicelib.store.gate_records import Gate
from chalicelib.store.run_records import Run
from chalicelib.store.trigger_records import TriggerRecord
from chalicelib.store.values import Stored
from chalicelib.store.workflow_records import Level, Workflow

_READ: Final = frozenset({Scope.WORKFLOW_READ, Scope.RUN_READ})
_RUN: Final = _READ | {Scope.WORKFLOW_EXECUTE}
LEVELS: Final[Mapping[Level, frozenset[Scope]]] = {
    "read": _READ,
    "run": _RUN,
    "edit": _RUN | {Scope.WORKFLOW_WRITE, Scope.RUN_CANCEL, Scope.RUN_RESUME},
}
_PUBLIC: Final = frozenset({Scope.WORKFLOW_READ})
_STARTER: Final = frozenset({Scope.RUN_READ, Scope.RUN_CANCEL, Scope.RUN_RESUME, Scope.WORKFLOW_EXECUTE})


def scopes_on(principal: Principal, workflow: Workflow) -> frozenset[Scope]:
    """What the principal may do with a workflow of their organisation."""
    if owns(principal, workflow):
        return principal.scopes
    shared = (LEVELS[share.level] for share in workflow.shares if principal.is_one_of((share.who,)))
    return principal.scopes & frozenset().union(*shared, _PUBLIC if workflow.public else ())


def owns(principal: Principal, workflow: Workflow) -> bool:
    """Whether they may share it, give it away and delete it: its owner, or an admin."""
    return principal.is_admin or principal.person == workflow.owned_by


def workflow_for(principal: Principal, workflow_id: str, scope: Scope, *, deleted: bool = False) -> Workflow:
    """A workflow, for what the scope names; with `deleted`, also one that was deleted, whose versions and runs stay readable.

    Raises WorkflowNotFound where it may not be read, ScopeMissing.
    """
    found = workflows.find(principal.organisation_id, workflow_id, deleted=deleted)
    return _allowed(principal, found, f"there is no workflow {workflow_id}", scope)


def workflow_called(principal: Principal, name: str, scope: Scope) -> Workflow | None:
    """The workflow of a name, if the scope holds for it."""
    found = workflows.find_by_name(principal.organisation_id, name)
    return found if found is not None and scope in scopes_on(principal, found) else None


def is_runnable_by(organisation_id: str, person: str, workflow: Workflow) -> bool:
    """Whether a person may run a workflow as they stand now, for what happens in their name and nobody asks for."""
    member = people.find_member(organisation_id, person)
    if member is not None and member.disabled:
        return False
    roles = member.roles if member else ()
    acting = Principal(organisation_id, person, frozenset(roles), scopes_of(roles) | {Scope.WORKFLOW_EXECUTE})
    return Scope.WORKFLOW_EXECUTE in scopes_on(acting, workflow)


def visible(principal: Principal, found: Iterable[Workflow]) -> list[Workflow]:
    """Those that may be read."""
    return [workflow for workflow in found if Scope.WORKFLOW_READ in scopes_on(principal, workflow)]


def run_for(principal: Principal, run_id: str, scope: Scope) -> Run:
    """A run, for what the scope names. Raises RunNotFound where it may not be read, ScopeMissing."""
    return _for(principal, runs.get(principal.organisation_id, run_id), scope)


def run_with_values(principal: Principal, run_id: str) -> tuple[Run, Stored | None, Stored | None]:
    """A run that may be read, with its input and its output as they are kept. Raises RunNotFound."""
    run, given, output = runs.get_with_values(principal.organisation_id, run_id)
    return _for(principal, run, Scope.RUN_READ), given, output


def _for(principal: Principal, run: Run, scope: Scope) -> Run:
    held = _scopes_on_run(principal, run)
    if Scope.RUN_READ not in held:
        raise RunNotFound(f"there is no run {run.id}")
    if scope not in held:
        raise ScopeMissing(scope)
    return run


def visible_runs(principal: Principal, found: Sequence[Run]) -> list[Run]:
    """Those that may be read; their workflows are read together."""
    others = {run.workflow_id for run in found if run.started_by != principal.person}
    known = {} if principal.is_admin else workflows.find_many(principal.organisation_id, others)
    return [run for run in found if Scope.RUN_READ in _held(principal, run, known.get(run.workflow_id))]


def gate_for(principal: Principal, gate_id: str) -> Gate:
    """A gate that may be seen. Raises GateNotFound."""
    gate = gates.get(principal.organisation_id, gate_id)
    if not visible_gates(principal, (gate,)):
        raise GateNotFound(f"there is no gate {gate_id}")
    return gate


def visible_gates(principal: Principal, found: Sequence[Gate]) -> list[Gate]:
    """Those that ask the principal, or belong to a run that they may see."""
    others = {gate.workflow_id for gate in found if not _is_asked(principal, gate)}
    known = {} if principal.is_admin or not others else workflows.find_many(principal.organisation_id, others)
    return [gate for gate in found if principal.is_admin or _is_asked(principal, gate) or _sees(principal, known.get(gate.workflow_id))]


def trigger_for(principal: Principal, trigger_id: str, scope: Scope) -> TriggerRecord:
    """A trigger, for what the scope names on its workflow. Raises TriggerNotFound where that may not be read, ScopeMissing."""
    found = triggers.get(principal.organisation_id, trigger_id)
    workflow = workflows.find(principal.organisation_id, found.workflow_id, deleted=True)
    held = scopes_on(principal, workflow) if workflow is not None else frozenset()
    if not held & _READ:
        raise TriggerNotFound(f"there is no trigger {trigger_id}")
    if scope not in held:
        raise ScopeMissing(scope)
    return found


def visible_triggers(principal: Principal, found: Sequence[TriggerRecord]) -> list[TriggerRecord]:
    """Those of workflows that may be read; these are read together."""
    known = {} if principal.is_admin else workflows.find_many(principal.organisation_id, {trigger.workflow_id for trigger in found})
    return [trigger for trigger in found if principal.is_admin or _reads(principal, known.get(trigger.workflow_id))]


def _reads(principal: Principal, workflow: Workflow | None) -> bool:
    return workflow is not None and Scope.WORKFLOW_READ in scopes_on(principal, workflow)


def _is_asked(principal: Principal, gate: Gate) -> bool:
    return principal.person == gate.started_by or (bool(gate.any_of) and principal.is_one_of(gate.any_of))


def _sees(principal: Principal, workflow: Workflow | None) -> bool:
    return workflow is not None and Scope.RUN_READ in scopes_on(principal, workflow)


def _scopes_on_run(principal: Principal, run: Run) -> frozenset[Scope]:
    if principal.is_admin:
        return principal.scopes
    return _held(principal, run, workflows.find(principal.organisation_id, run.workflow_id, deleted=True))


def _held(principal: Principal, run: Run, workflow: Workflow | None) -> frozenset[Scope]:
    if principal.is_admin:
        return principal.scopes
    own = principal.scopes & _STARTER if run.started_by == principal.person else frozenset()
    return own | (scopes_on(principal, workflow) if workflow is not None else frozenset())


def _allowed(principal: Principal, found: Workflow | None, missing: str, scope: Scope) -> Workflow:
    held = scopes_on(principal, found) if found is not None else frozenset()
    if found is None or not held & _READ:
        raise WorkflowNotFound(missing)
    if scope not in held:
        raise ScopeMissing(scope)
    return found
