"""Agents where they meet the rest of the language: maps, loops, errors that are gone over, cancellation."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import anthropic  # noqa: F401  (its second of import time belongs to no test)
import pytest

from chalicelib.providers import select
from cli.client import Problem
from infra.local.stack import LocalStack
from tests.factories.local_runs import LocalRuns, eventually
from tests.fixtures.fake_claude import KEY, Claude, claude
from tests.fixtures.model_script import Calls, Say, Turn

pytestmark = pytest.mark.scenario

KEEP = Calls("kv_put", {"key": "answer", "value": 42})
AGENT: dict[str, Any] = {"type": "agent_call", "prompt": "Keep it.", "tools": ["math", "kv.put"]}


@pytest.fixture(scope="module")
def stack() -> Iterator[LocalStack]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ANTHROPIC_API_KEY", KEY)
        with LocalStack() as running:
            yield running


@contextmanager
def answering(*turns: Turn) -> Iterator[Claude]:
    """The vendor for as long as a test takes."""
    with pytest.MonkeyPatch.context() as patch, claude(*turns) as fake:
        patch.setenv("ANTHROPIC_BASE_URL", fake.url)
        select.forget_adapters()
        yield fake


def started(runs: LocalRuns, name: str, nodes: dict[str, Any], output: Any = None, **more: Any) -> str:
    runs.publish(json.dumps({"sluice": 1, "name": name, "nodes": nodes, "output": output, **more}))
    return runs.start(name)


@pytest.mark.parametrize("mode", ["inline", "distributed"])
def test_each_item_of_a_map_asks_and_goes_on_for_itself(runs: LocalRuns, mode: str) -> None:
    """One at a time, so that the script tells whose turn it is; the second item is rejected."""
    nodes = {
        "rows": {
            "type": "map",
            "over": ["a", "b"],
            "mode": mode,
            "concurrency": 1,
            "nodes": {"work": AGENT | {"prompt": "Keep {{ $item }}."}},
            "output": "$work.text",
        }
    }
    with answering(Say("", calls=(KEEP,)), Say("first"), Say("", calls=(KEEP,)), Say("second")) as fake:
        run_id = started(runs, f"agents-{mode}", nodes, "$rows")
        gates: list[str] = []
        paths: list[str] = []
        for choice in ("approve", "reject"):
            gate = eventually(lambda: [each for each in runs.open_gates(run_id) if each["id"] not in gates], seconds=20, what="a gate")[0]
            gates.append(gate["id"])
            paths.append(gate["item_path"])
            runs.decide(gate, choice, by="ann", form={})
        run = runs.ended(run_id)
    assert (run["status"], run["output"]) == ("succeeded", ["first", "second"]), run["error"]
    assert paths == ["rows:0", "rows:1"]
    assert len(fake.requests) == 4
    came = [node["details"]["calls"][0]["came"] for name, node in sorted(runs.nodes(run_id).items()) if node["node"] == "work"]
    assert came == ["ran", "rejected"]
    runs.check_log(run_id)


def test_each_visit_of_a_loop_is_a_conversation_of_its_own(runs: LocalRuns) -> None:
    agent = AGENT | {
        "output": {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]},
        "repeat": {"until": "$work.n = 2", "max_times": 3},
    }
    with answering(Say("", calls=(KEEP,)), Say('{"n": 1}'), Say("", calls=(KEEP,)), Say('{"n": 2}')) as fake:
        run_id = started(runs, "agents-loop", {"work": agent}, "$work.n")
        first = runs.gate(run_id)
        runs.decide(first, "approve", by="ann", form={})
        second = eventually(lambda: [each for each in runs.open_gates(run_id) if each["id"] != first["id"]], seconds=20, what="a gate")[0]
        runs.decide(second, "approve", by="ann", form={})
        run = runs.ended(run_id)
    assert (run["status"], run["output"]) == ("succeeded", 2), run["error"]
    assert [len(request["messages"]) for request in fake.requests] == [1, 3, 1, 3]
    assert runs.nodes(run_id)["work"]["usage"]["input_tokens"] == 400
    runs.check_log(run_id)


def test_a_run_that_is_cancelled_at_an_agents_gate_closes_it(runs: LocalRuns) -> None:
    with answering(Say("", calls=(KEEP,)), Say("done")) as fake:
        run_id = started(runs, "agents-cancelled", {"work": AGENT})
        gate = runs.gate(run_id)
        runs.api.runs_cancel_run(run_id, {})
        run = runs.ended(run_id)
    assert run["status"] == "cancelled"
    assert runs.open_gates(run_id) == []
    with pytest.raises(Problem) as caught:
        runs.decide(gate, "approve", by="ann", form={})
    assert caught.value.code == "run-ended"
    assert len(fake.requests) == 1
    runs.check_log(run_id)


def test_a_run_that_is_cancelled_stops_the_run_that_its_agent_waits_for(runs: LocalRuns) -> None:
    runs.publish(json.dumps({"sluice": 1, "name": "sleeper", "nodes": {"sleep": {"type": "wait", "seconds": 3600}}, "output": None}))
    agent = AGENT | {"tools": [{"workflow": "sleeper", "policy": "allow"}]}
    with answering(Say("", calls=(Calls("sleeper"),)), Say("done")):
        run_id = started(runs, "agents-parent", {"work": agent})
        eventually(lambda: runs.run(run_id)["status"] == "waiting", seconds=20, what="the wait")
        child = eventually(lambda: runs.api.runs_list_runs(workflow_id=runs.workflow_ids["sleeper"])["runs"], what="the child")[0]["id"]
        runs.api.runs_cancel_run(run_id, {})
        assert runs.ended(run_id)["status"] == "cancelled"
        assert runs.ended(child)["status"] == "cancelled"


def test_what_fails_beyond_an_agent_is_gone_over(runs: LocalRuns) -> None:
    agent = AGENT | {"max_turns": 1, "on_error": "continue"}
    with answering(Say("", calls=(Calls("math", {"expression": "1 + 1", "values": {}}),))):
        run_id = started(runs, "agents-continue", {"work": agent}, "$work.error.name")
        run = runs.ended(run_id)
    assert (run["status"], run["output"]) == ("succeeded", "AgentTurnsExceeded"), run["error"]
    runs.check_log(run_id)
