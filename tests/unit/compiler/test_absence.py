"""Which reads may find nothing."""

import pytest

from chalicelib.compiler.absence import Absences, absences
from chalicelib.compiler.graph import WorkflowGraph
from chalicelib.compiler.scope import Place
from chalicelib.spec.binding import parse_binding
from chalicelib.spec.expression import Expression, Reference, parse_expression
from chalicelib.spec.model import JsonObject
from tests.factories.graphs import graph_of, spec_of

_NUMBERS: JsonObject = {
    "type": "object",
    "properties": {"n": {"type": "integer"}, "maybe": {"type": "integer"}, "none": {"type": ["integer", "null"]}},
    "required": ["n", "none"],
}


def _reference(text: str) -> Reference:
    expression = parse_expression(text)
    assert isinstance(expression, Expression)
    return expression.references[0]


def _absent(graph: WorkflowGraph, reader: str | None, text: str, *, path: tuple[str, ...] = ()) -> bool:
    return absences(graph).may_be_absent(path, reader, _reference(text))


_INPUT: JsonObject = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "price": {"type": "number", "default": 9}, "note": {"type": "string"}},
    "required": ["city"],
}


@pytest.mark.parametrize(
    ("text", "absent"),
    [
        ("$context", False),
        ("$context.city", False),
        ("$context.price", False),
        ("$context.note", True),
        ("$context.city & 'x'", False),
        ("$context & 'x'", False),
        ("$run.run_id", False),
        ("$run.trigger.at", True),
        ("$run.trigger", False),
        ("$run.trigger > 1", True),
    ],
)
def test_it_knows_which_inputs_may_be_missing(text: str, absent: bool) -> None:
    assert _absent(graph_of({"a": "parallel"}, input=_INPUT), "a", text) is absent


@pytest.mark.parametrize(
    ("text", "absent"),
    [
        ("$a", False),
        ("$a.n", False),
        ("$a.n + 1", False),
        ("$a.maybe", True),
        ("$a.none", False),
        ("$a.none + 1", True),
        ("$a.none = 1", False),
        ("$b.body", False),
        ("$b.body.rows", True),
        ("$b.body > 1", True),
        ("$b.status > 1", False),
        ("$nobody", True),
        ("$after.x", True),
    ],
)
def test_it_knows_which_fields_may_be_missing(text: str, absent: bool) -> None:
    agent: JsonObject = {"type": "agent_call", "output": _NUMBERS}
    graph = graph_of(
        {"a": agent, "b": {"type": "tool_call", "tool": "http.get"}, "r": {"type": "parallel", "after": ["a", "b"]}, "after": "parallel"}, ["r>after"]
    )
    assert _absent(graph, "r", text) is absent
    assert _absent(graph, None, "$a.n") is False


@pytest.mark.parametrize(
    ("reader", "absent"),
    [("x", False), ("behind", False), ("y", True), ("j", True), (None, True)],
)
def test_it_guards_what_crosses_a_skip(reader: str | None, absent: bool) -> None:
    nodes: dict[str, str | JsonObject] = {"c": "condition", "a": "transform", "x": "parallel", "behind": "parallel", "y": "parallel", "j": "join"}
    graph = graph_of(nodes, ["c>a:true", "a>x", "x>behind", "c>y:false", "a>y", "x>j", "y>j"])
    assert _absent(graph, reader, "$a") is absent
    assert _absent(graph, reader, "$c") is False


def test_it_knows_that_two_branches_together_always_run() -> None:
    nodes: dict[str, str | JsonObject] = {"c": "condition", "a": "transform", "b": "transform", "j": "join"}
    graph = graph_of(nodes, ["c>a:true", "c>b:false", "a>j", "b>j"])
    assert _absent(graph, None, "$j.active") is False


@pytest.mark.parametrize(
    ("reader", "text", "absent"),
    [
        ("ok", "$t.status", False),
        ("ok", "$t.error.name", True),
        ("bad", "$t.error.name", False),
        ("bad", "$t.status", True),
        ("bad", "$t", False),
        ("end", "$t", False),
        ("end", "$t.status", True),
        ("end", "$t.error.message", True),
    ],
)
def test_it_knows_an_output_from_an_error(reader: str, text: str, absent: bool) -> None:
    nodes: dict[str, str | JsonObject] = {"t": {"type": "tool_call", "tool": "http.get"}, "ok": "parallel", "bad": "parallel", "end": "join"}
    assert _absent(graph_of(nodes, ["t>ok", "t>bad:error", "ok>end", "bad>end"]), reader, text) is absent


@pytest.mark.parametrize(("text", "absent"), [("$t", False), ("$t.status", True), ("$t.error.name", True)])
def test_it_guards_every_field_of_a_continued_error(text: str, absent: bool) -> None:
    graph = graph_of({"t": {"type": "tool_call", "tool": "http.get", "on_error": "continue"}, "r": "parallel"}, ["t>r"])
    assert _absent(graph, "r", text) is absent
    assert _absent(graph, "t", text) is absent


def test_it_knows_that_a_choice_was_no_error() -> None:
    graph = graph_of({"g": {"type": "human_gate", "on_error": "continue"}, "yes": "parallel", "any": "parallel"}, ["g>yes:approve", "g>any"])
    assert _absent(graph, "yes", "$g.choice") is False
    assert _absent(graph, "any", "$g.choice") is True


def test_it_guards_a_repeated_nodes_own_output() -> None:
    repeat: JsonObject = {"type": "tool_call", "tool": "http.get", "repeat": {"until": "$t.status = 200", "max_times": 3}}
    graph = graph_of({"t": repeat, "r": "parallel"}, ["t>r:$t.status = 200"])
    assert _absent(graph, "t", "$t.status") is True
    assert _absent(graph, "r", "$t.status") is False


