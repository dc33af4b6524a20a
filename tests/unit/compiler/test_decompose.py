from collections.abc import Mapping

import pytest

from chalicelib.compiler.decompose import LIMITS, Limits, Timed, components, decompose, total_cuts
from chalicelib.compiler.plan import Parallel, Plan, Series, Visit
from chalicelib.compiler.precedence import Precedence, precedence
from tests.factories.small_graphs import shown


def order(names: str | list[str], predecessors: Mapping[str, str | list[str]], **seconds: int) -> Precedence:
    durations = {name: seconds.get(name, 1) for name in names}
    return precedence(list(names), predecessors={name: predecessors.get(name, "") for name in names}, durations=durations)


def plan(names: str | list[str], predecessors: Mapping[str, str | list[str]], **seconds: int) -> Timed:
    return decompose(order(names, predecessors, **seconds), leaf=Visit)


def test_it_gives_a_node_alone_as_it_is() -> None:
    assert plan("a", {}) == Timed(Visit("a"), 1, 0)


def test_it_gives_a_chain_as_one_series() -> None:
    assert shown(plan("abc", {"b": "a", "c": "b"}).plan) == "a; b; c"


def test_it_runs_independent_nodes_at_once_in_authored_order() -> None:
    assert shown(plan("abc", {}).plan) == "(a & b & c)"


def test_it_gives_a_diamond_its_levels() -> None:
    assert plan("abcd", {"b": "a", "c": "a", "d": "bc"}) == Timed(Series((Visit("a"), Parallel((Visit("b"), Visit("c"))), Visit("d"))), 3, 1)


def test_it_lets_no_branch_wait_for_another() -> None:
    timed = plan("sabcdt", {"a": "s", "b": "s", "c": "a", "d": "b", "t": "cd"}, a=9, d=9)
    assert shown(timed.plan) == "s; (a; c & b; d); t"
    assert timed.duration == 12


def test_it_cuts_where_all_come_before_all_even_without_a_node_between() -> None:
    assert shown(plan("abcd", {"c": "ab", "d": "ab"}).plan) == "(a & b); (c & d)"


def test_it_opens_what_belongs_to_the_series_around() -> None:
    assert shown(plan("abcde", {"b": "a", "c": "b", "d": "c", "e": "b"}).plan) == "a; b; (c; d & e)"


def test_it_places_the_barrier_of_an_indivisible_core_where_it_costs_least() -> None:
    core = {"c": "a", "d": "ab"}
    early = plan("abcd", core, a=1, b=9, c=9, d=1)
    late = plan("abcd", core, a=9, b=1, c=1, d=9)
    assert (shown(early.plan), early.duration) == ("a; (b; d & c)", 11)
    assert (shown(late.plan), late.duration) == ("(a & b); (c & d)", 18)


def test_it_prefers_fewer_states_among_equally_quick_plans() -> None:
    assert plan("abcd", {"c": "a", "d": "ab"}, a=5, b=5, c=5, d=5).parallels == 2


def test_it_never_takes_longer_than_level_by_level() -> None:
    ladder = {f"n{index}": [f"n{above}" for above in (index - 2, index - 3) if above >= 0] for index in range(60)}
    timed = decompose(order(list(ladder), ladder), leaf=Visit)
    assert timed.duration == 30


def test_it_refuses_an_order_without_nodes() -> None:
    with pytest.raises(ValueError, match="without nodes"):
        decompose(order("", {}), leaf=Visit)


def test_it_finds_components_by_their_first_node() -> None:
    found = order("abcdef", {"d": "b", "e": "c", "f": "ea"})
    assert components(found, found.everything) == ((0, 2, 4, 5), (1, 3))


def test_it_finds_total_cuts() -> None:
    found = order("abcdef", {"b": "a", "c": "a", "d": "bc", "e": "d", "f": "d"})
    assert total_cuts(found, found.everything) == ((0,), (1, 2), (3,), (4, 5))


@pytest.mark.parametrize("joints", [LIMITS.nesting, LIMITS.nesting + 1, 3 * LIMITS.nesting])
def test_it_nests_so_deep_and_no_deeper(joints: int) -> None:
    """A comb: each tooth hangs on its joint of the spine, and nothing follows a tooth."""
    names = [name for index in range(joints) for name in (f"s{index}", f"t{index}")]
    spine = {f"s{index}": [f"s{index - 1}"] for index in range(1, joints)}
    teeth = {f"t{index}": [f"s{index}"] for index in range(joints)}
    timed = decompose(order(names, spine | teeth), leaf=Visit)
    assert nesting(timed.plan) <= LIMITS.nesting + 1
    assert timed.duration == joints + 1


def nesting(plan: Plan) -> int:
    match plan:
        case Series(parts):
            return max(map(nesting, parts))
        case Parallel(parts):
            return 1 + max(map(nesting, parts))
        case _:
            return 0


def test_it_goes_level_by_level_where_it_may_not_nest() -> None:
    chains = order("abcd", {"b": "a", "d": "c"}, a=5, d=5)
    assert shown(decompose(chains, leaf=Visit, limits=Limits(nesting=0)).plan) == "(a & c); (b & d)"
    assert shown(decompose(order("ab", {}), leaf=Visit, limits=Limits(nesting=0)).plan) == "(a & b)"


@pytest.mark.parametrize("limits", [LIMITS, Limits(effort=0), Limits(cuts_deep=0), Limits(cuts_deep=3, effort=1)])
def test_it_cuts_a_long_core_whatever_the_limits(limits: Limits) -> None:
    """A ladder whose times let every cut peel off one rung."""
    size = 120
    names = [name for index in range(size) for name in (f"a{index}", f"b{index}")]
    left = {f"a{index}": [f"a{index - 1}"] for index in range(1, size)}
    right = {f"b{index}": [f"b{index - 1}", f"a{index - 1}"] for index in range(1, size)}
    durations = {name: 1 + index % 7 for index, name in enumerate(names)}
    found = precedence(names, predecessors={name: (left | right).get(name, []) for name in names}, durations=durations)
    by_level = sum(max(durations[f"a{index}"], durations[f"b{index}"]) for index in range(size))
    assert decompose(found, leaf=Visit, limits=limits).duration <= by_level
