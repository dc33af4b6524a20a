"""Checks beyond their golden cases: what they must not blame, rare shapes, and speed."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from random import Random
from time import process_time

import pytest

from chalicelib.compiler.checks import CHECKS, MAX_REPORTED, check
from chalicelib.compiler.codes import CODES
from chalicelib.compiler.graph import WorkflowGraph, build
from chalicelib.spec.diagnostic import Diagnostic
from chalicelib.spec.model import Json, JsonObject
from tests.factories.graphs import graph_of, node_of, random_spec, spec_of

Nodes = Mapping[str, str | JsonObject]
_PAY: JsonObject = {"type": "tool_call", "effect": "money"}


def _found(nodes: Nodes, edges: Sequence[str] = (), **more: object) -> tuple[Diagnostic, ...]:
    return check(graph_of(nodes, edges, **more))


def _codes(nodes: Nodes, edges: Sequence[str] = (), **more: object) -> list[str]:
    return [found.code for found in _found(nodes, edges, **more)]


def test_it_reports_faults_by_place_and_without_end() -> None:
    nodes: Nodes = {
        "a": {"type": "transform", "value": [f"$x{index}" for index in range(90)]},
        "b": {"type": "transform", "value": "$c", "after": ["a"]},
    }
    found = _found(nodes)
    assert len(found) == MAX_REPORTED
    assert list(found) == sorted(found, key=lambda each: each.location)
    assert {each.code for each in found} <= set(CODES)


def test_it_has_one_function_for_each_fault() -> None:
    assert len(set(CHECKS)) == len(CHECKS)


@pytest.mark.parametrize(
    ("nodes", "edges"),
    [
        ({"g": "human_gate", "pay": _PAY}, ["g>pay:approve"]),
        ({"g": "human_gate", "pay": _PAY, "log": {"type": "tool_call", "effect": "notify"}}, ["g>pay:approve", "g>log"]),
        ({"pay": _PAY, "g": "human_gate"}, ["pay>g"]),
        ({"g": "human_gate", "refund": _PAY}, ["g>refund:reject"]),
        ({"small": "condition", "g": "human_gate", "pay": _PAY}, ["small>pay:true", "small>g:false", "g>pay:approve"]),
        ({"g": "human_gate", "h": "human_gate", "pay": {**_PAY, "activate": "all"}}, ["g>pay:approve", "h>pay:approve"]),
        ({"g": {"type": "human_gate", "on_timeout": "reject"}, "pay": _PAY}, ["g>pay:approve"]),
        ({"g": {"type": "human_gate", "on_timeout": "fail"}, "pay": _PAY}, ["g>pay:approve"]),
        ({"g": {"type": "human_gate", "on_error": "continue"}, "pay": _PAY}, ["g>pay:approve"]),
        ({"g": "human_gate", "pay": _PAY, "beside": _PAY}, ["g>pay:approve"]),
        ({"c": "condition", "g": "human_gate", "d": "condition", "pay": _PAY}, ["c>g:true", "g>d:approve", "d>pay:true"]),
    ],
)
def test_it_lets_an_effect_follow_an_approval(nodes: Nodes, edges: list[str]) -> None:
    assert "silent-approval" not in _codes(nodes, edges)


@pytest.mark.parametrize(
    ("nodes", "edges"),
    [
        ({"g": "human_gate", "pay": _PAY}, ["g>pay"]),
        ({"g": "human_gate", "pay": _PAY}, ["g>pay:approve", "g>pay:reject"]),
        ({"g": "human_gate", "pay": _PAY}, ["g>pay:approve", "g>pay:timed_out"]),
        ({"g": "human_gate", "pay": _PAY}, ["g>pay:approve", "g>pay:error"]),
        ({"g": "human_gate", "pay": _PAY}, ["g>pay:$g.form.amount > 3"]),
        ({"g": {"type": "human_gate", "on_timeout": "approve"}, "pay": _PAY}, ["g>pay:approve"]),
        ({"g": {"type": "human_gate", "on_error": "continue", "on_timeout": "reject", "choices": ["approve", "reject"]}, "pay": _PAY}, ["g>pay"]),
        ({"g": {"type": "human_gate", "on_timeout": "fail", "on_error": {"goto": "pay"}}, "pay": _PAY}, ["g>pay:approve"]),
        ({"g": "human_gate", "note": "transform", "pay": _PAY}, ["g>note", "note>pay"]),
        ({"g": "human_gate", "h": "human_gate", "pay": _PAY}, ["g>pay:approve", "h>pay:approve"]),
        ({"g": "human_gate", "h": "human_gate", "pay": _PAY}, ["g>pay:approve", "g>h:timed_out", "h>pay:approve"]),
        ({"g": "human_gate", "m": {"type": "map", "nodes": {"pay": {**_PAY, "tool": "time.now"}}}}, ["g>m"]),
        ({"m": {"type": "map", "nodes": {"g": {"type": "human_gate", "ask": "?"}, "pay": {**_PAY, "tool": "time.now", "after": ["g"]}}}}, []),
    ],
)
def test_it_refuses_an_effect_that_silence_may_bring_about(nodes: Nodes, edges: list[str]) -> None:
    assert "silent-approval" in _codes(nodes, edges)


def test_it_shortens_a_long_way_to_an_effect() -> None:
    chain = [f"n{index}" for index in range(20)]
    nodes: Nodes = {"g": "human_gate", **dict.fromkeys(chain, "parallel"), "by": "parallel", "pay": _PAY}
    links = [f"{a}>{b}" for a, b in pairwise(chain)]
    (found,) = _found(nodes, ["g>n0", *links, "n19>pay", "n18>by", "by>pay"])
    way = "g -> n0 -> n1 -> n2 -> n3 -> n4 -> n5 -> n6 -> n7 -> ... -> pay"
    assert found.message == f"`pay` has effect money and may run although its gate `g` is decided `reject` or times out: {way}"


def _beside_a_gate(count: int) -> tuple[dict[str, str | JsonObject], list[str]]:
    """A gate, and conditions that are only asked in runs without the gate."""
    names = [f"c{index}" for index in range(count)]
    nodes: dict[str, str | JsonObject] = {"a": "condition", "b": "condition", "g": "human_gate", **dict.fromkeys(names, "condition")}
    nodes["neither"] = {"type": "parallel", "activate": "all"}
    return nodes, ["a>g:true", "b>g:true", "a>neither:false", "b>neither:false", *(f"neither>{name}" for name in names)]


def test_it_asks_the_edges_of_a_node_whose_formula_is_too_large() -> None:
    nodes, edges = _beside_a_gate(40)
    edges += [*(f"c{index}>pay:true" for index in range(40)), "g>pay:approve"]
    assert graph_of({**nodes, "pay": _PAY}, edges).root.large == {"pay"}
    assert _codes({**nodes, "pay": _PAY}, edges) == []


def test_it_rather_refuses_than_trusts_what_follows_from_a_formula_too_large() -> None:
    nodes, edges = _beside_a_gate(10)
    edges += [*(f"c{index}>enough:true" for index in range(10)), "g>enough:approve", "enough>pay"]
    (found,) = _found({**nodes, "enough": {"type": "join", "require": {"at_least": 5}}, "pay": _PAY}, edges)
    assert found.message == "`pay` has effect money and may run although its gate `g` is decided `reject` or times out: enough -> pay"


def test_it_says_when_three_outcomes_never_come_together() -> None:
    nodes: Nodes = {"g": "human_gate", "x": "parallel", "y": "parallel", "z": "parallel", "all": {"type": "join", "require": "all"}}
    edges = ["g>x:approve", "g>x:reject", "g>y:reject", "g>y:timed_out", "g>z:approve", "g>z:timed_out", "x>all", "y>all", "z>all"]
    (found,) = _found(nodes, edges)
    assert (found.code, found.message) == ("unreachable", "`all` can never run: its edges are never active together")


def test_it_tells_only_the_first_of_a_row_that_can_never_run() -> None:
    nodes: Nodes = {"c": "condition", "no": {"type": "parallel", "activate": "all"}, "next": "parallel", "last": "parallel"}
    assert _codes(nodes, ["c>no:true", "c>no:false", "no>next", "next>last"]) == ["unreachable"]


@pytest.mark.parametrize(
    ("nodes", "edges", "output"),
    [
        ({"a": "parallel"}, [], None),
        ({"a": "parallel", "b": "parallel"}, [], ["$a", "$b"]),
        ({"c": "condition", "x": "parallel"}, ["c>x:true"], None),
        ({"c": "condition", "x": "parallel"}, ["c>x"], None),
        ({"g": "human_gate", "x": "parallel"}, ["g>x:approve"], None),
        ({"g": "human_gate", "x": "parallel"}, ["x>g"], None),
        ({"g": "human_gate", "x": "parallel"}, ["g>x:reject"], "$g.choice"),
        ({"t": "tool_call", "x": "parallel"}, ["t>x:error"], None),
        ({"t": "transform", "x": "parallel"}, ["t>x:error"], None),
    ],
)
def test_it_finds_nothing_wrong_with_usual_shapes(nodes: Nodes, edges: list[str], output: object) -> None:
    assert _codes(nodes, edges, output=output) == []


def test_it_reads_a_condition_of_unknown_type_as_one() -> None:
    nodes: Nodes = {"a": {"type": "agent_call", "output": {"type": "object"}}, "c": {"type": "condition", "if": "$a.anything", "after": ["a"]}}
    assert _codes(nodes, output="$c") == []


def test_it_takes_null_for_left_out() -> None:
    nodes: Nodes = {"a": {"type": "tool_call", "tool": "time.now", "with": {"timezone": "{% null %}"}}}
    assert _codes(nodes) == []


def test_it_knows_nothing_of_tools_that_are_not_listed() -> None:
    assert _codes({"a": {"type": "tool_call", "tool": "sap.post", "with": {"x": "{% 1 %}"}}}) == []


def test_it_takes_the_inputs_of_a_workflow_that_says_little() -> None:
    child = spec_of({"a": "parallel"})
    graph = graph_of({"w": {"type": "workflow", "workflow": "under-test", "with": {"anything": 1}}})
    assert check(graph, children={"under-test": child}) == ()


@pytest.mark.parametrize("kinds", [("transform", "condition", "human_gate", "tool_call"), ("human_gate", "tool_call")])
def test_it_checks_a_thousand_nodes_quickly(kinds: tuple[str, ...]) -> None:
    graph = build(random_spec(Random(5), nodes=1_000, kinds=kinds))
    assert isinstance(graph, WorkflowGraph)
    started = process_time()
    check(graph)
    assert process_time() - started < 3


@pytest.mark.parametrize("kind", ["agent_call", "tool_call", "human_gate", "transform", "condition", "workflow", "message", "wait", "map"])
@pytest.mark.parametrize("on_error", ["continue", {"goto": "told"}])
def test_it_finds_the_fields_of_an_error_wherever_a_node_may_have_failed(kind: str, on_error: Json) -> None:
    tell: JsonObject = {"type": "message", "text": "{{ $a.error.name }}: {{ $a.error.message }}"}
    inside: JsonObject = {"type": "map", "over": [1], "nodes": {"each": tell}, "after": ["told"]}
    passed: JsonObject = {"type": "transform", "value": "$a", "after": ["told"]}
    nodes: Nodes = {"a": node_of(kind) | {"on_error": on_error}, "told": tell | {"after": ["a"] if on_error == "continue" else []}}
    later: Nodes = {"inside": inside, "passed": passed, "last": {"type": "message", "text": "{{ $passed.error.name }}", "after": ["passed"]}}
    assert "unknown-field" not in _codes({**nodes, **later}, output="$a.error.name")
