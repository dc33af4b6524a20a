"""The graph of a spec: blocks, order, and under which outcomes each node and edge is active."""

from collections.abc import Mapping, Sequence
from random import Random
from time import process_time

import pytest

from chalicelib.compiler.activation import MAX_TERMS
from chalicelib.compiler.graph import Block, WorkflowGraph, build
from chalicelib.spec.model import JsonObject
from tests.factories.graphs import graph_of, random_spec, spec_of

Nodes = Mapping[str, str | JsonObject]


def _shown(block: Block, node: str) -> str:
    return _formula(block.activation[node].sorted_terms())


def _formula(terms: Sequence[Sequence[object]]) -> str:
    return " or ".join(" and ".join("=".join(map(str, atom)) for atom in term) or "always" for term in terms) or "never"  # type: ignore[call-overload]


def _activation(nodes: Nodes, edges: Sequence[str], node: str) -> str:
    return _shown(graph_of(nodes, edges).root, node)


def test_it_gives_the_workflow_and_each_map_a_block() -> None:
    inner: JsonObject = {"type": "map", "over": "$item", "nodes": {"leaf": {"type": "parallel"}}}
    graph = graph_of({"outer": {"type": "map", "nodes": {"inner": inner}}})
    assert list(graph.blocks) == [(), ("outer",), ("outer", "inner")]
    assert graph.root is graph.blocks[()]
    assert graph.blocks["outer", "inner"].prefix == "nodes.outer.nodes.inner."
    assert graph.blocks["outer", "inner"].order == ("leaf",)


def test_it_orders_levels_and_closes_a_block() -> None:
    block = graph_of({"d": "join", "b": "parallel", "c": "parallel", "a": "parallel"}, ["a>b", "a>c", "b>d", "c>d"]).root
    assert block.order == ("a", "b", "c", "d")
    assert block.levels == (("a",), ("b", "c"), ("d",))
    assert block.ancestors["d"] == {"a", "b", "c"}
    assert [edge.key for edge in block.incoming["d"]] == ["b>d#1", "c>d#1"]
    assert [edge.key for edge in block.outgoing["a"]] == ["a>b#1", "a>c#1"]


_IF_ELSE: Nodes = {"c": "condition", "x": "parallel", "y": "parallel", "j": "join"}
_IF_ELSE_EDGES = ["c>x:true", "c>y:false", "x>j", "y>j"]


@pytest.mark.parametrize(
    ("node", "formula"),
    [("c", "always"), ("x", "c=true"), ("y", "c=false"), ("j", "always")],
)
def test_it_collapses_after_an_if_else(node: str, formula: str) -> None:
    assert _activation(_IF_ELSE, _IF_ELSE_EDGES, node) == formula


def test_it_collapses_to_the_activation_of_a_nested_condition() -> None:
    nodes = {"c": "condition", "d": "condition", "x": "parallel", "y": "parallel", "j": "join", "k": "join"}
    edges = ["c>d:true", "d>x:true", "d>y:false", "x>j", "y>j", "j>k", "c>k:false"]
    assert [_activation(nodes, edges, node) for node in "xjk"] == ["c=true and d=true", "c=true", "always"]


@pytest.mark.parametrize(
    ("node", "formula"),
    [
        ({"type": "parallel"}, "c=true or d=true"),
        ({"type": "parallel", "activate": "all"}, "c=true and d=true"),
        ({"type": "join"}, "c=true or d=true"),
        ({"type": "join", "require": "any"}, "c=true or d=true"),
        ({"type": "join", "require": "all"}, "c=true and d=true"),
        ({"type": "join", "activate": "all"}, "c=true and d=true"),
        ({"type": "join", "require": {"at_least": 1}}, "c=true or d=true"),
        ({"type": "join", "require": {"at_least": 2}}, "c=true and d=true"),
        ({"type": "join", "require": {"at_least": 3}}, "never"),
    ],
)
def test_it_asks_what_the_node_asks_of_its_edges(node: JsonObject, formula: str) -> None:
    assert _activation({"c": "condition", "d": "condition", "n": node}, ["c>n:true", "d>n:true"], "n") == formula


def test_it_counts_certain_edges_of_a_join() -> None:
    nodes: Nodes = {"c": "condition", "d": "condition", "a": "parallel", "n": {"type": "join", "require": {"at_least": 2}}}
    assert _activation(nodes, ["a>n", "c>n:true", "d>n:true"], "n") == "c=true or d=true"
    assert _activation({**nodes, "b": "parallel"}, ["a>n", "b>n", "c>n:true"], "n") == "always"


def test_it_takes_any_two_of_three() -> None:
    nodes: Nodes = {"c": "condition", "d": "condition", "e": "condition", "n": {"type": "join", "require": {"at_least": 2}}}
    assert _activation(nodes, ["c>n:true", "d>n:true", "e>n:true"], "n") == "c=true and d=true or c=true and e=true or d=true and e=true"


