"""What goes on after an end, or is tried by itself, asks for a slot like any other run, and gives it back once."""

from collections.abc import Callable, Iterator

import pytest

from chalicelib.runs.cancel import cancel
from chalicelib.runs.query import list_events
from chalicelib.runs.queue import place_of, set_workflow_queue
from chalicelib.runs.repeat import repeat
from chalicelib.runs.resume import Wanted, prepare, resume
from chalicelib.runs.start import give_to_engine
from chalicelib.runs.sweep import sweep
from chalicelib.runs.trial import TrialWanted, try_node
from chalicelib.store import runs, slots
from chalicelib.store.run_records import ParentNode, Priority, Run
from chalicelib.store.slots import Entrance
from chalicelib.store.statuses import RunStatus
from tests.factories.cloud import ANN
from tests.factories.queue_world import QueueWorld, queue_world
from tests.factories.queues import ORG, begun, check_slots, now, over


@pytest.fixture(scope="module")
def fresh() -> Iterator[Callable[[], QueueWorld]]:
    with queue_world(1, "one", "other") as found:
        yield found


@pytest.fixture
def world(fresh: Callable[[], QueueWorld]) -> QueueWorld:
    """One run may go on at once."""
    return fresh()


def resumed(run: Run) -> Run:
    return resume(ANN, run.id, Wanted(), plan=prepare(ANN, run.id, Wanted()).plan.digest)


def executions(world: QueueWorld) -> dict[str, str]:
    return {each.name: each.status for each in world.engine.executions.values()}


def test_it_takes_a_slot_again_and_gives_it_back_once(world: QueueWorld) -> None:
    broken = cancel(ANN, begun(world.versions["one"]).id)
    run = resumed(broken)
    assert (run.slot, run.status, run.admitted_at is not None) == ("held", RunStatus.QUEUED, True)
    check_slots(ORG, [run], limit=1)
    assert executions(world)[run.execution_name] == "RUNNING"
    for _ in range(3):
        over(now(run))
    check_slots(ORG, [run], limit=1)
    assert slots.read(ORG).organisation.taken == 0


def test_it_waits_in_line_for_a_slot_that_another_run_has_and_gets_in_by_itself(world: QueueWorld) -> None:
    broken = cancel(ANN, begun(world.versions["one"]).id)
    other = begun(world.versions["one"])
    run = resumed(broken)
    assert (run.slot, run.status, run.admitted_at) == ("waiting", RunStatus.QUEUED, None)
    told = list_events(ANN, run.id).events[-1]
    assert (told.type, told.data["position"], told.data["priority"], told.data["resume"]) == ("run_resumed", 1, "normal", 1)
    assert run.execution_name not in executions(world)
    check_slots(ORG, [run, other], limit=1)
    over(other)
    assert (now(run).slot, executions(world)[run.execution_name]) == ("held", "RUNNING")
    over(now(run))
    check_slots(ORG, [run, other], limit=1)


def test_it_stands_before_those_that_were_started_after_it(world: QueueWorld) -> None:
    broken = cancel(ANN, begun(world.versions["one"]).id)
    holder, newer, low = (begun(world.versions["one"], priority=each) for each in (Priority.NORMAL, Priority.NORMAL, Priority.LOW))
    run = resumed(broken)
    places = [place_of(now(each)) for each in (run, newer, low)]
    assert [place.position for place in places if place] == [1, 2, 3]
    over(holder)
    assert (now(run).slot, now(newer).slot) == ("held", "waiting")


def test_it_leaves_the_line_when_it_is_cancelled_and_may_be_resumed_anew(world: QueueWorld) -> None:
    broken = cancel(ANN, begun(world.versions["one"]).id)
    other = begun(world.versions["one"])
    again = cancel(ANN, resumed(broken).id)
    assert (again.slot, [event.type for event in list_events(ANN, again.id).events][-2:]) == ("none", ["run_resumed", "run_cancelled"])
    check_slots(ORG, [again, other], limit=1)
    run = resumed(again)
    assert (run.resume, run.slot) == (2, "waiting")
    check_slots(ORG, [run, other], limit=1)


def test_it_is_swept_to_the_engine_with_a_machine_of_its_own(world: QueueWorld) -> None:
    broken = cancel(ANN, begun(world.versions["one"]).id)
    set_workflow_queue(ANN, broken.workflow_id, limit=None, is_paused=True)
    run = resumed(broken)
    slots.set_workflow(ORG, run.workflow_id, limit=None, paused=False)
    assert sweep(ORG).admitted_count == 1
    assert executions(world)[run.execution_name] == "RUNNING"


def test_it_stops_an_execution_that_a_resume_has_left_behind(world: QueueWorld) -> None:
    stale = runs.get(ORG, begun(world.versions["one"]).id)
    cancel(ANN, stale.id)
    world.engine.executions.clear()  # it had not begun
    run = resumed(now(stale))
    give_to_engine(stale)
    assert executions(world) == {run.execution_name: "RUNNING", stale.execution_name: "ABORTED"}


def test_children_ride_on_the_slot_of_the_run_above(world: QueueWorld) -> None:
    run = cancel(ANN, begun(world.versions["one"]).id)
    child = run.model_copy(update={"parent": ParentNode(run_id=run.id, node="say")})
    assert slots.entering(child) == Entrance()
    assert slots.entering(run).fields["slot"] == "held"


def test_trials_and_repeats_wait_in_the_same_line(world: QueueWorld) -> None:
    version = world.versions["one"]
    first = begun(version)
    trial, again = try_node(ANN, version.workflow_id, "say", TrialWanted()), repeat(ANN, first.id)
    assert [(run.slot, run.status) for run in (trial, again)] == [("waiting", RunStatus.QUEUED)] * 2
    check_slots(ORG, [first, trial, again], limit=1)
    over(first)
    assert (now(trial).slot, executions(world)[trial.execution_name], now(again).slot) == ("held", "RUNNING", "waiting")
    over(now(trial))
    assert (now(again).slot, executions(world)[again.execution_name]) == ("held", "RUNNING")
    over(now(again))
    check_slots(ORG, [first, trial, again], limit=1)
