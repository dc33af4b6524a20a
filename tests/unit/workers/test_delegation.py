"""Tasks that agents hand to other agents: with which tools, how far, at whose cost, and what people see of it."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from threading import Barrier
from typing import Any

import pytest

from chalicelib.access.metering import metered
from chalicelib.errors import BudgetExceeded
from chalicelib.gates.decide import decide
from chalicelib.providers.model import ModelRequest
from chalicelib.spec.model import Json, JsonObject
from chalicelib.store import gates, ledger
from chalicelib.store.gate_records import Gate
from chalicelib.store.values import load
from chalicelib.tools.registry import tools
from chalicelib.tools.tool import Surroundings, Tool
from tests.factories.agent_scripts import Turn
from tests.factories.cloud import ANN, cloud
from tests.factories.scripted_models import COST, ScriptedVendor, answered_by
from tests.factories.worker_runs import Story, story

TOKEN = "t" * 40
PROMPT = "Do it."
READ: JsonObject = {"tool": "http.get", "with": {"url": "https://fixed.test/"}}
KEEP: JsonObject = {"tool": "kv.put", "policy": "allow"}


def hand(agent: str, task: str) -> tuple[str, Any]:
    return agent, {"task": task}


def agent(*grants: Json, **more: Json) -> JsonObject:
    return {"work": {"type": "agent_call", "model": "anthropic:claude-opus-5-5", "prompt": PROMPT, "tools": list(grants), **more}}


@contextmanager
def told_by(turns: Sequence[Turn], **parts: Sequence[Turn]) -> Iterator[ScriptedVendor]:
    """A deployment whose models say `turns`, and to each task (`look_up` is the task "look up") what is said there."""
    with cloud(ANTHROPIC_API_KEY="sk-ant-test"):
        vendor = ScriptedVendor(turns, parts={task.replace("_", " "): said for task, said in parts.items()})
        with answered_by(vendor):
            yield vendor


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str, JsonObject]]:
    """(tool, key, arguments) of all that is carried out."""
    done: list[tuple[str, str, JsonObject]] = []

    def stand_in(name: str) -> Tool:
        def act(arguments: JsonObject, surroundings: Surroundings) -> Json:
            done.append((name, surroundings.idempotency_key.partition("/work/")[2], arguments))
            return "ok"

        return Tool(name, act)

    for name in ("http.get", "kv.put"):
        monkeypatch.setitem(tools(), name, stand_in(name))
    return done


def offered(vendor: ScriptedVendor, task: str) -> list[str]:
    """The tools that whoever has the task may call."""
    request: ModelRequest = next(each for each in vendor.requests if each.messages[0].text == task)
    return [tool.name for tool in request.tools]


def entered(tale: Story, entry: int) -> Json:
    return tale.serve("work", fence={"resume": 0, "visit": 0, "retry": 0, "entry": entry})


def asked(tale: Story, entry: int = 0) -> Gate:
    told = tale.serve("work", wait=True, token=TOKEN, fence={"resume": 0, "visit": 0, "retry": 0, "entry": entry})
    assert isinstance(told, dict)
    return gates.get(tale.run.organisation_id, str(told["gate_id"]))


def tree(tale: Story) -> Any:
    return tale.node_run("work").details["calls"]


# --- which tools ----------------------------------------------------------------------------------------------------


def test_an_agent_has_of_its_usual_tools_those_that_the_node_was_granted(ran: list[Any]) -> None:
    with told_by([[hand("researcher", "look up")], "Done."], look_up=[[("http_get", {"headers": {}})], "Found."]) as vendor:
        tale = story(agent(READ, KEEP, {"agent": "researcher"}))
        assert tale.serve("work") == {"Next": "done", "output": {"text": "Done."}}
    assert offered(vendor, PROMPT) == ["http_get", "kv_put", "researcher"]
    assert offered(vendor, "look up") == ["http_get"]
    assert ran == [("http.get", "/0/call-1/call-1", {"headers": {}, "url": "https://fixed.test/"})]


def test_an_agent_has_the_tools_that_the_node_passes_on_instead(ran: list[Any]) -> None:
    passed: JsonObject = {"agent": "researcher", "tools": ["kv_put"]}
    with told_by([[hand("researcher", "keep")], "Done."], keep=[[("kv_put", {"key": "a", "value": 1})], "Kept."]) as vendor:
        story(agent(READ, KEEP, passed)).serve("work")
    assert offered(vendor, "keep") == ["kv_put"]
    assert [name for name, *_ in ran] == ["kv.put"]


@pytest.mark.parametrize("call", [("kv_put", {"key": "a", "value": 1}), ("http_get", {"url": "https://other.test"}), ("http_post", {"url": "x"})])
def test_what_the_node_denies_or_fixes_is_denied_and_fixed_within(ran: list[Any], call: tuple[str, Any]) -> None:
    denied: JsonObject = {"tool": "kv.put", "policy": "deny"}
    passed: JsonObject = {"agent": "researcher", "tools": ["kv_put", "http_get"]}
    with told_by([[hand("researcher", "try it")], "Done."], try_it=[[call], "No."]):
        tale = story(agent(READ, denied, passed))
        tale.serve("work")
        assert next(within["came"] for within in tree(tale)[0]["calls"]) in {"denied", "refused"}
    assert ran == []


def test_two_tasks_are_worked_on_at_once() -> None:
    """The models of both are asked before either answers."""
    meeting, numbers = Barrier(2), count(1)

    def around(_operation: str, effect: Callable[[], Any]) -> Any:
        if next(numbers) in {2, 3}:
            meeting.wait(10)
        return effect()

    with told_by([[hand("researcher", "look up"), hand("writer", "write up")], "Done."], look_up=["Found."], write_up=["Written."]) as vendor:
        vendor.around = around
        assert story(agent({"agent": "researcher"}, {"agent": "writer"})).serve("work") == {"Next": "done", "output": {"text": "Done."}}


# --- how far --------------------------------------------------------------------------------------------------------

THREE: tuple[JsonObject, ...] = ({"agent": "researcher"}, {"agent": "planner"}, {"agent": "writer"})


@pytest.mark.parametrize(
    ("depth", "first", "second"),
    [(1, [], None), (2, ["planner", "writer"], []), (3, ["planner", "writer"], ["writer"])],
)
def test_a_task_is_handed_on_only_so_far_and_never_back(depth: int, first: list[str], second: list[str] | None) -> None:
    chain: dict[str, Sequence[Turn]] = {
        "one": [[hand("planner", "two")], "1"],
        "two": [[hand("writer", "three"), hand("researcher", "back")], "2"],
        "three": ["3"],
    }
    with told_by([[hand("researcher", "one")], "Done."], **chain) as vendor:
        tale = story(agent(*THREE, delegation={"max_depth": depth}))
        tale.serve("work")
        assert offered(vendor, "one") == first
        if second is not None:
            assert offered(vendor, "two") == second
    tasks = {request.messages[0].text for request in vendor.requests}
    assert tasks == {PROMPT, *list(chain)[:depth]}


# --- at whose cost --------------------------------------------------------------------------------------------------


def test_what_is_handed_on_costs_the_node_and_the_run_what_it_costs() -> None:
    with told_by([[hand("researcher", "one")], "Done."], one=[[hand("planner", "two")], "1"], two=["2"]) as vendor:
        tale = story(agent(*THREE, delegation={"max_depth": 2}))
        tale.serve("work")
        node_run = tale.node_run("work")
        assert vendor.answered == 5
        assert node_run.usage.cost == ledger.cost_of_run(tale.run.organisation_id, tale.run.id).cost == 5 * COST
        (call,) = tree(tale)
        assert (call["agent"], call["turns"], call["cost_micro_dollars"], call["came"]) == ("researcher", 2, 3 * COST, "ran")
        (within,) = call["calls"]
        assert (within["agent"], within["number"], within["cost_micro_dollars"], within["calls"]) == ("planner", 1, COST, [])


@pytest.mark.parametrize(
    ("limits", "most"),
    [
        ({}, 40),
        ({"max_cost": 6 * COST}, 6),  # after the node's first turn it has 5 left; the last word comes on top
        ({"delegation": {"max_cost": 2 * COST}}, 3),
        ({"max_cost": 100 * COST, "delegation": {"max_cost": 2 * COST}}, 3),
    ],
)
def test_a_task_costs_no_more_than_is_left_for_it(ran: list[Any], limits: JsonObject, most: int) -> None:
    busy: list[Turn] = [*([("http_get", {})] for _ in range(39)), "Enough."]
    with told_by([[hand("researcher", "dig")], "Done."], dig=busy) as vendor:
        story(agent(READ, {"agent": "researcher"}, max_turns=8, **limits)).serve("work")
        within = sum(request.messages[0].text == "dig" for request in vendor.requests)
    assert within == min(most, 8 + 1)  # turns: the node's, where the agent usually has more, and the last word


# --- what waits within ----------------------------------------------------------------------------------------------

ASKED: JsonObject = {"tool": "kv.put"}  # what writes is asked for
HELD: JsonObject = {"agent": "researcher", "tools": ["kv_put"]}
PUT = ("kv_put", {"key": "a", "value": 1})


def test_what_has_to_be_asked_for_within_suspends_the_whole_and_goes_on_after_the_verdict(ran: list[Any]) -> None:
    with told_by([[hand("researcher", "keep")], "Done."], keep=[[PUT], "Kept."]) as vendor:
        tale = story(agent(ASKED, HELD))
        assert tale.serve("work") == {"Next": "wait", "output": None}
        gate = asked(tale)
        shown = load(tale.run.organisation_id, gate.details)
        assert isinstance(shown, dict)
        assert (shown["tool"], shown["handed_to"], gate.call) == ("kv_put", ["researcher"], "1.1")
        assert gate.ask == "researcher, at work for work, wants to call kv_put. May it?"
        assert ran == []
        decide(ANN, gate.id, choice="approve")
        assert entered(tale, 1) == {"Next": "done", "output": {"text": "Done."}}
        assert [(name, key) for name, key, _ in ran] == [("kv.put", "/0/call-1/call-1")]
        assert tree(tale)[0]["calls"][0]["by"] == ["ann"]
    assert vendor.answered == 4


def test_gates_of_two_tasks_are_opened_one_after_the_other_while_the_rest_goes_on(ran: list[Any]) -> None:
    agents = ({**HELD, "name": "one"}, {**HELD, "name": "two"})
    both = [hand("one", "keep one"), hand("two", "keep two"), ("http_get", {})]
    with told_by([both, "Done."], keep_one=[[PUT], "1"], keep_two=[[PUT], "2"]):
        tale = story(agent(ASKED, READ, *agents))
        tale.serve("work")
        assert [name for name, *_ in ran] == ["http.get"]
        decide(ANN, asked(tale).id, choice="approve")
        assert entered(tale, 1) == {"Next": "wait", "output": None}
        second = asked(tale, 1)
        assert second.call == "2.1"
        decide(ANN, second.id, choice="reject", reason="no")
        assert entered(tale, 2) == {"Next": "done", "output": {"text": "Done."}}
        assert [call["calls"][0]["came"] for call in tree(tale)[:2]] == ["ran", "rejected"]
    assert [key for _, key, _ in ran] == ["/0/call-3", "/0/call-1/call-1"]


def test_a_short_time_within_ends_the_entry_and_nothing_is_done_again(ran: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    with told_by([[hand("researcher", "dig")], "Done."], dig=[[("http_get", {})], [("http_get", {})], "Dug."]) as vendor:
        tale = story(agent(READ, {"agent": "researcher"}))
        monkeypatch.setattr("chalicelib.workers.agent_work._MARGIN_SHARE", 2.0)
        monkeypatch.setattr("chalicelib.workers.agent_work.MARGIN_SECONDS", 10_000.0)
        ends = []
        for entry in range(20):
            told: Any = entered(tale, entry)
            ends.append(told["Next"])
            if told["Next"] == "done":
                break
    assert ends == ["again"] * (len(ends) - 1) + ["done"]
    assert len(ends) > 4
    assert vendor.answered == 5
    assert [key for _, key, _ in ran] == ["/0/call-1/call-1", "/0/call-1/call-2"]


def test_a_budget_that_is_met_within_ends_the_node(ran: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    with told_by([[hand("researcher", "dig")], "Done."], dig=["Dug."]) as vendor:
        tale = story(agent({"agent": "researcher"}))
        monkeypatch.setattr("chalicelib.workers.models.metered", _refusing(2))
        with pytest.raises(BudgetExceeded):
            tale.serve("work")
        monkeypatch.undo()
        assert entered(tale, 1) == {"Next": "done", "output": {"text": "Done."}}
    assert vendor.answered == 3


def _refusing(at: int) -> Any:
    numbers = count(1)

    def refused(*args: Any, **more: Any) -> Any:
        if next(numbers) == at:
            raise BudgetExceeded("no more", {"scope": "run"})
        return metered(*args, **more)

    return refused
