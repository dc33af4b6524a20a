"""The calls of one turn, at once: proven by calls that wait for each other, not by how long they take."""

from threading import Barrier, Event, Lock, Semaphore
from typing import Any

import pytest

from chalicelib.agents.failures import AgentTurnsExceeded
from chalicelib.agents.loop import Finished, PendingCall, Suspended, Unfinished, Yielded
from chalicelib.agents.together import AT_ONCE, Together
from chalicelib.errors import BudgetExceeded, RunEnded, StaleAttempt
from chalicelib.providers.model import ToolUse
from tests.factories.agent_scripts import Desk, desk, tool, usage

WAIT = 10.0  # seconds after which a call that waits in vain gives up; nothing that works waits so long


def calls(count: int, name: str = "a") -> list[tuple[str, Any]]:
    return [(name, {"n": number}) for number in range(1, count + 1)]


def statuses(at: Desk) -> list[str]:
    kept = at.kept.load()
    return [] if kept is None else [call.status for call in kept.calls]


def test_it_runs_the_calls_of_a_turn_at_once() -> None:
    meeting = Barrier(AT_ONCE)
    at = desk([calls(AT_ONCE), "Done."], tool("a"), answers={"a": lambda _use: meeting.wait(WAIT) >= 0})
    assert isinstance(at.enter(), Finished)
    assert all("true" in part.text for part in at.told())
    assert len(at.told()) == AT_ONCE


def test_it_runs_no_more_at_once_than_are_allowed() -> None:
    counting, now, most = Lock(), [0], [0]
    meeting = Barrier(AT_ONCE)

    def busy(use: ToolUse) -> str:
        with counting:
            now[0] += 1
            most[0] = max(most[0], now[0])
        if int(str(use.arguments["n"])) <= AT_ONCE:
            meeting.wait(WAIT)
        with counting:
            now[0] -= 1
        return "ok"

    at = desk([calls(3 * AT_ONCE), "Done."], tool("a"), answers={"a": busy})
    assert isinstance(at.enter(), Finished)
    assert len(at.box.runs) == 3 * AT_ONCE
    assert most == [AT_ONCE]


def test_it_begins_the_next_as_soon_as_one_has_ended() -> None:
    """The first call ends only after the one that had no room at first has run."""
    last = Event()

    def answer(use: ToolUse) -> bool:
        match use.arguments["n"]:
            case 1:
                return last.wait(WAIT)
            case number if number == AT_ONCE + 1:
                last.set()
        return True

    at = desk([calls(AT_ONCE + 1), "Done."], tool("a"), answers={"a": answer})
    outcome = at.enter()
    assert isinstance(outcome, Finished)
    assert all("true" in part.text for part in at.told())


def test_it_tells_results_in_the_models_order_whichever_comes_first() -> None:
    second = Event()

    def answer(use: ToolUse) -> str:
        if use.arguments["n"] == 1:
            assert second.wait(WAIT)
        return f"result {use.arguments['n']}"

    at = desk([calls(2), "Done."], tool("a"), answers={"a": answer})

    def hook(where: str) -> None:
        if where == "after a save" and statuses(at) == ["running", "done"]:
            second.set()  # the second's result is kept while the first still runs

    at.kept.hook = hook
    outcome = at.enter()
    assert isinstance(outcome, Finished)
    assert ["result 1" in at.told()[0].text, "result 2" in at.told()[1].text] == [True, True]
    assert [call.number for call in outcome.calls] == [1, 2]


def test_it_keeps_with_one_save_that_all_run_that_begin_together() -> None:
    seen: list[list[str]] = []
    meeting = Barrier(3)
    at = desk([calls(3), "Done."], tool("a"))

    def answer(_use: ToolUse) -> str:
        meeting.wait(WAIT)
        seen.append(statuses(at))
        meeting.wait(WAIT)
        return "ok"

    at.box.answers = {"a": answer}
    saves: list[str] = []
    at.kept.hook = saves.append
    assert isinstance(at.enter(), Finished)
    assert seen == [["running"] * 3] * 3
    assert saves.count("after a save") == 6  # the turn, that all run, three results, the answer


def test_it_begins_nothing_more_when_time_is_short_and_goes_on_at_the_next_entry() -> None:
    at = desk([calls(AT_ONCE + 3), "Done."], tool("a"))
    hurry = Event()
    at.seconds = lambda: 0.0 if hurry.is_set() else 900.0
    at.box.hook = lambda _where: hurry.set()
    assert isinstance(at.enter(), Yielded)
    assert statuses(at) == ["done"] * AT_ONCE + ["ready"] * 3
    hurry.clear()
    at.box.hook = lambda _where: None
    assert isinstance(at.enter(), Finished)
    assert sorted(int(str(use.arguments["n"])) for _, use in at.box.runs) == list(range(1, AT_ONCE + 4))


@pytest.mark.parametrize("ending", [StaleAttempt("overtaken"), RunEnded("cancelled")])
def test_it_stops_all_when_one_learns_that_the_attempt_is_over(ending: Exception) -> None:
    """It is over for whoever saves, too, as it is for the store."""
    is_over = Event()

    def answer(use: ToolUse) -> str:
        if use.arguments["n"] == 3:
            is_over.set()
            raise ending
        assert is_over.wait(WAIT)
        return "ok"

    def saving(_where: str) -> None:
        if is_over.is_set():
            raise ending

    at = desk([calls(2 * AT_ONCE), "Done."], tool("a"), answers={"a": answer})
    at.kept.hook = saving
    with pytest.raises(type(ending)):
        at.enter()
    assert len(at.box.runs) == AT_ONCE
    assert statuses(at) == ["running"] * AT_ONCE + ["ready"] * AT_ONCE


