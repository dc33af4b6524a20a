"""Pointer records: what stands in a machine's state for a value that lies in S3, as the workers' payload contract says.

In: a JSON value and what must stay inline. Out: the value itself when it is small, else
`{"Pointer": {"key", "bytes", "sha256", "count", "lists"}, …kept fields nested}`; `lists` has the skeletons of lists that the machine iterates. An
item of such a list stands in the machine as the same pointer with `path`, where the item is in the value. `resolve` is the way back. Never: a pointer
of another organisation followed.
"""

import copy
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from chalicelib.errors import BlobMissing, OutputTooLarge
from chalicelib.settings import settings
from chalicelib.spec.model import Json, JsonObject
from chalicelib.store.blobs import Blob, json_text, load_json, put_json
from chalicelib.store.skeletons import LISTS, POINTER, WHOLE, kept, paths_of, skeletons
from chalicelib.store.walk import Path, walk

PATH: Final = "path"
MAX_STATE_BYTES: Final = 200 * 1024  # of the 256 KiB that a state may hold; the rest is the engine's wrapping
CACHED_BYTES: Final = 16 * 1024 * 1024  # a value above this is read anew for each of its items


def fit(organisation_id: str, value: Json, *, folder: str, inline_bytes: int, keep: Iterable[str] = ()) -> Json:
    """The value if its JSON takes at most `inline_bytes`, else a pointer record that keeps `keep` (see `skeletons`).

    `folder` groups objects, such as `runs/run_…/rank`. Raises OutputTooLarge when what must stay inline is more than a state can hold.
    """
    size = len(json_text(value).encode())
    if size <= inline_bytes:
        return value
    texts = tuple(keep)
    if WHOLE in texts:
        return _within_a_state(value, "the output")
    paths = paths_of(texts)
    lists = skeletons(value, paths)
    record = kept(value, paths)
    _within_a_state(record | ({LISTS: lists} if lists else {}), f"what the machine reads of the output ({', '.join(texts)})")
    blob = put_json(organisation_id, folder, value)
    pointer: JsonObject = blob.model_dump(mode="json", exclude={"schema_version"})
    return record | {POINTER: pointer | ({LISTS: lists} if lists else {})}


def resolve(organisation_id: str, value: Json) -> Json:
    """The whole value behind a pointer record; any other value as it is. Raises BlobMissing, BlobCorrupt."""
    pointer = _pointer_of(value)
    if pointer is None:
        return value
    path = _path_of(pointer)
    if not path:
        return load_json(organisation_id, _blob(pointer))
    whole = _loaded(organisation_id, _blob(pointer))
    return copy.deepcopy(walk(whole, path, follow=lambda met: resolve(organisation_id, met)))


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


def forged_in(value: Json) -> str | None:
    """Where something in a value from outside looks like a pointer record, as a JSON pointer; None: nowhere."""
    waiting: list[tuple[str, Json]] = [("", value)]
    while waiting:
        path, found = waiting.pop()
        if isinstance(found, dict):
            if isinstance(found.get(POINTER), dict):
                return path
            waiting += [(f"{path}/{name}", member) for name, member in found.items()]
        elif isinstance(found, list):
            waiting += [(f"{path}/{place}", item) for place, item in enumerate(found)]
    return None


def is_pointer(value: Json) -> bool:
    return _pointer_of(value) is not None


def size_of(value: Json) -> int | None:
    """The bytes of the value behind a pointer record; None for any other value, and for an item of a list, which nobody has measured."""
    blob = blob_of(value)
    return None if blob is None else blob.bytes


def blob_of(value: Json) -> Blob | None:
    """The blob that a pointer record stands for; None for any other value, and for an item of a list, which is only a part of one."""
    pointer = _pointer_of(value)
    return None if pointer is None or PATH in pointer else _blob(pointer)


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


def _path_of(pointer: JsonObject) -> Path:
    """Where in the blob the value stands. JSONata may count in floats."""
    path = pointer.get(PATH)
    steps = path if isinstance(path, list) else []
    return tuple(step if isinstance(step, str) else int(step) for step in steps if isinstance(step, str | int | float))


def _loaded(organisation_id: str, blob: Blob) -> Json:
    """The value that many items are of: loaded once per container, as long as it is not too large. Blobs never change."""
    if blob.bytes > CACHED_BYTES:
        return load_json(organisation_id, blob)
    return _cached(settings().bucket, organisation_id, blob.key, blob.sha256, blob.bytes)


@lru_cache(maxsize=2)
def _cached(bucket: str, organisation_id: str, key: str, sha256: str, size: int) -> Json:
    del bucket  # tells the same key of two deployments apart
    return load_json(organisation_id, Blob(key=key, bytes=size, sha256=sha256))
