"""What a pointer record keeps of a value beside its place in S3: fields that a machine reads, and skeletons of lists that it iterates.

In: a value and paths in the words of a worker's payload: `best.name` is a field, `*` the whole value, `rows[]` a list that a map iterates (`[]`: the
value itself is the list), `rows[].name` a field of its items that the machine reads. Out: `kept`, the fields as they are nested in the value, and
`skeletons` by the list's path: its length, or for each item the fields that are read. Never: a whole list where its skeleton is enough.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from chalicelib.spec.model import Json, JsonObject
from chalicelib.store.walk import listed, walk

WHOLE: Final = "*"
POINTER: Final = "Pointer"
LISTS: Final = "lists"
_EACH: Final = "[]"

Names = tuple[str, ...]


def paths_of(keep: Iterable[str]) -> tuple[Names, ...]:
    """The paths, without those inside another one that is kept whole. `[]` is a step of its own."""
    paths = dict.fromkeys(_path(text) for text in keep)
    return tuple(path for path in paths if not any(path[:length] in paths for length in range(len(path)) if path[length - 1 : length] != (_EACH,)))


def kept(value: Json, paths: Iterable[Names]) -> JsonObject:
    """The fields, without lists that are iterated; where the value has no such field there is nothing to keep."""
    record: JsonObject = {}
    for path in paths:
        if _EACH not in path:
            _keep_one(value, record, path)
    return record


def skeletons(value: Json, paths: Iterable[Names]) -> JsonObject:
    """By each list's path, dotted, `*` for the value itself; nothing for a list that is not there."""
    found: dict[Names, list[Names]] = {}
    for path in paths:
        if _EACH in path:
            at = path.index(_EACH)
            found.setdefault(path[:at], []).append(path[at + 1 :])
    items = {names: walk(value, names) for names in found}
    return {".".join(names) or WHOLE: _skeleton(listed(items[names]), inner) for names, inner in found.items() if items[names] is not None}


def _path(text: str) -> Names:
    if text == WHOLE:
        return ()
    names: list[str] = []
    for name in text.split("."):
        bare = name.removesuffix(_EACH)
        names.extend(([bare] if bare else []) + ([_EACH] if bare != name else []))
    return tuple(names)


def _skeleton(items: Sequence[Json], inner: list[Names]) -> Json:
    wanted = [path for path in inner if path]
    return [_item(item, wanted) for item in items] if wanted else len(items)


def _item(item: Json, wanted: list[Names]) -> Json:
    """What is read of one item; an item that is a pointer record has that with it."""
    if not isinstance(item, dict) or POINTER in item:
        return item if isinstance(item, dict) else {}
    lists = skeletons(item, wanted)
    return kept(item, wanted) | ({POINTER: {LISTS: lists}} if lists else {})


def _keep_one(value: Json, record: JsonObject, names: Names) -> None:
    """Copy one field into the record. Of a list, what JSONata reads there."""
    name, rest = names[0], names[1:]
    if isinstance(value, list):
        _put(walk(value, names), record, names)
    elif isinstance(value, dict) and name in value:
        field, before = value[name], record.get(name)
        if not rest:
            record[name] = field
        elif isinstance(field, list):
            record[name] = _merged(before, [_of_item(item, rest) for item in field])
        else:
            inner: JsonObject = dict(before) if isinstance(before, dict) else {}
            _keep_one(field, inner, rest)
            record |= {name: inner} if inner else {}


def _of_item(item: Json, names: Names) -> Json:
    inner: JsonObject = {}
    _keep_one(item, inner, names)
    return inner


def _merged(before: Json, items: list[Json]) -> Json:
    """Two fields of the items of one list."""
    if not isinstance(before, list) or len(before) != len(items):
        return items
    return [{**old, **new} if isinstance(old, dict) and isinstance(new, dict) else new for old, new in zip(before, items, strict=True)]


def _put(found: Json, record: JsonObject, names: Names) -> None:
    """Put what a list's items have below these names, as if the list were one object."""
    if found is None:
        return
    for name in names[:-1]:
        inner = record.setdefault(name, {})
        assert isinstance(inner, dict)  # nothing whole is kept around another field
        record = inner
    record[names[-1]] = found
