"""Slots and turns: whatever happens in whatever order, limits hold, nobody is lost, nobody overtakes, nobody waits for ever."""

from collections import deque
from itertools import product

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib.runs.turns import Line, in_turn
from chalicelib.store.run_records import Priority
from tests.factories.faults import Fault
from tests.factories.queue_world import QueueWorld, queue_world

NAMES = ("one", "other")
ACTS = st.one_of(
    st.tuples(st.just("submit"), st.sampled_from(NAMES), st.sampled_from(Priority)),
    st.tuples(st.just("end"), st.integers(0, 3)),
    st.tuples(st.just("cancel"), st.integers(0, 9)),
    st.tuples(st.just("resume"), st.integers(0, 9)),
    st.tuples(st.just("sweep")),
    st.tuples(st.just("die"), st.integers(1, 9), st.sampled_from([Fault.CRASH_BEFORE, Fault.CRASH_AFTER, Fault.UNKNOWN])),
)


def act(world: QueueWorld, told: tuple[object, ...]) -> None:
    match told:
        case ("submit", str(name), Priority() as priority):
            world.submit(name, priority)
        case ("end", int(number)):
            world.end(number)
        case ("cancel", int(number)):
            world.cancel(number)
        case ("resume", int(number)):
            world.resume(number)
        case ("sweep",):
            world.sweeper()
        case ("die", int(after), Fault() as fault):  # whoever acts next does, that many calls from now
            world.faults.plan = {len(world.faults.calls) + after: fault}
        case _:
            raise ValueError(told)


@pytest.mark.scenario
def test_limits_hold_and_nobody_is_lost_or_overtaken_in_any_order_of_starts_ends_cancellations_resumes_and_deaths() -> None:
    with queue_world(2, *NAMES) as fresh:

        @given(st.lists(ACTS, max_size=16))
        @settings(max_examples=40, suppress_health_check=list(HealthCheck))
        def story(acts: list[tuple[object, ...]]) -> None:
            world = fresh()
            for told in acts:
                act(world, told)
                world.check()
            world.faults.plan = {}
            assert world.live()
            world.check_rest()

        story()


@given(st.data())
@settings(max_examples=25)
def test_no_line_is_left_standing_however_many_come_with_a_higher_priority(data: st.DataObject) -> None:
    """Each line always has somebody in it: the hardest case. One slot is given back every second."""
    lines = data.draw(st.lists(st.sampled_from(list(product("abc", Priority))), min_size=2, max_size=9, unique=True))
    ageing = data.draw(st.integers(len(lines) + 1, 60))
    since = dict.fromkeys(lines, 0)
    turns, served = dict.fromkeys("abc", 0), deque[tuple[str, Priority]]()
    for second in range(5 * ageing):
        standing = [Line(workflow, priority, 1, since[workflow, priority], turns[workflow]) for workflow, priority in lines]
        first = in_turn(standing, now=second * 1000, ageing_seconds=ageing)[0]
        since[first.workflow_id, first.priority] = second * 1000
        turns[first.workflow_id] = second + 1
        served.append((first.workflow_id, first.priority))
        assert all(second * 1000 - each <= (3 * ageing + len(lines) + 1) * 1000 for each in since.values())
    assert set(served) == set(lines)


@given(st.lists(st.integers(1, 60), min_size=2, max_size=5))
@settings(max_examples=25)
def test_workflows_of_one_priority_are_served_alike_however_many_runs_each_has(counts: list[int]) -> None:
    left, turns, order = dict(enumerate(counts)), dict.fromkeys(range(len(counts)), 0), list[int]()
    for turn in range(1, min(counts) * len(counts) + 1):
        standing = [Line(str(name), Priority.NORMAL, count, 0, turns[name]) for name, count in left.items() if count]
        name = int(in_turn(standing, now=0, ageing_seconds=600)[0].workflow_id)
        left[name], turns[name] = left[name] - 1, turn
        order.append(name)
    shares = [order.count(name) for name in range(len(counts))]
    assert max(shares) == min(shares)