def test_it_makes_a_failure_an_outcome_where_an_edge_waits_for_it() -> None:
    block = graph_of({"t": "tool_call", "ok": "parallel", "bad": "parallel", "j": "join"}, ["t>ok", "t>bad:error", "ok>j", "bad>j"]).root
    assert block.domains["t"] == ("succeeded", "error")
    assert [_shown(block, node) for node in ("t", "ok", "bad", "j")] == ["always", "t=succeeded", "t=error", "always"]


def test_it_adds_the_failure_to_the_labels_of_a_gate() -> None:
    nodes: Nodes = {"g": {"type": "human_gate", "on_error": {"goto": "bad"}}, "any": "parallel", "yes": "parallel", "bad": "parallel"}
    block = graph_of(nodes, ["g>any", "g>yes:approve"]).root
    assert block.domains["g"] == ("approve", "reject", "timed_out", "error")
    assert _shown(block, "any") == "g=approve or g=reject or g=timed_out"
    assert _shown(block, "bad") == "g=error"


def test_it_lets_a_continued_failure_count_as_success_but_as_none_of_the_choices() -> None:
    nodes: Nodes = {"g": {"type": "human_gate", "on_error": "continue"}, "t": {"type": "tool_call", "on_error": "continue"}}
    nodes = {**nodes, "any": "parallel", "all": {"type": "join", "require": "all"}}
    block = graph_of(nodes, ["g>any", "g>all:approve", "g>all:reject", "t>any"]).root
    assert block.domains == {"g": ("approve", "reject", "timed_out", "error")}
    assert [_shown(block, node) for node in ("any", "all")] == ["always", "never"]


def test_it_gives_an_expression_edge_an_outcome_of_its_own() -> None:
    nodes: Nodes = {"t": {"type": "tool_call", "on_error": {"goto": "bad"}}, "bad": "parallel", "x": "parallel"}
    block = graph_of(nodes, ["t>x:$t.n > 1"]).root
    assert block.domains["t>x#1"] == ("true", "false")
    assert _shown(block, "x") == "t=succeeded and t>x#1=true"
    assert _formula(block.edge_activation["t>x#1"].sorted_terms()) == "t=succeeded and t>x#1=true"


def _parities(count: int) -> tuple[dict[str, str | JsonObject], list[str]]:
    """`n` asks that at least half of `count` independent conditions hold: a formula with no short form."""
    nodes: dict[str, str | JsonObject] = {f"c{index}": "condition" for index in range(count)}
    nodes["n"] = {"type": "join", "require": {"at_least": count // 2}}
    return nodes, [f"c{index}>n:true" for index in range(count)]


def test_it_names_a_formula_that_outgrows_the_limit() -> None:
    nodes, edges = _parities(10)
    block = graph_of(
        {**nodes, "next": "condition", "x": "parallel", "y": "parallel", "j": "join"}, [*edges, "n>next", "next>x:true", "next>y:false", "x>j", "y>j"]
    ).root
    assert block.large == {"n"}
    assert block.domains["n?"] == ("ran", "skipped")
    assert [_shown(block, node) for node in ("n", "x", "j")] == ["n?=ran", "n?=ran and next=true", "n?=ran"]


def test_it_names_the_source_of_an_edge_whose_formula_outgrows_the_limit() -> None:
    wide = MAX_TERMS // 2
    nodes: Nodes = {
        **{f"c{index}": "condition" for index in range(wide)},
        "g": {"type": "human_gate", "on_error": {"goto": "bad"}},
        "bad": "parallel",
        "n": "parallel",
    }
    block = graph_of(nodes, [*(f"c{index}>g:true" for index in range(wide)), "g>n"]).root
    assert block.large == {"g"}
    assert _shown(block, "n") == "g=approve and g?=ran or g=reject and g?=ran or g=timed_out and g?=ran"


def test_it_names_a_disjunction_that_outgrows_the_limit() -> None:
    nodes: Nodes = {**{f"c{index}": "condition" for index in range(MAX_TERMS + 1)}, "n": "join"}
    assert graph_of(nodes, [f"c{index}>n:true" for index in range(MAX_TERMS + 1)]).root.large == {"n"}


def test_it_names_a_chain_of_conditions_that_grows_too_long() -> None:
    nodes: Nodes = {f"c{index}": "condition" for index in range(100)}
    assert graph_of(nodes, [f"c{index}>c{index + 1}:true" for index in range(99)]).root.large == {"c64"}


@pytest.mark.parametrize("kinds", [("transform",), ("transform", "condition", "human_gate")])
def test_it_builds_a_thousand_nodes_quickly(kinds: tuple[str, ...]) -> None:
    spec = random_spec(Random(7), nodes=1_000, kinds=kinds)
    started = process_time()
    assert isinstance(build(spec), WorkflowGraph)
    assert process_time() - started < 3


def test_it_gives_the_faults_of_a_spec_without_a_graph() -> None:
    found = build(spec_of({"a": "parallel", "b": "parallel"}, ["a>b", "b>a"]))
    assert isinstance(found, tuple)
    assert [fault.code for fault in found] == ["cycle"]
