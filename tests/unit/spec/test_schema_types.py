"""What each node type puts out."""

import pytest
from jsonschema import Draft202012Validator
from pydantic import TypeAdapter

from chalicelib.spec.model import Json
from chalicelib.spec.nodes import Node
from chalicelib.spec.schema_types import field, output_schema

NODE: TypeAdapter[Node] = TypeAdapter(Node)
DECIDED: Json = {"choice": "timed_out", "reason": None, "form": None, "by": None, "at": "x", "channel": None}
FORM: Json = {"type": "object", "properties": {"amount": {"type": "number"}}, "required": ["amount"]}


@pytest.mark.parametrize(
    ("fields", "valid", "invalid"),
    [
        ({"type": "agent_call", "prompt": "x"}, {"text": "y"}, {}),
        ({"type": "agent_call", "prompt": "x", "output": FORM}, {"amount": 1}, {"amount": "1"}),
        ({"type": "tool_call", "tool": "http.get"}, {"status": 200, "headers": {"a": "b"}, "body": [1]}, {"status": "ok"}),
        (
            {"type": "human_gate", "ask": "?"},
            {"choice": "timed_out", "reason": None, "form": None, "by": None, "at": "x", "channel": None},
            {"choice": "x"},
        ),
        (
            {"type": "human_gate", "ask": "?", "choices": ["go", {"choice": "no"}], "form": FORM},
            {"choice": "no", "reason": "x", "form": {"amount": 2}, "by": "ann", "at": "x", "channel": "web"},
            {"choice": "go", "reason": None, "form": {}, "by": "ann", "at": "x", "channel": "web"},
        ),
        ({"type": "condition", "if": "$a"}, "true", "yes"),
        ({"type": "condition", "cases": {"high": "$a"}}, "else", "low"),
        ({"type": "condition", "cases": {"high": "$a"}, "else": "low"}, "low", "else"),
        ({"type": "parallel"}, {}, {"a": 1}),
        ({"type": "join"}, {"active": ["a"]}, {"active": "a"}),
        ({"type": "map", "over": "$a", "nodes": {}, "output": {"x": "{{ $b }}!"}}, [{"x": "y"}], [{"x": 1}]),
        ({"type": "wait", "seconds": 1}, {"until": "2026-01-01T00:00:00Z"}, {}),
        ({"type": "transform", "value": {"a": "$x", "b": 1, "c": ["$x"]}}, {"a": None, "b": 2, "c": []}, {"a": 1, "b": 2}),
        ({"type": "message", "text": "x"}, {"message_id": "m", "reply": None}, {"message_id": "m", "reply": "x"}),
        ({"type": "message", "text": "x", "wait_for_reply": True}, {"message_id": "m", "reply": "x"}, {"message_id": 1, "reply": None}),
    ],
)
def test_it_describes_an_output(fields: dict[str, Json], valid: Json, invalid: Json) -> None:
    schema = output_schema(NODE.validate_python(fields))
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)
    assert validator.is_valid(valid)
    assert not validator.is_valid(invalid)


@pytest.mark.parametrize(
    "fields", [{"type": "workflow", "workflow": "w"}, {"type": "tool_call", "tool": "unheard.of"}, {"type": "transform", "value": "$"}]
)
def test_it_claims_nothing_where_nothing_is_known(fields: dict[str, Json]) -> None:
    assert output_schema(NODE.validate_python(fields)) == {}


def test_it_knows_the_fields_of_a_form_as_optional() -> None:
    gate = NODE.validate_python({"type": "human_gate", "ask": "?", "form": FORM})
    assert field(output_schema(gate), ("form", "amount")).missing
    assert field(output_schema(gate), ("form", "total")).is_absent
