"""Answers that shall satisfy a schema."""

import pytest

from chalicelib.providers.structured import MAX_FAULTS, NotJson, is_open, read_json, repair_request, schema_faults, schema_instruction
from chalicelib.spec.model import Json, JsonObject


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"a": 1}', {"a": 1}),
        (" [1, 2]\n", [1, 2]),
        ('"word"', "word"),
        ('Here it is:\n```json\n{"a": 1}\n```\nDone.', {"a": 1}),
        ("```\n[1]\n```", [1]),
        ('The answer is {"a": {"b": 2}} as asked.', {"a": {"b": 2}}),
        ("a {broken} then [3]", [3]),
        ('{"a": NaN} or {"a": 1}', {"a": 1}),
    ],
)
def test_it_finds_the_json_of_an_answer(text: str, expected: Json) -> None:
    assert read_json(text) == expected


@pytest.mark.parametrize("text", ["", "no json at all", "{", "{'a': 1}", "[" * 5000])
def test_it_says_when_there_is_none(text: str) -> None:
    with pytest.raises(NotJson):
        read_json(text)


def test_it_names_each_fault_with_its_path() -> None:
    schema: JsonObject = {"type": "object", "properties": {"rows": {"type": "array", "items": {"type": "integer"}}}, "required": ["rows", "n"]}
    assert schema_faults({"rows": [1, "x"]}, schema) == ("the value: 'n' is a required property", "rows.1: 'x' is not of type 'integer'")
    assert schema_faults({"rows": [], "n": 1}, schema) == ()


def test_it_tells_only_the_first_faults() -> None:
    assert len(schema_faults(list("abcdefghijklmnop"), {"items": {"type": "integer"}})) == MAX_FAULTS


def test_it_asks_in_words() -> None:
    assert schema_instruction({"type": "object"}).endswith('{"type":"object"}')
    assert "- n: missing" in repair_request(("n: missing",))


@pytest.mark.parametrize(
    ("schema", "is_it"),
    [
        ({"type": "object", "properties": {"a": {"type": "string"}}}, False),
        ({"type": "object", "properties": {"a": {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "null"}}]}}}, False),
        ({"type": "object", "properties": {"a": {"type": ["array", "null"], "items": {"enum": [1]}}}}, False),
        ({"type": "object"}, True),
        ({"type": "object", "properties": {"a": {"type": "string"}}, "additionalProperties": True}, True),
        ({"type": "object", "properties": {"a": {"type": "array"}}}, True),
        ({"type": "object", "properties": {"a": True}}, True),
        ({"$ref": "#"}, True),
    ],
)
def test_it_knows_a_schema_that_lets_in_more_than_it_tells(schema: JsonObject, is_it: bool) -> None:
    assert is_open(schema) is is_it
