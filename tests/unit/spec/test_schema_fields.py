"""Questions to a schema."""

import pytest

from chalicelib.spec.model import Json, JsonObject
from chalicelib.spec.schema_fields import ALL_TYPES, field, json_types, resolve, value_schema

TEXT: JsonObject = {"type": "string"}


def obj(required: str = "", /, **properties: Json) -> JsonObject:
    names: list[Json] = list(required.split())
    return {"type": "object", "properties": properties, "required": names}


def answer(schema: JsonObject, *path: str | int) -> str:
    """`found`, `absent` or `unknown`; `?` where it may be missing, `~` where it may be null."""
    got = field(schema, path)
    return got.presence.value + ("?" if got.missing else "~" if got.optional else "")


@pytest.mark.parametrize(
    ("schema", "path", "expected"),
    [
        (obj("a", a=TEXT), ("a",), "found"),
        (obj(a=TEXT), ("a",), "found?"),
        (obj(a=TEXT), ("b",), "absent?"),
        (obj("a", a={}), ("a",), "found~"),
        (obj("a", a={"type": ["string", "null"]}), ("a",), "found~"),
        (obj("a", a={"type": ["object", "null"], "properties": {"b": TEXT}, "required": ["b"]}), ("a", "b"), "found?"),
        (obj("a", a=obj("b", b=TEXT)), ("a", "b"), "found"),
        (obj("a", a=obj("b", b=TEXT)), ("a", "c"), "absent?"),
        (obj("a", a=TEXT), ("a", "b"), "absent?"),
        (obj("a", a=False), ("a",), "absent?"),
        (obj("a", a=True), ("a", "b"), "unknown?"),
        ({"type": "object"}, ("a",), "unknown?"),
        ({}, ("a",), "unknown?"),
        ({}, (0,), "unknown?"),
        ({}, (), "found~"),
        ({"type": "object", "additionalProperties": False}, ("a",), "absent?"),
        ({"type": "object", "additionalProperties": TEXT}, ("a",), "found?"),
        ({"type": "object", "properties": {"a": TEXT}, "additionalProperties": True}, ("b",), "found?"),
        ({"type": "object", "patternProperties": {"^x_": TEXT}, "additionalProperties": False}, ("x_a",), "found?"),
        ({"type": "object", "patternProperties": {"^x_": TEXT}, "additionalProperties": False}, ("a",), "absent?"),
        ({"type": "array", "items": obj("a", a=TEXT)}, (0, "a"), "found?"),
        ({"type": "array", "items": obj("a", a=TEXT)}, ("a",), "unknown?"),
        ({"type": "array", "items": obj("a", a=TEXT)}, ("b",), "absent?"),
        ({"type": "array", "items": False}, (0,), "absent?"),
        ({"type": "array"}, (3,), "found?"),
        ({"type": "array", "prefixItems": [TEXT]}, (0,), "unknown?"),
        ({"type": ["array", "object"]}, (0,), "unknown?"),
        (TEXT, (0,), "found"),
        (TEXT, (-1,), "found"),
        (TEXT, (1,), "absent?"),
        (obj("a", a=TEXT), (0,), "found"),
        (obj("a", a=TEXT), (1,), "absent?"),
        ({"anyOf": [obj("a", a=TEXT), obj("b", b=TEXT)]}, ("a",), "found?"),
        ({"anyOf": [obj("a", a=TEXT), obj("a", a={"type": "number"})]}, ("a",), "found"),
        ({"anyOf": [obj("a", a=TEXT), {"type": "null"}]}, ("a",), "found?"),
        ({"anyOf": [obj("a", a=TEXT), obj("b", b=TEXT)]}, ("c",), "absent?"),
        ({"oneOf": [obj("a", a=TEXT), {"type": "object"}]}, ("a",), "unknown?"),
        ({"oneOf": [{"type": "object"}, obj(b=TEXT)]}, ("a",), "unknown?"),
        ({"allOf": [obj(a=TEXT), obj("b", b=TEXT)]}, ("b",), "found"),
        ({"allOf": [obj(a=TEXT), obj("a", a=TEXT)]}, ("a",), "found"),
        ({"allOf": [obj(a=TEXT), {"type": "object"}]}, ("b",), "unknown?"),
        ({**obj("a", a=TEXT), "anyOf": [{"required": ["a"]}]}, ("a",), "found"),
        ({"$ref": "#/$defs/x", "$defs": {"x": obj("a", a=TEXT)}}, ("a",), "found"),
        ({"$ref": "#/$defs/x", "$defs": {"x": {"$ref": "#/$defs/x"}}}, ("a",), "unknown?"),
        ({"$ref": "#/$defs/none"}, ("a",), "unknown?"),
        ({**obj("l", l={"$ref": "#/$defs/x"}), "$defs": {"x": obj("a", a=TEXT)}}, ("l", "a"), "found"),
        ({"allOf": [True, obj("a", a=TEXT)]}, ("a",), "found"),
        ({"allOf": [True]}, ("a",), "unknown?"),
        ({"allOf": [False]}, ("a",), "absent?"),
        ({"const": {"a": 1}}, ("a",), "unknown?"),
        ({"enum": ["x", "y"]}, ("a",), "absent?"),
    ],
)
def test_it_answers_what_is_at_a_path(schema: JsonObject, path: tuple[str | int, ...], expected: str) -> None:
    assert answer(schema, *path) == expected


