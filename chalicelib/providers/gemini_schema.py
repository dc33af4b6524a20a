"""The part of JSON Schema that Gemini's structured output takes.

In: a JSON Schema. Out: one that asks for the same in that part, or None where it cannot (the schema then goes into words). Constraints that Gemini
does not know go into descriptions: answers are checked again anyway. Never lets go of what gives a value its shape.
"""

import json
from typing import Final

from chalicelib.spec.model import Json, JsonObject

_TAKEN: Final = frozenset((
    "type", "format", "title", "description", "enum", "items", "prefixItems", "minItems", "maxItems", "minimum", "maximum", "anyOf", "properties",
    "additionalProperties", "required",
))  # fmt: skip
_SAID: Final = frozenset((
    "pattern", "minLength", "maxLength", "uniqueItems", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minProperties", "maxProperties",
))  # fmt: skip
_SILENT: Final = frozenset((
    "default", "examples", "$schema", "$id", "$comment", "deprecated", "readOnly", "writeOnly", "contentEncoding", "contentMediaType",
))  # fmt: skip


class _Inexpressible(Exception):  # noqa: N818  (never leaves this module)
    pass


def expressible(schema: JsonObject) -> JsonObject | None:
    """The schema for `response_json_schema`; None where words must do."""
    try:
        return _written(schema)
    except (_Inexpressible, RecursionError):
        return None


def _written(schema: Json) -> JsonObject:
    if not isinstance(schema, dict) or not schema.keys() & {"type", "enum", "const", "anyOf", "oneOf"}:
        raise _Inexpressible
    written: JsonObject = {}
    said: list[str] = []
    for name, value in schema.items():
        if name in _TAKEN or name == "oneOf":  # Gemini reads oneOf as anyOf
            written["anyOf" if name == "oneOf" else name] = _value(name, value)
        elif name == "const":
            written["enum"] = [value]
        elif name in _SAID:
            said.append(f"{name}: {json.dumps(value, ensure_ascii=False)}")
        elif name not in _SILENT:  # $ref, allOf, not, if, patternProperties, …
            raise _Inexpressible
    if said:
        written["description"] = " ".join(filter(None, (str(schema.get("description", "")), f"({', '.join(said)})")))
    return _shaped(written)


def _value(name: str, value: Json) -> Json:
    match name, value:
        case "properties", dict():
            return {key: _written(part) for key, part in value.items()}
        case ("items", dict()) | ("additionalProperties", dict()):
            return _written(value)
        case (("anyOf" | "oneOf" | "prefixItems"), list()):
            return [_written(part) for part in value]
        case _:
            return value


def _shaped(written: JsonObject) -> JsonObject:
    """Raises where the values that are let in are open: Gemini would give empty ones, or none of the kind."""
    kinds = written.get("type")
    kinds = kinds if isinstance(kinds, list) else [kinds]
    options = written.get("enum")
    if isinstance(options, list) and not all(isinstance(option, str | int | float) and not isinstance(option, bool) for option in options):
        raise _Inexpressible
    if "object" in kinds and not written.get("properties"):
        raise _Inexpressible
    if "array" in kinds and "items" not in written and "prefixItems" not in written:
        raise _Inexpressible
    return written
