"""Pages: whatever is wanted of a list, and however it is cut, each thing that is wanted is on one page, in order."""

from collections.abc import Iterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.errors import ListTooLong
from chalicelib.store import pages
from chalicelib.store.items import Item
from chalicelib.store.pages import Sorting, as_read, read_all, sorted_page, walk
from chalicelib.store.table import Page
from tests.factories.cloud import Cloud


class Listed:
    """A list of numbers; `looked_at` counts what was read."""

    def __init__(self, count: int) -> None:
        self.items: list[Item] = [{"PK": "ORG#org_local#LIST", "SK": f"{number:06d}"} for number in range(count)]
        self.reads: list[int] = []

    def read(self, limit: int, after: Item | None) -> Page:
        first = self.items.index(after) + 1 if after is not None else 0
        found = self.items[first : first + limit]
        self.reads.append(len(found))
        return Page(tuple(found), found[-1] if len(found) == limit else None)


class Number:
    """Two of one value are two things."""

    def __init__(self, item: Item) -> None:
        self.value = int(item["SK"])


def walked(listed: Listed, wanted: frozenset[int] | None, limit: int) -> Iterator[list[int]]:
    """All pages."""

    def keep(found: Sequence[Number]) -> list[Number]:
        return [number for number in found if wanted is None or number.value in wanted]

    after: Item | None = None
    while True:
        page = walk(listed.read, as_read(Number), keep, limit=limit, after=after)
        yield [number.value for number in page.found]
        after = page.last
        if after is None:
            return


@given(st.integers(0, 400), st.frozensets(st.integers(0, 399)), st.integers(1, 60))
def test_each_thing_that_is_wanted_is_on_one_page_in_order(count: int, wanted: frozenset[int], limit: int) -> None:
    found = list(walked(Listed(count), wanted, limit))
    assert [number for page in found for number in page] == sorted(number for number in wanted if number < count)
    assert all(len(page) <= limit for page in found)


def test_it_reads_no_more_than_the_page_where_everything_is_wanted() -> None:
    listed = Listed(10)
    assert next(walked(listed, None, 4)) == [0, 1, 2, 3]
    assert listed.reads == [4]


def test_it_looks_at_a_bounded_number_of_things_for_one_page() -> None:
    listed = Listed(5_000)
    found = walked(listed, frozenset({4_999}), 200)
    assert (next(found), sum(listed.reads), len(listed.reads)) == ([], 1_600, pages.READS)
    assert [number for page in found for number in page] == [4_999]


def test_it_reads_a_list_as_a_whole_if_it_is_short() -> None:
    assert len(read_all(Listed(pages.MOST_SORTED).read, "numbers")) == pages.MOST_SORTED
    with pytest.raises(ListTooLong, match="more than 1,000 numbers"):
        read_all(Listed(pages.MOST_SORTED + 1).read, "numbers")


@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("limit", [1, 2, 3, 7, 8])
def test_it_sorts_what_is_at_hand_page_by_page(aws: Cloud, backwards: bool, limit: int) -> None:
    words = ["pear", "fig", "kiwi", "plum", "date", "lime", "nut"]
    sorting = Sorting[str](by=lambda word: (str(len(word)), word), backwards=backwards)
    found: list[str] = []
    cursor: str | None = None
    for _ in range(len(words)):
        page, cursor = sorted_page(words, sorting, listed="ORG#org_local#WORDS", limit=limit, cursor=cursor, terms=backwards)
        found += page
        if cursor is None:
            break
    assert found == sorted(words, key=lambda word: (len(word), word), reverse=backwards)
