"""Edges as authored and normalised."""

import pytest

from chalicelib.compiler.edges import WhenKind, choices_of, drafts, labels_of, normalise, when_of
from chalicelib.spec.model import JsonObject
from chalicelib.spec.nodes import HumanGate
from tests.factories.graphs import spec_of


def _labels(node: str | JsonObject) -> tuple[str, ...]:
    return labels_of(spec_of({"n": node}).nodes["n"])


@pytest.mark.parametrize(
    ("node", "labels"),
    [
        ("transform", ()),
        ("condition", ("true", "false")),
        ({"type": "condition", "if": None, "cases": {"low": "a", "high": "b"}}, ("low", "high", "else")),
        ({"type": "condition", "if": None, "cases": {"low": "a", "high": "b"}, "else": "middle"}, ("low", "high", "middle")),
        ({"type": "condition", "if": None, "cases": {"low": "a", "high": "b"}, "else": "low"}, ("low", "high")),
        ("human_gate", ("approve", "reject", "timed_out")),
        ({"type": "human_gate", "choices": ["yes", {"choice": "later"}]}, ("yes", "later", "timed_out")),
        ({"type": "human_gate", "on_timeout": "reject"}, ("approve", "reject")),
        ({"type": "human_gate", "on_timeout": "fail"}, ("approve", "reject")),
    ],
)
def test_it_knows_the_outcome_labels_of_a_node(node: str | JsonObject, labels: tuple[str, ...]) -> None:
    assert _labels(node) == labels


def test_it_reads_a_choice_that_is_only_a_word() -> None:
    gate = spec_of({"g": {"type": "human_gate", "choices": ["yes", {"choice": "no", "approves": True}]}}).nodes["g"]
    assert isinstance(gate, HumanGate)
    assert [(choice.choice, choice.approves) for choice in choices_of(gate)] == [("yes", None), ("no", True)]


@pytest.mark.parametrize(
    ("when", "labels", "meaning"),
    [
        (None, (), (WhenKind.SUCCEEDED, "")),
        (True, ("true", "false"), (WhenKind.LABEL, "true")),
        (False, ("true", "false"), (WhenKind.LABEL, "false")),
        (True, (), (WhenKind.EXPRESSION, "true")),
        ("error", ("approve",), (WhenKind.ERROR, "")),
        ("approve", ("approve",), (WhenKind.LABEL, "approve")),
        ("aprove", ("approve",), (WhenKind.EXPRESSION, "aprove")),
        (" $a.b > 1 ", (), (WhenKind.EXPRESSION, "$a.b > 1")),
        ("{% $a.b > 1 %}", ("true",), (WhenKind.EXPRESSION, "$a.b > 1")),
    ],
)
def test_it_tells_labels_from_expressions(when: str | bool | None, labels: tuple[str, ...], meaning: tuple[WhenKind, str]) -> None:
    assert when_of(when, labels) == meaning


def test_it_takes_edges_from_after_goto_and_edges_in_authored_order() -> None:
    spec = spec_of({"a": {"type": "transform", "on_error": {"goto": "c"}}, "b": {"type": "transform", "after": ["a"]}, "c": "transform"}, ["b>c"])
    (draft,) = drafts(spec)
    edges = normalise(draft)
    assert [(edge.key, edge.kind, edge.path) for edge in edges] == [
        ("a>c#1", WhenKind.ERROR, "nodes.a.on_error.goto"),
        ("a>b#1", WhenKind.SUCCEEDED, "nodes.b.after.0"),
        ("b>c#1", WhenKind.SUCCEEDED, "edges.0"),
    ]
    assert [edge.is_goto for edge in draft.edges] == [True, False, False]


def test_it_folds_duplicates_and_numbers_what_differs() -> None:
    spec = spec_of(
        {"c": "condition", "b": {"type": "transform", "after": ["c", "c"]}}, ["c>b", "c>b:true", "c>b:$c", {"from": "c", "to": "b", "when": True}]
    )
    (draft,) = drafts(spec)
    assert [(edge.key, edge.value) for edge in normalise(draft)] == [("c>b#1", ""), ("c>b#2", "true"), ("c>b#3", "$c")]


def test_it_gives_each_map_a_block_with_its_own_paths() -> None:
    inner: JsonObject = {
        "type": "map",
        "over": "$item.rows",
        "nodes": {"z": {"type": "transform", "value": 1, "after": ["y"]}, "y": {"type": "parallel"}},
    }
    outer: JsonObject = {
        "type": "map",
        "over": "$context.rows",
        "nodes": {"m2": inner, "x": {"type": "parallel"}},
        "edges": [{"from": "x", "to": "m2"}],
    }
    found = drafts(spec_of({"m1": outer}))
    assert [draft.path for draft in found] == [(), ("m1",), ("m1", "m2")]
    assert [draft.prefix for draft in found] == ["", "nodes.m1.", "nodes.m1.nodes.m2."]
    assert [edge.path for draft in found for edge in draft.edges] == ["nodes.m1.edges.0", "nodes.m1.nodes.m2.nodes.z.after.0"]
