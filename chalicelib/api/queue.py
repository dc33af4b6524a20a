"""Routes: the queue of runs that wait for a slot, and how many runs of a workflow go on at once."""

from dataclasses import asdict
from http import HTTPMethod
from typing import Annotated

from chalice.app import Blueprint
from pydantic import Field

from chalicelib.access.scopes import Scope
from chalicelib.api import shapes
from chalicelib.api.endpoint import Answer, Call, Nothing, Wire, endpoint
from chalicelib.api.views import run_view
from chalicelib.errors import Contention, WorkflowNotFound
from chalicelib.runs.queue import WorkflowQueue, empty_workflow_queue, get_queue, get_workflow_queue, place_of, set_workflow_queue
from chalicelib.spec.model import JsonObject
from chalicelib.store.run_records import Run

routes = Blueprint(__name__)


class QueueToSet(Wire):
    """`limit` null: as many runs as the organisation may have."""

    limit: Annotated[int, Field(ge=1, le=100_000)] | None = None
    is_paused: bool = False


class Emptying(Wire):
    reason: Annotated[str, Field(max_length=2000)] | None = None


@endpoint(routes, HTTPMethod.GET, "/api/v1/queue", scope=Scope.RUN_READ, answers={200: shapes.QUEUE})
def get_all(call: Call[Nothing, Nothing]) -> Answer:
    """Who runs and who waits, in all workflows.

    All workflows with runs that hold a slot or wait for one, or with something set; `limit` is the organisation's. `running_count` counts runs that
    hold a slot. See [queue.md](flows/queue.md).
    """
    found = get_queue(call.principal)
    workflows = [_view(each) for each in found.workflows]
    return Answer({"limit": found.limit, "running_count": found.running_count, "waiting_count": found.waiting_count, "workflows": [*workflows]})


@endpoint(
    routes,
    HTTPMethod.GET,
    "/api/v1/workflows/{workflow_id}/queue",
    scope=Scope.RUN_READ,
    answers={200: shapes.QUEUE_OF_WORKFLOW},
    errors=(WorkflowNotFound,),
)
def get_one(call: Call[Nothing, Nothing], workflow_id: str) -> Answer:
    """Who runs and who waits of one workflow."""
    return Answer(_view(get_workflow_queue(call.principal, workflow_id)))


@endpoint(
    routes,
    HTTPMethod.PUT,
    "/api/v1/workflows/{workflow_id}/queue",
    scope=Scope.WORKFLOW_WRITE,
    answers={200: shapes.QUEUE_OF_WORKFLOW},
    errors=(WorkflowNotFound, Contention),
)
def set_one(call: Call[QueueToSet, Nothing], workflow_id: str) -> Answer:
    """Set a workflow's limit; pause its queue, or go on.

    How many of its runs go on at once, of all versions, and whether any get in. `limit` null: as many as the organisation may have. Running ones go
    on, so a paused queue drains.
    """
    return Answer(_view(set_workflow_queue(call.principal, workflow_id, limit=call.body.limit, is_paused=call.body.is_paused)))


@endpoint(
    routes,
    HTTPMethod.POST,
    "/api/v1/workflows/{workflow_id}/queue/empty",
    scope=Scope.RUN_CANCEL,
    answers={200: shapes.EMPTIED_QUEUE},
    errors=(WorkflowNotFound,),
)
def empty_one(call: Call[Emptying, Nothing], workflow_id: str) -> Answer:
    """Cancel runs of a workflow that wait.

    100 a call, the last ones first. The answer is the queue that is left, with `cancelled_count`.
    """
    count, left = empty_workflow_queue(call.principal, workflow_id, reason=call.body.reason)
    return Answer({"cancelled_count": count, **_view(left)})


def placed_view(run: Run) -> JsonObject:
    """A run without its values, with where it stands if it waits for a slot."""
    place = place_of(run)
    return {**run_view(run), "queue": None if place is None else asdict(place)}


def _view(queue: WorkflowQueue) -> JsonObject:
    return {**asdict(queue), "waiting_count": sum(queue.waiting.values())}
