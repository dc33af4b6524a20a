"""Topological order, levels, cycles, paths and ancestors of plain names."""

from chalicelib.compiler.order import Ancestors, find_cycle, levels, shortest_path, topological

_DIAMOND = {"a": ["b", "c"], "b": ["d"], "c": ["d"], "d": []}
_PARENTS = {"a": [], "b": ["a"], "c": ["a"], "d": ["b", "c"]}


def test_it_orders_free_names_as_they_were_authored() -> None:
    assert topological(["d", "c", "b", "a"], _DIAMOND) == ("a", "c", "b", "d")
    assert topological(["a", "b", "c", "d"], _DIAMOND) == ("a", "b", "c", "d")


def test_it_leaves_out_what_is_on_or_behind_a_cycle() -> None:
    assert topological(["a", "b", "c"], {"a": [], "b": ["c"], "c": ["b"]}) == ("a",)


def test_it_puts_a_name_one_level_below_its_lowest_predecessor() -> None:
    parents = {**_PARENTS, "e": ["a", "d"]}
    assert levels("abcde", parents, list("abcde")) == (("a",), ("b", "c"), ("d",), ("e",))
    assert levels("abcd", _PARENTS, list("dcba")) == (("a",), ("c", "b"), ("d",))


def test_it_has_no_levels_without_names() -> None:
    assert levels((), {}, ()) == ()


def test_it_finds_no_cycle_where_there_is_none() -> None:
    assert find_cycle(list("abcd"), _DIAMOND) == ()


def test_it_shows_the_shortest_cycle_from_the_name_that_was_authored_first() -> None:
    successors = {"in": ["c"], "a": ["b"], "b": ["c", "d"], "c": ["a"], "d": ["c", "out"], "out": []}
    assert find_cycle(["in", "out", "d", "b", "a", "c"], successors) == ("b", "c", "a")


def test_it_finds_a_shortest_path_or_none() -> None:
    assert shortest_path("a", "d", {**_DIAMOND, "a": ["b", "c", "d"]}) == ("a", "d")
    assert shortest_path("a", "d", _DIAMOND) == ("a", "b", "d")
    assert shortest_path("d", "a", _DIAMOND) == ()


def test_it_knows_all_names_before_a_name() -> None:
    ancestors = Ancestors("abcd", _PARENTS)
    assert dict(ancestors) == {"a": frozenset(), "b": frozenset("a"), "c": frozenset("a"), "d": frozenset("abc")}
    assert ancestors["d"] is ancestors["d"]
    assert len(ancestors) == 4
    assert ancestors.is_before("a", "d")
    assert not ancestors.is_before("b", "c")
