import pytest

from chalicelib.runs.differences import MOST, SHOWN, Difference, differences
from chalicelib.spec.model import Json


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({"a": 1}, {"a": 1}, []),
        ({"a": 1}, {"a": 2}, [Difference("/a", "changed", "1", "2")]),
        ({"a": 1}, {}, [Difference("/a", "removed", "1", None)]),
        ({}, {"a/b~c": None}, [Difference("/a~1b~0c", "added", None, "null")]),
        ([1, 2], [1, 3, 4], [Difference("/1", "changed", "2", "3"), Difference("/2", "added", None, "4")]),
        ({"a": {"b": [{"c": "x"}]}}, {"a": {"b": [{"c": "y"}]}}, [Difference("/a/b/0/c", "changed", '"x"', '"y"')]),
        (1, True, [Difference("", "changed", "1", "true")]),
        (1, 1.0, []),
        ({}, [], [Difference("", "changed", "{}", "[]")]),
        (None, None, []),
    ],
)
def test_it_tells_where_values_differ(before: Json, after: Json, expected: list[Difference]) -> None:
    assert list(differences(before, after).found) == expected


def test_it_tells_so_many_and_that_there_are_more() -> None:
    found = differences(list(range(MOST + 5)), [])
    assert (len(found.found), found.is_cut) == (MOST, True)
    assert not differences(list(range(MOST)), []).is_cut


def test_it_cuts_long_values() -> None:
    (found,) = differences("x" * 10_000, "y").found
    assert found.before is not None
    assert (len(found.before), found.before[-1]) == (SHOWN, "…")
