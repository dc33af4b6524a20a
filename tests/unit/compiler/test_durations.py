import pytest

from chalicelib.compiler.durations import MICROSECONDS, expected_duration
from chalicelib.spec.model import JsonObject
from tests.factories.small_graphs import graph

TOOL: JsonObject = {"type": "tool_call", "tool": "time.now"}


@pytest.mark.parametrize(
    ("fields", "seconds"),
    [
        (TOOL, 1),
        ({"type": "agent_call", "prompt": "?"}, 10),
        ({"type": "human_gate", "ask": "?"}, 3_600),
        ({"type": "condition", "if": "true"}, 0),
        ({"type": "parallel"}, 0),
        ({"type": "join"}, 0),
        ({"type": "transform", "value": 1}, 0),
        ({"type": "workflow", "workflow": "other"}, 60),
        ({"type": "wait", "seconds": 5}, 5),
        ({"type": "wait", "seconds": "{% 2 + 3 %}"}, 60),
        ({"type": "wait", "seconds": None, "until": "2030-01-01T00:00:00Z"}, 60),
        ({"type": "message", "text": "!"}, 1),
        ({"type": "message", "text": "!", "wait_for_reply": True}, 3_600),
        ({**TOOL, "expected_seconds": 2.5}, 2.5),
        ({"type": "condition", "if": "true", "expected_seconds": 7}, 7),
    ],
)
def test_it_takes_the_authors_word_or_the_types_default(fields: JsonObject, seconds: float) -> None:
    assert expected_duration(graph({"n": fields}).root.nodes["n"]) == seconds * MICROSECONDS


@pytest.mark.parametrize(
    ("fields", "waves"),
    [({}, 1), ({"max_items": 40}, 1), ({"max_items": 41}, 2), ({"max_items": 100, "concurrency": 10}, 10), ({"concurrency": 1}, 1)],
)
def test_it_takes_a_map_as_long_as_its_waves(fields: JsonObject, waves: int) -> None:
    node = graph({"m": {"type": "map", "over": "$context.list", "nodes": {"a": TOOL}, **fields}}).root.nodes["m"]
    assert expected_duration(node, body=7) == 7 * waves


def test_it_takes_the_authors_word_for_a_map_too() -> None:
    node = graph({"m": {"type": "map", "over": "$context.list", "nodes": {"a": TOOL}, "expected_seconds": 3}}).root.nodes["m"]
    assert expected_duration(node, body=7) == 3 * MICROSECONDS
