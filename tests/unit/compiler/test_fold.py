"""Choices whose answer is known on the way to them."""

import pytest

from chalicelib.compiler.compile import Compilation, compile_workflow
from chalicelib.spec.model import Json, JsonObject
from chalicelib.spec.workflow import WorkflowSpec
from tests.factories.engine import Ended, Failed, execute
from tests.factories.payloads import machine_input

WORK: JsonObject = {"type": "agent_call", "prompt": "p"}
NODES: JsonObject = {
    "large": {"type": "condition", "if": "$context.amount > 10"},
    "approve": {"type": "human_gate", "ask": "Well?"},
    "refused": {"type": "condition", "if": "$approve.choice != 'approve'", "after": ["large", "approve"]},
    "stop": WORK,
    "go_on": WORK,
}
EDGES: list[Json] = [
    {"from": "large", "to": "approve", "when": True},
    {"from": "refused", "to": "stop", "when": True},
    {"from": "refused", "to": "go_on", "when": False},
]


def machine(nodes: JsonObject, edges: list[Json]) -> JsonObject:
    text: JsonObject = {"sluice": 1, "name": "case", "nodes": nodes, "edges": edges}
    compiled = compile_workflow(WorkflowSpec.model_validate(text, strict=False))
    assert isinstance(compiled, Compilation)
    return compiled.state_machine


def run_with(amount: int, choice: str) -> Ended:
    answers: dict[str, Json] = {"approve": {"choice": choice, "by": ["ann"]}}
    given = machine_input({"amount": amount})
    return execute(machine(NODES, EDGES), given, lambda state, payload: answers.get(state, {"text": state}))


@pytest.mark.parametrize(("choice", "then"), [("approve", "go_on"), ("reject", "stop")])
def test_it_asks_what_only_the_run_can_tell(choice: str, then: str) -> None:
    ended = run_with(50, choice)
    assert (ended.error, ended.entered["approve"], ended.entered["refused"], ended.entered[then]) == ("", 1, 1, 1)


def test_it_leads_past_a_choice_whose_answer_is_yes() -> None:
    """Nobody was asked, so nobody approved: from the first condition it is one step to where that leads."""
    ended = run_with(5, "approve")
    assert (ended.error, ended.entered["stop"], ended.entered["go_on"]) == ("", 1, 0)
    assert (ended.entered["approve"], ended.entered["refused"]) == (0, 0)


@pytest.mark.parametrize(("status", "asks", "helps"), [(None, 0, 1), (200, 1, 0), (500, 1, 0)])
def test_it_leads_a_caught_error_past_what_it_answers(status: int | None, asks: int, helps: int) -> None:
    """A call that failed has no status: nobody has to ask for it."""

    def work(state: str, payload: JsonObject) -> Json:
        if state == "call" and status is None:
            raise Failed("HttpFailed")
        return {"status": status, "headers": {}, "body": "b"} if state == "call" else {"text": state}

    call: JsonObject = {"type": "tool_call", "tool": "http.get", "with": {"url": "https://e.example"}, "on_error": "continue"}
    unanswered: JsonObject = {"type": "condition", "if": "$exists($call.status) = false", "after": ["call"]}
    edges: list[Json] = [{"from": "unanswered", "to": "help", "when": True}]
    ended = execute(machine({"call": call, "unanswered": unanswered, "help": WORK}, edges), machine_input(), work)
    assert (ended.error, ended.entered["unanswered"], ended.entered["help"]) == ("", asks, helps)


def test_it_leads_a_failure_past_a_choice_whose_answer_is_no() -> None:
    """Its error has no field that could make the edge active."""
    asked: JsonObject = {**WORK, "on_error": "continue", "output": {"type": "object", "properties": {"n": {"type": "number"}}}}
    edges: list[Json] = [{"from": "a", "to": "b", "when": "$a.n = 5"}, {"from": "a", "to": "c"}, {"from": "b", "to": "c"}]
    text: JsonObject = {"sluice": 1, "name": "case", "nodes": {"a": asked, "b": WORK, "c": WORK}, "edges": edges}
    compiled = compile_workflow(WorkflowSpec.model_validate(text, strict=False))
    assert isinstance(compiled, Compilation)
    states = compiled.state_machine["States"]
    assert (states["a"]["Next"], states["a"]["Catch"][0]["Next"]) == ("b--when", "c")  # type: ignore[index,call-overload]
