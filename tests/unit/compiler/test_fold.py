"""Choices whose answer is known on the way to them."""

import pytest

from chalicelib.compiler.compile import Compilation, compile_workflow
from chalicelib.spec.model import Json, JsonObject
from chalicelib.spec.workflow import WorkflowSpec
from tests.factories.engine import Ended, execute
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


def run_with(amount: int, choice: str) -> Ended:
    text: JsonObject = {"sluice": 1, "name": "case", "nodes": NODES, "edges": EDGES}
    compiled = compile_workflow(WorkflowSpec.model_validate(text, strict=False))
    assert isinstance(compiled, Compilation)
    answers: dict[str, Json] = {"approve": {"choice": choice, "by": ["ann"]}}
    return execute(compiled.state_machine, machine_input({"amount": amount}), lambda state, payload: answers.get(state, {"text": state}))


@pytest.mark.parametrize(("choice", "then"), [("approve", "go_on"), ("reject", "stop")])
def test_it_asks_what_only_the_run_can_tell(choice: str, then: str) -> None:
    ended = run_with(50, choice)
    assert (ended.error, ended.entered["approve"], ended.entered["refused"], ended.entered[then]) == ("", 1, 1, 1)


def test_it_leads_past_a_choice_whose_answer_is_yes() -> None:
    """Nobody was asked, so nobody approved: from the first condition it is one step to where that leads."""
    ended = run_with(5, "approve")
    assert (ended.error, ended.entered["stop"], ended.entered["go_on"]) == ("", 1, 0)
    assert (ended.entered["approve"], ended.entered["refused"]) == (0, 0)
