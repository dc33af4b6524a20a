"""What an API request costs apart from AWS: each route's handler, invoked as API Gateway does it, on the local stack with some runs in it.

Processor time of the handler's thread, with the SDK's own work in it (serialising, signing, parsing) and without what the emulator does in the
network's place; the emulator's share and the wall time stand apart. On AWS a call of DynamoDB takes some milliseconds of waiting instead.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from time import perf_counter, thread_time
from typing import Any, Final

from bench.clock import busy, percentile
from bench.counted_runs import Stage, stage
from bench.emulator_share import sharing
from bench.table import Figure, Table, at_most
from bench.task_graphs import CHECKOUT
from infra.local.people import token_of
from infra.local.rest_event import HttpRequest, proxy_event
from infra.local.rest_routes import RouteTable

EXAMPLE: Final = CHECKOUT / "examples" / "invoice-approval"
GATE_ONLY: Final = "sluice: 1\nname: measured-gate\nnodes: {ask: {type: human_gate, ask: Go?, timeout_seconds: 600}}\n"
ROUNDS: Final = 60
WARM_UP: Final = 5
GATES: Final = 45  # a gate is decided once
LIMIT_MS: Final = 5.0


@dataclass(frozen=True, slots=True)
class Asked:
    """One kind of request. `judged`: compiling and publishing take as long as the workflow is large, so they are only shown."""

    name: str
    method: str
    path: str
    query: str = ""
    body: Any = field(default=None, hash=False)
    judged: bool = True
    once: tuple[str, ...] = ()  # other paths, each asked a single time


@dataclass(frozen=True, slots=True)
class Timed:
    """Seconds of one request: the handler's own processor time, the emulator's, and the wall's without the emulator's."""

    own: float
    emulator: float
    wall: float
    calls: int


def run() -> Table:
    with stage() as here:
        requests = list(_requests(here))
        timed = {request: _rounds(request) for request in requests}
    judged = [one.own for request, many in timed.items() if request.judged for one in many]
    worst = max((request for request in requests if request.judged), key=lambda request: percentile([one.own for one in timed[request]], 0.95))
    figures = (
        at_most("all routes, p95, processor time without the emulator", percentile(judged, 0.95) * 1000, LIMIT_MS, digits=2, unit=" ms"),
        at_most(f"slowest route ({worst.name}), p95", percentile([one.own for one in timed[worst]], 0.95) * 1000, LIMIT_MS, digits=2, unit=" ms"),
        Figure("all routes, median", f"{percentile(judged, 0.5) * 1000:.2f} ms"),
    )
    columns = ("route", "p50 ms", "p95 ms", "wall p95", "emulator p95", "AWS calls")
    notes = [f"{ROUNDS} requests a route; {busy()}. A route in brackets is shown, not judged."]
    return Table("API handlers without the emulator's share", figures, columns, [_row(request, many) for request, many in timed.items()], notes)


def _requests(here: Stage) -> Iterator[Asked]:
    """Every route that people or clients call often, upon a workflow with a run that has ended and one that waits."""
    workflow = here.publish((EXAMPLE / "workflow.yaml").read_text(), name="invoice-approval")
    given = json.loads((EXAMPLE / "input.json").read_text())
    ended = here.start(workflow, given)
    here.ended(ended)
    gates = _open_gates(here)
    runs = "/api/v1/workflows/runs"
    document = {"text": (EXAMPLE / "workflow.yaml").read_text()}
    yield Asked("start a run", "POST", f"/api/v1/workflows/{workflow}/run", body={"input": given})
    yield Asked("a run", "GET", f"{runs}/{ended}")
    yield Asked("a run with counts", "GET", f"{runs}/{ended}", "counts=true")
    yield Asked("its nodes", "GET", f"{runs}/{ended}/nodes")
    yield Asked("its events", "GET", f"{runs}/{ended}/events")
    yield Asked("its new events", "GET", f"{runs}/{ended}/events", "since=20")
    yield Asked("runs", "GET", runs, "limit=20")
    yield Asked("open gates", "GET", "/api/v1/gates")
    decisions = tuple(f"/api/v1/gates/{gate}/decision" for gate in gates)
    yield Asked("decide a gate", "POST", decisions[0], body={"choice": "approve"}, once=decisions)
    yield Asked("decide a decided one", "POST", decisions[0], body={"choice": "approve"})
    yield Asked("a live ticket", "POST", "/api/v1/live/tickets", body={})
    yield Asked("workflows", "GET", "/api/v1/workflows")
    yield Asked("a workflow", "GET", f"/api/v1/workflows/{workflow}")
    yield Asked("save a draft", "PUT", f"/api/v1/workflows/{workflow}", body=document, judged=False)
    yield Asked("validate", "POST", "/api/v1/workflows/validate", body=document, judged=False)
    yield Asked("publish it again", "POST", f"/api/v1/workflows/{workflow}/versions", body=document, judged=False)
    yield Asked("a version", "GET", f"/api/v1/workflows/{workflow}/versions/1")
    yield Asked("a version's plan", "GET", f"/api/v1/workflows/{workflow}/versions/1/plan")


def _open_gates(here: Stage) -> list[str]:
    workflow = here.publish(GATE_ONLY, name="measured-gate")
    for run_id in [here.start(workflow, {}) for _ in range(GATES)]:
        here.waiting(run_id)
    return [gate["id"] for gate in here.session.api.gates_list_gates()["gates"]]


def _rounds(request: Asked) -> list[Timed]:
    paths = request.once or (request.path,) * (ROUNDS + WARM_UP)
    return [_timed(replace(request, path=path)) for path in paths][WARM_UP:]


def _timed(request: Asked) -> Timed:
    from app import app

    event = json.loads(json.dumps(_event(request, app)))
    with sharing() as share:
        processor, wall = thread_time(), perf_counter()
        answer = app(event, _Context())
        processor, wall = thread_time() - processor, perf_counter() - wall
    if answer["statusCode"] >= 500:
        raise ValueError(f"{request.name}: {answer['body']}")
    return Timed(processor - share.processor, share.processor, wall - share.wall, share.calls)


def _event(request: Asked, app: Any) -> dict[str, Any]:
    body = b"" if request.body is None else json.dumps(request.body).encode()
    headers = (("Content-Type", "application/json"), ("Host", "localhost"), ("Authorization", f"Bearer {token_of('ann', ('admin', 'approver'))}"))
    match = RouteTable(app.routes).match(request.path)
    if match is None:
        raise ValueError(f"no route takes {request.path}")
    return proxy_event(HttpRequest(request.method, request.path, request.query, headers, body, "127.0.0.1"), match)


class _Context:
    """What Lambda hands a handler beside the event."""

    aws_request_id = "measured"
    function_name = "api_handler"
    memory_limit_in_mb = 512
    invoked_function_arn = "arn:aws:lambda:eu-central-1:123456789012:function:api_handler"

    @staticmethod
    def get_remaining_time_in_millis() -> int:
        return 29_000


def _row(request: Asked, many: Sequence[Timed]) -> tuple[str, ...]:
    name = f"{request.method} {request.name}" if request.judged else f"({request.method} {request.name})"
    times = (
        percentile([one.own for one in many], 0.5),
        percentile([one.own for one in many], 0.95),
        percentile([one.wall for one in many], 0.95),
        percentile([one.emulator for one in many], 0.95),
    )
    return (name, *(f"{seconds * 1000:.2f}" for seconds in times), f"{percentile([one.calls for one in many], 0.5):.0f}")
