"""The values that a node's bindings read: pointers followed, then put into the authored texts.

In: a payload's `values`, by expression text. Out: the same without pointer records, and rendered bindings. Where a reference reads a field of an
output that lies in S3, the machine sends the pointer of the whole output, and the field is looked up here as JSONata would.
"""

from collections.abc import Mapping
from typing import Final

from chalicelib.spec.bindings import render_binding, render_text
from chalicelib.spec.expression import Expression, parse_expression
from chalicelib.spec.model import Json, JsonObject
from chalicelib.store.pointers import is_pointer, resolve_all
from chalicelib.workers.payload import PayloadInvalid, TaskPayload

Path = tuple[str | int, ...]
_ABSENT: Final = object()


def resolved(payload: TaskPayload) -> dict[str, Json]:
    """The payload's values, whole. Raises BlobMissing, BlobCorrupt."""
    return {text: _resolved(payload.organisation_id, text, value) for text, value in payload.values.items()}


def rendered(binding: Json, values: Mapping[str, Json]) -> Json:
    """The value of a binding. Raises PayloadInvalid where the payload lacks what it reads."""
    try:
        return render_binding(binding, values)
    except KeyError as error:
        raise PayloadInvalid(f"the payload has no value for {error}") from error


def rendered_text(binding: Json, values: Mapping[str, Json]) -> str:
    try:
        return render_text(binding, values)
    except KeyError as error:
        raise PayloadInvalid(f"the payload has no value for {error}") from error


def rendered_members(bindings: JsonObject, values: Mapping[str, Json]) -> JsonObject:
    """An object whose members are bindings each."""
    return {name: rendered(binding, values) for name, binding in bindings.items()}


def _resolved(organisation_id: str, text: str, value: Json) -> Json:
    whole = resolve_all(organisation_id, value)
    return walk(whole, _path_of(text)) if is_pointer(value) else whole


def _path_of(text: str) -> Path:
    """The fields that a plain reference reads; nothing for any other expression, of which the machine sends the value itself."""
    expression = parse_expression(text)
    plain = isinstance(expression, Expression) and expression.is_reference
    return expression.references[0].path if plain and isinstance(expression, Expression) else ()


def walk(value: Json, path: Path) -> Json:
    """What a path leads to, as in JSONata: fields of an array are those of its items, one alone stands for itself; null where it leads nowhere."""
    current: object = value
    for step in path:
        current = _index(current, step) if isinstance(step, int) else _field(current, step)
        if current is _ABSENT:
            return None
    return current  # type: ignore[return-value]  # what a walk in JSON finds is JSON


def _field(value: object, name: str) -> object:
    if isinstance(value, dict):
        return value.get(name, _ABSENT)
    if not isinstance(value, list):
        return _ABSENT
    found: list[object] = []
    for item in value:
        inner = _field(item, name)
        if inner is not _ABSENT:
            found.extend(inner if isinstance(inner, list) else [inner])
    return _ABSENT if not found else found[0] if len(found) == 1 else found


def _index(value: object, at: int) -> object:
    items = value if isinstance(value, list) else [value]
    return items[at] if -len(items) <= at < len(items) else _ABSENT
