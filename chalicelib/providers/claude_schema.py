"""JSON Schemas in the part of the language that Claude's structured output takes, at Anthropic's own API and on Bedrock.

In: a schema. Out: one that says the same in that part, or None where there is none: then the schema is asked for in words. Never loosens a schema.
"""

from typing import Any

from chalicelib.providers.structured import is_open
from chalicelib.spec.model import Json, JsonObject


def strict_schema(schema: JsonObject) -> JsonObject | None:
    """The schema in the part of JSON Schema that Claude's structured output takes; None where it cannot say the same.

    Objects must be closed there: an open one, such as `{type: object}`, would come back empty.
    """
    if is_open(schema):
        return None
    from anthropic import transform_schema

    try:
        strict: JsonObject = transform_schema(_without_type_lists(schema))
    except (ValueError, AssertionError, TypeError, AttributeError, RecursionError):
        return None
    return strict


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
