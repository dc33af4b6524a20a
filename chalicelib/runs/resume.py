"""Resume a run that failed, timed out, was cancelled or was interrupted: it goes on from what has settled, by a residual machine.

In: a run and what the person wants: from which node, with which input, which outputs, on which version. Out: `prepare` gives the plan, and writes
nothing; `resume` carries out the plan whose digest the person was shown. One conditional transaction takes the run back to `queued` with its next
resume, and with a slot or in line for one (`store.slots`); then the machine is created and started, and what a crash leaves of that the sweeper
does. Never: a run resumed twice from one end; a plan
carried out that was not shown.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

from pydantic import BaseModel, ConfigDict, Field

from chalicelib.access.objects import run_for
from chalicelib.access.principal import Principal
from chalicelib.access.scopes import Scope
from chalicelib.clock import now_text
from chalicelib.compiler.graph import WorkflowGraph
from chalicelib.errors import InputInvalid, KeyReused, PlanChanged, RunNotResumable, RunOpen
from chalicelib.live.announce import announce
from chalicelib.runs.fates import plan_of
from chalicelib.runs.follow_up import follow_up
from chalicelib.runs.inputs import marks_of
from chalicelib.runs.kept_outputs import KeptOutputs, given_outputs, kept_outputs
from chalicelib.runs.recorded import broken_run
from chalicelib.runs.residual_machine import machine_arn
from chalicelib.runs.resume_plan import ResumePlan, Wish
from chalicelib.runs.start import begin
from chalicelib.spec.canonical import digest
from chalicelib.spec.model import Json
from chalicelib.store import residuals, runs, slots, tallies
from chalicelib.store.journal import Change, Recorded, Reopening
from chalicelib.store.residuals import Past, Residual
from chalicelib.store.run_marks import reopening_writes
from chalicelib.store.run_records import Run
from chalicelib.store.table import Write
from chalicelib.store.values import keep
from chalicelib.store.workflow_records import Version

if TYPE_CHECKING:
    from chalicelib.compiler.compile import Compilation

NOTHING_ELSE: Final[Mapping[str, Any]] = {}
LATEST: Final = "latest"


class Wanted(BaseModel):
    """What a person asks for. `version`: a number or `latest`; else the run's own. Without `input` the run keeps its own."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    from_node: str | None = Field(default=None, alias="from")
    input: Json = None
    outputs: dict[str, Json] = Field(default_factory=dict)
    version: int | str | None = None

    @property
    def sha256(self) -> str:
        return digest(self.model_dump(mode="json"))


@dataclass(frozen=True)
class Prepared:
    """A resume that could be carried out: the plan, and all that its machine is made of."""

    run: Run
    plan: ResumePlan
    before: Version
    given_before: Json
    version: Version
    given: Json
    is_edited: bool
    compilation: "Compilation"
    outputs: KeptOutputs


def prepare(principal: Principal, run_id: str, wanted: Wanted) -> Prepared:
    """The plan, and what it takes. Raises RunNotFound, ScopeMissing, RunOpen, RunNotResumable, VersionNotFound, InputInvalid, SpecInvalid."""
    run = _run_for(principal, run_id, wanted)
    if run.parent is not None:
        raise RunNotResumable(f"run {run.id} belongs to run {run.parent.run_id}: resume that one, and this goes on with it")
    return prepared(run, wanted)


def _run_for(principal: Principal, run_id: str, wanted: Wanted) -> Run:
    """Who gives an output decides for the node, for a gate's people, too: that takes what changing the workflow takes."""
    run = run_for(principal, run_id, Scope.RUN_RESUME)
    return run_for(principal, run_id, Scope.WORKFLOW_WRITE) if wanted.outputs else run


def prepared(run: Run, wanted: Wanted) -> Prepared:
    """The same of a run whose parent has a say of its own."""
    require_resumable(run)
    found = broken_run(run, version=_number(wanted.version), given=wanted.input)
    outputs = given_outputs(found.broken.graph, wanted.outputs)
    wish = Wish(from_node=_known_node(found.broken.graph, wanted.from_node), edits_input=wanted.input is not None, outputs=outputs)
    plan = plan_of(found.broken, wish)
    kept = kept_outputs(found, plan, wish)
    is_edited = wanted.input is not None or found.is_defaulted
    return Prepared(run, plan, found.before, found.given_before, found.version, found.given, is_edited, kept.compilation, kept)


def require_resumable(run: Run) -> None:
    """Raises RunOpen, RunNotResumable."""
    if not run.status.is_terminal:
        raise RunOpen(f"run {run.id} is {run.status}: only a run that has ended can be resumed")
    if not run.status.is_resumable:
        raise RunNotResumable(f"run {run.id} has {run.status}: there is nothing left of it; repeat it instead")
    if run.trigger.type == "trial":
        raise RunNotResumable(f"run {run.id} tried a single node: try it again instead")


def resume(principal: Principal, run_id: str, wanted: Wanted, *, plan: str, key: str | None = None, reason: str | None = None) -> Run:
    """Carry out the plan with that digest. With a `key`, asking again finds the same resume.

    Raises what `prepare` raises; PlanChanged when the plan is another by now, RunOpen when somebody else was faster, KeyReused.
    """
    run = _run_for(principal, run_id, wanted)
    request = digest({"wanted": wanted.sha256, "plan": plan})
    if key is not None and (known := _known(run, key, request)) is not None:
        return known
    made = prepare(principal, run_id, wanted)
    if made.plan.digest != plan:
        raise PlanChanged("the plan is another than the one that was shown: look at it again")
    return carry_out(made, by=principal.person, reason=reason, key=key, request=request, from_node=wanted.from_node)


