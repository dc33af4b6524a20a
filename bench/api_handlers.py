"""What an API request costs apart from AWS: each route's handler, invoked as API Gateway does it, on the local stack with some runs in it.

Processor time of the handler's thread, with the SDK's own work in it (serialising, signing, parsing) and without what the emulator does in the
network's place; the emulator's share and the wall time stand apart. On AWS a call of DynamoDB takes some milliseconds of waiting instead, so calls of
storage (DynamoDB, S3) are counted too: the median, in a container that has answered before. Of twenty calls of a caller one takes a handful of tokens
besides, and of looking ones the first in five seconds asks who the caller is.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from time import perf_counter, thread_time
from typing import Any, Final

from bench.clock import busy, percentile
from bench.counted_runs import Stage, stage
from bench.emulator_share import sharing
from bench.table import Figure, Table, at_most
from bench.task_graphs import CHECKOUT
from cli.api_client import TriggerGiven
from infra.local.people import token_of
from infra.local.rest_event import HttpRequest, proxy_event
from infra.local.rest_routes import RouteTable

EXAMPLE: Final = CHECKOUT / "examples" / "invoice-approval"
GATE_ONLY: Final = "sluice: 1\nname: measured-gate\nnodes: {ask: {type: human_gate, ask: Go?, timeout_seconds: 600}}\n"
ROUNDS: Final = 60
WARM_UP: Final = 5
GATES: Final = 45  # a gate is decided once
LIMIT_MS: Final = 5.0
LIMIT_CALLS: Final = 3
STORAGE: Final = ("dynamodb.", "s3.")
RUNS: Final = "/api/v1/workflows/runs"
MEMBER: Final = ("eve", ("editor",))
HOOK_SECRET: Final = "a-secret-that-is-long-enough"


@dataclass(frozen=True, slots=True)
class Asked:
    """One kind of request. `judged`: compiling and publishing take as long as the workflow is large, a page of the audit's chain as it is long, so
    they are only shown. `hot`: its calls of storage are judged; not those of what is asked once in a while."""

    name: str
    method: str
    path: str
    query: str = ""
    body: Any = field(default=None, hash=False)
    judged: bool = True
    hot: bool = True
    once: tuple[str, ...] = ()  # other paths, each asked a single time
    headers: tuple[tuple[str, str], ...] = ()
    person: tuple[str, tuple[str, ...]] = ("ann", ("admin", "approver"))


@dataclass(frozen=True, slots=True)
class Timed:
    """Seconds of one request: the handler's own processor time, the emulator's, and the wall's without the emulator's."""

    own: float
    emulator: float
    wall: float
    calls: tuple[str, ...]

    @property
    def storage(self) -> tuple[str, ...]:
        return tuple(call.partition(".")[2] for call in self.calls if call.startswith(STORAGE))


def run() -> Table:
    with stage() as here:
        requests = list(_requests(here))
        timed = {request: _rounds(request) for request in requests}
    judged = [one.own for request, many in timed.items() if request.judged for one in many]
    hot = {request: _usual(many) for request, many in timed.items() if request.hot}
    worst = max((request for request in requests if request.judged), key=lambda request: percentile([one.own for one in timed[request]], 0.95))
    figures = (
        at_most("all routes, p95, processor time without the emulator", percentile(judged, 0.95) * 1000, LIMIT_MS, digits=2, unit=" ms"),
        at_most(f"slowest route ({worst.name}), p95", percentile([one.own for one in timed[worst]], 0.95) * 1000, LIMIT_MS, digits=2, unit=" ms"),
        Figure("all routes, median", f"{percentile(judged, 0.5) * 1000:.2f} ms"),
        _most("looks", {request: usual for request, usual in hot.items() if request.method == "GET"}),
        _most("writes", {request: usual for request, usual in hot.items() if request.method != "GET"}),
        Figure("hot routes within that", f"{sum(len(one.storage) <= LIMIT_CALLS for one in hot.values())} of {len(hot)}"),
    )
    columns = ("route", "p50 ms", "p95 ms", "wall p95", "emulator p95", "storage", "other AWS", "calls of storage")
    notes = [f"{ROUNDS} requests a route; {busy()}. Times of routes in brackets are shown, not judged; calls of storage in brackets, too."]
    return Table("API handlers without the emulator's share", figures, columns, [_row(request, many) for request, many in timed.items()], notes)


def _requests(here: Stage) -> Iterator[Asked]:
    """Every route that people or clients call often, upon a workflow with a run that has ended and one that waits."""
    workflow = here.publish((EXAMPLE / "workflow.yaml").read_text(), name="invoice-approval")
    here.session.api.sharing_put_access(workflow, {"shares": [{"who": "role:editor", "level": "run"}]})
    given = json.loads((EXAMPLE / "input.json").read_text())
    ended = here.start(workflow, given)
    here.ended(ended)
    gates = _open_gates(here)
    yield from _of_runs(workflow, ended, given)
    yield from _of_gates(gates)
    yield from _of_workflows(workflow)
    yield from _of_triggers(here, workflow, given)
    yield from _of_the_organisation()


def _of_runs(workflow: str, ended: str, given: Any) -> Iterator[Asked]:
    yield Asked("start a run", "POST", f"/api/v1/workflows/{workflow}/run", body={"input": given})
    yield Asked("start a run, a member", "POST", f"/api/v1/workflows/{workflow}/run", body={"input": given}, person=MEMBER)
    yield Asked("a run", "GET", f"{RUNS}/{ended}")
    yield Asked("a run, a member", "GET", f"{RUNS}/{ended}", person=MEMBER)
    yield Asked("a run with counts", "GET", f"{RUNS}/{ended}", "counts=true")
    yield Asked("its nodes", "GET", f"{RUNS}/{ended}/nodes")
    yield Asked("its nodes, a member", "GET", f"{RUNS}/{ended}/nodes", person=MEMBER)
    yield Asked("its events", "GET", f"{RUNS}/{ended}/events")
    yield Asked("its new events", "GET", f"{RUNS}/{ended}/events", "since=20")
    yield Asked("its new events, a member", "GET", f"{RUNS}/{ended}/events", "since=20", person=MEMBER)
    yield Asked("runs", "GET", RUNS, "limit=20")
    yield Asked("runs, a member", "GET", RUNS, "limit=20", person=MEMBER)
    yield Asked("a live ticket", "POST", "/api/v1/live/tickets", body={})
    yield Asked("what it waits to hear", "GET", f"/api/v1/runs/{ended}/replies")
    yield Asked("the queue", "GET", "/api/v1/queue")


def _of_gates(gates: Sequence[str]) -> Iterator[Asked]:
    yield Asked("open gates", "GET", "/api/v1/gates")
    yield Asked("open gates, a member", "GET", "/api/v1/gates", "mine=true", person=MEMBER)
    decisions = tuple(f"/api/v1/gates/{gate}/decision" for gate in gates)
    yield Asked("decide a gate", "POST", decisions[0], body={"choice": "approve"}, once=decisions)
    yield Asked("decide a decided one", "POST", decisions[0], body={"choice": "approve"})


def _of_workflows(workflow: str) -> Iterator[Asked]:
    document = {"text": (EXAMPLE / "workflow.yaml").read_text()}
    yield Asked("workflows", "GET", "/api/v1/workflows")
    yield Asked("a workflow", "GET", f"/api/v1/workflows/{workflow}")
    yield Asked("save a draft", "PUT", f"/api/v1/workflows/{workflow}", body=document, judged=False)
    yield Asked("validate", "POST", "/api/v1/workflows/validate", body=document, judged=False)
    yield Asked("publish it again", "POST", f"/api/v1/workflows/{workflow}/versions", body=document, judged=False, hot=False)
    yield Asked("versions", "GET", f"/api/v1/workflows/{workflow}/versions")
    yield Asked("a version", "GET", f"/api/v1/workflows/{workflow}/versions/1")
    yield Asked("a version's plan", "GET", f"/api/v1/workflows/{workflow}/versions/1/plan")
    yield Asked("starters", "GET", "/api/v1/starters")
    yield Asked("a starter", "GET", "/api/v1/starters/invoice-approval", judged=False, hot=False)


def _of_triggers(here: Stage, workflow: str, given: Any) -> Iterator[Asked]:
    called: TriggerGiven = {"name": "called", "input": given, "webhook": {"scheme": "token", "secret": HOOK_SECRET, "key_headers": []}}
    hook = here.session.api.triggers_create(workflow, called)
    nightly = here.session.api.triggers_create(workflow, {"name": "nightly", "input": given, "schedule": {"cron": "0 3 * * *"}})
    proof = (("Authorization", f"Bearer {HOOK_SECRET}"),)
    yield Asked("call a webhook", "POST", f"/api/v1/hooks/{hook['id']}", body={"number": 1}, headers=proof)
    yield Asked("fire a schedule", "POST", f"/api/v1/triggers/{nightly['id']}/fire", body={}, hot=False)
    yield Asked("triggers", "GET", "/api/v1/triggers")
    yield Asked("a workflow's triggers", "GET", f"/api/v1/workflows/{workflow}/triggers")
    yield Asked("a schedule", "GET", f"/api/v1/triggers/{nightly['id']}")
    yield Asked("when it fires next", "GET", f"/api/v1/triggers/{nightly['id']}/times")
    yield Asked("what it did", "GET", f"/api/v1/triggers/{hook['id']}/firings", "limit=20")


def _of_the_organisation() -> Iterator[Asked]:
    yield Asked("who am I", "GET", "/api/v1/auth/me")
    yield Asked("the organisation", "GET", "/api/v1/organisation")
    yield Asked("health of providers", "GET", "/api/v1/providers/health")
    yield Asked("budgets", "GET", "/api/v1/budgets")
    yield Asked("the organisation's budget", "PUT", "/api/v1/budgets/organisation", body={"per_day": 10_000_000}, hot=False)
    yield Asked("costs", "GET", "/api/v1/costs")
    yield Asked("acts", "GET", "/api/v1/audit", "limit=20")
    yield Asked("entries of the audit", "GET", "/api/v1/audit/entries", judged=False, hot=False)
    yield Asked("people", "GET", "/api/v1/people", hot=False)
    yield Asked("tools", "GET", "/api/v1/tools", hot=False)
    yield Asked("agents", "GET", "/api/v1/agents", hot=False)


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
    if answer["statusCode"] >= 400 and not request.once:
        raise ValueError(f"{request.name}: {answer['body']}")
    return Timed(processor - share.processor, share.processor, wall - share.wall, tuple(share.calls))


def _event(request: Asked, app: Any) -> dict[str, Any]:
    body = b"" if request.body is None else json.dumps(request.body).encode()
    credential = ("Authorization", f"Bearer {token_of(*request.person)}")
    headers = (("Content-Type", "application/json"), ("Host", "localhost"), *(request.headers or (credential,)))
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
    usual = _usual(many)
    count, others = len(usual.storage), len(usual.calls) - len(usual.storage)
    shown = (
        f"{count}" if request.hot else f"({count})",
        str(others),
        ", ".join(f"{each} {usual.storage.count(each)}" for each in dict.fromkeys(usual.storage)),
    )
    return (name, *(f"{seconds * 1000:.2f}" for seconds in times), *shown)


def _most(does: str, hot: Mapping[Asked, Timed]) -> Figure:
    most = max(hot, key=lambda request: len(hot[request].storage))
    return at_most(f"storage calls of a hot route that {does}, most ({most.name})", len(hot[most].storage), LIMIT_CALLS, digits=0)


def _usual(many: Sequence[Timed]) -> Timed:
    """The one with as many calls of storage as most have at most."""
    ordered = sorted(many, key=lambda one: len(one.storage))
    return ordered[(len(ordered) - 1) // 2]
