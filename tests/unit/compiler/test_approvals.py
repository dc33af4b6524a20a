"""Which choices approve, and what nodes do to the world."""

import pytest

from chalicelib.compiler.approvals import approving_choices, effect_of
from chalicelib.spec.effects import Effect
from chalicelib.spec.model import JsonObject
from chalicelib.spec.nodes import HumanGate
from tests.factories.graphs import spec_of


@pytest.mark.parametrize(
    ("choices", "approving"),
    [
        (["approve", "reject"], {"approve"}),
        (["Reject", "decline", "deny", "no", "cancel", "later"], {"later"}),
        ([{"choice": "no", "approves": True}, {"choice": "yes", "approves": False}, {"choice": "well"}], {"no", "well"}),
    ],
)
def test_it_knows_which_choices_approve(choices: list[str | JsonObject], approving: set[str]) -> None:
    gate = spec_of({"g": {"type": "human_gate", "choices": [*choices]}}).nodes["g"]
    assert isinstance(gate, HumanGate)
    assert approving_choices(gate) == approving


_CHILD = spec_of({"pay": {"type": "tool_call", "effect": "money"}, "post": {"type": "tool_call", "tool": "http.post", "with": {"url": "x"}}})


@pytest.mark.parametrize(
    ("node", "effect"),
    [
        ("transform", Effect.NONE),
        ("agent_call", Effect.NONE),
        ({"type": "agent_call", "effect": "write"}, Effect.WRITE),
        ("human_gate", Effect.NONE),
        ("message", Effect.NOTIFY),
        ({"type": "message", "effect": "external"}, Effect.EXTERNAL),
        ({"type": "tool_call", "tool": "http.get"}, Effect.NONE),
        ({"type": "tool_call", "tool": "http.post"}, Effect.EXTERNAL),
        ({"type": "tool_call", "tool": "http.post", "effect": "none"}, Effect.NONE),
        ({"type": "tool_call", "tool": "nowhere"}, Effect.NONE),
        ("map", Effect.NONE),
        ({"type": "map", "nodes": {"a": {"type": "tool_call", "tool": "kv.put"}, "b": {"type": "message", "text": "x"}}}, Effect.WRITE),
        ({"type": "map", "effect": "notify", "nodes": {"a": {"type": "tool_call", "tool": "kv.put"}}}, Effect.NOTIFY),
        ({"type": "workflow", "workflow": "under-test"}, Effect.MONEY),
        ({"type": "workflow", "workflow": "under-test", "effect": "none"}, Effect.NONE),
        ({"type": "workflow", "workflow": "unknown"}, Effect.NONE),
    ],
)
def test_it_knows_what_a_node_does(node: str | JsonObject, effect: Effect) -> None:
    assert effect_of(spec_of({"n": node}).nodes["n"], {"under-test": _CHILD}) is effect


def test_it_gives_up_on_workflows_that_call_themselves() -> None:
    endless = spec_of({"again": {"type": "workflow", "workflow": "under-test"}})
    assert effect_of(endless.nodes["again"], {"under-test": endless}) is Effect.NONE
