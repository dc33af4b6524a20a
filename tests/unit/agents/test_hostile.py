"""A model that wants what it must not have: two hundred ways to a denied tool, none of which leads there."""

from collections.abc import Iterator
from typing import Any

import pytest

from chalicelib.agents.loop import Finished, Suspended, Verdict
from tests.factories.hostile_calls import DEAR, INJECTED, attempts, guarded, reached


def test_it_lets_none_of_two_hundred_attempts_through() -> None:
    calls = list(attempts())
    turns = [[*calls[start : start + 12], ("look", {})] for start in range(0, len(calls), 12)]
    at = guarded([*turns, "I give up."])
    outcome = at.enter()
    assert len(calls) >= 200
    assert isinstance(outcome, Finished)
    assert reached(at) == []
    assert at.box.names == ["look"] * len(turns)
    assert all(call.came in {"denied", "refused"} for call in outcome.calls if call.name != "look")
    assert {call.came for call in outcome.calls if call.name == "erase"} <= {"denied", "refused"}


@pytest.mark.parametrize("text", INJECTED)
def test_it_is_not_moved_by_what_a_tool_says(text: str) -> None:
    at = guarded([[("look", {})], [("erase", {})], [("erase", {"why": text})], "Done."], look=text)
    at.enter()
    assert reached(at) == []
    told = at.told(1)[0].text
    assert told.count("<outside") == 1
    assert told.count("</outside") == 1


def edits() -> Iterator[Any]:
    yield from ({"amount": amount} for amount in DEAR)
    yield from ({}, [], "x", None, {"Amount": 1}, {"amount": "1"}, *({"amount": 101 + n} for n in range(7)))


def test_it_takes_no_edit_into_what_is_denied() -> None:
    for arguments in edits():
        at = guarded([[("pay", {"amount": 60})], "Done."])
        assert isinstance(at.enter(), Suspended)
        at.decided.verdicts[1] = Verdict("edited", arguments=arguments, by=("person:eve",))
        assert isinstance(at.enter(), Finished)
        assert at.box.runs == []


@pytest.mark.parametrize("kind", ["rejected", "timed_out", "failed", "finished", "answered", "edited"])
def test_it_takes_nothing_but_an_approval_for_one(kind: Any) -> None:
    at = guarded([[("pay", {"amount": 60})], "Done."])
    at.decided.verdicts[1] = Verdict(kind, text="approved", value={"approved": True})
    at.enter()
    assert at.box.runs == []
