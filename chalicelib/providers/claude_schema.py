"""JSON Schemas in the part of the language that Claude's structured output takes, at Anthropic's own API and on Bedrock.

In: a schema. Out: one that says the same in that part, or None where there is none: then the schema is asked for in words. What only tells a value's
bounds goes into its description, as `anthropic.transform_schema` does; this is that function over again, because importing the SDK costs most of a
second, which a call of Bedrock need not pay. Never loosens a schema.
"""

from typing import Any, Final

from chalicelib.providers.structured import is_open
from chalicelib.spec.model import Json, JsonObject

_KINDS: Final = ("object", "array", "string", "integer", "number", "boolean", "null")
_FORMATS: Final = frozenset(("date-time", "time", "date", "duration", "email", "hostname", "uri", "ipv4", "ipv6", "uuid"))
_LEFT_OUT: Final = frozenset(("$schema", "$id", "$defs", "definitions"))  # nothing refers to a definition here


def strict_schema(schema: JsonObject) -> JsonObject | None:
    """The schema in the part of JSON Schema that Claude's structured output takes; None where it cannot say the same.

    Objects must be closed there: an open one, such as `{type: object}`, would come back empty.
    """
    try:
        return None if is_open(schema) else _strict(_without_type_lists(schema))
    except (ValueError, TypeError, AttributeError, RecursionError):
        return None


def _strict(schema: JsonObject) -> JsonObject:
    """Raises ValueError, TypeError or AttributeError for what is no schema, or none of a known type."""
    rest = {name: value for name, value in schema.items() if name not in _LEFT_OUT}
    kind = rest.pop("type", None)
    strict: JsonObject = {}
    for name in ("enum", "const"):
        if name in rest and _are_plain(rest[name]):
            strict[name] = rest.pop(name)
            kind = None
    variants = {name: rest.pop(name) for name in ("anyOf", "oneOf", "allOf") if name in rest}
    if variants:
        name, parts = next(iter(variants.items()))
        strict["allOf" if name == "allOf" else "anyOf"] = [_strict(part) for part in parts]  # type: ignore[union-attr,arg-type]
    elif not strict:
        if kind not in _KINDS:
            raise ValueError(kind)
        strict["type"] = kind
    strict |= {name: rest.pop(name) for name in ("description", "title") if name in rest}
    strict |= _of_kind(kind, rest)
    if rest:
        told = "{" + ", ".join(f"{name}: {value}" for name, value in rest.items()) + "}"
        strict["description"] = f"{strict['description']}\n\n{told}" if "description" in strict else told
    return strict


def _of_kind(kind: Json, rest: Any) -> JsonObject:
    """What a type says beside its name, taken out of `rest`."""
    match kind:
        case "object":
            rest.pop("additionalProperties", None)
            told: JsonObject = {"properties": {name: _strict(part) for name, part in rest.pop("properties").items()}, "additionalProperties": False}
            return told | {name: rest.pop(name) for name in ("required",) if name in rest}
        case "string" if rest.get("format") in _FORMATS:
            return {"format": rest.pop("format")}
        case "array":
            few = {"minItems": rest.pop("minItems")} if rest.get("minItems") in (0, 1) else {}
            return {"items": _strict(rest.pop("items")), **few}
        case _:
            return {}


def _are_plain(value: Json) -> bool:
    return all(not isinstance(part, (list, dict)) for part in (value if isinstance(value, list) else [value]))


def _without_type_lists(schema: Json) -> Any:
    """`type: [a, b]` as `anyOf`, which the SDK's own translation understands."""
    if isinstance(schema, list):
        return [_without_type_lists(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    kinds = schema.get("type")
    if isinstance(kinds, list) and "enum" not in schema:
        shared = {name: value for name, value in schema.items() if name in ("description", "title")}
        rest = {name: value for name, value in schema.items() if name not in ("type", "description", "title")}
        return shared | {"anyOf": [_without_type_lists({"type": kind, **(rest if kind != "null" else {})}) for kind in kinds]}
    return {name: _without_type_lists(value) for name, value in schema.items()}
