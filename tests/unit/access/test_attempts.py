"""Failed sign-ins: a wait that grows, per name and per address, which nobody is told apart by."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from chalicelib.access import attempts
from chalicelib.access.attempts import FORGOTTEN_SECONDS, FREE_OF_ADDRESS, FREE_OF_NAME, LONGEST_SECONDS, count_attempt, forget_attempts
from chalicelib.errors import TooManyAttempts
from tests.factories.cloud import cloud


@pytest.fixture(autouse=True)
def _aws() -> Iterator[None]:
    with cloud():
        yield


class Clock:
    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.now = int(time.time())
        patch.setattr(attempts, "epoch_seconds", lambda: self.now)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def wait_of(name: str, address: str) -> int:
    """How long the next attempt must wait; 0 where it was counted."""
    try:
        count_attempt(name, address)
    except TooManyAttempts as fault:
        return fault.retry_after_seconds
    return 0


def test_it_makes_each_further_attempt_on_a_name_wait_longer(clock: Clock) -> None:
    waits = []
    for number in range(FREE_OF_NAME + 14):
        while wait := wait_of("eve", f"192.0.2.{number}"):
            waits.append(wait)
            clock.now += wait
    assert waits[:5] == [1, 2, 4, 8, 16]
    assert waits == sorted(waits)
    assert waits[-1] == LONGEST_SECONDS


def test_it_counts_a_name_from_wherever_it_is_tried_and_however_it_is_written(clock: Clock) -> None:
    assert [wait_of(name, f"192.0.2.{number}") for number, name in enumerate(["eve", "Eve", "EVE", "eve", "eVe"])] == [0] * 5
    assert wait_of("eve", "198.51.100.9") == 1
    assert wait_of("ann", "198.51.100.9") == 0


def test_it_counts_an_address_whatever_names_are_tried_from_it(clock: Clock) -> None:
    assert [wait_of(f"name{number}", "192.0.2.1") for number in range(FREE_OF_ADDRESS)] == [0] * FREE_OF_ADDRESS
    assert wait_of("another", "192.0.2.1") > 0
    assert wait_of("another", "192.0.2.2") == 0


def test_it_treats_a_name_that_nobody_has_like_any_other(clock: Clock) -> None:
    waits = [[wait_of(name, f"{address}.{number}") for number in range(8)] for name, address in (("eve", "192.0.2"), ("nobody", "198.51.100"))]
    assert waits[0] == waits[1]


def test_it_forgets_a_name_after_a_sign_in_and_all_after_an_hour(clock: Clock) -> None:
    for _ in range(FREE_OF_NAME):
        count_attempt("eve", "192.0.2.1")
    forget_attempts("EVE")
    assert wait_of("eve", "192.0.2.1") == 0
    for _ in range(FREE_OF_NAME - 1):
        count_attempt("eve", "192.0.2.1")
    clock.now += FORGOTTEN_SECONDS + 1
    assert [wait_of("eve", "192.0.2.1") for _ in range(FREE_OF_NAME)] == [0] * FREE_OF_NAME


def test_it_lets_no_more_through_when_many_come_at_once(clock: Clock) -> None:
    with ThreadPoolExecutor(8) as pool:
        waits = list(pool.map(lambda number: wait_of("eve", f"192.0.2.{number}"), range(16)))
    assert waits.count(0) == FREE_OF_NAME
