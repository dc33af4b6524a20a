"""Routes: start runs, follow them, cancel them, answer what they ask."""

from http import HTTPMethod
from typing import Annotated, Final
from urllib.parse import parse_qsl

from chalice.app import Blueprint
from pydantic import AfterValidator, Field

from chalicelib.access.scopes import Scope
from chalicelib.api import shapes
from chalicelib.api.contract import Replay
from chalicelib.api.endpoint import Answer, Call, Nothing, Wire, endpoint
from chalicelib.api.paging import Page
from chalicelib.api.queue import placed_view
from chalicelib.api.room import Room
from chalicelib.api.times import QueryMoment
from chalicelib.api.views import comparison_view, node_run_view, run_view
from chalicelib.errors import CursorInvalid, InputInvalid, KeyReused, NotPublished, RunEnded, RunNotFound, VersionNotFound, WorkflowNotFound
from chalicelib.live.publish import event_frame
from chalicelib.runs import query
from chalicelib.runs.cancel import cancel
from chalicelib.runs.compare import compare
from chalicelib.runs.search import Wanted, search
from chalicelib.runs.start import InLine
from chalicelib.spec.model import Json
from chalicelib.store.blobs import json_text
from chalicelib.store.run_records import Priority
from chalicelib.store.statuses import RunStatus
from chalicelib.triggers.manual import start_manually

routes = Blueprint(__name__)
_MOST_PAIRS: Final = 20


class RunToStart(Wire):
    """`version` defaults to the latest. `priority` and `start_within_seconds` say how the run waits, where it has to."""

    input: Json = Field(default_factory=dict)
    version: Annotated[int, Field(ge=1)] | None = None
    priority: Annotated[Priority, Field(strict=False)] = Priority.NORMAL
    start_within_seconds: Annotated[int, Field(ge=1, le=31_536_000)] | None = None


def _is_pair(given: str) -> str:
    if len(_pairs(given)) > _MOST_PAIRS:
        raise ValueError(f"more than {_MOST_PAIRS} pairs")
    return given


def _pairs(given: str) -> dict[str, str]:
    """`team:travel`, or, where a `=` comes first, `team=travel&tier=gold` as a query string has it. Raises ValueError."""
    name, colon, value = given.partition(":")
    if colon and "=" not in name:
        return {name: value}
    return dict(parse_qsl(given, keep_blank_values=True, strict_parsing=True))


Pairs = Annotated[tuple[Annotated[str, AfterValidator(_is_pair), Field(pattern="^[^:=]+[:=]", max_length=2000)], ...], Field(max_length=_MOST_PAIRS)]


class RunsWanted(Page):
    """`label` and `where` (fields of the input) are `name:value`, or `name=value` pairs as a query string has them, itself percent-encoded."""

    workflow_id: str | None = None
    status: RunStatus | None = None
    version: Annotated[int, Field(ge=1)] | None = None
    error: Annotated[str, Field(max_length=200)] | None = None
    since: QueryMoment | None = None
    until: QueryMoment | None = None
    label: Pairs = ()
    where: Pairs = ()

    @property
    def wanted(self) -> Wanted:
        return Wanted(
            status=self.status,
            workflow_id=self.workflow_id,
            version=self.version,
            error=self.error,
            labels=_all_pairs(self.label),
            fields=_all_pairs(self.where),
            since=self.since,
            until=self.until,
        )


def _all_pairs(given: tuple[str, ...]) -> dict[str, str]:
    return {name: value for each in given for name, value in _pairs(each).items()}


class OtherRun(Wire):
    to: str


class RunWanted(Wire):
    """With `counts`, what the run has counted so far is asked of the engine too."""

    counts: bool = False


class NodesWanted(Wire):
    """`node` (and `item_path`) ask for one node's runs, with their values, however large: up to what an answer holds."""

    node: str | None = None
    item_path: str | None = None
    limit: Annotated[int, Field(ge=1, le=1000)] = 200
    cursor: Annotated[str, Field(max_length=2000)] | None = None


class EventsWanted(Wire):
    since: Annotated[int, Field(ge=0)] = 0
    limit: Annotated[int, Field(ge=1, le=1000)] = 500


class Cancellation(Wire):
    reason: Annotated[str, Field(max_length=2000)] | None = None


@endpoint(
    routes,
    HTTPMethod.POST,
    "/api/v1/workflows/{workflow_id}/run",
    scope=Scope.WORKFLOW_EXECUTE,
    answers={202: shapes.PLACED_RUN},
    errors=(WorkflowNotFound, VersionNotFound, NotPublished, InputInvalid, KeyReused),
    replay=Replay.OWN,
)
def start_run(call: Call[RunToStart, Nothing], workflow_id: str) -> Answer:
    """Start a run. With an `Idempotency-Key`, asking again finds the same run.

    The version defaults to the latest. The same `Idempotency-Key` finds the same run within a day, as it is by then. `input-invalid` names the
    fields by JSON pointer. `priority` and `start_within_seconds` (after which it ends as timed out) say how the run waits where there is no slot
    for it ([queue.md](flows/queue.md)).
    """
    given, key = call.body, call.idempotency_key or None
    line = InLine(given.priority, given.start_within_seconds)
    run = start_manually(call.principal, workflow_id=workflow_id, input=given.input, version=given.version, key=key, line=line)
    return Answer(placed_view(run), status=202, headers={"Location": f"/api/v1/workflows/runs/{run.id}"})


