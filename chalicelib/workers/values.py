"""The values that a node's bindings read: pointers followed, then put into the authored texts.

In: a payload's `values`, by expression text. Out: the same without pointer records, and rendered bindings. Where a reference reads a field of an
output that lies in S3, the machine sends the pointer of the whole output, and the field is looked up here as JSONata would. Where it reads through a
value that holds such outputs, the machine sends `{"Pointer": {"inline": <that value>, "read": <the path in it>}}`.
"""

from collections.abc import Mapping
from typing import Final

from chalicelib.spec.bindings import render_binding, render_text
from chalicelib.spec.expression import Expression, parse_expression
from chalicelib.spec.model import Json, JsonObject
from chalicelib.store.pointers import is_pointer, resolve_all
from chalicelib.store.skeletons import POINTER
from chalicelib.store.walk import Path, walk
from chalicelib.workers.payload import PayloadInvalid, TaskPayload

READ: Final = "read"
INLINE: Final = "inline"


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
    held = _held(value)
    if held is not None:
        return walk(resolve_all(organisation_id, held[0]), held[1])
    whole = resolve_all(organisation_id, value)
    return walk(whole, _path_of(text)) if is_pointer(value) else whole


def _held(value: Json) -> tuple[Json, Path] | None:
    """A value with pointer records in it, and the path that is read there."""
    pointer = value.get(POINTER) if isinstance(value, dict) else None
    if not isinstance(pointer, dict) or INLINE not in pointer:
        return None
    path = pointer.get(READ)
    steps = path if isinstance(path, list) else []
    return pointer[INLINE], tuple(step if isinstance(step, str) else int(step) for step in steps if isinstance(step, str | int | float))


def _path_of(text: str) -> Path:
    """The fields that a plain reference reads; nothing for any other expression, of which the machine sends the value itself."""
    expression = parse_expression(text)
    plain = isinstance(expression, Expression) and expression.is_reference
    return expression.references[0].path if plain and isinstance(expression, Expression) else ()
