"""A field that may outgrow its item: kept in S3, with its place in the item, when it does.

In: an item with the field as text. Out: the item as it is stored, and back. An item of the table holds 400 KB.
"""

from typing import Final

from chalicelib.store.blobs import Blob, load_json, put_json
from chalicelib.store.items import Item

INLINE_BYTES: Final = 128 * 1024


def pack(organisation_id: str, item: Item, field: str, *, folder: str) -> Item:
    """The item, with a large text moved to S3."""
    text: str = item[field]
    if len(text.encode()) <= INLINE_BYTES:
        return item
    blob = put_json(organisation_id, folder, text)
    rest = {name: value for name, value in item.items() if name != field}
    return rest | {f"{field}_blob": blob.model_dump(mode="json")}


def unpack(organisation_id: str, item: Item, field: str) -> Item:
    """The item with its text again."""
    place = item.get(f"{field}_blob")
    return item if place is None else item | {field: load_json(organisation_id, Blob.model_validate(place))}
