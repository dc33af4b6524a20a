"""A kept conversation is read as it was written, or refused by name."""

import json

import pytest

from chalicelib.agents.failures import TranscriptUnreadable
from chalicelib.agents.transcript import CallRecord, CallState, Transcript
from chalicelib.providers.model import Attachment, ModelMessage, Native, Role, Text, ToolResult, ToolUse, Usage
from chalicelib.spec.model import Json

WHOLE = Transcript(
    "Do it.",
    messages=(
        ModelMessage(Role.ASSISTANT, (Text("I look."), ToolUse("u1", "a", {"x": [1, None]})), Native("v", {"signed": [1]})),
        ModelMessage(Role.USER, (ToolResult("u1", "a", "found", is_error=True), Attachment("image/png", "aGk=", "p.png"))),
    ),
    calls=(CallState(2, ToolUse("u2", "b", {}), "waiting", reason="ask", policy="ask", why="so", by=("ann",), edited=True),),
    records=(CallRecord(1, 1, "a", {"x": 1}, "failed", "allow", "default", ("bob",)),),
    usage=Usage("v", "m", 1, 2, 3, 4, 5, 6),
    turns=2,
    revision=7,
    repairs=1,
    shortened=True,
    stopped="turns",
)


def test_it_comes_back_as_it_was() -> None:
    assert Transcript.from_json(json.loads(json.dumps(WHOLE.to_json()))) == WHOLE
    assert Transcript.from_json(Transcript("x").to_json()) == Transcript("x")


@pytest.mark.parametrize("value", [None, {}, [], {"version": 2}, {**Transcript("x").to_json(), "version": "1"}])
def test_it_refuses_another_version(value: Json) -> None:
    with pytest.raises(TranscriptUnreadable, match="does not read"):
        Transcript.from_json(value)


@pytest.mark.parametrize(
    "damage",
    [
        {"messages": [{"role": "user", "parts": [{"odd": 1}]}]},
        {"messages": 5},
        {"messages": [{"role": "robot", "parts": []}]},
        {"calls": [{"number": 1}]},
        {"usage": {"x": 1}},
        {"records": ["x"]},
    ],
)
def test_it_says_that_it_is_damaged(damage: dict[str, Json]) -> None:
    with pytest.raises(TranscriptUnreadable, match="damaged"):
        Transcript.from_json({**Transcript("x").to_json(), **damage})
    lacking = Transcript("x").to_json()
    del lacking["turns"]
    with pytest.raises(TranscriptUnreadable, match="KeyError"):
        Transcript.from_json(lacking)


def test_it_numbers_calls_over_the_whole_conversation() -> None:
    assert WHOLE.next_number == 3
    assert WHOLE.calls[0].key == "call-2"
    assert WHOLE.answer is None
