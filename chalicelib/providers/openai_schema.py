"""JSON Schemas in the strict mode of OpenAI's structured output and tools.

In: a JSON Schema. Out: the same in the part of it that strict mode takes, or None where strict mode cannot say the same: then the vendor is given
the schema as it is, without strictness, and every answer is checked against the whole schema anyway. In strict mode objects are closed and every
property is required, so a property that may be left out is one that strict mode cannot say, unless it may be null. Rules: OpenAI's guide to
structured outputs, "Supported schemas". What strict mode has no keyword for (`minLength`) becomes words in the description.
"""

from typing import Final

from chalicelib.providers.structured import is_open
from chalicelib.spec.model import Json, JsonObject

MAX_DEPTH: Final = 10
_KEPT: Final = frozenset(
    ("type", "enum", "const", "title", "description", "pattern", "format", "multipleOf", "minimum", "maximum", "exclusiveMinimum")
) | {"exclusiveMaximum", "minItems", "maxItems"}
_SAID: Final = ("minLength", "maxLength", "uniqueItems", "minProperties", "maxProperties")
_NESTED: Final = frozenset(("properties", "required", "additionalProperties", "items", "anyOf", "oneOf"))
_TOLD: Final = frozenset(("default", "examples", "$schema", "$id", "$comment", "deprecated", "readOnly", "writeOnly"))  # limits nothing
_FORMATS: Final = frozenset(("date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid"))


class _NotStrict(ValueError):  # noqa: N818  (never leaves this module)
    """A part that strict mode cannot say."""


def strict_schema(schema: JsonObject) -> JsonObject | None:
    """The schema for strict mode; None where it would mean something else there. The root must be an object."""
    try:
        return None if schema.get("type") != "object" or is_open(schema) else _part(schema, MAX_DEPTH)
    except (_NotStrict, RecursionError):
        return None


def _part(schema: Json, depth: int) -> JsonObject:
    if not isinstance(schema, dict) or depth == 0 or not {"type", "enum", "const", "anyOf", "oneOf"} & set(schema):
        raise _NotStrict
    if set(schema) - _KEPT - _NESTED - _TOLD - set(_SAID):
        raise _NotStrict
    strict: JsonObject = {name: value for name, value in schema.items() if name in _KEPT}
    words = [f"{name}: {schema[name]}" for name in _SAID if name in schema]
    if strict.get("format", "date") not in _FORMATS:
        words.append(f"format: {strict.pop('format')}")
    if words:
        strict["description"] = " ".join(filter(None, [str(schema.get("description", "")), f"({', '.join(words)})"]))
    return strict | _nested(schema, depth - 1)


def _nested(schema: JsonObject, depth: int) -> JsonObject:
    nested: JsonObject = {}
    if "properties" in schema:
        nested |= _properties(schema, depth)
    if "items" in schema:
        nested["items"] = _part(schema["items"], depth)
    variants = schema.get("anyOf", schema.get("oneOf"))  # an answer that fits two variants of `oneOf` is found by the check of the answer
    if variants is not None:
        if not isinstance(variants, list) or ("anyOf" in schema and "oneOf" in schema):
            raise _NotStrict
        nested["anyOf"] = [_part(variant, depth + 1) for variant in variants]
    return nested


def _properties(schema: JsonObject, depth: int) -> JsonObject:
    properties, required = schema["properties"], schema.get("required", [])
    if not isinstance(properties, dict) or not isinstance(required, list) or set(map(str, required)) - set(properties):
        raise _NotStrict
    if not all(name in required or _may_be_null(part) for name, part in properties.items()):
        raise _NotStrict
    parts: JsonObject = {name: _part(part, depth) for name, part in properties.items()}
    return {"properties": parts, "required": list(parts), "additionalProperties": False}


def _may_be_null(schema: Json) -> bool:
    assert isinstance(schema, dict)  # anything else is open
    kinds, variants = schema.get("type"), schema.get("anyOf", [])
    if isinstance(kinds, list):
        return "null" in kinds
    return kinds == "null" or (isinstance(variants, list) and any(map(_may_be_null, variants)))
