"""What keeps a spec from having a graph."""

from time import process_time

import pytest

from chalicelib.compiler import structure
from chalicelib.compiler.graph import build
from chalicelib.spec.diagnostic import Diagnostic
from chalicelib.spec.model import JsonObject
from chalicelib.spec.workflow import WorkflowSpec
from tests.factories.graphs import spec_of


def _faults(spec: WorkflowSpec) -> tuple[Diagnostic, ...]:
    found = build(spec)
    assert isinstance(found, tuple)
    return found


def _only(spec: WorkflowSpec) -> tuple[str, str, str]:
    (fault,) = _faults(spec)
    assert fault.is_error
    assert fault.hint
    return fault.code, fault.location.path, fault.message


def test_it_shows_a_cycle() -> None:
    spec = spec_of({"a": "parallel", "b": "parallel", "c": {"type": "parallel", "after": ["b"]}}, ["a>b", "c>a"])
    assert _only(spec) == ("cycle", "edges.1", "the edges form a cycle: a -> b -> c -> a")


def test_it_shortens_a_long_cycle() -> None:
    names = [f"n{index}" for index in range(30)]
    _, _, message = _only(spec_of(dict.fromkeys(names, "parallel"), [f"{a}>{b}" for a, b in zip(names, names[1:] + names[:1], strict=True)]))
    assert message == "the edges form a cycle: n0 -> n1 -> n2 -> n3 -> n4 -> n5 -> n6 -> n7 -> n8 -> n9 -> ... -> n29 -> n0"


def test_it_finds_a_cycle_in_a_map() -> None:
    block: JsonObject = {"x": {"type": "parallel", "after": ["y"]}, "y": {"type": "parallel", "after": ["x"]}}
    assert _only(spec_of({"m": {"type": "map", "nodes": block}}))[:2] == ("cycle", "nodes.m.nodes.x.after.0")


def test_it_blames_a_goto_that_leads_backwards() -> None:
    spec = spec_of({"a": "parallel", "b": {"type": "tool_call", "after": ["a"], "on_error": {"goto": "a"}}})
    assert _only(spec) == ("goto-backwards", "nodes.b.on_error.goto", "`a` is settled before `b` fails: a -> b -> a")


def test_it_blames_the_goto_on_the_cycle_among_several() -> None:
    nodes: dict[str, str | JsonObject] = {
        "a": {"type": "tool_call", "on_error": {"goto": "z"}},
        "b": {"type": "tool_call", "after": ["a"], "on_error": {"goto": "a"}},
        "z": {"type": "tool_call", "after": ["b"]},
    }
    assert _only(spec_of(nodes))[:2] == ("goto-backwards", "nodes.b.on_error.goto")


def test_it_names_the_nearest_node_for_an_unknown_one() -> None:
    found = _faults(
        spec_of(
            {"search": {"type": "parallel", "after": ["nothing_like_it"]}, "rank": {"type": "tool_call", "on_error": {"goto": "rnak"}}},
            ["serach>rank"],
        )
    )
    assert [(fault.code, fault.location.path, fault.hint) for fault in found] == [
        ("unknown-node", "edges.0.from", "did you mean `search`?"),
        ("unknown-node", "nodes.rank.on_error.goto", "did you mean `rank`?"),
        ("unknown-node", "nodes.search.after.0", "name a node of the same `nodes` block"),
    ]


def test_it_refuses_an_edge_between_blocks() -> None:
    inner: JsonObject = {"x": {"type": "parallel", "after": ["a"]}}
    found = _faults(spec_of({"a": "parallel", "m": {"type": "map", "nodes": inner}}, ["x>a"]))
    assert [(fault.code, fault.location.path) for fault in found] == [
        ("edge-crosses-blocks", "edges.0.from"),
        ("edge-crosses-blocks", "nodes.m.nodes.x.after.0"),
    ]
    assert found[0].message == "`x` stands in the map `m`, this edge in the workflow: edges stay in one `nodes` block"


def test_it_refuses_an_edge_into_itself() -> None:
    assert _only(spec_of({"a": {"type": "parallel", "after": ["a"]}}))[:2] == ("self-edge", "nodes.a.after.0")


def test_it_refuses_a_map_without_nodes() -> None:
    assert _only(spec_of({"m": {"type": "map", "nodes": {}}}))[:2] == ("empty-map", "nodes.m.nodes")


def test_it_refuses_maps_nested_too_deeply() -> None:
    node: JsonObject = {"type": "parallel"}
    for depth in range(structure.MAX_MAP_DEPTH + 2):
        node = {"type": "map", "over": "$context.x", "nodes": {f"m{depth}": node}}
    code, _, message = _only(spec_of({"m": node}))
    assert code == "too-deep"
    assert message == "the maps m > m6 > m5 > m4 > m3 > m2 are nested 6 deep; 5 are allowed"


def test_it_refuses_too_many_cases() -> None:
    cases: JsonObject = {f"c{index}": "$context.x" for index in range(structure.MAX_CASES + 1)}
    assert _only(spec_of({"c": {"type": "condition", "if": None, "cases": cases}}))[:2] == ("too-many-cases", "nodes.c.cases")


@pytest.mark.parametrize("closing", [True, False])
def test_it_judges_ten_thousand_edges_quickly(closing: bool) -> None:
    names = [f"n{index}" for index in range(1_000)]
    edges = [f"{names[index]}>{names[index + step]}" for step in range(1, 10) for index in range(len(names) - step)]
    spec = spec_of(dict.fromkeys(names, "parallel"), [*edges, *(["n999>n0"] if closing else [])])
    started = process_time()
    found = build(spec)
    assert process_time() - started < 3
    assert isinstance(found, tuple) is closing


def test_it_reports_a_fault_of_each_edge_but_not_without_end() -> None:
    assert len(_faults(spec_of({"a": {"type": "parallel", "after": [f"x{index}" for index in range(500)]}}))) == 50
