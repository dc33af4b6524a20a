"""Which errors the machine tries a Task again after."""

from chalicelib.compiler.retries import retriers
from chalicelib.spec.nodes import Retry


def covered(retry: Retry | None = None, *, waits: bool = False, closes: bool = False, goes_on: bool = False) -> set[str]:
    return {error for retrier in retriers(retry, waits=waits, closes=closes, goes_on=goes_on) for error in retrier.error_equals}


def test_a_lost_worker_is_replaced_only_where_what_it_did_may_be_done_again() -> None:
    assert "Sandbox.Timedout" not in covered()
    assert all("Sandbox.Timedout" in each for each in (covered(waits=True), covered(closes=True), covered(goes_on=True)))
    assert "Sandbox.Timedout" in covered(Retry(max_attempts=2))


def test_an_agent_is_entered_again_where_another_attempt_overtook_it() -> None:
    assert "StaleAttempt" in covered(goes_on=True) & covered(Retry(max_attempts=2), goes_on=True)
    assert "StaleAttempt" not in covered() | covered(Retry(max_attempts=2)) | covered(waits=True)


def test_the_nodes_own_retry_comes_before_an_agents() -> None:
    own = retriers(Retry(max_attempts=2, interval_seconds=7), waits=False, goes_on=True)
    assert [retrier.interval_seconds for retrier in own] == [2, 7, 1]
