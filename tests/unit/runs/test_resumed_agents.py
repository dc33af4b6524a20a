"""Agents of a resumed run: what they go on with, what they begin anew, what becomes of the runs that they called."""

from typing import Final

import pytest

from chalicelib.compiler.residual import Kept
from chalicelib.gates.decide import decide
from chalicelib.runs.cancel import cancel
from chalicelib.runs.query import get_output, list_runs
from chalicelib.runs.residual_machine import compiled
from chalicelib.runs.resume import Wanted, prepare, resume
from chalicelib.runs.settlement import graph_of_version
from chalicelib.spec.agent_landing import CallsWorkflow
from chalicelib.spec.model import JsonObject
from chalicelib.store import gates, runs
from chalicelib.store.run_records import Run
from chalicelib.store.workflow_records import PinnedAgent
from chalicelib.workflows.publish import Wish, publish
from tests.factories.agent_scripts import Turn
from tests.factories.arena import Arena, arena
from tests.factories.cloud import ANN, DAN, Cloud, published

CHILD: Final = """
sluice: 1
name: child
nodes:
  pay: {type: tool_call, tool: http.post, effect: money, with: {url: "https://pay.example"}}
  approve: {type: human_gate, ask: "Well?", timeout_seconds: 600, after: [pay]}
output: {number: $pay.body.number}
"""
AGENT: Final = """
sluice: 1
name: agent
nodes:
  work:
    type: agent_call
    model: anthropic:claude-opus-5-5
    prompt: Pay.
    max_turns: 5
    tools: [{TOOL}]
    ask: {timeout_seconds: 600}
output: {said: $work.text}
"""
CALLS: Final = AGENT.replace("TOOL", "workflow: child, policy: allow")
ASKS: Final = AGENT.replace("TOOL", 'tool: http.post, name: pay, policy: ask, with: {url: "https://pay.example"}')
CALL: Final[tuple[Turn, ...]] = ([("child", {})], "Done.")
PAY: Final[tuple[Turn, ...]] = ([("pay", {"json": {"n": 1}})], "Done.")


def resumed(stage: Arena, run: Run, wish: Wanted | None = None) -> Run:
    wanted = wish or Wanted()
    return stage.finished(resume(ANN, run.id, wanted, plan=prepare(ANN, run.id, wanted).plan.digest))


def fate(run: Run, wanted: Wanted) -> str:
    return prepare(ANN, run.id, wanted).plan.nodes[0].fate.value


def decide_open() -> None:
    (gate,) = gates.list_open("org_local", limit=10, after=None)[0]
    decide(ANN, gate.id, choice="approve")


def child_of() -> Run:
    (found,) = [run for run in list_runs(ANN).runs if run.workflow_name == "child"]
    return found


def test_a_called_run_that_ended_with_its_parent_goes_on_with_it() -> None:
    with arena(CHILD, CALLS, turns=CALL) as stage:
        run = stage.begin()
        stage.engine.step()
        cancel(DAN, run.id)
        stage.finished(run)
        assert child_of().status == "cancelled"
        resumed(stage, run)
        assert child_of().resume == 1
        decide_open()
        assert (stage.finished(run).status, get_output(ANN, run.id)) == ("succeeded", {"said": "Done."})
        assert (child_of().status, list(stage.charges.values())) == ("succeeded", [1])


def test_a_call_that_waited_for_people_is_asked_anew_with_its_conversation() -> None:
    with arena(ASKS, turns=PAY) as stage:
        run = stage.begin()
        cancel(DAN, run.id)
        resumed(stage, run)
        decide_open()
        assert stage.finished(run).status == "succeeded"
        assert [key.partition("/")[2] for key in stage.charges] == ["work//0/call-1"]


def test_an_agent_that_is_named_begins_anew() -> None:
    with arena(ASKS, turns=PAY) as stage:
        run = stage.begin()
        cancel(DAN, run.id)
        resumed(stage, run, Wanted.model_validate({"from": "work"}))
        decide_open()
        assert stage.finished(run).status == "succeeded"
        assert [key.partition("/")[2] for key in stage.charges] == ["work//0r1/talk 1/call-1"]


@pytest.mark.parametrize(("old", "new", "becomes"), [("max_turns: 5", "max_turns: 9", "retried"), ("prompt: Pay.", "prompt: Pay now.", "again")])
def test_an_unfinished_agent_goes_on_under_other_limits_and_not_with_another_task(old: str, new: str, becomes: str) -> None:
    with arena(ASKS, turns=PAY) as stage:
        run = cancel(DAN, stage.begin().id)
        publish(ANN, run.workflow_id, Wish(text=ASKS.replace(old, new)))
        assert fate(run, Wanted(version="latest")) == becomes


def test_a_called_run_knows_the_version_that_its_parent_goes_on_with() -> None:
    with arena(CHILD, CALLS, turns=CALL) as stage:
        run = stage.begin()
        stage.engine.step()
        cancel(DAN, run.id)
        stage.finished(run)
        publish(ANN, run.workflow_id, Wish(text=CALLS.replace("max_turns: 5", "max_turns: 9")))
        resumed(stage, run, Wanted(version="latest"))
        now = runs.get("org_local", run.id)
        assert now.version == 2
        assert [above.version_id for above in child_of().above] == [now.version_id]


def test_its_machine_is_made_for_the_agents_that_its_version_chose(aws: Cloud) -> None:
    nodes: JsonObject = {"work": {"type": "agent_call", "agent": {"skill": "booking"}, "prompt": "Book it."}}
    chosen = PinnedAgent(kind="workflow", name="book-hotel", why="it alone books", skill="booking")
    version = published({"sluice": 1, "name": "tale", "nodes": nodes}).model_copy(update={"agents": {"work": chosen}})
    assert isinstance(compiled(version, Kept({})).graph.root.nodes["work"], CallsWorkflow)
    graph = graph_of_version(version)
    assert graph is not None
    assert isinstance(graph.root.nodes["work"], CallsWorkflow)
