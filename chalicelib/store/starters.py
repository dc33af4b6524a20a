"""The repository of an organisation's own starters, and of how often each starter was deployed there, built in or not.

In: records. Out: records. A starter is written over the version that was read; a deployment counts in the transaction that creates its workflow.
"""

from collections.abc import Iterable, Iterator

from chalicelib.errors import ConditionLost, StarterNotFound
from chalicelib.store import keys, table
from chalicelib.store.items import Item, item_of, record_of
from chalicelib.store.record import Record
from chalicelib.store.table import Write
from chalicelib.store.values import Stored


class StarterRecord(Record):
    """`document` is the whole of it: what is said of it, and its bundle. `digest` is of that."""

    name: str
    version: int
    digest: str
    document: Stored
    workflow_id: str
    workflow_version: int
    shared_at: str
    shared_by: str


def put(organisation_id: str, record: StarterRecord, read: StarterRecord | None) -> None:
    """Write a starter over the one that was read; None: there was none. Raises ConditionLost."""
    item = item_of(record, keys.starter(organisation_id, record.name), keys.starters(organisation_id, record.name))
    if read is None:
        table.write(table.put(item, condition=table.ABSENT))
    else:
        table.write(table.put(item, condition="#version = :read", values={"read": read.version}))


def find(organisation_id: str, name: str) -> StarterRecord | None:
    item = table.get(keys.starter(organisation_id, name))
    return record_of(StarterRecord, item) if item else None


def list_all(organisation_id: str) -> Iterator[StarterRecord]:
    """All of an organisation, by name."""
    after: Item | None = None
    while True:
        page = table.query_index(keys.starters(organisation_id), limit=100, after=after)
        found = table.get_many(table.keys_of(page.items))
        yield from (record_of(StarterRecord, found[key]) for key in table.keys_of(page.items) if key in found)
        after = page.last
        if after is None:
            return


def delete(organisation_id: str, name: str) -> None:
    """Raises StarterNotFound."""
    try:
        table.write(table.delete(keys.starter(organisation_id, name), condition=table.PRESENT))
    except ConditionLost as lost:
        raise StarterNotFound(f"the organisation has no starter called {name}") from lost


def used_write(organisation_id: str, name: str) -> Write:
    """For the transaction that creates a workflow from the starter."""
    return table.add(keys.starter_uses(organisation_id, name), {"use_count": 1})


def use_counts(organisation_id: str, names: Iterable[str]) -> dict[str, int]:
    """How often each was deployed; those that never were are absent."""
    places = {keys.starter_uses(organisation_id, name): name for name in names}
    return {places[key]: int(item.get("use_count", 0)) for key, item in table.get_many(list(places)).items()}