def test_it_knows_what_an_edge_reads_of_its_source() -> None:
    graph = graph_of({"t": {"type": "tool_call", "tool": "http.get"}, "r": "parallel"}, ["t>r:$t.status = 200"])
    assert _absent(graph, "t", "$t.status") is False


def _items(over: object, text: str) -> bool:
    nodes: dict[str, str | JsonObject] = {
        "a": {
            "type": "agent_call",
            "output": {"type": "object", "properties": {"rows": {"type": "array", "items": _NUMBERS}, "one": _NUMBERS}, "required": ["rows", "one"]},
        },
        "m": {"type": "map", "over": over, "after": ["a"], "nodes": {"r": {"type": "parallel"}}},  # type: ignore[dict-item]
    }
    return _absent(graph_of(nodes), "r", text, path=("m",))


@pytest.mark.parametrize(
    ("over", "text", "absent"),
    [
        ("$a.rows", "$item.n", False),
        ("$a.rows", "$item.maybe", True),
        ("$a.one", "$item.n", False),
        ("$context.rows", "$item.n", True),
        ("$context.rows", "$item", False),
        ("$context.rows", "$item + 1", True),
        ([{"n": 1}, {"n": 2}], "$item.n", False),
        ([{"n": 1}, {"n": "x"}, {"n": None}], "$item.n", False),
        ([{"n": 1}, {"n": None}], "$item.n + 1", True),
        ([{"n": 1}, {"m": 2}], "$item.n", True),
        ([{"n": "$a.one.n"}, {"n": 2}], "$item.n + 1", False),
        ([{"n": 1}] * 30, "$item.n", False),
        ([{"n": 1, f"x{index}": 1} for index in range(30)], "$item.n", True),
        ([], "$item.n", True),
        ("[1, 2]", "$item", False),
    ],
)
def test_it_knows_the_items_of_a_map(over: object, text: str, absent: bool) -> None:
    assert _items(over, text) is absent


def test_it_reads_outer_nodes_from_inside_a_map_as_the_map_does() -> None:
    nodes: dict[str, str | JsonObject] = {
        "c": "condition",
        "a": "transform",
        "m": {"type": "map", "nodes": {"r": {"type": "parallel"}}},
        "n": {"type": "map", "nodes": {"s": {"type": "parallel"}}},
    }
    graph = graph_of(nodes, ["c>a:true", "a>m", "a>n", "c>n"])
    assert _absent(graph, "r", "$a", path=("m",)) is False
    assert _absent(graph, "s", "$a", path=("n",)) is True
    assert _absent(graph, None, "$s", path=("n",)) is False


@pytest.mark.parametrize(
    ("text", "absent"),
    [
        ("$t.n", False),
        ("$t.n + 1", False),
        ("$t.maybe", False),
        ("$t.maybe + 1", True),
        ("$t.sum + 1", False),
        ("$t.unsure + 1", True),
        ("$t.text & 'x'", False),
        ("$t.list", False),
        ("$t.what", False),
        ("$t.what + 1", True),
        ("$t.nothing", True),
    ],
)
def test_it_follows_values_through_transforms(text: str, absent: bool) -> None:
    value: JsonObject = {
        "n": "$a.n",
        "maybe": "$a.maybe",
        "sum": "{% $a.n + 1 %}",
        "unsure": "{% $a.maybe + 1 %}",
        "text": "{{ $a.maybe }}!",
        "list": ["$a.n"],
        "what": "{% $lookup($a, 'n') %}",
    }
    nodes: dict[str, str | JsonObject] = {
        "a": {"type": "agent_call", "output": _NUMBERS},
        "t": {"type": "transform", "value": value},
        "r": "parallel",
    }
    assert _absent(graph_of(nodes, ["a>t", "t>r"]), "r", text) is absent


def test_it_knows_what_a_map_puts_out() -> None:
    graph = graph_of({"m": {"type": "map", "nodes": {"a": {"type": "transform", "value": {"n": 1}}}, "output": "$a"}, "r": "parallel"}, ["m>r"])
    assert _absent(graph, "r", "$m[0].n") is True
    assert Absences(graph, {}).root_schema(Place((), "r"), "m")["items"] == Absences(graph, {}).root_schema(Place(("m",), None), "a")


def test_it_knows_what_a_known_sub_workflow_puts_out() -> None:
    child = spec_of({"a": "parallel"}, output={"n": 1, "a": "$a"})
    graph = graph_of({"w": {"type": "workflow", "workflow": "under-test"}, "r": "parallel"}, ["w>r"])
    assert absences(graph, children={"under-test": child}).may_be_absent((), "r", _reference("$w.n")) is False
    assert absences(graph).may_be_absent((), "r", _reference("$w.n")) is True


def test_it_knows_nothing_of_what_cannot_be_read() -> None:
    known = absences(graph_of({"a": "parallel", "b": "parallel"}))
    assert known.root_schema(Place((), "a"), "b") == {}
    assert known.bound_schema(Place((), "a"), parse_binding("$b.x")) == {}


def test_it_keeps_definitions_where_references_find_them() -> None:
    output: JsonObject = {"type": "object", "properties": {"x": {"$ref": "#/$defs/x"}}, "required": ["x"], "$defs": {"x": _NUMBERS}}
    graph = graph_of({"a": {"type": "agent_call", "output": output, "on_error": "continue"}, "r": "parallel"}, ["a>r"])
    assert Absences(graph, {}).answer(Place((), "r"), _reference("$a.x.n")).schema["type"] == "integer"
