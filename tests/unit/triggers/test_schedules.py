"""Schedules: one run for one time, what was missed, what is asked for of the past, and EventBridge brought after the table."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import pytest

from chalicelib.clock import time_text
from chalicelib.errors import ScheduleInvalid, TriggerChanged, TriggerInputInvalid, TriggerInvalid, TriggerNameTaken, TriggerNotFound
from chalicelib.runs.query import get_input, get_run
from chalicelib.runs.start import InLine
from chalicelib.spec.model import Json
from chalicelib.store import triggers
from chalicelib.store.run_records import Priority
from chalicelib.store.trigger_records import TriggerRecord
from chalicelib.triggers import query, save, schedules
from chalicelib.triggers.occasions import take
from chalicelib.triggers.save import Wanted, WantedSchedule
from chalicelib.triggers.sync import reconcile, relay_unsynced, sync, sync_left
from chalicelib.workflows.delete import delete
from tests.factories.cloud import ANN, STRANGER, Cloud, published
from tests.factories.trigger_stories import HOURLY, ROLE, a_trigger, dying, held_schedules, rewritten, trigger_cloud

HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def aws() -> Iterator[Cloud]:
    with trigger_cloud() as found:
        yield found


def this_minute() -> datetime:
    return datetime.now(UTC).replace(second=0, microsecond=0)


def this_hour() -> datetime:
    return this_minute().replace(minute=0)


def told(trigger: TriggerRecord, at: datetime | None = None, *, revision: int | None = None) -> dict[str, Any]:
    """What Scheduler sends, its placeholder filled, of the last full hour if of no other time."""
    return {
        "source": "schedule",
        "organisation_id": "org_local",
        "trigger_id": trigger.id,
        "revision": revision or trigger.revision,
        "scheduled_at": (at or this_hour()).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


def runs_of(trigger: TriggerRecord) -> list[str]:
    return [each.run_id or "" for each in triggers.list_firings("org_local", trigger.id, limit=200).firings]


def test_it_starts_a_run_in_its_own_name_with_its_input() -> None:
    hour = this_hour()
    trigger = a_trigger(input={"city": "{{ $schedule.name }} at {{ $schedule.at }}"})
    firing = take(told(trigger))
    assert firing is not None
    assert firing.run_id is not None
    run = get_run(ANN, firing.run_id)
    assert (run.started_by, run.trigger.type, run.trigger.source) == ("schedule:nightly", "schedule", trigger.id)
    assert get_input(ANN, run.id) == {"city": f"nightly at {time_text(hour)}", "max_price": 200}


def test_its_run_waits_as_the_trigger_says() -> None:
    trigger = a_trigger(line=InLine(Priority.LOW, 600))
    firing = take(told(trigger))
    assert firing is not None
    assert firing.run_id is not None
    run = get_run(ANN, firing.run_id)
    assert run.priority is Priority.LOW
    assert run.start_by_at is not None
    changed = save.change(ANN, trigger.id, Wanted("nightly", HOURLY, input={"city": "Kiel"}))
    assert (changed.priority, changed.start_within_seconds) == (Priority.NORMAL, None)


def test_it_starts_one_run_for_a_time_that_sixteen_tell_of_at_once() -> None:
    trigger = a_trigger()
    with ThreadPoolExecutor(16) as pool:
        found = {firing.run_id for firing in pool.map(lambda _: take(told(trigger)), range(16)) if firing is not None}
    assert len(found) == 1
    assert None not in found
    assert query.get_trigger(ANN, trigger.id).tally.fired_count == 1


def test_it_finds_the_run_of_a_time_though_the_trigger_has_changed_since() -> None:
    trigger = a_trigger()
    first = take(told(trigger))
    changed = save.change(ANN, trigger.id, Wanted("nightly", HOURLY, input={"city": "Kiel"}))
    again = take(told(changed))
    assert first is not None
    assert again is not None
    assert again.run_id == first.run_id


def test_it_records_what_kept_a_run_from_starting() -> None:
    trigger = rewritten(a_trigger(), input={})
    firing = take(told(trigger))
    assert firing is not None
    assert firing.error is not None
    assert (firing.run_id, firing.error.code) == (None, "input-invalid")
    tally = query.get_trigger(ANN, trigger.id).tally
    assert (tally.fired_count, tally.failed_count, tally.last_error) == (1, 1, firing.error)


@pytest.mark.parametrize("payload", [None, {}, {"source": "schedule"}, [1], {"source": "schedule", "organisation_id": "o", "trigger_id": "t"}])
def test_it_ignores_what_it_cannot_read(payload: object) -> None:
    assert take(payload) is None


def test_it_fires_no_more_once_it_is_paused_but_for_a_time_before_that() -> None:
    now = this_minute()
    hour = this_hour()
    trigger = save.pause(ANN, a_trigger().id)
    assert take(told(trigger, now + HOUR)) is None
    assert take(told(trigger, hour - HOUR)) is not None
    save.remove(ANN, trigger.id)
    assert take(told(trigger, hour)) is None


def test_it_fires_a_stale_schedule_only_where_the_time_is_still_meant_and_mends_it() -> None:
    hour = this_hour()
    trigger = a_trigger()
    sync("org_local", trigger.id)
    changed = save.change(ANN, trigger.id, Wanted("nightly", WantedSchedule(cron="30 * * * *"), input={"city": "Kiel"}))
    sync("org_local", trigger.id)
    assert take(told(changed, hour, revision=1)) is None
    assert triggers.list_unsynced("org_local") == (trigger.id,)


def test_it_has_eventbridge_hold_what_the_record_says() -> None:
    now = this_minute()
    trigger = a_trigger(WantedSchedule(cron="0 7 * * 1-5", timezone="Europe/Berlin", start_at=now + HOUR, end_at=now + 9000 * HOUR))
    assert triggers.list_unsynced("org_local") == (trigger.id,)
    sync("org_local", trigger.id)
    held = held_schedules()[trigger.id]
    assert (held["ScheduleExpression"], held["ScheduleExpressionTimezone"]) == ("cron(0 7 ? * MON,TUE,WED,THU,FRI *)", "Europe/Berlin")
    assert (held["State"], held["Target"]["RoleArn"], held["StartDate"]) == ("ENABLED", ROLE, now + HOUR)
    assert '"<aws.scheduler.scheduled-time>"' in held["Target"]["Input"]
    assert triggers.list_unsynced("org_local") == ()
    save.pause(ANN, trigger.id)
    sync_left("org_local")
    assert held_schedules()[trigger.id]["State"] == "DISABLED"
    save.remove(ANN, trigger.id)
    sync_left("org_local")
    assert (held_schedules(), triggers.find("org_local", trigger.id)) == ({}, None)


def test_it_is_told_by_the_tables_stream() -> None:
    trigger = a_trigger()
    place = f"ORG#org_local#TRIGGER#{trigger.id}"
    assert relay_unsynced({"PK": place, "GSI2PK": "ORG#org_local#UNSYNCED#TRIGGERS", "GSI2SK": trigger.id})
    assert list(held_schedules()) == [trigger.id]
    assert not relay_unsynced({"PK": "ORG#org_local#GATE#g", "GSI2PK": "ORG#org_local#UNDELIVERED", "GSI2SK": "g"})


def test_it_puts_back_what_eventbridge_has_lost() -> None:
    trigger = a_trigger()
    sync("org_local", trigger.id)
    aws_forgets(trigger)
    assert sync_left("org_local") == 0
    assert reconcile("org_local") == 1
    assert list(held_schedules()) == [trigger.id]


def aws_forgets(trigger: TriggerRecord) -> None:
    from chalicelib.triggers.at_aws import remove

    remove(trigger)
    remove(trigger)


CALLS = 12


@pytest.mark.scenario
@pytest.mark.parametrize("move", ["create", "pause", "remove"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_it_comes_to_the_same_end_whichever_call_dies(aws: Cloud, move: str, when: Literal["before", "after"]) -> None:
    """Each call of bringing EventBridge up to date dies in turn, on its way there or back; the next sweep ends it."""
    for number in range(CALLS):
        trigger = a_trigger(name=f"t{number}")
        if move != "create":
            sync("org_local", trigger.id)
            save.pause(ANN, trigger.id) if move == "pause" else save.remove(ANN, trigger.id)
        with dying(aws, when, number):
            sync_left("org_local")
        sync_left("org_local")
        state = {"create": "ENABLED", "pause": "DISABLED", "remove": None}[move]
        assert held_schedules().get(trigger.id, {}).get("State") == state
        assert triggers.list_unsynced("org_local") == ()


def test_it_lets_the_newer_of_two_changes_win_whoever_tells_eventbridge_of_it(aws: Cloud) -> None:
    trigger = a_trigger()
    sync("org_local", trigger.id)
    save.pause(ANN, trigger.id)

    def meanwhile(operation: str) -> None:
        if operation == "scheduler:UpdateSchedule" and not triggers.get("org_local", trigger.id).enabled:
            aws.before.remove(meanwhile)
            save.resume(ANN, trigger.id)

    aws.before.append(meanwhile)
    sync("org_local", trigger.id)
    assert held_schedules()[trigger.id]["State"] == "ENABLED"


@pytest.mark.parametrize(("policy", "expected"), [("none", []), ("latest", [0]), ("all", [2, 1, 0])])
def test_it_makes_up_for_what_was_missed_as_its_policy_says(policy: Any, expected: list[int]) -> None:
    hour = this_hour()
    trigger = a_trigger(WantedSchedule(cron="0 * * * *", catch_up=policy))
    sync("org_local", trigger.id)
    paused = rewritten(triggers.get("org_local", trigger.id), enabled=False, handled_from=time_text(hour - 3 * HOUR))
    save.resume(ANN, paused.id)
    sync("org_local", trigger.id)
    firings = triggers.list_firings("org_local", trigger.id, limit=10).firings
    assert [firing.at for firing in firings] == [time_text(hour - number * HOUR) for number in sorted(expected)]
    reconcile("org_local")
    assert len(runs_of(trigger)) == len(expected)


def test_it_makes_up_for_the_last_hundred_at_most() -> None:
    now = this_minute()
    trigger = a_trigger(WantedSchedule(cron="* * * * *", catch_up="all"))
    behind = rewritten(trigger, handled_from=time_text(now - 200 * HOUR))
    missed = schedules.missed_times(behind, now)
    assert (len(missed), missed[-1]) == (100, now)


def test_it_makes_up_after_a_time_out_of_order_for_what_came_before_it() -> None:
    """A backfill, or a firing by hand, says nothing of what was missed."""
    now = this_minute()
    hour = this_hour()
    trigger = rewritten(a_trigger(WantedSchedule(cron="0 * * * *", catch_up="all")), handled_from=time_text(hour - 3 * HOUR))
    schedules.backfill(ANN, trigger.id, first=hour, last=hour, dry_run=False)
    schedules.fire_now(ANN, trigger.id, key="k")
    assert len(schedules.missed_times(trigger, now)) == 3


def test_it_fires_for_a_time_that_passed_while_eventbridge_was_told_of_it() -> None:
    now = this_minute()
    trigger = a_trigger(WantedSchedule(at=(now + 2 * HOUR).replace(tzinfo=None).isoformat()))
    assert trigger.schedule is not None
    late = trigger.schedule.model_copy(update={"expression": f"at({(now - timedelta(seconds=5)).replace(tzinfo=None).isoformat()})"})
    just_now = time_text(now - timedelta(seconds=60))
    rewritten(trigger, schedule=late, updated_at=just_now, handled_from=just_now)
    sync("org_local", trigger.id)
    assert len(runs_of(trigger)) == 1
    assert held_schedules() == {}


def test_it_fires_for_the_times_of_a_span_once() -> None:
    hour = this_hour()
    trigger = a_trigger()
    first, last = hour - 3 * HOUR, hour - HOUR
    take(told(trigger, hour - 2 * HOUR))
    assert schedules.backfill(ANN, trigger.id, first=first, last=last, dry_run=True).firings == ()
    done = schedules.backfill(ANN, trigger.id, first=first, last=last, dry_run=False)
    assert done.times == tuple(time_text(hour - number * HOUR) for number in (3, 2, 1))
    assert schedules.backfill(ANN, trigger.id, first=first, last=last, dry_run=False).firings[0].run_id == done.firings[0].run_id
    assert len(set(runs_of(trigger))) == 3


@pytest.mark.parametrize(
    ("hours", "told_of"), [((-1, -2), "later one"), ((-200, -1), "more than 100"), ((-1, 2), "of the past"), ((-99_999, -1), "400 days")]
)
def test_it_refuses_a_span_that_is_none_or_too_long(hours: tuple[int, int], told_of: str) -> None:
    hour = this_hour()
    trigger = a_trigger()
    with pytest.raises(TriggerInvalid, match=told_of):
        schedules.backfill(ANN, trigger.id, first=hour + hours[0] * HOUR, last=hour + hours[1] * HOUR, dry_run=True)


def test_it_tells_the_next_times_and_none_while_it_is_paused() -> None:
    trigger = a_trigger()
    before = this_hour()
    found = schedules.upcoming(ANN, trigger.id, 2)
    assert found in [tuple(time_text(hour + ahead * HOUR) for ahead in (1, 2)) for hour in (before, this_hour())]
    save.pause(ANN, trigger.id)
    assert schedules.upcoming(ANN, trigger.id, 2) == ()


def test_it_fires_by_hand_once_for_one_key() -> None:
    trigger = a_trigger()
    first, again, other = (schedules.fire_now(ANN, trigger.id, key=key).run_id for key in ("a", "a", ""))
    assert first == again != other


@pytest.mark.parametrize(
    ("template", "where", "told_of"),
    [
        ({"city": "$body.city"}, "/city", "is told \\$schedule"),
        ({"city": "{% $schedule.at %}"}, "/city", "compute in the workflow"),
        ({"city": "{{ $uppercase($schedule.at) }}"}, "/city", "only reads"),
        ({"city": 3}, "/city", "not of type"),
        ({"city": "$schedule.at", "max_price": "dear"}, "/max_price", "not of type"),
        ({"town": "$schedule.at"}, "/city", "asks for city"),
        ({"city": "$schedule.at", "town": 1}, "/town", "takes no town"),
        ("Bonn", "", "not of type"),
    ],
)
def test_it_says_what_is_wrong_with_its_input(template: Json, where: str, told_of: str) -> None:
    with pytest.raises(TriggerInputInvalid, match=told_of) as refused:
        a_trigger(input=template)
    assert where in refused.value.faults


def test_it_refuses_a_name_that_is_taken_or_none_and_frees_that_of_a_removed_one() -> None:
    trigger = a_trigger()
    with pytest.raises(TriggerNameTaken):
        a_trigger(workflow_id=trigger.workflow_id)
    with pytest.raises(TriggerInvalid, match="small letter"):
        a_trigger(name="Nightly!")
    save.remove(ANN, trigger.id)
    assert a_trigger(workflow_id=trigger.workflow_id).id != trigger.id


def test_it_refuses_a_change_of_what_was_changed_meanwhile_and_of_kind_or_name() -> None:
    trigger = a_trigger()
    save.pause(ANN, trigger.id)
    wanted = Wanted("nightly", HOURLY, input={"city": "Kiel"})
    with pytest.raises(TriggerChanged):
        save.change(ANN, trigger.id, wanted, revision=trigger.revision)
    with pytest.raises(TriggerChanged):
        triggers.replace(trigger.model_copy(update={"revision": 2}), before=trigger)
    with pytest.raises(TriggerInvalid, match="keeps its name"):
        save.change(ANN, trigger.id, Wanted("other", HOURLY, input={"city": "Kiel"}))
    assert save.change(ANN, trigger.id, wanted, revision=2).enabled


def test_it_keeps_a_rates_beginning_when_something_else_is_changed() -> None:
    trigger = a_trigger(WantedSchedule(rate="5 minutes"))
    changed = save.change(ANN, trigger.id, Wanted("nightly", WantedSchedule(rate="5 minutes"), input={"city": "Kiel"}))
    assert changed.schedule == trigger.schedule
    other = save.change(ANN, trigger.id, Wanted("nightly", WantedSchedule(rate="6 minutes"), input={"city": "Kiel"}))
    assert other.schedule is not None
    assert other.schedule.anchor_at == other.updated_at


def test_it_shows_triggers_to_their_organisation_alone_by_workflow_and_name() -> None:
    workflow_id = published().workflow_id
    late, early = (a_trigger(name=name, workflow_id=workflow_id) for name in ("late", "early"))
    assert [each.trigger.id for each in query.list_of_workflow(ANN, workflow_id)] == [early.id, late.id]
    page = query.list_all(ANN, limit=1, cursor=None)
    rest = query.list_all(ANN, limit=5, cursor=page.cursor)
    assert [each.trigger.id for each in (*page.triggers, *rest.triggers)] == [early.id, late.id]
    assert query.list_all(STRANGER, limit=5, cursor=None).triggers == ()
    with pytest.raises(TriggerNotFound):
        query.get_trigger(STRANGER, early.id)
    with pytest.raises(ScheduleInvalid):
        a_trigger(WantedSchedule(cron="0 0 31 2 *"), name="never", workflow_id=workflow_id)


def test_it_goes_with_its_workflow() -> None:
    trigger = a_trigger()
    sync("org_local", trigger.id)
    delete(ANN, trigger.workflow_id)
    assert query.list_all(ANN, limit=5, cursor=None).triggers == ()
    assert take(told(trigger)) is None
    sync_left("org_local")
    assert held_schedules() == {}
