"""The schema for editors."""

import pytest
from jsonschema import Draft202012Validator

from chalicelib.spec.json_schema import workflow_json_schema
from chalicelib.spec.model import Json


def accepts(**node: Json) -> bool:
    return Draft202012Validator(workflow_json_schema()).is_valid({"sluice": 1, "name": "demo", "nodes": {"a": node}})


def test_it_is_a_schema_and_the_same_one_each_time() -> None:
    Draft202012Validator.check_schema(workflow_json_schema())
    assert workflow_json_schema() == workflow_json_schema()
    assert '"ge"' not in str(workflow_json_schema())


@pytest.mark.parametrize(
    ("node", "expected"),
    [
        ({"type": "parallel"}, True),
        ({"type": "parallel", "titel": "x"}, False),
        ({"type": "condition", "if": "$a"}, True),
        ({"type": "condition"}, False),
        ({"type": "condition", "if": "$a", "cases": {"x": "$b"}}, False),
        ({"type": "wait", "until": "$a"}, True),
        ({"type": "wait"}, False),
        ({"type": "tool_call", "tool": "http.get", "with": {"url": "x"}, "retry": {"backoff_rate": 1.5}}, True),
        ({"type": "tool_call", "tool": "http.gte"}, False),
        ({"type": "tool_call", "tool": "http.get", "retry": {"backoff_rate": 0.5}}, False),
        ({"type": "map", "over": "$a", "nodes": {"b": {"type": "parallel"}}}, True),
        ({"type": "map", "over": "$a", "nodes": {"B": {"type": "parallel"}}}, False),
    ],
)
def test_it_says_what_loading_says_where_a_schema_can(node: dict[str, Json], expected: bool) -> None:
    assert accepts(**node) is expected
