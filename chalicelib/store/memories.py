"""What is remembered in words: entries of a text with JSON beside it, by namespace and key.

In: a namespace and an entry. Out: the entries of one namespace, by query. A namespace holds so many entries and bytes: its tally is written with
every entry, in one transaction; vectors, which are small and no more than the entries, are not counted. Putting the same again writes nothing, unless
it brings another model's vector. How entries are ranked is not this room's business.
"""

from dataclasses import asdict, dataclass
from typing import Final

from chalicelib.clock import now_text
from chalicelib.errors import ConditionLost, Contention
from chalicelib.spec.model import Json
from chalicelib.store import keys, table
from chalicelib.store.blobs import json_text
from chalicelib.store.items import item_of, record_of
from chalicelib.store.record import FreeJson, Record
from chalicelib.store.table import Write

MAX_ENTRIES: Final = 1_000
MAX_BYTES: Final = 2_000_000
MAX_ENTRY_BYTES: Final = 100_000
_TRIES: Final = 8


class Words(Record):
    """One entry; `size` is what it counts for in its namespace's bytes."""

    key: str
    text: str
    data: FreeJson = None
    tags: tuple[str, ...] = ()
    vector: str = ""  # of the text, as `vectors.packed`, where there was something to make it with
    vector_of: str = ""  # the model that made it: vectors of two models have nothing to do with each other
    size: int
    put_at: str
    revision: int = 0


@dataclass(frozen=True, slots=True)
class Said:
    """What an entry says."""

    text: str
    data: Json = None
    tags: tuple[str, ...] = ()
    vector: str = ""
    vector_of: str = ""


def put(organisation_id: str, namespace: str, key: str, said: Said) -> bool:
    """Keep an entry in place of the one before. False where the namespace has no room for it."""
    size = len(json_text([key, said.text, said.data, [*said.tags]]).encode())
    if size > MAX_ENTRY_BYTES:
        return False
    for attempt in range(_TRIES):
        before = find(organisation_id, namespace, key)
        if before is not None and _is_same(before, said):
            return True
        revision = before.revision + 1 if before else 0
        entry = Words(key=key, size=size, put_at=now_text(), revision=revision, **asdict(said))
        try:
            table.transact([_entry_write(organisation_id, namespace, entry, before), _tally_write(organisation_id, namespace, entry, before)])
        except ConditionLost as lost:
            if lost.positions == (1,):
                return False
            table.pause(attempt)
        else:
            return True
    raise Contention("too many write the same memory at once")


def delete(organisation_id: str, namespace: str, key: str) -> bool:
    """Whether there was an entry."""
    for attempt in range(_TRIES):
        before = find(organisation_id, namespace, key)
        if before is None:
            return False
        place, tally = keys.words(organisation_id, namespace, key), keys.words_tally(organisation_id, namespace)
        gone = table.delete(place, condition="#revision = :revision", values={"revision": before.revision})
        less = table.update(tally, "ADD #entries :entries, #bytes :bytes", values={"entries": -1, "bytes": -before.size})
        try:
            table.transact([gone, less])
        except ConditionLost:
            table.pause(attempt)
        else:
            return True
    raise Contention("too many write the same memory at once")


def find(organisation_id: str, namespace: str, key: str) -> Words | None:
    item = table.get(keys.words(organisation_id, namespace, key))
    return record_of(Words, item) if item else None


def list_all(organisation_id: str, namespace: str) -> tuple[Words, ...]:
    """A namespace's entries by key; there are never more than MAX_ENTRIES."""
    partition = keys.words(organisation_id, namespace, "")
    return tuple(record_of(Words, item) for item in table.query_all(partition.pk, prefix=partition.sk))


def _is_same(before: Words, said: Said) -> bool:
    return (before.text, before.data, before.tags) == (said.text, said.data, said.tags) and said.vector_of in ("", before.vector_of)


def _entry_write(organisation_id: str, namespace: str, entry: Words, before: Words | None) -> Write:
    item = item_of(entry, keys.words(organisation_id, namespace, entry.key))
    if before is None:
        return table.put(item, condition=table.ABSENT)
    return table.put(item, condition="#revision = :revision", values={"revision": before.revision})


def _tally_write(organisation_id: str, namespace: str, entry: Words, before: Words | None) -> Write:
    """What an entry adds to the tally, if it fits."""
    more, growth = (0, entry.size - before.size) if before else (1, entry.size)
    fits_count = "(attribute_not_exists(#entries) OR #entries <= :most_entries)"
    fits_bytes = "(attribute_not_exists(#bytes) OR #bytes <= :most_bytes)"
    return table.update(
        keys.words_tally(organisation_id, namespace),
        "ADD #entries :entries, #bytes :bytes",
        condition=f"{fits_count} AND {fits_bytes}" if growth > 0 or more else "",
        values={"entries": more, "bytes": growth}
        | ({"most_entries": MAX_ENTRIES - more, "most_bytes": MAX_BYTES - growth} if growth > 0 or more else {}),
    )