def carry_out(
    made: Prepared,
    *,
    by: str,
    reason: str | None = None,
    key: str | None = None,
    request: str = "",
    from_node: str | None = None,
    fields: Mapping[str, Any] = NOTHING_ELSE,
    writes: tuple[Write, ...] = (),
) -> Run:
    """Record the resume, then start it. `fields` of the run change with it, `writes` are made together with it. Raises RunOpen."""
    run = made.run
    if run.lingers:
        follow_up(run)
    residual = _residual(made, by=by, reason=reason, key=key, request=request, from_node=from_node)
    reopening = _reopening(made, residual, fields)
    recorded = _record(made, residual, reopening, (*_writes(made, residual), *writes))
    after = recorded.run or runs.get(run.organisation_id, run.id)
    return begin(after, made.given, made.version)


def _record(made: Prepared, residual: Residual, reopening: Reopening, writes: tuple[Write, ...]) -> Recorded:
    def propose() -> Change | None:
        current = runs.get(made.run.organisation_id, made.run.id)
        if current.event_count == made.run.event_count and current.status.is_terminal:
            entrance = slots.entering(current)
            return Change(
                current,
                made.outputs.changes,
                writes=(*writes, *entrance.writes),
                reopening=Reopening({**reopening.fields, **entrance.fields}, {**reopening.data, **entrance.told}),
                write_count=-len(entrance.writes),  # slots are the organisation's, no records of the run
            )
        latest = residuals.find(current.organisation_id, current.id, current.resume)
        if latest is not None and latest.claim == residual.claim:
            return None  # it was recorded, though the answer was lost
        who = f": {latest.by} has resumed it" if latest is not None and current.resume > made.run.resume else ""
        raise RunOpen(f"run {current.id} is {current.status} by now{who}")

    return announce(propose)


def _residual(made: Prepared, *, by: str, reason: str | None, key: str | None, request: str, from_node: str | None) -> Residual:
    run, plan = made.run, made.plan
    return Residual(
        number=plan.resume,
        version_id=plan.version_id,
        kept={name: status.value for name, status in plan.kept.items()},
        loads=made.outputs.loads,
        outputs=keep(run.organisation_id, f"runs/{run.id}/resume", made.outputs.inline),
        again={name: number for name, number in plan.again.items() if name not in plan.kept},
        plan_sha256=plan.digest,
        key_sha256=None if key is None else runs.key_digest(key),
        request_sha256=request,
        claim=uuid4().hex,
        by=by,
        reason=reason,
        from_node=from_node,
        at=now_text(),
        before=Past.model_validate({name: getattr(run, name) for name in Past.model_fields if name != "schema_version"}),
    )


def _reopening(made: Prepared, residual: Residual, more: Mapping[str, Any]) -> Reopening:
    run, version, number = made.run, made.version, residual.number
    fields: dict[str, Any] = {
        **more,
        "resume": number,
        "again": dict(made.plan.again),
        "version_id": version.id,
        "version": version.number,
        "title": version.title,
        "machine_arn": machine_arn(workflow_name=run.workflow_name, run_id=run.id, number=version.number, resume=number),
        "execution_name": f"{run.id}-r{number}",
    }
    told: dict[str, Json] = {
        "resume": number,
        "by": residual.by,
        "from": residual.from_node or run.failed_node,
        "reason": residual.reason,
        "after": run.status.value,
        "version": version.number if version.id != run.version_id else None,
        "edited": [*(["input"] if made.is_edited else []), *made.outputs.given] or None,
        "kept_count": len(made.plan.kept),
    }
    return Reopening(fields, {name: value for name, value in told.items() if value is not None})


def _writes(made: Prepared, residual: Residual) -> tuple[Write, ...]:
    """What is kept beside the run: what its machine is made of, its input, what it is found by."""
    run, version = made.run, made.version
    marks = reopening_writes(run, before=marks_of(made.before.spec, made.given_before), after=marks_of(version.spec, made.given))
    counted = tallies.reopened_writes(run, version=version.number)
    kept = (residuals.writing(run.organisation_id, run.id, residual), *marks, *counted)
    if not made.is_edited and version.id == run.version_id:
        return kept
    now = run.model_copy(update={"version_id": version.id})
    return (*kept, runs.input_write(now, made.given))


def _known(run: Run, key: str, request: str) -> Run | None:
    """The run, if this key has resumed it. Raises KeyReused when it came with another wish."""
    asked = runs.key_digest(key)
    known = next((each for each in residuals.list_of_run(run.organisation_id, run.id) if each.key_sha256 == asked), None)
    if known is None:
        return None
    if known.request_sha256 != request:
        raise KeyReused("this key was used for another resume of this run")
    return run


def _number(version: int | str | None) -> int | str | None:
    if isinstance(version, str) and version != LATEST:
        raise InputInvalid(f"version is a number or `{LATEST}`", {"/version": f"a number or `{LATEST}`"})
    return version


def _known_node(graph: WorkflowGraph, name: str | None) -> str | None:
    if name is not None and not any(name in block.nodes for block in graph.blocks.values()):
        raise InputInvalid(f"the version has no node {name}", {"/from": "no node is called so"})
    return name
