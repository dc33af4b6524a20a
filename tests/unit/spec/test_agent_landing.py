"""What an agent node is by where it lands."""

import json
from typing import Any

import pytest

from chalicelib.compiler.approvals import effect_of
from chalicelib.compiler.compile import Compilation, compile_workflow
from chalicelib.compiler.durations import expected_duration
from chalicelib.spec.agent_landing import AsksAgent, CallsWorkflow, landed, model_options, text_field
from chalicelib.spec.effects import Effect
from chalicelib.spec.load import load
from chalicelib.spec.model import JsonObject
from chalicelib.spec.nodes import AgentCall, Node
from chalicelib.spec.workflow import WorkflowSpec


def spec_of(nodes: dict[str, Any], **more: Any) -> WorkflowSpec:
    loaded = load(json.dumps({"sluice": 1, "name": "case", "nodes": nodes, **more}))
    assert loaded.spec is not None, loaded.diagnostics
    return loaded.spec


def agent(asked: Any = None, **more: Any) -> dict[str, Any]:
    said = {"agent": asked, **more}
    return {"type": "agent_call", "prompt": "Do it.", **{name: value for name, value in said.items() if value is not None}}


def landing(asked: Any = None, *, chosen: str = "", **more: Any) -> Node:
    return landed(spec_of({"do": agent(asked, **more)}), {"do": chosen} if chosen else {}).nodes["do"]


def test_a_name_says_where_the_node_lands() -> None:
    workflow, external, preset = landing("workflow:book"), landing("a2a:clerk"), landing("preset:writer")
    assert isinstance(workflow, CallsWorkflow)
    assert (workflow.workflow, workflow.agent_named, workflow.is_entered_again(None)) == ("book", "workflow:book", False)
    assert isinstance(external, AsksAgent)
    assert (external.external, external.agent_named, external.is_entered_again(None), external.may_wait(None)) == ("clerk", "a2a:clerk", True, True)
    assert (type(preset), preset.agent) == (AgentCall, "writer")  # type: ignore[union-attr]
    assert landing() == landed(spec_of({"do": agent()}), {"do": "workflow:book"}).nodes["do"]


@pytest.mark.parametrize(("limit", "polling"), [(None, (5, 86_400)), (600, (5, 600)), (2, (2, 2))])
def test_an_external_agents_task_has_the_nodes_whole_time(limit: int | None, polling: tuple[int, int]) -> None:
    found = landing("a2a:clerk", timeout_seconds=limit)
    assert isinstance(found, AsksAgent)
    assert ((found.wait.poll_seconds, found.wait.timeout_seconds), found.timeout_seconds) == (polling, None)


def test_a_skill_lands_where_it_was_chosen_to_and_else_with_the_presets() -> None:
    asked = {"skill": "book a room"}
    assert isinstance(landing(asked, chosen="workflow:book"), CallsWorkflow)
    assert isinstance(landing(asked, chosen="a2a:clerk"), AsksAgent)
    assert landing(asked, chosen="writer") == landing("writer")
    assert type(landing(asked)) is AgentCall


def test_it_looks_into_maps() -> None:
    spec = spec_of({"rows": {"type": "map", "over": [1], "nodes": {"do": agent("workflow:book"), "wait": {"type": "wait", "seconds": 1}}}})
    inner: Any = landed(spec, {}).nodes["rows"]
    assert [type(node).__name__ for node in inner.nodes.values()] == ["CallsWorkflow", "Wait"]


def test_it_knows_what_only_a_model_can_be_told() -> None:
    node: Any = spec_of({"do": agent("writer", model="smart", max_turns=12, retry={"max_attempts": 2})}).nodes["do"]
    assert model_options(node) == ("model", "max_turns")


@pytest.mark.parametrize(
    ("schema", "field"),
    [
        ({"properties": {"a": {"type": "string"}}}, "a"),
        ({"properties": {"a": {"type": "string"}, "b": {"type": "number"}}, "required": ["a"]}, "a"),
        ({"properties": {"a": {"type": "string"}, "b": {"type": "string"}}}, None),
        ({"properties": {"a": {"type": "number"}}}, None),
        ({"properties": True, "required": ["a"]}, None),
        ({}, None),
    ],
)
def test_it_finds_the_one_text_that_a_workflow_takes(schema: JsonObject, field: str | None) -> None:
    assert text_field(schema) == field


def test_what_it_does_to_the_world_is_that_of_where_it_lands() -> None:
    child = spec_of({"pay": {"type": "tool_call", "tool": "http.post", "effect": "money", "with": {"url": "https://example.com"}}})
    assert effect_of(landing("workflow:book"), {"book": child}) is Effect.MONEY
    assert effect_of(landing("workflow:book"), {}) is Effect.NONE
    assert effect_of(landing("a2a:clerk"), {}) is Effect.EXTERNAL
    assert effect_of(landing("a2a:clerk", effect="none"), {}) is Effect.NONE
    assert expected_duration(landing("a2a:clerk")) > expected_duration(landing("workflow:book")) > expected_duration(landing("writer"))


def test_silence_does_not_hand_anything_to_an_external_agent() -> None:
    nodes = {"ask": {"type": "human_gate", "ask": "Send it?", "timeout_seconds": 60}, "do": agent({"skill": "book"})}
    edges = [{"from": "ask", "to": "do", "when": "approve"}, {"from": "ask", "to": "do", "when": "timed_out"}]
    spec = spec_of(nodes, edges=edges)
    found = compile_workflow(spec, agents={"do": "a2a:clerk"})
    assert "silent-approval" in {each.code for each in found.diagnostics}
    assert isinstance(compile_workflow(spec, agents={"do": "writer"}), Compilation)


def test_a_grant_names_agents_as_nodes_do() -> None:
    node: Any = spec_of(
        {"do": agent(tools=[{"agent": "workflow:book"}, {"agent": "a2a:clerk"}, {"agent": "preset:writer"}, {"agent": "coder", "name": "dev"}])}
    ).nodes["do"]
    told = [(grant.called, grant.workflow, grant.agent, grant.external, grant.effect) for grant in node.grants]
    assert told == [
        ("book", "book", None, None, Effect.EXTERNAL),
        ("clerk", None, "a2a:clerk", "clerk", Effect.EXTERNAL),
        ("writer", None, "writer", None, Effect.NONE),
        ("dev", None, "coder", None, Effect.NONE),
    ]
