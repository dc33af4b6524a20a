from collections.abc import Mapping

from chalicelib.compiler.plan import Plan
from chalicelib.compiler.schedule import schedule
from chalicelib.spec.model import JsonObject
from tests.factories.small_graphs import graph, shown, tools


def plan(nodes: Mapping[str, str | JsonObject], *edges: str) -> Plan:
    return schedule(graph(nodes, *edges))


def test_it_leaves_nodes_without_a_state_where_they_disturb_nothing() -> None:
    assert (
        shown(plan({"s": "", "p": "parallel", **tools("ab"), "j": "join", "c": ""}, "s p", "p a", "p b", "a j", "b j", "j c"))
        == "s; p; (a & b); j; c"
    )


def test_it_puts_a_branch_that_takes_no_time_behind_the_others() -> None:
    assert shown(plan({"a": "", "p": "parallel", "q": "join", "b": ""}, "p q")) == "(a & b); p; q"
    assert shown(plan({"t": "transform", "a": "", "c": "condition"})) == "a; t; c"


def test_it_keeps_a_branch_of_an_instant_node_that_the_author_expects_to_take_time() -> None:
    slow: JsonObject = {"type": "transform", "expected_seconds": 3}
    assert shown(plan({"t": slow, "a": ""})) == "(t & a)"


def test_it_puts_a_condition_at_a_branchs_end_next_to_what_it_decides() -> None:
    both: JsonObject = {"type": "tool_call", "activate": "all"}
    assert shown(plan({"a": "", "c": "condition", "b": "", "x": both}, "a c", "c x true", "b x")) == "(a & b); c; {[c=true] x}"


def test_it_keeps_a_condition_at_a_branchs_end_that_may_be_skipped() -> None:
    nodes = {"k": "condition", "a": "", "c": "condition", **tools("bx")}
    assert shown(plan(nodes, "k a true", "a c", "k b", "c x true", "b x")) == "k; ({[k=true] a; c} & b); x"


def test_it_keeps_a_condition_before_what_it_decides_in_its_branch() -> None:
    nodes = {"s": "", "c": "condition", **tools("abd"), "e": ""}
    assert shown(plan(nodes, "s c", "c a true", "c b true", "s d", "a e", "b e", "d e")) == "s; (c; {[c=true] (a & b)} & d); e"


def test_it_makes_one_parallel_of_two_around_a_transform() -> None:
    assert shown(plan({"t": "transform", **tools("abce")}, "t a", "t b", "a e", "b e", "c e")) == "t; (a & b & c); e"


def test_it_needs_no_parallel_where_no_branch_has_a_state() -> None:
    assert shown(plan({"s": "", "p": "parallel", "q": "parallel"}, "s p", "s q")) == "s; p; q"


def test_it_makes_one_parallel_of_two_that_only_a_fan_out_point_keeps_apart() -> None:
    nodes = {"p": "parallel", **tools("ab"), "j": "join", "c": "", "e": ""}
    assert shown(plan(nodes, "p a", "p b", "a j", "b j", "j e", "c e")) == "p; (a & b & c); j; e"


def test_it_makes_one_parallel_of_two_that_nothing_keeps_apart() -> None:
    nodes = {"p": "parallel", **tools("abc"), "e": ""}
    assert shown(plan(nodes, "p a", "p b", "a e", "b e", "c e")) == "p; (a & b & c); e"


def test_it_keeps_a_fan_out_point_that_does_not_always_run_with_its_branches() -> None:
    nodes = {"k": "condition", "p": "parallel", **tools("abc")}
    assert shown(plan(nodes, "k p true", "p a", "p b", "k c")) == "k; ({[k=true] p; (a & b)} & c)"


def test_it_keeps_a_join_that_runs_with_its_branch() -> None:
    nodes = {"s": "", **tools("abc"), "j": "join"}
    assert shown(plan(nodes, "s a", "a j", "s b", "b c")) == "s; (a; j & b; c)"


def test_it_moves_a_join_that_would_keep_branches_from_excluding_each_other() -> None:
    """`j` may run when `a` does not."""
    nodes = {"s": "", "k": "condition", "a": "", "j": "join", "b": ""}
    assert shown(plan(nodes, "s k", "k a true", "a j", "k j false", "k b false")) == "s; k; {[k=true] a | [k=false] b}; j"
