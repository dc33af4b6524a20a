import pytest

from chalicelib.compiler.precedence import Precedence, mask, precedence
from tests.factories.small_graphs import graph


def order(names: str, **predecessors: str) -> Precedence:
    return precedence(list(names), predecessors={name: predecessors.get(name, "") for name in names}, durations=dict.fromkeys(names, 1))


def test_it_drops_edges_that_a_longer_way_implies() -> None:
    reduced = order("abcd", b="a", c="ab", d="abc")
    assert reduced.before == ((), (0,), (1,), (2,))
    assert reduced.after == ((1,), (2,), (3,), ())


def test_it_keeps_edges_of_a_diamond() -> None:
    assert order("abcd", b="a", c="a", d="bc").before == ((), (0,), (0,), (1, 2))


def test_it_knows_everything_that_comes_later() -> None:
    assert order("abcd", b="a", c="b", d="a").below == (0b1110, 0b0100, 0, 0)


def test_it_counts_an_edge_given_twice_once() -> None:
    assert order("ab", b="aa").before == ((), (0,))


@pytest.mark.parametrize("part", [(0,), (0, 1, 7), (8,), (3, 64, 200)])
def test_it_makes_bits_of_a_part(part: tuple[int, ...]) -> None:
    assert mask(part) == sum(1 << node for node in part)


def test_it_reduces_3000_nodes_with_10000_edges_quickly() -> None:
    names = [f"n{number}" for number in range(3_000)]
    found = precedence(
        names, predecessors={name: names[max(0, index - 3) : index] for index, name in enumerate(names)}, durations=dict.fromkeys(names, 1)
    )
    assert all(len(each) <= 1 for each in found.before)


def test_it_is_made_of_every_edge_whatever_its_when() -> None:
    from chalicelib.compiler.schedule import block_precedence

    block = graph({"c": "condition", "a": "", "h": ""}, "c a true", "a h error").root
    assert block_precedence(block, dict.fromkeys("cah", 1)).before == ((), (0,), (1,))
