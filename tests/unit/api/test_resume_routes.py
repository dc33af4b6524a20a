"""The routes by which runs go on, are repeated, and nodes are tried."""

from collections.abc import Iterator
from typing import Any

import pytest

from chalicelib.store.run_records import Run
from tests.factories.arena import Arena, arena
from tests.unit.api.test_routes import Api

SPEC = """
sluice: 1
name: broken
input: {type: object, properties: {amount: {type: number, default: 5}}}
nodes:
  seen: {type: tool_call, tool: math, with: {expression: a + 1, values: {a: $context.amount}}}
  pay: {type: tool_call, tool: http.post, effect: money, with: {url: "https://pay.example", json: $seen}, after: [seen]}
  breaks: {type: tool_call, tool: math, with: {expression: 1 / 0}, after: [pay]}
output: {n: $breaks.value}
"""


@pytest.fixture(scope="module")
def stage() -> Iterator[Arena]:
    with arena(SPEC) as found:
        yield found


@pytest.fixture
def broken(stage: Arena) -> Run:
    return stage.finished(stage.begin())


def asked(request: str, **more: Any) -> tuple[int, Any]:
    return Api(None)(request, **more)  # type: ignore[arg-type]  # no fault is arranged


def test_it_shows_the_plan_and_carries_out_what_was_shown(stage: Arena, broken: Run) -> None:
    one: dict[str, Any] = {"path": {"run_id": broken.id}}
    wanted = {"from": "pay", "outputs": {"breaks": {"value": 3}}}
    status, plan = asked("POST /workflows/runs/{run_id}/resume/plan", body=wanted, **one)
    assert (status, plan["resume"], plan["status"], plan["version"]) == (200, 1, "failed", 1)
    assert {each["node"]: each["fate"] for each in plan["nodes"]} == {"seen": "kept", "pay": "again", "breaks": "set"}
    assert plan["warnings"] == ["pay (money) had begun: its effect may have been done once, and is done again, under a new key"]
    assert plan["forecast"]["invocations"]["most"] == 1
    status, problem = asked("POST /workflows/runs/{run_id}/resume", body={**wanted, "from": None, "plan": plan["plan"]}, **one)
    assert (status, problem["code"]) == (409, "plan-changed")
    status, run = asked("POST /workflows/runs/{run_id}/resume", body={**wanted, "plan": plan["plan"], "reason": "mended"}, **one)
    assert (status, run["status"], run["resume"]) == (202, "queued", 1)
    assert stage.finished(broken).status == "succeeded"
    assert asked("POST /workflows/runs/{run_id}/resume/plan", **one)[1]["code"] == "run-not-resumable"


@pytest.mark.parametrize("body", [{"plan": "x"}, {}, {"plan": "0" * 64, "version": "newest"}, {"plan": "0" * 64, "to": "pay"}])
def test_it_takes_no_other_words(broken: Run, body: dict[str, Any]) -> None:
    status, problem = asked("POST /workflows/runs/{run_id}/resume", path={"run_id": broken.id}, body=body)
    assert (status, problem["code"]) == (400, "body-invalid")


def test_it_repeats_a_run(stage: Arena, broken: Run) -> None:
    status, run = asked("POST /workflows/runs/{run_id}/repeat", path={"run_id": broken.id}, body={"input": {"amount": 1}, "version": "latest"})
    assert (status, run["trigger"], run["id"] != broken.id) == (202, {"type": "repeat", "source": broken.id, "depth": 0}, True)
    assert asked("POST /workflows/runs/{run_id}/repeat", path={"run_id": "run_0"})[1]["code"] == "run-not-found"


def test_it_tries_a_node(stage: Arena) -> None:
    path = {"workflow_id": stage.version.workflow_id, "node": "pay"}
    status, problem = asked("POST /workflows/{workflow_id}/nodes/{node}/try", path=path, body={"outputs": {"seen": {"value": 1}}})
    assert (status, problem["code"]) == (409, "effects-not-allowed")
    status, run = asked("POST /workflows/{workflow_id}/nodes/{node}/try", path={**path, "node": "seen"}, headers={"Idempotency-Key": "k"})
    assert (status, run["trigger"]) == (202, {"type": "trial", "source": "seen", "depth": 0})
    assert asked("POST /workflows/{workflow_id}/nodes/{node}/try", path={**path, "node": "none"})[1]["code"] == "input-invalid"
