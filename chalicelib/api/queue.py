"""Routes: the queue of runs that wait for a slot, and how many runs of a workflow go on at once."""

from dataclasses import asdict
from http import HTTPMethod
from typing import Annotated

from chalice.app import Blueprint
from pydantic import Field

from chalicelib.access.scopes import Scope
from chalicelib.api.endpoint import Answer, Call, Nothing, Wire, endpoint
from chalicelib.api.views import run_view
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


@endpoint(routes, HTTPMethod.GET, "/api/v1/queue", scope=Scope.RUN_READ)
def get_all(call: Call[Nothing, Nothing]) -> Answer:
    """Who runs and who waits, in all workflows."""
    found = get_queue(call.principal)
    workflows = [_view(each) for each in found.workflows]
    return Answer({"limit": found.limit, "running_count": found.running_count, "waiting_count": found.waiting_count, "workflows": [*workflows]})


@endpoint(routes, HTTPMethod.GET, "/api/v1/workflows/{workflow_id}/queue", scope=Scope.RUN_READ)
def get_one(call: Call[Nothing, Nothing], workflow_id: str) -> Answer:
    """Who runs and who waits of one workflow."""
    return Answer(_view(get_workflow_queue(call.principal, workflow_id)))


@endpoint(routes, HTTPMethod.PUT, "/api/v1/workflows/{workflow_id}/queue", scope=Scope.WORKFLOW_WRITE)
def set_one(call: Call[QueueToSet, Nothing], workflow_id: str) -> Answer:
    """Set a workflow's limit; pause its queue, or go on."""
    return Answer(_view(set_workflow_queue(call.principal, workflow_id, limit=call.body.limit, is_paused=call.body.is_paused)))


@endpoint(routes, HTTPMethod.POST, "/api/v1/workflows/{workflow_id}/queue/empty", scope=Scope.RUN_CANCEL)
def empty_one(call: Call[Emptying, Nothing], workflow_id: str) -> Answer:
    """Cancel runs of a workflow that wait."""
    count, left = empty_workflow_queue(call.principal, workflow_id, reason=call.body.reason)
    return Answer({"cancelled_count": count, **_view(left)})


def placed_view(run: Run) -> JsonObject:
    """A run without its values, with where it stands if it waits for a slot."""
    place = place_of(run)
    return {**run_view(run), "queue": None if place is None else asdict(place)}


def _view(queue: WorkflowQueue) -> JsonObject:
    return {**asdict(queue), "waiting_count": sum(queue.waiting.values())}
