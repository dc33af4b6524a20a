import pytest

from chalicelib.compiler.ranges import OpenRange, Range
from chalicelib.compiler.text_sizes import json_bytes, text_bytes
from chalicelib.spec.bindings import parse_binding
from chalicelib.spec.model import Json, JsonObject


@pytest.mark.parametrize(
    ("schema", "least", "most"),
    [
        ({"type": "boolean"}, 4, 5),
        ({"type": "null"}, 4, 4),
        ({"type": "number"}, 1, 25),
        ({"const": "abc"}, 5, 5),
        ({"enum": ["a", "abcd"]}, 3, 6),
        ({"type": "string"}, 2, None),
        ({"type": "string", "minLength": 3, "maxLength": 10}, 5, 62),
        ({"type": "array", "items": {"type": "boolean"}}, 2, None),
        ({"type": "array", "items": {"type": "boolean"}, "minItems": 1, "maxItems": 3}, 7, 20),
        ({"type": "array", "maxItems": 0}, 2, 2),
        ({"type": "object", "properties": {"a": {"type": "boolean"}}, "required": ["a"], "additionalProperties": False}, 10, 12),
        ({"type": "object", "properties": {"a": {"type": "boolean"}}}, 2, None),
        ({"type": "object", "additionalProperties": False, "required": "a"}, 2, 2),
        ({"type": ["boolean", "null"]}, 4, 5),
        ({}, 1, None),
        (True, 1, None),
        ({"type": "string", "maxLength": True}, 2, None),
        ({"enum": []}, 1, None),
    ],
)
def test_it_bounds_a_value_by_its_schema(schema: Json, least: int, most: int | None) -> None:
    assert json_bytes(schema) == OpenRange(least, most)


def test_it_gives_up_on_what_is_nested_too_deeply() -> None:
    schema: JsonObject = {"type": "boolean"}
    for _ in range(20):
        schema = {"type": "array", "items": schema, "maxItems": 1}
    assert json_bytes(schema).most is None


@pytest.mark.parametrize(
    ("written", "least", "most"),
    [
        ("héllo", 6, 6),
        (12, 2, 2),
        ("in {{ $context.a }}", 3, 8),
        ("$context.a", 0, 5),
        ({"a": "$context.a"}, 0, None),
        (["b"], 5, 5),
    ],
)
def test_it_bounds_a_text_by_what_it_reads(written: Json, least: int, most: int | None) -> None:
    assert text_bytes(parse_binding(written), lambda _: {"type": "boolean"}) == OpenRange(least, most)


def test_it_counts_an_absent_text_as_nothing() -> None:
    assert text_bytes(None, lambda _: {}) == OpenRange(0, 0)


def test_it_knows_what_lies_in_a_range() -> None:
    assert 3 in OpenRange(3, None)
    assert 2 not in OpenRange(3, None)
    assert 5 not in OpenRange(3, 4)
    assert OpenRange(3, None).times(Range(0, 0)) == OpenRange(0, 0)
