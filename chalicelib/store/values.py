"""Values of any size inside records: small ones as JSON text in the item, large ones as objects in S3.

JSON text, not DynamoDB maps: numbers keep their form, nesting has no limit of 32, and the size is known.
"""

import json
from typing import Final

from chalicelib.spec.model import Json
from chalicelib.store.blobs import Blob, json_text, load_json, put_json
from chalicelib.store.record import Record

INLINE_BYTES: Final = 16 * 1024


class Stored(Record):
    """Exactly one of both: `text` is the value as JSON, `blob` says where it lies."""

    text: str | None = None
    blob: Blob | None = None


def keep(organisation_id: str, folder: str, value: Json) -> Stored:
    """Make a value storable; writes to S3 when its JSON is more than INLINE_BYTES."""
    text = json_text(value)
    if len(text.encode()) <= INLINE_BYTES:
        return Stored(text=text)
    return Stored(blob=put_json(organisation_id, folder, value))


def load(organisation_id: str, stored: Stored | None) -> Json:
    """The value again; None for nothing stored."""
    if stored is None:
        return None
    if stored.blob is not None:
        return load_json(organisation_id, stored.blob)
    loaded: Json = json.loads(stored.text or "null")
    return loaded