def test_it_names_presence_in_words() -> None:
    assert field(obj(a=TEXT), ("b",)).is_absent
    assert field({}, ("b",)).is_unknown


def test_it_gives_the_schema_of_the_field() -> None:
    assert field(obj("a", a=TEXT), ("a",)).schema == TEXT
    both = field({"anyOf": [obj("a", a=TEXT), obj("a", a={"type": "number"})]}, ("a",))
    assert json_types(both.schema) == {"string", "number"}


def test_it_counts_on_defaults_where_they_are_filled_in() -> None:
    schema = obj(a={"type": "number", "default": 200})
    assert field(schema, ("a",)).missing
    assert not field(schema, ("a",), defaults_filled=True).missing
    assert field(obj(a=True), ("a",), defaults_filled=True).missing


@pytest.mark.parametrize(
    ("schema", "types"),
    [
        ({}, ALL_TYPES),
        ({"type": "integer"}, {"number"}),
        ({"type": ["string", "null"]}, {"string", "null"}),
        ({"const": 5}, {"number"}),
        ({"enum": ["a", None, [1], {"b": 1}]}, {"string", "null", "array", "object"}),
        ({"anyOf": [TEXT, {"type": "boolean"}]}, {"string", "boolean"}),
        ({"type": ["string", "null"], "oneOf": [TEXT, {"type": "boolean"}]}, {"string"}),
        ({"allOf": [{"type": ["string", "null"]}, {"type": ["null", "object"]}]}, {"null"}),
        ({"$ref": "#/$defs/a", "$defs": {"a": TEXT}}, {"string"}),
        ({"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/a"}}}, ALL_TYPES),
        ({"allOf": [True]}, ALL_TYPES),
        ({"allOf": [False]}, frozenset()),
    ],
)
def test_it_names_the_types_that_a_value_may_have(schema: JsonObject, types: frozenset[str]) -> None:
    assert json_types(schema) == types


def test_it_resolves_local_references() -> None:
    root: JsonObject = {"$defs": {"a/b": {"x~y": [{"type": "string"}]}}}
    assert resolve(root, "#/$defs/a~1b/x~0y/0") == TEXT
    assert resolve(root, "#") == root
    assert resolve(root, "#/$defs/a~1b/x~0y/1") is None
    assert resolve(root, "other.json#/x") is None


def test_it_describes_constants() -> None:
    assert value_schema({"a": [1], "b": None, "c": True, "d": "x"}) == {
        "type": "object",
        "properties": {"a": {"type": "array"}, "b": {"type": "null"}, "c": {"type": "boolean"}, "d": {"type": "string"}},
        "required": ["a", "b", "c", "d"],
        "additionalProperties": False,
    }
