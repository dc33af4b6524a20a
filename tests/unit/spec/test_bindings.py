"""Which fields are bindings."""

from typing import get_args

import pytest
from pydantic import TypeAdapter

from chalicelib.spec.bindings import BINDING_FIELDS, Broken, Literal, Value, expressions_of, node_bindings, when_binding
from chalicelib.spec.model import Json
from chalicelib.spec.nodes import Node

NODE: TypeAdapter[Node] = TypeAdapter(Node)


def node(**fields: Json) -> Node:
    return NODE.validate_python(fields)


def paths(**fields: Json) -> list[tuple[str, str]]:
    return [(bound.path, bound.kind.value) for bound in node_bindings(node(**fields))]


def test_it_knows_every_node_type() -> None:
    members = get_args(get_args(Node)[0])
    assert {get_args(member.model_fields["type"].annotation)[0] for member in members} == set(BINDING_FIELDS)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"type": "agent_call", "prompt": "x"}, [("prompt", "text")]),
        ({"type": "agent_call", "prompt": "x", "system": "y"}, [("system", "text"), ("prompt", "text")]),
        (
            {"type": "tool_call", "tool": "t", "with": {"url": "x", "json": {"a": "$b"}}, "repeat": {"until": "$t", "max_times": 2}},
            [("with.url", "value"), ("with.json", "value"), ("repeat.until", "boolean")],
        ),
        ({"type": "human_gate", "ask": "x", "details": {"a": 1}}, [("ask", "text"), ("details", "value")]),
        ({"type": "condition", "if": "$a"}, [("if", "boolean")]),
        ({"type": "condition", "cases": {"x": "$a", "y": "$b"}}, [("cases.x", "boolean"), ("cases.y", "boolean")]),
        ({"type": "parallel"}, []),
        ({"type": "join"}, []),
        ({"type": "map", "over": "$a", "nodes": {}, "output": "$b"}, [("over", "value"), ("output", "value")]),
        ({"type": "map", "over": ["$a", 1], "nodes": {}}, [("over", "value")]),
        ({"type": "workflow", "workflow": "w", "with": {"a": 1}}, [("with.a", "value")]),
        ({"type": "wait", "seconds": 5}, [("seconds", "value")]),
        ({"type": "wait", "until": "$a"}, [("until", "value")]),
        ({"type": "transform", "value": "$a"}, [("value", "value")]),
        ({"type": "message", "to": "a", "text": "x"}, [("to", "text"), ("text", "text")]),
    ],
)
def test_it_lists_a_nodes_bindings(fields: dict[str, Json], expected: list[tuple[str, str]]) -> None:
    assert paths(**fields) == expected


def test_it_lets_bare_expressions_go_without_marks() -> None:
    for fields in ({"type": "condition", "if": "$a > 1"}, {"type": "map", "over": "$a[x > 1]", "nodes": {}}, {"type": "wait", "seconds": "$a * 60"}):
        assert isinstance(node_bindings(node(**fields))[0].binding, Value)


def test_it_tells_a_timestamp_from_an_expression() -> None:
    def until(text: str) -> object:
        return node_bindings(node(type="wait", until=text))[0].binding

    assert until("2026-12-31T18:00:00+01:00") == Literal("2026-12-31T18:00:00+01:00")
    assert isinstance(until("$fromMillis($a.at)"), Value)
    assert isinstance(until("tomorrow"), Broken)


def test_it_lists_what_a_worker_needs_once_and_in_order() -> None:
    agent = node(type="agent_call", system="{{ $b }}", prompt="{{ $a.x }} {{ $b }} {{ $c }}", repeat={"until": "$own.done", "max_times": 2})
    assert [expression.text for expression in expressions_of(agent)] == ["$b", "$a.x", "$c"]


def test_it_reads_the_when_of_an_edge() -> None:
    assert isinstance(when_binding("$a.total > 5"), Value)
    assert isinstance(when_binding("later"), Broken)
