import pytest

from chalicelib.spec.indexed import indexed_value, is_always_there
from chalicelib.spec.load import load
from chalicelib.spec.model import Json, JsonObject

TEXT = """
sluice: 1
name: order
input: {type: object, properties: {amount: {type: number}}}
indexed: %s
nodes: {a: {type: parallel}}
"""


@pytest.mark.parametrize(
    ("given", "text"),
    [("c-1", "c-1"), (12, "12"), (12.0, "12"), (0.5, "0.5"), (1e300, str(int(1e300))), (True, "true"), (None, None), ([1], None), ({}, None)],
)
def test_it_writes_a_value_as_a_text(given: Json, text: str | None) -> None:
    assert indexed_value({"a": {"b": given}}, "a.b") == text


@pytest.mark.parametrize("path", ["a.c", "b", "a.b.c"])
def test_it_finds_nothing_where_nothing_is(path: str) -> None:
    assert indexed_value({"a": {"b": 1}}, path) is None


@pytest.mark.parametrize(
    ("schema", "there"),
    [
        ({"properties": {"a": {"type": "number"}}, "required": ["a"]}, True),
        ({"properties": {"a": {"type": "number", "default": 1}}}, True),
        ({"properties": {"a": {"type": ["number", "null"]}}, "required": ["a"]}, False),
        ({"properties": {"a": {"type": "number"}}}, False),
    ],
)
def test_it_knows_whether_a_field_is_always_there(schema: JsonObject, there: bool) -> None:
    assert is_always_there({"type": "object", **schema}, "a") is there


@pytest.mark.parametrize(
    ("indexed", "codes"),
    [
        ("[amount]", []),
        ("[amonut]", ["not-indexable"]),
        ("[a, b, c, d, e, f, g, h, i]", ["out-of-range"]),
        ("[1]", ["wrong-type"]),
        ("amount", ["wrong-type"]),
    ],
)
def test_it_takes_eight_fields_of_the_input(indexed: str, codes: list[str]) -> None:
    assert (
        list(dict.fromkeys(found.code for found in load(TEXT % indexed).diagnostics if found.code != "not-indexable" or codes == ["not-indexable"]))
        == codes
    )
