"""Agents with tools on the local stack, by the real SDK: they work, ask, wait, call workflows, leave and are entered again."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import anthropic  # noqa: F401  (its second of import time belongs to no test)
import pytest
from mcp.server import MCPServer

from chalicelib.providers import select
from infra.local.stack import LocalStack
from tests.factories.local_runs import LocalRuns
from tests.fixtures.asgi_server import serving_app
from tests.fixtures.fake_claude import KEY, Claude, claude
from tests.fixtures.model_script import Calls, Counts, Say, Turn

pytestmark = pytest.mark.scenario

SUM = Calls("math", {"expression": "a + b", "values": {"a": 19, "b": 23}})
KEEP = Calls("kv_put", {"key": "answer", "value": 42})
OUTPUT = {"type": "object", "properties": {"answer": {"type": "integer"}}, "required": ["answer"]}
AGENT: dict[str, Any] = {
    "type": "agent_call",
    "agent": "researcher",
    "prompt": "What is 19 + 23? Keep it.",
    "tools": ["math", "kv.put"],
    "output": OUTPUT,
}


SHELF: list[str] = []  # what was asked of the MCP server


def shop() -> MCPServer:
    server = MCPServer("shop")

    @server.tool()
    def price(article: str) -> dict[str, Any]:
        """What an article costs."""
        SHELF.append(article)
        return {"cents": 4200}

    return server


@pytest.fixture(scope="module")
def stack() -> Iterator[LocalStack]:
    with pytest.MonkeyPatch.context() as patch, serving_app(shop().streamable_http_app()) as host:
        patch.setenv("ANTHROPIC_API_KEY", KEY)
        patch.setenv("SLUICE_MCP_SERVERS", json.dumps({"shop": {"url": f"http://{host}/mcp"}}))
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


def told(fake: Claude, turn: int) -> list[dict[str, Any]]:
    """The results of tools that the model was told in a turn."""
    content: Sequence[Any] = fake.requests[turn]["messages"][-1]["content"]
    return [block for block in content if block["type"] == "tool_result"]


def test_it_works_asks_a_person_and_answers(runs: LocalRuns) -> None:
    with answering(Say("", calls=(SUM, KEEP)), Say('{"answer": 42}')) as fake:
        run_id = started(runs, "agent-asks", {"work": AGENT}, "$work.answer")
        gate = runs.gate(run_id)
        assert gate["details"] == {"tool": "kv_put", "arguments": {"key": "answer", "value": 42}, "effect": "write", "why": gate["details"]["why"]}
        assert [choice["choice"] for choice in gate["choices"]] == ["approve", "edit", "reject", "answer"]
        runs.decide(gate, "approve", by="ann", form={})
        run = runs.ended(run_id)
    assert (run["status"], run["output"]) == ("succeeded", 42), run["error"]
    assert len(fake.requests) == 2
    assert [json.loads(json.dumps(result))["tool_use_id"] for result in told(fake, 1)]
    node = runs.nodes(run_id)["work"]
    assert [(call["name"], call["came"], call.get("by")) for call in node["details"]["calls"]] == [("math", "ran", None), ("kv_put", "ran", ["ann"])]
    assert node["details"]["agent"] == "researcher"
    assert node["usage"]["input_tokens"] == 200
    types = [event["type"] for event in runs.check_log(run_id)]
    assert [kind for kind in types if kind.startswith(("node", "gate"))] == [
        "node_started",
        "node_waiting",
        "gate_opened",
        "gate_decided",
        "node_resumed",
        "node_started",
        "node_succeeded",
    ]


@pytest.mark.parametrize(
    ("choice", "form", "reason", "came", "text"),
    [
        ("reject", {}, "not today", "rejected", "not today"),
        ("answer", {"answer": "It is kept already."}, None, "answered", "It is kept already."),
        ("edit", {"arguments": {"key": "other", "value": 1}}, None, "ran", "other"),
    ],
)
def test_it_takes_a_persons_other_words(runs: LocalRuns, choice: str, form: dict[str, Any], reason: str | None, came: str, text: str) -> None:
    with answering(Say("", calls=(KEEP,)), Say('{"answer": 1}')) as fake:
        run_id = started(runs, f"agent-{choice}", {"work": AGENT}, "$work.answer")
        runs.decide(runs.gate(run_id), choice, by="ann", form=form, **({"reason": reason} if reason else {}))
        run = runs.ended(run_id)
    assert run["status"] == "succeeded", run["error"]
    assert text in json.dumps(told(fake, 1))
    assert [call["came"] for call in runs.nodes(run_id)["work"]["details"]["calls"]] == [came]


def test_it_takes_silence_for_no(runs: LocalRuns) -> None:
    agent = AGENT | {"ask": {"timeout_seconds": 1}}
    with answering(Say("", calls=(KEEP,)), Say('{"answer": 0}')) as fake:
        run_id = started(runs, "agent-silence", {"work": agent}, "$work.answer")
        run = runs.ended(run_id)
    assert (run["status"], run["output"]) == ("succeeded", 0), run["error"]
    assert "in time" in json.dumps(told(fake, 1))
    assert "gate_timed_out" in [event["type"] for event in runs.check_log(run_id)]


def test_it_calls_a_workflow_and_goes_on_with_its_output(runs: LocalRuns) -> None:
    runs.publish(
        json.dumps(
            {
                "sluice": 1,
                "name": "double",
                "input": {"type": "object", "properties": {"n": {"type": "number"}}, "required": ["n"]},
                "nodes": {"twice": {"type": "transform", "value": "{% $context.n * 2 %}"}},
                "output": {"doubled": "$twice"},
            }
        )
    )
    agent = AGENT | {"tools": [{"workflow": "double", "policy": "allow"}]}
    with answering(Say("", calls=(Calls("double", {"n": 21}),)), Say('{"answer": 42}')) as fake:
        run_id = started(runs, "agent-workflow", {"work": agent}, "$work.answer")
        run = runs.ended(run_id)
    assert (run["status"], run["output"]) == ("succeeded", 42), run["error"]
    assert "doubled" in json.dumps(told(fake, 1))
    assert runs.nodes(run_id)["work"]["details"]["calls"][0]["came"] == "ran"


def test_it_uses_the_tools_of_an_mcp_server_and_asks_first(runs: LocalRuns) -> None:
    agent = AGENT | {"tools": [{"mcp": "shop"}]}
    with answering(Say("", calls=(Calls("shop_price", {"article": "lamp"}),)), Say('{"answer": 42}')) as fake:
        run_id = started(runs, "agent-mcp", {"work": agent}, "$work.answer")
        gate = runs.gate(run_id)
        assert SHELF == []
        assert gate["details"]["arguments"] == {"article": "lamp"}
        runs.decide(gate, "approve", by="ann", form={})
        run = runs.ended(run_id)
    assert (run["status"], run["output"]) == ("succeeded", 42), run["error"]
    assert SHELF == ["lamp"]
    assert fake.requests[0]["tools"][0]["description"] == "What an article costs."
    assert "4200" in json.dumps(told(fake, 1))


def test_it_hands_a_part_to_another_agent(runs: LocalRuns) -> None:
    agent = AGENT | {"tools": [{"agent": "reviewer"}]}
    script = (Say("", calls=(Calls("reviewer", {"task": "Is 42 right?"}),)), Say("It is."), Say('{"answer": 42}'))
    with answering(*script) as fake:
        run_id = started(runs, "agent-delegates", {"work": agent}, "$work.answer")
        run = runs.ended(run_id)
    assert (run["status"], run["output"]) == ("succeeded", 42), run["error"]
    assert "review" in json.dumps(fake.requests[1]["system"]).lower()
    assert "It is." in json.dumps(told(fake, 2))
    assert runs.nodes(run_id)["work"]["usage"]["input_tokens"] == 300


def test_it_leaves_when_its_time_is_short_and_is_entered_again(runs: LocalRuns) -> None:
    """With a limit of one second for an entry and a margin of a fifth of it, slow turns end entries."""
    script = [Say("", calls=(SUM,)) for _ in range(6)]
    with answering(*script, Say('{"answer": 42}')) as fake:
        run_id = started(runs, "agent-yields", {"work": AGENT | {"timeout_seconds": 2}}, "$work.answer")
        run = runs.ended(run_id)
    assert (run["status"], run["output"]) == ("succeeded", 42), run["error"]
    assert len(fake.requests) == 7


def test_it_fails_with_a_name_when_its_turns_are_used_up(runs: LocalRuns) -> None:
    agent = AGENT | {"max_turns": 2}
    with answering(Say("", calls=(SUM,))):
        run_id = started(runs, "agent-turns", {"work": agent}, "$work.answer")
        run = runs.ended(run_id)
    assert (run["status"], run["error"]["name"]) == ("failed", "AgentTurnsExceeded")
    assert runs.nodes(run_id)["work"]["usage"]["input_tokens"] == 300


def test_it_never_runs_what_is_denied(runs: LocalRuns) -> None:
    agent = AGENT | {"tools": [{"tool": "kv.put", "policy": "allow", "rules": [{"if": "key = 'answer'", "policy": "deny"}]}]}
    with answering(
        Say("", calls=(KEEP, Calls("kv_put", {"key": "other", "value": 1}), Calls("http_post", {"url": "https://x"}))), Say('{"answer": 0}')
    ):
        run_id = started(runs, "agent-denied", {"work": agent}, "$work.answer")
        run = runs.ended(run_id)
    assert run["status"] == "succeeded", run["error"]
    assert [call["came"] for call in runs.nodes(run_id)["work"]["details"]["calls"]] == ["denied", "ran", "refused"]


def test_it_stays_within_the_runs_budget(runs: LocalRuns) -> None:
    with answering(Say('{"answer": 1}')) as fake:
        run_id = started(runs, "agent-budget", {"work": AGENT}, "$work.answer", budget={"micro_dollars": 10})
        run = runs.ended(run_id)
    assert (run["status"], run["error"]["name"]) == ("failed", "BudgetExceeded")
    assert fake.requests == []


def test_a_run_that_it_starts_stays_within_its_budget(runs: LocalRuns) -> None:
    with answering(Say('{"answer": 1}')) as fake:
        runs.publish(json.dumps({"sluice": 1, "name": "spender", "nodes": {"work": AGENT}, "output": {"answer": "$work.answer"}}))
        sub = {"type": "workflow", "workflow": "spender"}
        run_id = started(runs, "agent-budget-above", {"sub": sub}, "$sub.answer", budget={"micro_dollars": 10})
        run = runs.ended(run_id)
    assert run["status"] == "failed"
    assert "BudgetExceeded" in json.dumps(run["error"])
    assert run_id in json.dumps(run["error"])
    assert fake.requests == []


ASKING_BUDGET = {"micro_dollars": 1_000_000, "at_limit": "ask"}
PRICEY: dict[str, Any] = {"type": "agent_call", "model": "smart", "prompt": "Think.", "max_output_tokens": 40_000, "output": OUTPUT}


def test_it_asks_at_the_runs_budget_and_goes_on(runs: LocalRuns) -> None:
    """One call may cost more than the half of the budget, so two do not fit: the second node asks, without any tool of its own."""
    second = PRICEY | {"after": ["first"], "ask": {"timeout_seconds": 60}}
    with answering(Say('{"answer": 1}', counts=Counts(input=100, output=30_000))) as fake:
        run_id = started(runs, "agent-budget-asks", {"first": PRICEY, "second": second}, "$second.answer", budget=ASKING_BUDGET)
        gate = runs.gate(run_id)
        assert "budget of $1.00 is used up at second" in gate["ask"]
        assert gate["details"]["limit"] == 1_000_000
        runs.decide(gate, "go_on", by="ann")
        run = runs.ended(run_id)
    assert (run["status"], run["output"]) == ("succeeded", 1), run["error"]
    assert len(fake.requests) == 2


def test_it_stops_at_the_runs_budget_when_people_say_so(runs: LocalRuns) -> None:
    second = PRICEY | {"after": ["first"]}
    with answering(Say('{"answer": 1}', counts=Counts(input=100, output=30_000))):
        run_id = started(runs, "agent-budget-stops", {"first": PRICEY, "second": second}, "$second.answer", budget=ASKING_BUDGET)
        runs.decide(runs.gate(run_id), "stop", by="ann")
        run = runs.ended(run_id)
    assert (run["status"], run["error"]["name"]) == ("failed", "BudgetExceeded")
    assert "ann allowed no more" in run["error"]["message"]
