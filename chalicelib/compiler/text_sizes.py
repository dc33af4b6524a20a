"""How many bytes a text or a value may have, by what is written and what schemas declare.

In: a binding with the schema of each value that it reads, or a JSON Schema. Out: `OpenRange` of bytes of UTF-8 (of JSON text for values). Where a
schema does not bound a value it has no upper end.
"""

from collections.abc import Callable
from typing import Final

from chalicelib.compiler.ranges import OpenRange, Range
from chalicelib.spec.bindings import Binding, Literal, Text, Value
from chalicelib.spec.canonical import canonical_json
from chalicelib.spec.expression import Expression
from chalicelib.spec.model import Json, JsonObject
from chalicelib.spec.schema_fields import json_types

_CHARACTER: Final = 6  # bytes of one character of a text in JSON: as an escape
_NUMBER: Final = 25  # bytes of a number as JSON writes it
_DEPTH: Final = 16
_SMALLEST: Final = {"null": 4, "boolean": 4, "number": 1, "string": 2, "array": 2, "object": 2}
_LARGEST: Final = {"null": 4, "boolean": 5, "number": _NUMBER}
SchemaOf = Callable[[Expression], JsonObject]


def text_bytes(binding: Binding | None, schema_of: SchemaOf) -> OpenRange:
    """Of a text as its worker renders it. What is absent is rendered as nothing."""
    match binding:
        case Literal(value):
            size = len((value if isinstance(value, str) else canonical_json(value)).encode())
            return OpenRange(size, size)
        case Text(parts):
            return _sum([_part(part, schema_of) for part in parts])
        case Value(expression):
            return _part(expression, schema_of)
        case None:
            return OpenRange(0, 0)
        case _:
            return OpenRange(0, None)


def _part(part: str | Expression, schema_of: SchemaOf) -> OpenRange:
    if isinstance(part, str):
        size = len(part.encode())
        return OpenRange(size, size)
    return OpenRange(0, json_bytes(schema_of(part)).most)


def json_bytes(schema: Json, depth: int = _DEPTH) -> OpenRange:
    """Of a value's JSON text, without blanks."""
    if not isinstance(schema, dict) or not depth:
        return OpenRange(1, None)
    fixed = _fixed(schema)
    if fixed is not None:
        sizes = [len(canonical_json(value).encode()) for value in fixed]
        return OpenRange(min(sizes), max(sizes))
    types = json_types(schema)
    ranges = [_of_type(name, schema, depth) for name in sorted(types)]
    mosts = [found.most for found in ranges]
    return OpenRange(min((found.least for found in ranges), default=1), None if None in mosts or not mosts else max(most or 0 for most in mosts))


def _fixed(schema: JsonObject) -> list[Json] | None:
    """The values that it may have, where it names them."""
    if "const" in schema:
        return [schema["const"]]
    values = schema.get("enum")
    return values if isinstance(values, list) and values else None


def _of_type(name: str, schema: JsonObject, depth: int) -> OpenRange:
    match name:
        case "string":
            longest = _count(schema, "maxLength")
            return OpenRange(2 + (_count(schema, "minLength") or 0), None if longest is None else 2 + _CHARACTER * longest)
        case "array":
            return _of_list(schema, depth)
        case "object":
            return _of_object(schema, depth)
        case _:
            return OpenRange(_SMALLEST[name], _LARGEST[name])


def _of_list(schema: JsonObject, depth: int) -> OpenRange:
    item, least, most = json_bytes(schema.get("items"), depth - 1), _count(schema, "minItems") or 0, _count(schema, "maxItems")
    items = OpenRange(item.least + 1, None if item.most is None else item.most + 1).times(Range(least, 1 if most is None else most))
    return OpenRange(2 + items.least, None if most is None or items.most is None else 2 + items.most)


def _of_object(schema: JsonObject, depth: int) -> OpenRange:
    properties = schema.get("properties")
    members = properties if isinstance(properties, dict) else {}
    required = schema.get("required")
    names = {name for name in required if isinstance(name, str)} if isinstance(required, list) else set()
    sizes = {name: _sum([_member(name), json_bytes(member, depth - 1)]) for name, member in members.items()}
    least = sum(found.least for name, found in sizes.items() if name in names)
    is_closed = schema.get("additionalProperties") is False
    whole = _sum([OpenRange(2, 2 if is_closed else None), *sizes.values()])
    return OpenRange(2 + least, whole.most)


def _member(name: str) -> OpenRange:
    """`"name":` and a comma."""
    size = len(canonical_json(name).encode())
    return OpenRange(size + 1, size + 2)


def _sum(ranges: list[OpenRange]) -> OpenRange:
    most = None if any(found.most is None for found in ranges) else sum(found.most or 0 for found in ranges)
    return OpenRange(sum(found.least for found in ranges), most)


def _count(schema: JsonObject, name: str) -> int | None:
    value = schema.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) else None
