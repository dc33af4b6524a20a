"""Canonical JSON: one text for one value."""

import pytest

from chalicelib.spec.canonical import canonical_json, digest, dump
from chalicelib.spec.load import load


def test_it_gives_equal_values_one_text() -> None:
    assert canonical_json({"b": [1.0, 2.5, True, None], "a": "ü\n"}) == '{"a":"ü\\n","b":[1,2.5,true,null]}'
    assert canonical_json({"a": 1, "b": 2}) == canonical_json({"b": 2.0, "a": 1.0})
    assert canonical_json(1e300) == "1e+300"


def test_it_refuses_what_is_no_json() -> None:
    with pytest.raises(ValueError, match="JSON"):
        canonical_json(float("nan"))


def test_it_digests_the_canonical_text() -> None:
    assert digest({}) == "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"


def test_it_dumps_authored_keys_without_defaults() -> None:
    text = "{sluice: 1, name: demo, nodes: {a: {type: condition, if: $context.x}, b: {type: tool_call, tool: time.now, effect: write, after: [a]}}}"
    spec = load(text).spec
    assert spec is not None
    assert dump(spec) == {
        "sluice": 1,
        "name": "demo",
        "nodes": {
            "a": {"type": "condition", "if": "$context.x"},
            "b": {"type": "tool_call", "tool": "time.now", "effect": "write", "after": ["a"]},
        },
    }
    assert load(canonical_json(dump(spec))).spec == spec
