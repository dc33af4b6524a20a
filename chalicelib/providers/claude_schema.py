"""JSON Schemas in the part of the language that Claude's structured output takes, at Anthropic's own API and on Bedrock.

In: a schema. Out: one that says the same in that part, or None where there is none: then the schema is asked for in words. Never loosens a schema.
"""

from typing import Any

from chalicelib.spec.model import Json, JsonObject


def strict_schema(schema: JsonObject) -> JsonObject | None:
    """The schema in the part of JSON Schema that Claude's structured output takes; None where it cannot say the same.

    Objects must be closed there: an open one, such as `{type: object}`, would come back empty.
    """
    if _is_open(schema):
        return None
    from anthropic import transform_schema

    try:
        strict: JsonObject = transform_schema(_without_type_lists(schema))
    except (ValueError, AssertionError, TypeError, AttributeError, RecursionError):
        return None
    return strict


def _is_open(schema: Json) -> bool:
    """Whether some part lets in what its own properties and items do not tell."""
    if not isinstance(schema, dict):
        return True
    kinds = schema.get("type")
    kinds = kinds if isinstance(kinds, list) else [kinds]
    if "$ref" in schema or "patternProperties" in schema or "prefixItems" in schema or "not" in schema or "if" in schema:
        return True
    if "object" in kinds and (not schema.get("properties") or schema.get("additionalProperties", False) is not False):
        return True
    if "array" in kinds and "items" not in schema:
        return True
    return any(_is_open(part) for part in _parts(schema))


def _parts(schema: JsonObject) -> list[Json]:
    properties = schema.get("properties")
    found = list(properties.values()) if isinstance(properties, dict) else []
    for name in ("anyOf", "oneOf", "allOf"):
        variants = schema.get(name)
        found.extend(variants if isinstance(variants, list) else [])
    return [*found, schema["items"]] if "items" in schema else found


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
