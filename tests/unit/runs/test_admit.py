"""Slots: who gets one at once, who waits, who is next."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from chalicelib.access.principal import Principal
from chalicelib.access.scopes import Scope
from chalicelib.errors import ScopeMissing, WorkflowNotFound
from chalicelib.machines import executions
from chalicelib.runs.admit import admit
from chalicelib.runs.cancel import cancel
from chalicelib.runs.query import list_events
from chalicelib.runs.queue import empty_workflow_queue, estimated_start_at, get_queue, get_workflow_queue, place_of, set_workflow_queue
from chalicelib.runs.start import InLine, give_to_engine, start
from chalicelib.runs.sweep import sweep
from chalicelib.store import keys, runs, slots, table
from chalicelib.store.run_records import Priority, Run
from chalicelib.store.slots import WorkflowSlots
from chalicelib.store.statuses import RunStatus
from chalicelib.store.workflow_records import Share
from chalicelib.workflows.delete import delete
from chalicelib.workflows.share import set_access
from tests.factories.cloud import ANN, Cloud, cloud
from tests.factories.queues import ORG, begun, check_slots, holders, now, over, version_of

OTHER = replace(ANN, organisation_id="org_other")


@pytest.fixture
def narrow() -> Iterator[Cloud]:
    """An organisation may have two runs at once."""
    with cloud(SLUICE_MAX_RUNNING_OF_ORGANISATION="2") as found:
        yield found


def is_started(run: Run) -> bool:
    return executions.describe(run.machine_arn, run.execution_name) is not None


def test_it_gives_slots_as_long_as_there_are_some_and_lines_the_others_up(narrow: Cloud) -> None:
    version = version_of("one")
    found = [begun(version) for _ in range(4)]
    assert [run.slot for run in found] == ["held", "held", "waiting", "waiting"]
    assert [is_started(run) for run in found] == [True, True, False, False]
    assert all(run.status is RunStatus.QUEUED for run in found)
    check_slots(ORG, found, limit=2)


def test_it_lets_the_next_in_when_a_run_ends_whatever_the_end(narrow: Cloud) -> None:
    version = version_of("one")
    found = [begun(version) for _ in range(4)]
    over(found[0])
    assert (now(found[2]).slot, is_started(found[2]), now(found[3]).slot) == ("held", True, "waiting")
    cancel(ANN, found[1].id)
    assert (now(found[3]).slot, is_started(found[3])) == ("held", True)
    check_slots(ORG, found, limit=2)


def test_it_gives_a_slot_back_once_however_often_the_end_is_told(narrow: Cloud) -> None:
    version = version_of("one")
    found = [begun(version) for _ in range(6)]
    for _ in range(3):
        over(found[0])
    check_slots(ORG, found, limit=2)
    assert [now(run).slot for run in found] == ["none", "held", "held", "waiting", "waiting", "waiting"]


def test_it_tells_at_which_place_a_run_waits(narrow: Cloud) -> None:
    version = version_of("one")
    begun(version), begun(version)
    low, normal, high = (begun(version, priority=priority) for priority in (Priority.LOW, Priority.NORMAL, Priority.HIGH))
    places = [place_of(run) for run in (high, normal, low)]
    assert [(place.position, place.waiting_count) for place in places if place] == [(1, 3), (2, 3), (3, 3)]
    assert list_events(ANN, normal.id).events[0].data == {"trigger": "manual", "started_by": "ann", "priority": "normal", "position": 1}
    assert place_of(over(normal)) is None


def test_it_estimates_by_how_fast_the_line_moved() -> None:
    moved = WorkflowSlots(recent=(10**13, 10**13 + 2_000, 10**13 + 4_000))
    assert estimated_start_at(moved, 3) == estimated_start_at(WorkflowSlots(recent=(10**13 + 8_000, 10**13 + 9_000)), 1)
    assert estimated_start_at(WorkflowSlots(recent=(1,)), 1) is None
    assert estimated_start_at(moved.model_copy(update={"paused": True}), 1) is None


def test_it_serves_higher_priorities_first_and_each_line_in_its_order(narrow: Cloud) -> None:
    version = version_of("one")
    running = [begun(version) for _ in range(2)]
    kinds = [Priority.LOW, Priority.NORMAL, Priority.HIGH, Priority.NORMAL, Priority.HIGH]
    waiting = [begun(version, priority=kind) for kind in kinds]
    order = served(running, waiting)
    assert order == [waiting[position].id for position in (2, 4, 1, 3, 0)]


def served(running: list[Run], waiting: list[Run]) -> list[str]:
    """In which order those who wait get in, one end at a time."""
    order: list[str] = []
    while len(order) < len(waiting):
        over(running.pop(0))
        new = [run for run in holders(waiting) if run.id not in order]
        assert len(new) == 1
        order.append(new[0].id)
        running += new
    return order


def test_it_serves_workflows_in_turn(narrow: Cloud) -> None:
    flood, other = version_of("flood"), version_of("other")
    running = [begun(flood) for _ in range(2)]
    many = [begun(flood) for _ in range(5)]
    few = [begun(other) for _ in range(2)]
    order = served(running, [*many, *few])
    assert order[:4] == [many[0].id, few[0].id, many[1].id, few[1].id] or order[:4] == [few[0].id, many[0].id, few[1].id, many[1].id]


def test_it_holds_a_workflow_to_its_own_limit_and_lets_others_pass(aws: Cloud) -> None:
    one, other = version_of("one"), version_of("other")
    set_workflow_queue(ANN, one.workflow_id, limit=1, is_paused=False)
    found = [begun(one), begun(one), begun(other), begun(one)]
    assert [now(run).slot for run in found] == ["held", "waiting", "held", "waiting"]
    set_workflow_queue(ANN, one.workflow_id, limit=2, is_paused=False)
    assert [now(run).slot for run in found] == ["held", "held", "held", "waiting"]
    check_slots(ORG, found, limit=3)


def test_it_lets_nobody_in_while_a_workflow_is_paused(aws: Cloud) -> None:
    one = version_of("one")
    first = begun(one)
    assert set_workflow_queue(ANN, one.workflow_id, limit=None, is_paused=True).is_paused
    second = begun(one)
    over(first)
    assert now(second).slot == "waiting"
    place = place_of(now(second))
    assert place is not None
    assert place.is_paused
    set_workflow_queue(ANN, one.workflow_id, limit=None, is_paused=False)
    assert (now(second).slot, is_started(second)) == ("held", True)


def test_it_ends_a_run_in_line_that_is_cancelled_without_a_word_of_its_beginning(narrow: Cloud) -> None:
    version = version_of("one")
    found = [begun(version) for _ in range(4)]
    ended = cancel(ANN, found[2].id)
    assert (ended.status, ended.slot, ended.started_at) == (RunStatus.CANCELLED, "none", None)
    assert [event.type for event in list_events(ANN, ended.id).events] == ["run_queued", "run_cancelled"]
    check_slots(ORG, found, limit=2)
    over(found[0])
    assert now(found[3]).slot == "held"


def test_it_empties_a_workflow_s_queue(narrow: Cloud) -> None:
    one, other = version_of("one"), version_of("other")
    found = [begun(one) for _ in range(4)] + [begun(other)]
    count, left = empty_workflow_queue(ANN, one.workflow_id)
    assert (count, left.running_count, sum(left.waiting.values())) == (2, 2, 0)
    assert [now(run).slot for run in found] == ["held", "held", "none", "none", "waiting"]
    check_slots(ORG, found, limit=2)


def test_it_shows_the_queues_of_all_workflows(narrow: Cloud) -> None:
    one, other = version_of("one"), version_of("other")
    for version in (one, one, other):
        begun(version)
    found = get_queue(ANN)
    assert (found.limit, found.running_count, found.waiting_count) == (2, 2, 1)
    assert [(each.workflow_name, each.running_count, each.waiting) for each in found.workflows] == [
        ("one", 2, {"high": 0, "normal": 0, "low": 0}),
        ("other", 0, {"high": 0, "normal": 1, "low": 0}),
    ]
    assert get_workflow_queue(ANN, other.workflow_id) == found.workflows[1]


def test_it_never_waits_for_the_limit_of_another_organisation(narrow: Cloud) -> None:
    one, theirs = version_of("one"), version_of("theirs", organisation_id=OTHER.organisation_id)
    for _ in range(4):
        begun(one)
    assert begun(theirs, by=OTHER).slot == "held"


def test_it_lets_organisations_in_by_turns_where_the_deployment_has_a_limit() -> None:
    with cloud(SLUICE_MAX_RUNNING="2"):
        one, theirs = version_of("one"), version_of("theirs", organisation_id=OTHER.organisation_id)
        running = [begun(one) for _ in range(2)]
        many = [begun(one) for _ in range(4)]
        few = [begun(theirs, by=OTHER) for _ in range(2)]
        order = served(running, [*many, *few])
        assert {*order[:2]} == {many[0].id, few[0].id}
        assert {*order[2:4]} == {many[1].id, few[1].id}
        assert slots.read_deployment().taken == 2
        for run in holders([*many, *few]):
            over(run)
        assert (slots.read_deployment().taken, slots.read_deployment().waiting) == (0, 0)


def test_it_gives_the_last_slot_to_one_of_sixteen() -> None:
    with cloud(SLUICE_MAX_RUNNING_OF_ORGANISATION="1"), ThreadPoolExecutor(16) as pool:
        version = version_of("one")
        found = list(pool.map(lambda _: begun(version), range(16)))
        assert len(holders(found)) == 1
        check_slots(ORG, found, limit=1)


def test_it_is_swept_in_where_the_dispatcher_died(narrow: Cloud) -> None:
    version = version_of("one")
    found = [begun(version) for _ in range(3)]
    table.transact([*slots.leaving(now(found[0])), table.assign(keys.run(ORG, found[0].id), {"slot": "none"})])
    assert sweep(ORG).admitted_count == 1
    assert (now(found[2]).slot, is_started(found[2])) == ("held", True)


def test_it_is_swept_to_the_engine_where_its_giver_died(narrow: Cloud) -> None:
    version = version_of("one")
    found = [begun(version) for _ in range(3)]
    table.transact([*slots.leaving(now(found[0])), table.assign(keys.run(ORG, found[0].id), {"slot": "none"})])
    assert admit(ORG, lambda run: None) == 1
    assert not is_started(found[2])
    sweep(ORG, grace_seconds=0)
    assert is_started(found[2])


def test_it_times_out_who_waits_too_long(narrow: Cloud) -> None:
    version = version_of("one")
    found = [begun(version) for _ in range(2)]
    late = start(ANN, workflow_id=version.workflow_id, input={}, line=InLine(within_seconds=60))
    table.write(table.assign(keys.run(ORG, late.id), {"start_by_at": "2026-01-01T00:00:00.000Z"}))
    sweep(ORG, grace_seconds=0)
    ended = now(late)
    assert (ended.status, ended.error.code if ended.error else "") == (RunStatus.TIMED_OUT, "no-slot")
    check_slots(ORG, [*found, late], limit=2)


def test_it_sets_counts_right_that_an_older_table_left_wrong(narrow: Cloud) -> None:
    version = version_of("one")
    found = [begun(version) for _ in range(3)]
    wrong = {"taken": 7, "waiting": 0, "changed_at": 1}
    table.write(table.assign(keys.organisation_slots(ORG), wrong))
    table.write(table.assign(keys.workflow_slots(ORG, version.workflow_id), {**wrong, "waiting_normal": 4}))
    assert sweep(ORG).corrected_count == 2
    check_slots(ORG, found, limit=2)


def test_it_leaves_counts_alone_that_changed_a_moment_ago(narrow: Cloud) -> None:
    begun(version_of("one"))
    table.write(table.assign(keys.organisation_slots(ORG), {"taken": 7}))
    assert sweep(ORG).corrected_count == 0


def test_it_stops_a_run_that_was_cancelled_between_slot_and_engine(narrow: Cloud) -> None:
    version = version_of("one")
    run = begun(version)
    stale = runs.get(ORG, run.id)
    cancel(ANN, run.id)
    give_to_engine(stale)
    execution = executions.describe(run.machine_arn, run.execution_name)
    assert execution is not None
    assert execution.status == "ABORTED"


def test_a_resumed_run_counts_in_the_deployment_s_slots_once_these_have_a_limit() -> None:
    with cloud(SLUICE_MAX_RUNNING="1"):
        run = cancel(ANN, begun(version_of("one")).id)
        entrance = slots.entering(run.model_copy(update={"capped": False}))
        assert (entrance.fields["capped"], entrance.fields["slot"], len(entrance.writes)) == (True, "held", 3)
        begun(version_of("other"))
        assert slots.entering(run).fields["slot"] == "waiting"


def test_it_shows_queues_to_those_who_may_see_the_runs_and_lets_those_change_them_who_may_the_workflow(narrow: Cloud) -> None:
    mine = version_of("one")
    for _ in range(3):
        begun(mine)
    viewer = Principal(ORG, "dan", frozenset({"viewer"}), frozenset({Scope.RUN_READ, Scope.WORKFLOW_READ, Scope.WORKFLOW_WRITE, Scope.RUN_CANCEL}))
    found = get_queue(viewer)
    assert (found.running_count, found.waiting_count, found.workflows) == (2, 1, ())
    with pytest.raises(WorkflowNotFound):
        get_workflow_queue(viewer, mine.workflow_id)
    set_access(ANN, mine.workflow_id, shares=(Share(who="person:dan", level="run"),), public=False)
    assert [each.workflow_name for each in get_queue(viewer).workflows] == ["one"]
    with pytest.raises(ScopeMissing):
        set_workflow_queue(viewer, mine.workflow_id, limit=1, is_paused=True)
    with pytest.raises(ScopeMissing):
        empty_workflow_queue(viewer, mine.workflow_id)


def test_it_shows_the_queue_of_a_deleted_workflow_and_empties_it(narrow: Cloud) -> None:
    version = version_of("one")
    for _ in range(3):
        begun(version)
    delete(ANN, version.workflow_id)
    assert [each.running_count for each in get_queue(ANN).workflows] == [2]
    assert empty_workflow_queue(ANN, version.workflow_id)[0] == 1
