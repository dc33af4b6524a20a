"""Pointer records: what stands in a machine's state for a value that lies in S3, as the workers' payload contract says.

In: a JSON value and what must stay inline. Out: the value itself when it is small, else
`{"Pointer": {"key", "bytes", "sha256", "count"}, …kept fields nested}`. `resolve` is the way back. Never: a pointer of another organisation followed.
"""

from collections.abc import Iterable
from typing import Final

from chalicelib.errors import BlobMissing, OutputTooLarge
from chalicelib.spec.model import Json, JsonObject
from chalicelib.store.blobs import Blob, json_text, load_json, put_json

POINTER: Final = "Pointer"
WHOLE: Final = "*"
MAX_STATE_BYTES: Final = 200 * 1024  # of the 256 KiB that a state may hold; the rest is the engine's wrapping


def fit(organisation_id: str, value: Json, *, folder: str, inline_bytes: int, keep: Iterable[str] = ()) -> Json:
    """The value if its JSON takes at most `inline_bytes`, else a pointer record that keeps the fields `keep` (dotted paths; `*` keeps all inline).

    `folder` groups objects, such as `runs/run_…/rank`. Raises OutputTooLarge when what must stay inline is more than a state can hold.
    """
    size = len(json_text(value).encode())
    if size <= inline_bytes:
        return value
    paths = tuple(keep)
    if WHOLE in paths:
        return _within_a_state(value, "the output")
    record = _kept(value, paths)
    _within_a_state(record, f"what the machine reads of the output ({', '.join(paths)})")
    blob = put_json(organisation_id, folder, value)
    return record | {POINTER: blob.model_dump(mode="json", exclude={"schema_version"})}


def resolve(organisation_id: str, value: Json) -> Json:
    """The whole value behind a pointer record; any other value as it is. Raises BlobMissing, BlobCorrupt."""
    pointer = _pointer_of(value)
    return value if pointer is None else load_json(organisation_id, _blob(pointer))


def resolve_all(organisation_id: str, value: Json) -> Json:
    """A value with every pointer record inside it resolved: a run's output may hold outputs of nodes."""
    match value:
        case dict() if is_pointer(value):
            return resolve_all(organisation_id, resolve(organisation_id, value))
        case dict():
            return {name: resolve_all(organisation_id, member) for name, member in value.items()}
        case list():
            return [resolve_all(organisation_id, member) for member in value]
        case _:
            return value


def is_pointer(value: Json) -> bool:
    return _pointer_of(value) is not None


def size_of(value: Json) -> int | None:
    """The bytes of the value behind a pointer record; None for any other value."""
    pointer = _pointer_of(value)
    return None if pointer is None else _blob(pointer).bytes


def _pointer_of(value: Json) -> JsonObject | None:
    pointer = value.get(POINTER) if isinstance(value, dict) else None
    return pointer if isinstance(pointer, dict) and isinstance(pointer.get("key"), str) else None


def _blob(pointer: JsonObject) -> Blob:
    try:
        return Blob.model_validate(pointer)
    except ValueError as fault:
        raise BlobMissing("a pointer record without a whole pointer") from fault


def _within_a_state(value: Json, what: str) -> JsonObject:
    size = len(json_text(value).encode())
    if size > MAX_STATE_BYTES:
        raise OutputTooLarge(f"{what} takes {size} bytes; a state can hold {MAX_STATE_BYTES}")
    return value  # type: ignore[return-value]


def _kept(value: Json, paths: Iterable[str]) -> JsonObject:
    record: JsonObject = {}
    for path in paths:
        _keep_one(value, record, path.split("."))
    return record


def _keep_one(value: Json, record: JsonObject, names: list[str]) -> None:
    """Copy one field into the record; where the value has no such field there is nothing to keep."""
    if not isinstance(value, dict) or names[0] not in value:
        return
    field = value[names[0]]
    if len(names) == 1:
        record[names[0]] = field
        return
    inner = record.get(names[0])
    kept: JsonObject = dict(inner) if isinstance(inner, dict) else {}
    _keep_one(field, kept, names[1:])
    if kept:
        record[names[0]] = kept
