"""Start, line, admission, end, the next admission, whatever fails at whatever call to AWS: no slot leaks, no run is lost or begun twice."""

from collections.abc import Callable, Iterator

import pytest

from chalicelib.runs import sweep as sweeping
from chalicelib.store import slots
from chalicelib.store.run_records import Priority
from tests.factories.faults import Fault, Plan, deaths, evenly, pairs, troubles
from tests.factories.queue_world import QueueWorld, queue_world

pytestmark = pytest.mark.scenario

PAIRS = 60


@pytest.fixture
def fresh() -> Iterator[Callable[[], QueueWorld]]:
    with queue_world(1, "one", "other") as found:
        yield found


def story(world: QueueWorld, plan: Plan) -> QueueWorld:
    """One runs and two wait; one of these is cancelled, the other gets in."""
    world.faults.plan = plan
    for workflow, priority in (("one", Priority.NORMAL), ("one", Priority.LOW), ("other", Priority.HIGH)):
        world.submit(workflow, priority)
    world.check()
    world.cancel(1)
    assert world.live(), plan
    world.check_rest()
    return world


def test_it_leaks_no_slot_and_loses_no_run_at_any_fault_of_any_call(fresh: Callable[[], QueueWorld]) -> None:
    calls = story_calls(fresh)
    plans = list(troubles(calls))
    assert len(plans) > 150
    for plan in plans:
        story(fresh(), plan)


def broken(world: QueueWorld, plan: Plan) -> QueueWorld:
    """One was cancelled and is resumed while another runs: it waits, gets in, and ends."""
    world.submit("one")
    world.cancel()
    world.submit("one")
    world.check()
    world.faults.calls.clear()
    world.faults.plan = plan
    world.resume()
    world.check()
    assert world.live(), plan
    world.check_rest()
    return world


def test_it_leaks_no_slot_of_a_resumed_run_at_any_fault_of_any_call(fresh: Callable[[], QueueWorld]) -> None:
    plans = list(troubles(list(broken(fresh(), {}).faults.calls)))
    assert len(plans) > 100
    for plan in plans:
        broken(fresh(), plan)


def test_it_survives_two_deaths(fresh: Callable[[], QueueWorld]) -> None:
    calls = story_calls(fresh)
    assert deaths(calls)
    for plan in evenly(list(pairs(calls)), PAIRS):
        story(fresh(), plan)


def test_it_would_find_a_slot_that_leaks_and_a_run_that_nobody_lets_in(fresh: Callable[[], QueueWorld], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweeping, "admit", lambda *_: 0)
    plans = deaths(story_calls(fresh))
    with pytest.raises(AssertionError, match="CRASH"):
        all_stories(fresh, plans)
    monkeypatch.undo()
    monkeypatch.setattr(slots, "leaving", lambda run: ())
    with pytest.raises(AssertionError):
        story(fresh(), {})


def all_stories(fresh: Callable[[], QueueWorld], plans: list[tuple[int, Fault]]) -> None:
    for number, fault in plans:
        story(fresh(), {number: fault})


def story_calls(fresh: Callable[[], QueueWorld]) -> list[str]:
    return list(story(fresh(), {}).faults.calls)
