from pathlib import Path
from statistics import mean

import pytest

from bench.schedule import measure
from bench.task_graphs import COMMITTED, read_folder
from chalicelib.compiler.schedule import schedule
from chalicelib.spec.model import JsonObject
from tests.factories.small_graphs import graph, shown, timed, tools

TOOL: JsonObject = {"type": "tool_call", "tool": "time.now"}
MAP: JsonObject = {"type": "map", "over": [1], "nodes": {"a": TOOL, "b": {**TOOL, "after": ["a"]}}}


def test_it_gives_a_node_alone_as_its_visit() -> None:
    assert shown(schedule(graph({"a": ""}))) == "a"


def test_it_puts_branches_of_a_condition_under_one_choose() -> None:
    assert shown(schedule(graph({"c": "condition", **tools("abj")}, "c a true", "c b false", "a j", "b j"))) == "c; {[c=true] a | [c=false] b}; j"


def test_it_puts_an_if_without_else_under_a_choose() -> None:
    assert shown(schedule(graph({"c": "condition", **tools("aj")}, "c a true", "c j false", "a j"))) == "c; {[c=true] a}; j"


def test_it_puts_both_ways_out_of_a_failing_node_under_one_choose() -> None:
    assert shown(schedule(graph(tools("nhx"), "n h error", "n x"))) == "n; {[n=error] h | [n=succeeded] x}"


def test_it_schedules_the_bodies_of_maps() -> None:
    assert shown(schedule(graph({"s": "", "m": MAP}, "s m"))) == "s; m*{a; b}"


def test_it_schedules_maps_in_maps() -> None:
    outer: JsonObject = {"type": "map", "over": "$context.list", "as": "row", "nodes": {"m": MAP, "z": TOOL}}
    assert shown(schedule(graph({"o": outer}))) == "o*{(m*{a; b} & z)}"


def test_it_weighs_a_map_by_its_body() -> None:
    """The map takes longest, so the barrier of the core stands behind the quick branch."""
    slow: JsonObject = {**MAP, "nodes": {"b1": {**TOOL, "expected_seconds": 50}}}
    found = graph({"a": timed(1), "b": timed(10), "m": slow, "d": timed(1)}, "a m", "a d", "b d")
    assert shown(schedule(found)) == "a; (b; d & m*{b1})"


def test_it_uses_what_the_author_expects() -> None:
    edges = ("a c", "a d", "b d")
    assert shown(schedule(graph({"a": timed(1), "b": timed(9), "c": timed(9), "d": timed(1)}, *edges))) == "a; (b; d & c)"
    assert shown(schedule(graph({"a": timed(9), "b": timed(1), "c": timed(1), "d": timed(9)}, *edges))) == "(a & b); (c & d)"


def test_it_takes_no_parallel_for_nodes_without_a_state() -> None:
    found = graph({"s": "", "p": "parallel", "a": "", "b": "", "j": "join", "c": "", "e": ""}, "s p", "p a", "p b", "a j", "b j", "s c", "j e", "c e")
    assert shown(schedule(found)) == "s; p; (a & b & c); j; e"


@pytest.mark.parametrize("path", sorted(COMMITTED.glob("*.json")), ids=lambda path: path.stem)
def test_it_is_never_slower_than_level_by_level_on_task_graphs(path: Path) -> None:
    (found,) = [measure(graph) for graph in read_folder(COMMITTED) if graph.name == path.stem]
    assert 1 <= found.over_critical_path <= found.levels_over_critical_path


def test_it_stays_close_to_the_critical_path_on_task_graphs() -> None:
    found = [measure(graph) for graph in read_folder(COMMITTED)]
    assert mean(each.over_critical_path for each in found) <= 1.02
    assert mean(each.states_per_node for each in found) <= 1.14
