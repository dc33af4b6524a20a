"""Schemas in OpenAI's strict mode."""

from typing import Any

import pytest

from chalicelib.providers.openai_schema import MAX_DEPTH, strict_schema
from chalicelib.spec.model import JsonObject


def holding(part: Any, *, required: bool = True) -> JsonObject:
    return {"type": "object", "properties": {"a": part}, "required": ["a"] if required else []}


def test_it_closes_objects_and_requires_every_property() -> None:
    schema: JsonObject = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "title": "Invoice",
        "properties": {
            "amount": {"type": "number", "minimum": 0, "default": 1},
            "note": {"type": ["string", "null"], "minLength": 2},
            "rows": {"type": "array", "minItems": 1, "items": {"type": "object", "properties": {"n": {"enum": [1, 2]}}, "required": ["n"]}},
            "kind": {"oneOf": [{"const": "a"}, {"type": "null"}]},
            "site": {"type": "string", "format": "uri", "description": "Where."},
            "day": {"anyOf": [{"type": "string", "format": "date"}, {"type": "null"}]},
        },
        "required": ["amount", "rows", "kind", "site"],
    }
    assert strict_schema(schema) == {
        "type": "object",
        "title": "Invoice",
        "properties": {
            "amount": {"type": "number", "minimum": 0},
            "note": {"type": ["string", "null"], "description": "(minLength: 2)"},
            "rows": {
                "type": "array",
                "minItems": 1,
                "items": {"type": "object", "properties": {"n": {"enum": [1, 2]}}, "required": ["n"], "additionalProperties": False},
            },
            "kind": {"anyOf": [{"const": "a"}, {"type": "null"}]},
            "site": {"type": "string", "description": "Where. (format: uri)"},
            "day": {"anyOf": [{"type": "string", "format": "date"}, {"type": "null"}]},
        },
        "required": ["amount", "note", "rows", "kind", "site", "day"],
        "additionalProperties": False,
    }


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "array", "items": {"type": "string"}},
        {"anyOf": [holding({"type": "string"})]},
        {"type": "object"},
        holding({"type": "string"}, required=False),
        holding({"anyOf": [{"type": "string"}]}, required=False),
        holding({"enum": ["a"]}, required=False),
        holding({"type": "object"}),
        holding({}),
        holding(True),
        holding(True, required=False),
        holding({"description": "anything"}),
        holding({"allOf": [{"type": "string"}]}),
        holding({"type": "string", "contentMediaType": "text/html"}),
        holding({"anyOf": {"type": "string"}}),
        holding({"anyOf": [{"type": "string"}], "oneOf": [{"type": "string"}]}),
        {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a", "b"]},
        {"type": "object", "properties": {"a": {"type": "string"}}, "required": "a"},
        {"type": "object", "properties": [1]},
    ],
)
def test_it_does_not_say_what_strict_mode_cannot(schema: JsonObject) -> None:
    assert strict_schema(schema) is None


def test_it_goes_no_deeper_than_the_api() -> None:
    deep: JsonObject = {"type": "string"}
    for _ in range(MAX_DEPTH - 1):
        deep = holding(deep)
    assert strict_schema(deep) is not None
    assert strict_schema(holding(deep)) is None
