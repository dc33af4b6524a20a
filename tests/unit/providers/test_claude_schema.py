"""JSON Schemas for Claude's structured output."""

from typing import Any

import pytest
from anthropic import transform_schema

from chalicelib.providers.claude_schema import strict_schema

NUMBER = {"type": "object", "properties": {"n": {"type": "number"}}}


def closed(part: Any, **more: Any) -> Any:
    return {"type": "object", "properties": {"a": part}, "required": ["a"], "additionalProperties": False, **more}


@pytest.mark.parametrize(
    "schema",
    [
        closed({"type": "number", "minimum": 0, "maximum": 9}),
        closed({"type": "integer", "description": "a count", "multipleOf": 2}, title="T", description="D", minProperties=1),
        closed({"enum": ["a", 1, None, True]}),
        closed({"type": "string", "enum": ["a", "b"], "description": "kind"}),
        closed({"const": "x"}),
        closed({"type": "string", "format": "date-time"}),
        closed({"type": "string", "pattern": "^\\+", "format": "phone"}),
        closed({"type": "boolean"}),
        closed({"type": "null"}),
        closed({"type": "array", "items": {"type": "string", "minLength": 1}, "minItems": 1, "maxItems": 5}),
        closed({"type": "array", "items": NUMBER, "minItems": 2}),
        closed({"anyOf": [{"type": "string"}, NUMBER], "default": "x"}),
        closed({"oneOf": [{"type": "string"}, {"type": "null"}]}),
        closed({"allOf": [NUMBER, {"type": "object", "properties": {"m": {"type": "string"}}}]}),
    ],
)
def test_it_says_what_the_sdks_own_translation_says(schema: Any) -> None:
    assert strict_schema(schema) == transform_schema(schema)


def test_it_leaves_out_what_nothing_refers_to() -> None:
    schema = closed({"type": "string"}, **{"$schema": "https://json-schema.org/draft/2020-12/schema", "$defs": {"x": {"type": "string"}}})
    assert strict_schema(schema) == closed({"type": "string"})


@pytest.mark.parametrize(
    "part", [{"enum": [["a"]]}, {"type": "date"}, {"anyOf": 3}, {"enum": [{}], "type": "text"}, {"type": "object", "properties": 3}]
)
def test_it_gives_up_on_what_it_does_not_know(part: Any) -> None:
    assert strict_schema(closed(part)) is None


def test_it_changes_nothing_of_the_schema_it_is_given() -> None:
    schema = closed({"type": "string", "pattern": "x"})
    assert strict_schema(schema) is not None
    assert schema == closed({"type": "string", "pattern": "x"})
