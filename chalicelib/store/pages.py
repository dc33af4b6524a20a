"""Pages of lists of which not everything is wanted, or that no index keeps in the wanted order.

In: a list's reader, what becomes of its items, which of them are wanted. Out: a page and the place where it goes on. What no index answers is asked
of the items as they are read, a bounded number of them in one request: such a page may be short, or empty, and still go on. Only a list that is short
is sorted in memory. No scans.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from chalicelib.errors import ListTooLong
from chalicelib.store import cursors, table
from chalicelib.store.items import Item
from chalicelib.store.keys import IndexKey, Key
from chalicelib.store.table import Page

READS: Final = 8  # at most, for one page
_LEAST: Final = 100  # looked at by each read but the first: what is rare is found in few reads
MOST_SORTED: Final = 1_000  # of a list that is sorted in memory

Read = Callable[[int, Item | None], Page]
RecordT = TypeVar("RecordT")


@dataclass(frozen=True)
class Walked(Generic[RecordT]):
    """`last` is the key of the last item looked at that counts, None at the end of the list."""

    found: tuple[RecordT, ...]
    last: Item | None


@dataclass(frozen=True)
class Sorting(Generic[RecordT]):
    """An order that no index stands in: by texts that no two records share."""

    by: Callable[[RecordT], tuple[str, ...]]
    backwards: bool


def all_of(found: Sequence[RecordT]) -> Sequence[RecordT]:
    """What keeps everything."""
    return found


def is_backwards(sort: str) -> bool:
    """Whether a sort, such as `-name`, goes from the end."""
    return sort.startswith("-")


def walk(
    read: Read,
    load: Callable[[Sequence[Item]], Iterable[tuple[Item, RecordT]]],
    keep: Callable[[Sequence[RecordT]], Sequence[RecordT]],
    *,
    limit: int,
    after: Item | None,
) -> Walked[RecordT]:
    """Up to `limit` records that `keep` gives back, itself some of those that it is given, in their order."""
    kept: list[RecordT] = []
    for number in range(READS):
        missing = limit - len(kept)
        page = read(max(missing, _LEAST) if number else missing, after)
        places = {id(record): (item, record) for item, record in load(page.items)}
        wanted = keep([record for _, record in places.values()])
        kept += wanted[:missing]
        after = page.last if len(wanted) <= missing else places[id(kept[-1])][0]
        if after is None or len(kept) >= limit:
            break
    return Walked(tuple(kept), after)


def at_index(place: IndexKey, *, backwards: bool = False, span: tuple[str, str] | None = None) -> Read:
    """Reads a place of an index; the items are keys alone."""
    return lambda limit, after: table.query_index(place, newest_first=backwards, limit=limit, after=after, span=span)


def in_partition(pk: str, prefix: str, *, backwards: bool) -> Read:
    """Reads the items of one partition with a prefix."""
    return lambda limit, after: table.query(pk, prefix=prefix, newest_first=backwards, limit=limit, after=after)


def whole(make: Callable[[Item], RecordT]) -> Callable[[Sequence[Item]], Iterable[tuple[Item, RecordT]]]:
    """Loads what stands at the keys that an index gave, as it is now."""

    def load(found: Sequence[Item]) -> Iterable[tuple[Item, RecordT]]:
        there = table.get_many(table.keys_of(found))
        places = ((item, Key(item["PK"], item["SK"])) for item in found)
        return [(item, make(there[key])) for item, key in places if key in there]

    return load


def as_read(make: Callable[[Item], RecordT]) -> Callable[[Sequence[Item]], Iterable[tuple[Item, RecordT]]]:
    """Takes the items as the table gave them."""
    return lambda found: [(item, make(item)) for item in found]


def page_at(
    organisation_id: str,
    place: IndexKey,
    load: Callable[[Sequence[Item]], Iterable[tuple[Item, RecordT]]],
    keep: Callable[[Sequence[RecordT]], Sequence[RecordT]] = all_of,
    *,
    limit: int,
    cursor: str | None,
    terms: object = None,
    backwards: bool = False,
    span: tuple[str, str] | None = None,
) -> tuple[tuple[RecordT, ...], str | None]:
    """A page of what stands at one place of an index, and the cursor that goes on. Raises CursorInvalid."""
    start = cursors.start_of(place, organisation_id, cursor, terms)
    walked = walk(at_index(place, backwards=backwards, span=span), load, keep, limit=limit, after=start)
    return walked.found, cursors.cursor_of(place, walked.last, terms)


def page_in(
    pk: str,
    prefix: str,
    make: Callable[[Item], RecordT],
    keep: Callable[[Sequence[RecordT]], Sequence[RecordT]] = all_of,
    *,
    limit: int,
    cursor: str | None,
    terms: object = None,
    backwards: bool = False,
) -> tuple[tuple[RecordT, ...], str | None]:
    """The same, of the items of one partition with a prefix. Raises CursorInvalid."""
    start = cursors.start_in(pk, cursor, terms)
    walked = walk(in_partition(pk, prefix, backwards=backwards), as_read(make), keep, limit=limit, after=start)
    return walked.found, cursors.cursor_in(pk, walked.last, terms)


def read_all(read: Read, what: str) -> tuple[Item, ...]:
    """All items of a list that is to be sorted. Raises ListTooLong."""
    found: list[Item] = []
    after: Item | None = None
    while True:
        page = read(MOST_SORTED + 1 - len(found), after)
        found += page.items
        after = page.last
        if len(found) > MOST_SORTED:
            raise ListTooLong(f"there are more than {MOST_SORTED:,} {what}: in this order only fewer are listed")
        if after is None:
            return tuple(found)


def sorted_page(
    found: Iterable[RecordT], sorting: Sorting[RecordT], *, listed: str, limit: int, cursor: str | None, terms: object
) -> tuple[tuple[RecordT, ...], str | None]:
    """A page of records at hand in an order, and the cursor that goes on. `listed` as in `cursors.sealed`. Raises CursorInvalid."""
    start = cursors.opened(listed, cursor, terms) if cursor is not None else None
    ordered = sorted(((sorting.by(record), record) for record in found), key=lambda each: each[0], reverse=sorting.backwards)
    rest = [(place, record) for place, record in ordered if start is None or (place < start if sorting.backwards else place > start)]
    shown = rest[:limit]
    goes_on = cursors.sealed(listed, shown[-1][0], terms) if len(rest) > limit else None
    return tuple(record for _, record in shown), goes_on
