"""The repository of the audit: acts on their way, the chain, its head.

In: an organisation. Out: entries as JSON. An act becomes an entry in one transaction that deletes it, adds the entry and moves the head, on the
condition that the head is where it was: whoever dies or runs twice, each act is in the chain once.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from chalicelib.errors import ConditionLost, Contention
from chalicelib.spec.model import Json, JsonObject
from chalicelib.store import keys, table
from chalicelib.store.acts import Act
from chalicelib.store.cursors import cursor_in, start_in
from chalicelib.store.items import Item, item_of, record_of
from chalicelib.store.pages import as_read, page_at, walk, whole
from chalicelib.store.record import FreeObject, Record
from chalicelib.store.table import Page

BATCH = 45  # acts in one transaction: two writes each and the head's


class ChainHead(Record):
    """`count` entries, the last of them with `hash`; of these `signed_count` lie under a checkpoint."""

    count: int = 0
    hash: str = "0" * 64
    signed_count: int = 0


class Entry(Record):
    """An entry as it is hashed and told: free JSON, so that what newer releases add stays in the hash."""

    entry: FreeObject


@dataclass(frozen=True, slots=True)
class EntryPage:
    """`before`: the number below which the list goes on, where numbers lead."""

    entries: tuple[JsonObject, ...]
    cursor: str | None
    before: int | None = None


def get_head(organisation_id: str) -> ChainHead:
    item = table.get(keys.audit_head(organisation_id))
    return record_of(ChainHead, item) if item else ChainHead()


def list_acts(organisation_id: str, *, limit: int = BATCH) -> tuple[Act, ...]:
    """Acts that are not in the chain yet, oldest first."""
    return tuple(record_of(Act, item) for item in table.query(keys.act(organisation_id).pk, limit=limit).items)


def append(organisation_id: str, acts: tuple[Act, ...], entries: tuple[JsonObject, ...], head: ChainHead, *, expires_at: int | None) -> None:
    """Acts become entries behind `head`. Raises ConditionLost where another was first."""
    after = {"count": head.count + len(entries), "hash": str(entries[-1]["hash"])}
    head_key = keys.audit_head(organisation_id)
    condition = "#count = :before" if head.count else "attribute_not_exists(#count)"
    moved = table.assign(head_key, after, condition=condition, values={"before": head.count} if head.count else None)
    gone = [table.delete(keys.act(organisation_id, act.order, act.id), condition=table.PRESENT) for act in acts]
    added = [table.put(_item(organisation_id, entry, expires_at), condition=table.ABSENT) for entry in entries]
    table.transact([moved, *gone, *added])


def _item(organisation_id: str, entry: JsonObject, expires_at: int | None) -> Item:
    number = int(str(entry["number"]))
    place = keys.audit_of(organisation_id, str(entry["noun"]), str(entry["target"]), number)
    return item_of(Entry(entry=entry), keys.audit_entry(organisation_id, number), place, expires_at=expires_at)


def mark_signed(organisation_id: str, count: int) -> None:
    """A checkpoint over `count` entries is kept. A later one stays."""
    condition = "attribute_not_exists(#signed_count) OR #signed_count < :count"
    try:
        table.write(table.assign(keys.audit_head(organisation_id), {"signed_count": count}, condition=condition, values={"count": count}))
    except ConditionLost:
        return


def list_entries(organisation_id: str, *, after: int = 0, limit: int = 500) -> tuple[JsonObject, ...]:
    """Entries above a number, in order."""
    above = keys.audit_entry(organisation_id, after)
    return tuple(_entry(item) for item in table.query(above.pk, prefix="ENTRY#", above=above.sk, limit=limit).items)


def list_newest(
    organisation_id: str,
    *,
    above: int,
    last: int,
    limit: int,
    cursor: str | None,
    keep: Callable[[Sequence[JsonObject]], Sequence[JsonObject]],
    terms: object,
) -> EntryPage:
    """Entries with the number `last` or a smaller one, newest first, down to `above`: those that `keep` gives back. A page may be short, or empty,
    and still have a cursor. Raises CursorInvalid."""
    pk = keys.audit_head(organisation_id).pk
    start = start_in(pk, cursor, terms)
    low, high = (keys.audit_entry(organisation_id, number).sk for number in (max(above, 0), max(last, 0)))

    def read(count: int, after: Item | None) -> Page:
        return table.query(pk, prefix=high, above=low, newest_first=True, limit=count, after=after)

    if last <= above:
        return EntryPage((), None)
    walked = walk(read, as_read(_entry), keep, limit=limit, after=start)
    reached = int(walked.last["SK"].rpartition("#")[2]) if walked.last is not None else 0
    goes_on = walked.last if reached > above + 1 else None
    return EntryPage(walked.found, cursor_in(pk, goes_on, terms), reached if goes_on else None)


def list_of_target(
    organisation_id: str,
    noun: str,
    target: str,
    *,
    limit: int,
    cursor: str | None,
    keep: Callable[[Sequence[JsonObject]], Sequence[JsonObject]],
    terms: object,
) -> EntryPage:
    """What was done to one thing, newest first: entries that `keep` gives back. A page may be short, or empty, and still have a cursor. Raises
    CursorInvalid."""
    place = keys.audit_of(organisation_id, noun, target)
    return EntryPage(*page_at(organisation_id, place, whole(_entry), keep, limit=limit, cursor=cursor, terms=terms, backwards=True))


def first_since(organisation_id: str, moment: str) -> int:
    """The number of the first entry that was made at a moment or later, one more than the last where there is none. What is kept no more was made
    before. Entries stand in order of time, but for those that were on their way at once."""
    low, high = 1, get_head(organisation_id).count + 1
    while low < high:
        middle = (low + high) // 2
        item = table.get(keys.audit_entry(organisation_id, middle))
        if item is not None and str(_entry(item)["at"]) >= moment:
            high = middle
        else:
            low = middle + 1
    return low


def contended(organisation_id: str) -> Contention:
    return Contention(f"the audit of {organisation_id} is written by too many at once")


def _entry(item: Item) -> JsonObject:
    entry: Json = record_of(Entry, item).entry
    assert isinstance(entry, dict)
    return entry
