"""The input fields that a workflow lets its runs be found by: at most eight paths, each to a single value.

In: an input, or its schema. Out: a field's types; the values by path, as texts. Numbers are written as JSON writes them, whole ones without a point,
so that 12 and 12.0 are found alike. What is absent or null is not found by.
"""

from typing import Final

from chalicelib.spec.canonical import canonical_json
from chalicelib.spec.model import Json, JsonObject
from chalicelib.spec.schema_fields import field, json_types

INDEXABLE: Final = frozenset({"boolean", "number", "string"})


def field_of(schema: JsonObject, path: str) -> frozenset[str] | None:
    """The types that the schema allows at a path; None where it has no such field."""
    answer = field(schema, tuple(path.split(".")), defaults_filled=True)
    return None if answer.is_absent else json_types(answer.schema)


def is_always_there(schema: JsonObject, path: str) -> bool:
    """Whether every input has a value at the path."""
    return not field(schema, tuple(path.split(".")), defaults_filled=True).optional


def indexed_value(given: Json, path: str) -> str | None:
    """The value at a path, as text; None where there is no single one."""
    for name in path.split("."):
        given = given.get(name) if isinstance(given, dict) else None
    return scalar_text(given)


def scalar_text(value: Json) -> str | None:
    match value:
        case bool():
            return canonical_json(value)
        case float() if value.is_integer():
            return str(int(value))
        case int() | float():
            return canonical_json(value)
        case str():
            return value
        case _:
            return None
