"""The repository of the audit: acts on their way, the chain, its head.

In: an organisation. Out: entries as JSON. An act becomes an entry in one transaction that deletes it, adds the entry and moves the head, on the
condition that the head is where it was: whoever dies or runs twice, each act is in the chain once.
"""

from dataclasses import dataclass

from chalicelib.errors import ConditionLost, Contention
from chalicelib.spec.model import Json, JsonObject
from chalicelib.store import keys, table
from chalicelib.store.acts import Act
from chalicelib.store.cursors import cursor_of, start_of
from chalicelib.store.items import Item, item_of, record_of
from chalicelib.store.record import FreeObject, Record

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
    entries: tuple[JsonObject, ...]
    cursor: str | None


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


def list_latest(organisation_id: str, *, before: int | None, limit: int) -> tuple[JsonObject, ...]:
    """Newest first, below a number."""
    last = before - 1 if before is not None else get_head(organisation_id).count
    if last <= 0:
        return ()
    bounds = [keys.audit_entry(organisation_id, number) for number in (max(last - limit, 0), last)]
    return tuple(reversed([_entry(item) for item in table.query_between(bounds[0].pk, bounds[0].sk, bounds[1].sk)]))


def list_of_target(organisation_id: str, noun: str, target: str, *, limit: int, cursor: str | None) -> EntryPage:
    """What was done to one thing, newest first."""
    place = keys.audit_of(organisation_id, noun, target)
    page = table.query_index(place, newest_first=True, limit=limit, after=start_of(place, organisation_id, cursor))
    ordered = table.keys_of(page.items)
    found = table.get_many(ordered)
    return EntryPage(tuple(_entry(found[key]) for key in ordered if key in found), cursor_of(place, page.last))


def contended(organisation_id: str) -> Contention:
    return Contention(f"the audit of {organisation_id} is written by too many at once")


def _entry(item: Item) -> JsonObject:
    entry: Json = record_of(Entry, item).entry
    assert isinstance(entry, dict)
    return entry
