"""An agent of twelve turns, killed at every point: the same result, and each effect exactly once under its key."""

from collections.abc import Sequence
from random import Random
from threading import Lock

import pytest

from chalicelib.agents.loop import Finished, Suspended, Verdict
from chalicelib.errors import StaleAttempt
from chalicelib.providers.model import ModelRequest, ModelResponse, ToolUse
from tests.factories.agent_scripts import Desk, Hook, Turn, desk, spoken, tool

TURNS: Sequence[Turn] = [
    [("look", {"at": 1})],
    [("pay", {"n": 1}), ("look", {"at": 2})],
    [("pay", {"n": 2}), ("pay", {"n": 3})],
    [("ask_me", {"n": 4}), ("pay", {"n": 5})],
    [("secret", {}), ("nowhere", {})],
    [("look", {"at": 3}), ("look", {"at": 4})],
    [("pay", {"n": 6})],
    [("child", {"n": 7}), ("pay", {"n": 8})],
    [("ask_me", {"n": 9}), ("ask_me", {"n": 10})],
    [("pay", {"n": 11})],
    [("pay", {"n": 12}), ("look", {"at": 5}), ("pay", {"n": 13}), ("look", {"at": 6}), ("pay", {"n": 14})],
    "All paid.",
]
TOOLS = (
    tool("look", effect="none"),
    tool("pay"),
    tool("ask_me", "ask"),
    tool("secret", "deny"),
    tool("child", suspends=True),
)
VERDICTS = {
    6: Verdict("approved", by=("person:ann",)),
    13: Verdict("finished", value="child done"),
    15: Verdict("edited", arguments={"n": 99}, by=("person:ann",)),
    16: Verdict("rejected", by=("person:ann",)),
}


class Killed(BaseException):
    """The process is gone."""


class Reaper:
    """Kills at the n-th of the points that are passed, once; `passed` counts them, whichever thread passes them."""

    def __init__(self, at: int) -> None:
        self.at = at
        self.passed = 0
        self.counting = Lock()

    def __call__(self, where: str) -> None:
        with self.counting:
            self.passed += 1
            is_fatal = self.is_fatal()
        if is_fatal:
            raise Killed(where)

    def is_fatal(self) -> bool:
        return self.passed == self.at


def made(hook: Hook) -> Desk:
    at = desk(TURNS, *TOOLS)
    at.model.hook = at.kept.hook = at.box.hook = hook
    return at


def lived(at: Desk, *, entries: int = 60) -> Finished:
    """Enters as a machine would: again after a death, and with each verdict when it is asked for."""
    for _ in range(entries):
        try:
            outcome = at.enter()
        except Killed:
            continue
        if isinstance(outcome, Suspended):
            at.decided.verdicts[outcome.call.number] = VERDICTS[outcome.call.number]
        if isinstance(outcome, Finished):
            return outcome
    raise AssertionError("it never ends")


UNDISTURBED = Reaper(0)
EXPECTED_DESK = made(UNDISTURBED)
EXPECTED = lived(EXPECTED_DESK)
POINTS = UNDISTURBED.passed
EFFECTS = {key: use for key, use in EXPECTED_DESK.box.effects.items() if use.name != "look"}


def test_it_is_the_agent_that_is_meant() -> None:
    assert EXPECTED.turns == 12
    assert EXPECTED.value == {"text": "All paid."}
    assert sorted(str(use.arguments.get("n")) for use in EFFECTS.values()) == ["1", "11", "12", "13", "14", "2", "3", "4", "5", "6", "8", "99"]
    assert POINTS > 100  # every answer of the model, both sides of every save and of every tool


@pytest.mark.parametrize("points", [range(first, POINTS + 1, 26) for first in range(1, 27)], ids=lambda points: f"every 26th from {points[0]}")
def test_it_comes_to_the_same_when_killed_at_any_point(points: range) -> None:
    for point in points:
        reaper = Reaper(point)
        at = made(reaper)
        assert lived(at) == EXPECTED
        assert reaper.passed >= point
        assert {key: use for key, use in at.box.effects.items() if use.name != "look"} == EFFECTS


@pytest.mark.parametrize("points", [range(first, POINTS + 1, 26) for first in range(1, 27)], ids=lambda points: f"every 26th from {points[0]}")
def test_it_comes_to_the_same_when_another_attempt_overtakes_it_at_any_point(points: range) -> None:
    for point in points:
        passed = 0
        at = made(lambda _where: None)
        other = made(lambda _where: None)
        other.kept, other.box, other.decided = at.kept, at.box, at.decided

        def overtaken(_where: str, point: int = point, other: Desk = other, counting: Lock = Lock()) -> None:  # noqa: B008
            nonlocal passed
            with counting:
                passed += 1
                is_overtaken = passed == point
            if is_overtaken:
                assert lived(other) == EXPECTED

        at.model.hook = at.kept.hook = at.box.hook = overtaken
        try:
            assert lived(at) == EXPECTED  # it comes upon the finished conversation
        except StaleAttempt:
            assert lived(other) == EXPECTED
        assert {key: use for key, use in at.box.effects.items() if use.name != "look"} == EFFECTS


def test_it_comes_to_the_same_when_killed_all_the_time() -> None:
    chance = Random(7)

    class Often(Reaper):
        def is_fatal(self) -> bool:
            return chance.random() < 0.2

    at = made(Often(0))
    assert lived(at, entries=400) == EXPECTED
    assert {key: use for key, use in at.box.effects.items() if use.name != "look"} == EFFECTS


def test_it_comes_to_the_same_when_it_yields_all_the_time() -> None:
    at = made(lambda _where: None)
    at.seconds = lambda: 0.0
    assert lived(at) == EXPECTED
    assert at.box.effects == EXPECTED_DESK.box.effects
    assert len(at.box.runs) == len(EXPECTED_DESK.box.runs)


def test_it_runs_each_call_once_under_its_key_though_the_model_changes_its_mind() -> None:
    """A model asked again after a death says something else: calls that were not kept were not run, so no key stands for two calls."""
    for point in range(1, 54, 2):
        reaper = Reaper(point)
        at = desk([], tool("pay"))
        asked = 0

        def fickle(request: ModelRequest, key: str, reaper: Reaper = reaper) -> ModelResponse:
            nonlocal asked
            asked += 1
            number = int(key.removeprefix("turn-"))
            response = spoken("Done." if number == 6 else [("pay", {"ask": asked}), ("pay", {"ask": -asked})], number)
            reaper(key)
            return response

        mine = Desk(at.task, fickle, kept=at.kept, box=at.box)  # type: ignore[arg-type]
        at.kept.hook = at.box.hook = reaper
        outcome = lived(mine)
        recorded = {f"call-{call.number}": ToolUse("", call.name, call.arguments) for call in outcome.calls}
        assert {key: use.arguments for key, use in at.box.effects.items()} == {key: use.arguments for key, use in recorded.items()}
        assert len(at.box.effects) == 10
