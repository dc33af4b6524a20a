from collections.abc import Mapping

from chalicelib.compiler.cuts import Cut, best_cuts, levels, reach
from chalicelib.compiler.precedence import Precedence, precedence

# The smallest indivisible core: a before c and d, b before d alone.
EDGES = {"c": "a", "d": "ab"}


def order(names: str, predecessors: Mapping[str, str], **seconds: int) -> Precedence:
    durations = {name: seconds.get(name, 1) for name in names}
    return precedence(list(names), predecessors={name: predecessors.get(name, "") for name in names}, durations=durations)


def cuts(found: Precedence, *, count: int = 8, grain: int = 1) -> tuple[Cut, ...]:
    return best_cuts(found.everything, reached=reach(found, found.everything), count=count, grain=grain)


def test_it_measures_the_longest_paths_to_and_from_each_node() -> None:
    found = order("abcd", EDGES, a=3, b=5, c=2, d=7)
    reached = reach(found, found.everything)
    assert reached.head == {0: 3, 1: 5, 2: 5, 3: 12}
    assert reached.tail == {0: 10, 1: 12, 2: 2, 3: 7}
    assert reached.depth == {0: 0, 1: 0, 2: 1, 3: 1}
    assert reached.height == {0: 1, 1: 1, 2: 0, 3: 0}
    assert reached.critical == 12


def test_it_looks_at_the_part_alone() -> None:
    found = order("abcd", EDGES, a=3, b=5, c=2, d=7)
    assert reach(found, (1, 3)).depth == {1: 0, 3: 1}


def test_it_gives_the_levels_of_a_part() -> None:
    found = order("abcd", EDGES)
    assert levels(reach(found, found.everything)) == ((0, 1), (2, 3))


def test_it_takes_the_moment_before_which_only_the_short_node_has_finished() -> None:
    found = order("abcd", EDGES, a=1, b=9, c=9, d=1)
    first = cuts(found)[0]
    assert (first.front, first.back) == ((0,), (1, 2, 3))
    assert first.estimate == 11


def test_it_estimates_what_front_and_back_take_at_least() -> None:
    found = order("abcd", EDGES, a=1, b=9, c=9, d=1)
    assert {cut.front: cut.estimate for cut in cuts(found)} == {(0,): 11, (0, 1): 18, (0, 1, 2): 11}


def test_it_gives_no_more_cuts_than_asked_for() -> None:
    assert len(cuts(order("abcd", EDGES, a=1, b=9, c=9, d=1), count=2)) == 2


def test_it_puts_every_predecessor_into_the_front() -> None:
    found = order("abcdefg", {"c": "a", "d": "ab", "e": "c", "f": "cd", "g": "b"}, a=4, b=2, c=0, d=9, e=1)
    for cut in cuts(found):
        assert sorted((*cut.front, *cut.back)) == list(found.everything)
        assert all(parent in cut.front for node in cut.front for parent in found.before[node])


def test_it_prefers_even_cuts_where_estimates_do_not_differ_by_a_grain() -> None:
    found = order("abcd", EDGES, a=1, b=9, c=9, d=1)
    assert cuts(found, grain=100)[0].front == (0, 1)


def test_it_finds_cuts_where_nothing_takes_time() -> None:
    assert [cut.front for cut in cuts(order("abcd", EDGES, a=0, b=0, c=0, d=0))] == [(0, 1)]