@endpoint(routes, HTTPMethod.GET, "/api/v1/workflows/runs", scope=Scope.RUN_READ, answers={200: shapes.RUNS}, errors=(CursorInvalid, VersionNotFound))
def list_runs(call: Call[Nothing, RunsWanted]) -> Answer:
    """Runs, newest first: all, or those that fit what is asked.

    `error` is an error's name; `since` and `until` are about when it was created. `label` and `where` (fields of the input that the workflow
    lists in `indexed`) are `name:value` and may stand several times (`label=team:travel&where=customer.id:c-12`), or, where a `=` comes before
    any `:`, `name=value` pairs as a query string has them, itself percent-encoded (`where=customer.id%3Dc-12%26amount%3D40`). Numbers are
    compared as JSON writes them. A page may be short, or empty, and still have a cursor. Runs that ended before this could be asked are not found
    by `status`, `error`, `label` or `where`.
    """
    page = search(call.principal, call.query.wanted, limit=call.query.limit, cursor=call.query.cursor)
    return Answer({"runs": [run_view(run) for run in page.runs], "cursor": page.cursor})


@endpoint(
    routes, HTTPMethod.GET, "/api/v1/workflows/runs/{run_id}", scope=Scope.RUN_READ, answers={200: shapes.RUN_WITH_VALUES}, errors=(RunNotFound,)
)
def get_run(call: Call[Nothing, RunWanted], run_id: str) -> Answer:
    """A run with its input and output.

    `output` is null until it succeeded. With `counts=true` it has `transition_count` too, the states entered so far. `cost` is in micro-dollars.
    `queue` is null unless the run waits for a slot: 1 is the next of its workflow, the estimate is null where the line has not moved yet.
    """
    found = query.get_whole_run(call.principal, run_id)
    document, room = placed_view(found.run), Room()
    for name, value in (("output", found.output), ("input", found.input)):
        document |= {name: room.take(value), f"{name}_bytes": len(json_text(value).encode()) if value is not None else 0}
    if call.query.counts:
        document["transition_count"] = query.count_transitions(call.principal, run_id, seen=found.run)
    return Answer(document)


@endpoint(
    routes,
    HTTPMethod.GET,
    "/api/v1/workflows/runs/{run_id}/nodes",
    scope=Scope.RUN_READ,
    answers={200: shapes.NODE_RUNS},
    errors=(RunNotFound, CursorInvalid),
)
def list_nodes(call: Call[Nothing, NodesWanted], run_id: str) -> Answer:
    """Node runs in the order in which they started.

    `node` and `item_path` ask for one node's runs. In the list, a value that lies in S3 is null and has its size beside it; with `node` it is
    loaded, and `input_url` and `output_url` are addresses that give it, however large, for five minutes to whoever has them (null where it does
    not lie in S3, and on the local stack). An answer holds 5.5 MB of values: what does not fit is null, here and in the run.
    """
    wanted = call.query
    one = query.WantedNodes(node=wanted.node, item_path=wanted.item_path)
    page = query.list_node_run_page(call.principal, run_id, one, limit=wanted.limit, cursor=wanted.cursor)
    organisation_id = call.principal.organisation_id
    room = Room()
    nodes = [node_run_view(organisation_id, node_run, whole=wanted.node is not None, room=room) for node_run in page.node_runs]
    return Answer({"nodes": [*nodes], "cursor": page.cursor})


@endpoint(
    routes, HTTPMethod.GET, "/api/v1/workflows/runs/{run_id}/compare", scope=Scope.RUN_READ, answers={200: shapes.COMPARISON}, errors=(RunNotFound,)
)
def compare_runs(call: Call[Nothing, OtherRun], run_id: str) -> Answer:
    """A run beside another: versions, inputs, outputs, and node by node.

    In a node, lists of two hold the first run's and the other's, null where a run has no such node. `spec` says how the versions' documents
    differ. `path` is a JSON pointer, the values are JSON, cut after 500 characters. 100 differences of a value and 500 nodes are told; values
    above 256 KB are compared as wholes.
    """
    return Answer(comparison_view(compare(call.principal, run_id, call.query.to)))


@endpoint(routes, HTTPMethod.GET, "/api/v1/workflows/runs/{run_id}/events", scope=Scope.RUN_READ, answers={200: shapes.EVENTS}, errors=(RunNotFound,))
def list_events(call: Call[Nothing, EventsWanted], run_id: str) -> Answer:
    """Events with a number above `since`."""
    page = query.list_events(call.principal, run_id, since=call.query.since, limit=call.query.limit)
    return Answer({"events": [event_frame(event) for event in page.events], "next_since": page.next_since})


@endpoint(
    routes,
    HTTPMethod.POST,
    "/api/v1/workflows/runs/{run_id}/cancel",
    scope=Scope.RUN_CANCEL,
    answers={200: shapes.RUN},
    errors=(RunNotFound, RunEnded),
)
def cancel_run(call: Call[Cancellation, Nothing], run_id: str) -> Answer:
    """Cancel a run. Cancelling twice is harmless."""
    return Answer(run_view(cancel(call.principal, run_id, reason=call.body.reason)))
