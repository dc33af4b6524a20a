"""The wall-clock limit of a call."""

import threading

import pytest

from chalicelib.providers.deadline import Deadline
from chalicelib.providers.failures import ModelTimedOut


def test_it_cuts_what_it_was_told_of_when_the_time_is_up() -> None:
    cut = threading.Event()
    with Deadline(0.02) as deadline:
        deadline.cuts(cut.set)
        assert cut.wait(10)
        assert deadline.passed


def test_it_cuts_at_once_what_comes_too_late() -> None:
    cut: list[str] = []
    fired = threading.Event()
    with Deadline(0.001) as deadline:
        deadline.cuts(fired.set)
        assert fired.wait(10)
        deadline.cuts(lambda: cut.append("late"))
        assert cut == ["late"]
        assert deadline.left == 0.01


def test_it_cuts_nothing_when_the_call_was_in_time() -> None:
    cut: list[str] = []
    with Deadline(30) as deadline:
        deadline.cuts(lambda: cut.append("cut"))
        assert not deadline.passed
        assert 29 < deadline.left <= 30
    assert cut == []


def test_it_does_not_mind_a_connection_that_is_gone() -> None:
    def gone() -> None:
        raise OSError("not connected")

    cut = threading.Event()
    with Deadline(0.01) as deadline:
        deadline.cuts(gone)
        deadline.cuts(cut.set)
        assert cut.wait(10)


@pytest.mark.parametrize("seconds", [0, -1])
def test_it_does_not_begin_without_time(seconds: float) -> None:
    with pytest.raises(ModelTimedOut, match="no time is left"):
        Deadline(seconds)
