"""Times and shares."""

import pytest

from bench.clock import busy, percentile, spent


def test_it_gives_what_came_out_of_the_cheapest_round() -> None:
    rounds = iter("abc")
    found = spent(lambda: next(rounds), rounds=3)
    assert found.result in "abc"
    assert found.processor >= 0
    assert found.wall >= 0


@pytest.mark.parametrize(("share", "value"), [(0.5, 50), (0.95, 95), (0.951, 96), (1.0, 100), (0.001, 1)])
def test_it_takes_the_value_that_a_share_does_not_exceed(share: float, value: int) -> None:
    assert percentile([float(each) for each in range(100, 0, -1)], share) == value


def test_it_takes_the_only_value() -> None:
    assert percentile([7.0], 0.95) == 7


def test_it_says_how_busy_the_machine_is() -> None:
    assert busy().startswith("load ")
