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


def test_it_cuts_what_comes_too_late() -> None:
    late, later = threading.Event(), threading.Event()
    with Deadline(0.001) as deadline:
        deadline.cuts(late.set)
        assert late.wait(10)
        deadline.cuts(later.set)
        assert later.wait(10)
        assert deadline.left == 0.01


def test_it_cuts_each_of_many_at_its_own_time() -> None:
    first, second = threading.Event(), threading.Event()
    with Deadline(30) as long, Deadline(0.03) as middle, Deadline(0.01) as short:
        long.cuts(lambda: pytest.fail("it has time"))
        middle.cuts(second.set)
        short.cuts(first.set)
        assert first.wait(10)
        assert second.wait(10)
        assert not long.passed


def test_it_leaves_a_connection_alone_that_serves_others_by_then() -> None:
    cut: list[str] = []
    after = threading.Event()
    with Deadline(0.01) as deadline:
        deadline.cuts(lambda: cut.append("cut"))
    with Deadline(0.03) as next_one:
        next_one.cuts(after.set)
        assert after.wait(10)
    assert cut == []


def test_it_tells_what_is_left() -> None:
    with Deadline(30) as deadline:
        assert not deadline.passed
        assert 29 < deadline.left <= 30


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