def test_it_does_not_come_back_before_all_that_is_under_way_has_ended() -> None:
    ended: list[int] = []
    meeting, go_on = Barrier(2), Event()

    def answer(use: ToolUse) -> str:
        meeting.wait(WAIT)
        if use.arguments["n"] == 1:
            go_on.set()
            raise StaleAttempt("overtaken")
        assert go_on.wait(WAIT)
        ended.append(2)
        return "ok"

    at = desk([calls(2), "Done."], tool("a"), answers={"a": answer})
    with pytest.raises(StaleAttempt):
        at.enter()
    assert ended == [2]


def test_it_keeps_what_the_others_came_to_when_a_budget_is_met_and_then_runs_that_call_alone() -> None:
    meeting, answers = Barrier(3), {"spent": True}

    def answer(use: ToolUse) -> str:
        if not answers["spent"]:
            return "ok"
        meeting.wait(WAIT)
        if use.arguments["n"] == 2:
            raise BudgetExceeded("no more", {"scope": "run"})
        return "ok"

    at = desk([calls(3), "Done."], tool("a"), answers={"a": answer})
    with pytest.raises(BudgetExceeded):
        at.enter()
    assert statuses(at) == ["done", "running", "done"]
    answers["spent"] = False
    assert isinstance(at.enter(), Finished)
    assert [key for key, _ in at.box.runs[3:]] == ["call-2"]


# --- calls that are conversations of their own ----------------------------------------------------------------------


def test_it_waits_for_what_a_call_waits_for_within_while_the_others_run() -> None:
    inner = PendingCall(1, ToolUse("u", "pay", {}), "ask", "asked within")
    said: dict[int, Any] = {1: Unfinished((inner,)), 2: "ok"}
    at = desk([calls(2), "Done."], tool("a", effect="none", hands_on=True), answers={"a": lambda use: said[int(str(use.arguments["n"]))]})
    assert at.enter() == Suspended(inner, usage(), 1)
    assert statuses(at) == ["ready", "done"]
    assert at.enter() == Suspended(inner, usage(), 1)
    said[1] = "decided"
    assert isinstance(at.enter(), Finished)
    assert [key for key, _ in at.box.runs[2:]] == ["call-1", "call-1"]


def test_it_yields_when_a_call_had_too_little_time_within() -> None:
    said: list[Any] = [Unfinished(), "ok"]
    at = desk([calls(1), "Done."], tool("a", hands_on=True), answers={"a": lambda _use: said.pop(0)})
    assert isinstance(at.enter(), Yielded)
    assert isinstance(at.enter(), Finished)


def test_it_shares_what_may_still_be_spent_among_the_calls_that_hand_a_task_on() -> None:
    at = desk([[*calls(3, "a"), ("b", {})], "Done."], tool("a", hands_on=True), tool("b"), max_cost=26)
    assert isinstance(at.enter(), Finished)
    assert at.box.shares == {"call-1": 7, "call-2": 7, "call-3": 7, "call-4": None}


def test_a_share_stays_as_it_was_given_though_others_have_spent_theirs() -> None:
    at = desk([calls(2), "Done."], tool("a", hands_on=True), max_cost=25)
    hurry = Event()
    at.seconds = lambda: 0.0 if hurry.is_set() else 900.0
    hurry.set()
    outcomes = [at.enter_taking(usage(8)) for _ in range(4)]
    assert [type(outcome) for outcome in outcomes] == [Yielded, Yielded, Yielded, Finished]
    assert at.box.shares == {"call-1": 10, "call-2": 10}
    assert at.spent[-1].cost == 26


def test_it_carries_out_no_handing_on_for_which_nothing_is_left() -> None:
    at = desk([calls(3), "Done."], tool("a", hands_on=True), max_cost=7)
    outcome = at.enter()
    assert isinstance(outcome, Finished)
    assert [call.came for call in outcome.calls] == ["refused"] * 3
    assert at.box.runs == []


def test_it_counts_what_calls_spent_beside_once_each() -> None:
    at = desk([calls(4), "Done."], tool("a", hands_on=True))
    outcome = at.enter_taking(usage(100))
    assert isinstance(outcome, Finished)
    assert outcome.usage is not None
    assert outcome.usage.cost == 410


def test_a_limit_is_met_after_the_turn_whose_calls_have_gone_beyond_it() -> None:
    at = desk([calls(2), calls(1), "Done."], tool("a", hands_on=True), max_cost=25, output={"type": "object", "required": ["n"]}, repairs=0)
    with pytest.raises(Exception, match="stopped after a cost of 25") as caught:
        at.enter_taking(usage(10))
    assert not isinstance(caught.value, AgentTurnsExceeded)


# --- threads --------------------------------------------------------------------------------------------------------


def test_one_at_a_time_needs_no_thread() -> None:
    with Together[int](1) as together:
        together.start(lambda: 1)
        assert (together.room, together.is_idle) == (0, False)
        assert together.take() == 1
        assert together.is_idle


def test_what_a_piece_of_work_raises_is_raised_where_it_is_taken_before_what_others_came_to() -> None:
    ended = Semaphore(0)

    def fails() -> int:
        raise ZeroDivisionError

    with Together[int](2) as together:
        together.start(lambda: 1)
        together.start(fails)
        for future in together._under_way:
            future.add_done_callback(lambda _future: ended.release())
        assert ended.acquire(timeout=WAIT)
        assert ended.acquire(timeout=WAIT)
        with pytest.raises(ZeroDivisionError):
            together.take()
        assert together.take() == 1
