"""The machine of what is left of a run: compiled from what its residual record says, created by the compiler function, deleted when the run has
ended.

In: a run with a residual record (`store.residuals`). Out: the machine's ARN, what its input has beside the ordinary one. The machine is named by
run and resume, and what it is made of never changes: creating it twice gives the same. Never: a machine created outside the compiler function.
"""

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING

from chalicelib import errors
from chalicelib.compiler.residual import Kept, KeptStatus
from chalicelib.machines import executions
from chalicelib.machines.compiler_function import ask
from chalicelib.machines.create import arn_of, create_named
from chalicelib.machines.delete import delete
from chalicelib.machines.names import residual_name
from chalicelib.spec.model import JsonObject
from chalicelib.spec.workflow import WorkflowSpec
from chalicelib.store import residuals, runs
from chalicelib.store.residuals import Residual
from chalicelib.store.run_records import Run
from chalicelib.store.values import load
from chalicelib.store.workflow_records import Version
from chalicelib.store.workflows import get_version

if TYPE_CHECKING:
    from chalicelib.compiler.compile import Compilation


def machine_arn(*, workflow_name: str, run_id: str, number: int, resume: int) -> str:
    """The ARN that the machine of a run's resume has; `number` is that of the version."""
    return arn_of(residual_name(workflow_name=workflow_name, run_id=run_id, number=number, resume=resume))


def compiled(version: Version, kept: Kept, *, output_of: str | None = None) -> "Compilation":
    """The residual machine of a version. `output_of`: it puts out this node's output, not the workflow's. Raises SpecInvalid."""
    from chalicelib.compiler.compile import Compilation, compile_workflow  # workers and the sweeper resume, too, but seldom
    from chalicelib.model_facts import facts_of_deployment

    spec = spec_of(version)
    if output_of is not None:
        spec = spec.model_copy(update={"output": f"${output_of}"})
    outcome = compile_workflow(spec, children=children_of(version), kept=kept, agents=version.chosen, facts=facts_of_deployment(spec))
    if not isinstance(outcome, Compilation):
        raise errors.SpecInvalid(outcome.diagnostics)
    return outcome


def spec_of(version: Version) -> WorkflowSpec:
    return WorkflowSpec.model_validate(version.spec)


def children_of(version: Version) -> Mapping[str, WorkflowSpec]:
    """The specs of the sub-workflows that the version has pinned."""
    return {name: spec_of(get_version(version.organisation_id, child.version_id)) for name, child in version.children.items()}


def kept_of(residual: Residual) -> Kept:
    statuses = {name: KeptStatus(status) for name, status in residual.kept.items()}
    return Kept(statuses, residual.loads, again=residual.again, entered=frozenset(residual.entered))


def residual_of(run: Run) -> Residual:
    """Raises RunNotFound for a run that has none."""
    found = residuals.find(run.organisation_id, run.id, run.resume)
    if found is None:
        raise errors.RunNotFound(f"run {run.id} was never resumed")
    return found


def create_for(organisation_id: str, run_id: str, number: int) -> str:
    """Create the machine of a run's resume: what the compiler function does. Nothing is created for a run that has ended meanwhile.

    Raises RunNotFound, SpecInvalid, EngineUnavailable.
    """
    run = runs.get(organisation_id, run_id)
    if not _is_wanted(run, number):
        return run.machine_arn
    residual = residual_of(run)
    machine = compiled(get_version(organisation_id, run.version_id), kept_of(residual), output_of=run.trial_of).state_machine
    name = residual_name(workflow_name=run.workflow_name, run_id=run.id, number=run.version, resume=number)
    arn = create_named(name, machine, tags={"sluice:workflow": run.workflow_id, "sluice:run": run.id})
    if not _is_wanted(runs.get(organisation_id, run_id), number):
        delete(arn)  # it ended while this went on: nobody else would delete it
    return arn


def _is_wanted(run: Run, number: int) -> bool:
    return run.is_residual and run.resume == number and not run.status.is_terminal


def ask_for(run: Run) -> None:
    """Have the compiler function create the machine, if there is none. Raises PublisherUnavailable."""
    answer = ask({"residual": {"organisation_id": run.organisation_id, "run_id": run.id, "number": run.resume}})
    error = answer.get("error")
    if isinstance(error, dict):
        raise errors.PublisherUnavailable(f"{error.get('name')}: {error.get('message')}")


def more_input(run: Run) -> JsonObject:
    """What the input of a residual machine has beside the ordinary one."""
    outputs = load(run.organisation_id, residual_of(run).outputs)
    return {"resume": run.resume, "kept": outputs}


def discard(run: Run) -> None:
    """Delete the machine of an ended run, once its states are counted. Twice is harmless. Raises EngineUnavailable."""
    if not run.is_residual or not run.status.is_terminal:
        return
    count = entered_states(run.machine_arn, run.execution_name)
    if count:
        residuals.note_transitions(run.organisation_id, run.id, run.resume, count)
    delete(run.machine_arn)


def entered_states(arn: str, execution_name: str) -> int:
    """States that an execution has entered so far, from its history: what Step Functions charges. Retries count too."""
    kinds = Counter(event["type"] for event in executions.history(arn, execution_name))
    entered = sum(count for kind, count in kinds.items() if kind.endswith("StateEntered"))
    return entered + max(kinds["TaskScheduled"] - kinds["TaskStateEntered"], 0)
