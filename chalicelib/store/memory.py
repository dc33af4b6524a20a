"""The key-value memory that `kv.get` and `kv.put` are handed: one value per namespace and key."""

from chalicelib.clock import now_text
from chalicelib.spec.model import Json
from chalicelib.store import keys, table
from chalicelib.store.items import item_of, record_of
from chalicelib.store.record import Record
from chalicelib.store.values import Stored, keep, load


class Remembered(Record):
    """A value and when it was put."""

    value: Stored
    put_at: str


def recall(organisation_id: str, namespace: str, key: str) -> Json:
    """The value; None when nothing was put."""
    item = table.get(keys.memory(organisation_id, namespace, key))
    return load(organisation_id, record_of(Remembered, item).value) if item else None


def remember(organisation_id: str, namespace: str, key: str, value: Json) -> None:
    """Put a value; the last one stays. Putting the same twice is harmless."""
    stored = keep(organisation_id, f"memory/{namespace}", value)
    table.write(table.put(item_of(Remembered(value=stored, put_at=now_text()), keys.memory(organisation_id, namespace, key))))
