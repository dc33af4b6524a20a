"""Routes: go on with a broken run, repeat a run, try a node."""

from http import HTTPMethod
from typing import Annotated, Any, Final

from chalice.app import Blueprint
from pydantic import Field, TypeAdapter

from chalicelib.access.scopes import Scope
from chalicelib.api import shapes
from chalicelib.api.contract import Replay
from chalicelib.api.endpoint import Answer, Call, Nothing, Wire, endpoint
from chalicelib.api.queue import placed_view
from chalicelib.errors import (
    EffectsNotAllowed,
    InputInvalid,
    KeyReused,
    NotPublished,
    PlanChanged,
    RunNotFound,
    RunNotResumable,
    RunOpen,
    SpecInvalid,
    VersionNotFound,
    WorkflowNotFound,
)
from chalicelib.runs.repeat import repeat
from chalicelib.runs.resume import Prepared, Wanted, prepare, resume
from chalicelib.runs.trial import TrialWanted, try_node
from chalicelib.spec.model import Json, JsonObject

routes = Blueprint(__name__)
_JSON: Final[TypeAdapter[object]] = TypeAdapter(object)
VersionWanted = Annotated[int, Field(ge=1)] | Annotated[str, Field(pattern="^latest$")] | None


class Resuming(Wire):
    """What is wanted of a resume. Without `input` the run keeps its own, without `version` it stays on its own."""

    from_node: str | None = Field(default=None, alias="from")
    input: Json = None
    outputs: dict[str, Json] = Field(default_factory=dict)
    version: VersionWanted = None

    @property
    def wanted(self) -> Wanted:
        return Wanted(from_node=self.from_node, input=self.input, outputs=self.outputs, version=self.version)


class Resumption(Resuming):
    """With the digest of the plan that was shown."""

    plan: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    reason: Annotated[str, Field(max_length=2000)] | None = None


class Repetition(Wire):
    input: Json = None
    version: VersionWanted = None


class Trial(Wire):
    input: Json = None
    outputs: dict[str, Json] = Field(default_factory=dict)
    run_id: str | None = None
    version: Annotated[int, Field(ge=1)] | None = None
    allow_effects: bool = False


@endpoint(
    routes,
    HTTPMethod.POST,
    "/api/v1/workflows/runs/{run_id}/resume/plan",
    scope=Scope.RUN_RESUME,
    answers={200: shapes.RESUME_PLAN},
    errors=(RunNotFound, RunOpen, RunNotResumable, VersionNotFound, InputInvalid, SpecInvalid),
    replay=Replay.HARMLESS,
)
def plan_resume(call: Call[Resuming, Nothing], run_id: str) -> Answer:
    """What a resume would keep and run again, with its digest. Nothing happens.

    `from` is a node that runs again with all that follows, `input` another input, `outputs` what nodes shall have put out, by node, `version` a
    number or `latest`. With `outputs` it needs `workflow:write`, too. `plan` is the digest. See [resume.md](flows/resume.md).
    """
    return Answer(plan_view(prepare(call.principal, run_id, call.body.wanted)))


@endpoint(
    routes,
    HTTPMethod.POST,
    "/api/v1/workflows/runs/{run_id}/resume",
    scope=Scope.RUN_RESUME,
    answers={202: shapes.PLACED_RUN},
    errors=(RunNotFound, RunOpen, RunNotResumable, VersionNotFound, InputInvalid, SpecInvalid, PlanChanged, KeyReused),
    replay=Replay.OWN,
)
def resume_run(call: Call[Resumption, Nothing], run_id: str) -> Answer:
    """Resume a run by the plan that was shown.

    Goes on with a run that failed, timed out, was cancelled or interrupted. The body is as for the plan, with `plan`, the digest that was shown.
    With an `Idempotency-Key` the same call finds its resume.
    """
    body = call.body
    run = resume(call.principal, run_id, body.wanted, plan=body.plan, key=call.idempotency_key or None, reason=body.reason)
    return Answer(placed_view(run), status=202, headers=_location(run.id))


@endpoint(
    routes,
    HTTPMethod.POST,
    "/api/v1/workflows/runs/{run_id}/repeat",
    scope=Scope.WORKFLOW_EXECUTE,
    answers={202: shapes.PLACED_RUN},
    errors=(RunNotFound, WorkflowNotFound, VersionNotFound, NotPublished, InputInvalid, KeyReused),
    replay=Replay.OWN,
)
def repeat_run(call: Call[Repetition, Nothing], run_id: str) -> Answer:
    """Start a new run with the input of an earlier one.

    The version defaults to the run's own. The new run's `trigger` is `{type: repeat, source: <run id>}`.
    """
    run = repeat(call.principal, run_id, given=call.body.input, version=call.body.version, key=call.idempotency_key or None)
    return Answer(placed_view(run), status=202, headers=_location(run.id))


@endpoint(
    routes,
    HTTPMethod.POST,
    "/api/v1/workflows/{workflow_id}/nodes/{node}/try",
    scope=Scope.WORKFLOW_EXECUTE,
    answers={202: shapes.PLACED_RUN},
    errors=(WorkflowNotFound, NotPublished, VersionNotFound, RunNotFound, InputInvalid, EffectsNotAllowed, KeyReused),
    replay=Replay.OWN,
)
def try_one(call: Call[Trial, Nothing], workflow_id: str, node: str) -> Answer:
    """Try one node by itself.

    A node of the workflow's own block: what it reads is given, or taken from the run `run_id`. With an `Idempotency-Key` the same call finds the
    same trial. The answer is a run with `trigger: {type: trial, source: <node>}` that no list has; its output is the node's. A node with an effect
    needs `workflow:write`, too.
    """
    run = try_node(call.principal, workflow_id, node, TrialWanted(**call.body.model_dump()), key=call.idempotency_key or None)
    return Answer(placed_view(run), status=202, headers=_location(run.id))


def plan_view(made: Prepared) -> JsonObject:
    """A plan as people read it."""
    plan = made.plan
    nodes: list[Json] = [
        {
            "node": each.node,
            "fate": each.fate.value,
            "why": each.why,
            "effect": each.effect.value,
            "warning": each.warning,
            "settled_count": each.settled_count,
            "open_count": each.open_count,
        }
        for each in plan.nodes
    ]
    forecast: Any = _JSON.dump_python(made.compilation.forecast, mode="json")
    return {
        "run_id": plan.run_id,
        "resume": plan.resume,
        "version": plan.version,
        "status": made.run.status.value,
        "nodes": nodes,
        "warnings": [each.warning for each in plan.warnings],
        "forecast": forecast,
        "plan": plan.digest,
    }


def _location(run_id: str) -> dict[str, str]:
    return {"Location": f"/api/v1/workflows/runs/{run_id}"}
