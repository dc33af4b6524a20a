"""Published workflows as other programs call them, whatever their protocol: listed, started, waited for a while, told how they ended.

In: a principal, a workflow's name, an input. Out: `Offer`, the run, and its `outcome` as JSON. Waiting ends well before API Gateway does (29 s).
Never: a workflow without a version; a value that an answer cannot hold.
"""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from chalicelib.access.principal import Principal
from chalicelib.runs import query
from chalicelib.spec.model import Json, JsonObject
from chalicelib.store.run_records import Run
from chalicelib.store.statuses import RunStatus
from chalicelib.store.workflow_records import Workflow
from chalicelib.triggers.manual import start_manually
from chalicelib.workflows.query import find_workflow, get_version, list_workflows

WAIT_SECONDS: Final = 20.0
PAGE: Final = 50
MAX_OUTPUT_BYTES: Final = 1_500_000  # an answer tells it twice, as a text and as a value
_FIRST_PAUSE: Final = 0.05
_LONGEST_PAUSE: Final = 1.0


@dataclass(frozen=True, slots=True)
class Offer:
    """A published workflow: what it is called, what it is for, what it takes."""

    workflow_id: str
    name: str
    title: str
    description: str
    input_schema: JsonObject
    labels: tuple[str, ...] = ()
    skills: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OfferPage:
    offers: tuple[Offer, ...]
    cursor: str | None


def list_offers(principal: Principal, *, cursor: str | None = None) -> OfferPage:
    """By name. A page may be short and still have a cursor. Raises CursorInvalid."""
    page = list_workflows(principal, limit=PAGE, cursor=cursor)
    return OfferPage(tuple(_offer(principal, workflow) for workflow in page.workflows if workflow.latest_version), page.cursor)


def find_offer(principal: Principal, name: str) -> Offer | None:
    workflow = find_workflow(principal, name)
    return _offer(principal, workflow) if workflow is not None and workflow.latest_version else None


def call(principal: Principal, offer: Offer, given: Json, *, key: str | None, seconds: float | None = None) -> Run:
    """Start a run and wait for its end, at most that long. The same key finds the same run for a day. Raises InputInvalid, KeyReused."""
    run = start_manually(principal, workflow_id=offer.workflow_id, input=given, key=key)
    return wait_for(principal, run.id, seconds=WAIT_SECONDS if seconds is None else seconds)


def wait_for(principal: Principal, run_id: str, *, seconds: float, pause: Callable[[float], None] = time.sleep) -> Run:
    """The run when it has ended, or as it is after that time. Raises RunNotFound."""
    ends_at, step = time.monotonic() + seconds, _FIRST_PAUSE
    run = query.get_run(principal, run_id)
    while not run.status.is_terminal and (left := ends_at - time.monotonic()) > 0:
        pause(min(step, left))
        step = min(step * 1.5, _LONGEST_PAUSE)
        run = query.get_run(principal, run_id)
    return run


def outcome(principal: Principal, run: Run) -> JsonObject:
    """`{run_id, workflow, status}` with `output` where it succeeded (or a `note` where that is too large), else `error` or a `note`."""
    told: JsonObject = {"run_id": run.id, "workflow": run.workflow_name, "status": run.status.value}
    match run.status:
        case RunStatus.SUCCEEDED:
            output = query.get_output(principal, run.id, seen=run)
            if len(json.dumps(output)) > MAX_OUTPUT_BYTES:
                return told | {"output": None, "note": f"the output is too large for this answer; read it at /api/v1/workflows/runs/{run.id}"}
            return told | {"output": output}
        case RunStatus.FAILED | RunStatus.TIMED_OUT | RunStatus.CANCELLED:
            return told | {"error": {"name": run.error.name, "message": run.error.message} if run.error else None}
        case RunStatus.WAITING:
            return told | {"note": "the run waits for a person, a reply or a time"}
        case _:
            return told | {"note": "the run goes on"}


def _offer(principal: Principal, workflow: Workflow) -> Offer:
    version = get_version(principal, workflow.id, workflow.latest_version)
    schema, labels, skills = version.spec.get("input"), version.spec.get("labels"), version.spec.get("skills")
    title = version.title or workflow.name
    return Offer(
        workflow_id=workflow.id,
        name=workflow.name,
        title=title,
        description=str(version.spec.get("description") or title),
        input_schema=schema if isinstance(schema, dict) else {"type": "object"},
        labels=tuple(f"{name}={value}" for name, value in labels.items()) if isinstance(labels, dict) else (),
        skills=tuple(str(skill) for skill in skills) if isinstance(skills, list) else (),
    )
