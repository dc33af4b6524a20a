"""Events of the bus, and the ends of other runs."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from chalicelib.errors import Contention, TriggerInvalid
from chalicelib.machines.names import execution_arn
from chalicelib.runs import after
from chalicelib.runs.finish import finish, read_change
from chalicelib.runs.follow_up import follow_up
from chalicelib.runs.query import get_input, get_run
from chalicelib.runs.queue import set_workflow_queue
from chalicelib.runs.start import start
from chalicelib.spec.model import JsonObject
from chalicelib.store import runs, triggers
from chalicelib.store.clients import client
from chalicelib.store.run_records import Run, Trigger
from chalicelib.store.trigger_records import TriggerRecord
from chalicelib.triggers import save
from chalicelib.triggers.at_aws import rule_name
from chalicelib.triggers.occasions import take
from chalicelib.triggers.patterns import MAX_BYTES, check_pattern
from chalicelib.triggers.save import WantedEvent, WantedRunEnd
from chalicelib.triggers.sync import sync, sync_left
from tests.factories.api_events import bridge_event
from tests.factories.cloud import ANN, Cloud, published
from tests.factories.trigger_stories import ARN, a_trigger, dying, greeting, trigger_cloud

PATTERN: JsonObject = {"source": ["shop"], "detail-type": [{"prefix": "order"}]}


@pytest.fixture(autouse=True)
def aws() -> Iterator[Cloud]:
    with trigger_cloud() as found:
        yield found


def told(trigger: TriggerRecord, event: JsonObject) -> JsonObject:
    return {"source": "event", "organisation_id": "org_local", "trigger_id": trigger.id, "event": event}


def an_event(**detail: Any) -> JsonObject:
    return bridge_event("ordered", detail, source="shop")


def listening(**fields: Any) -> TriggerRecord:
    return a_trigger(WantedEvent(PATTERN), name="orders", input={"city": "$event.detail.city"}, **fields)


def test_it_starts_one_run_for_one_event() -> None:
    trigger = listening()
    first, again = (take(told(trigger, an_event(city="Bonn"))) for _ in range(2))
    assert first is not None
    assert again is not None
    assert first.run_id is not None
    assert first.run_id == again.run_id
    assert get_run(ANN, first.run_id).started_by == "event:orders"
    assert get_input(ANN, first.run_id) == {"city": "Bonn", "max_price": 200}


def test_it_fires_for_no_end_of_its_own_and_not_while_it_is_paused() -> None:
    trigger = listening()
    assert take(told(trigger, bridge_event("Step Functions Execution Status Change", {"name": "run_01"}))) is None
    assert take(told(trigger, bridge_event("Step Functions Execution Status Change", {"name": "theirs"}))) is not None
    save.pause(ANN, trigger.id)
    assert take(told(trigger, an_event(city="Bonn"))) is None


def test_it_hears_nothing_that_sluice_tells_of_another_organisation() -> None:
    trigger = listening()
    assert take(told(trigger, bridge_event("Budget alert", {"organisation_id": "org_other"}, source="sluice"))) is None
    assert take(told(trigger, bridge_event("Budget alert", {}, source="sluice"))) is None
    assert take(told(trigger, bridge_event("Budget alert", {"organisation_id": "org_local"}, source="sluice"))) is not None


def test_it_has_eventbridge_hold_a_rule_as_long_as_there_is_the_trigger() -> None:
    trigger = listening()
    sync("org_local", trigger.id)
    bus = client("events")
    rule = bus.describe_rule(Name=rule_name(trigger))
    assert (json.loads(rule["EventPattern"]), rule["State"]) == (PATTERN, "ENABLED")
    (target,) = bus.list_targets_by_rule(Rule=rule_name(trigger))["Targets"]
    assert target["Arn"] == ARN
    filled = json.loads(target["InputTransformer"]["InputTemplate"].replace("<aws.events.event.json>", json.dumps(an_event(city="Bonn"))))
    assert filled == told(trigger, an_event(city="Bonn"))
    save.pause(ANN, trigger.id)
    sync_left("org_local")
    assert bus.describe_rule(Name=rule_name(trigger))["State"] == "DISABLED"
    save.remove(ANN, trigger.id)
    sync_left("org_local")
    assert bus.list_rules()["Rules"] == []


def test_it_says_when_eventbridge_did_not_take_a_target(aws: Cloud) -> None:
    trigger = listening()
    aws.reply("events:PutTargets", lambda: {"FailedEntryCount": 1, "FailedEntries": [{"ErrorCode": "Refused"}]})
    with pytest.raises(RuntimeError, match="Refused"):
        sync("org_local", trigger.id)
    assert triggers.list_unsynced("org_local") == (trigger.id,)


@pytest.mark.parametrize(
    "pattern",
    [
        PATTERN,
        {"detail": {"total": [{"numeric": [">", 100]}], "state": ["open", None]}},
        {"$or": [{"source": ["a"]}, {"detail-type": ["b"]}], "account": ["1"]},
        {"source": [{"anything-but": "a"}], "detail": {"kind": ["x"]}},
    ],
)
def test_it_takes_a_pattern_that_tells_events_apart(pattern: JsonObject) -> None:
    check_pattern(pattern)


DEEP: JsonObject = {"a": ["b"]}
for _ in range(30):
    DEEP = {"a": DEEP}


@pytest.mark.parametrize(
    ("pattern", "what"),
    [
        ({}, "is empty"),
        ({"account": ["1"]}, "nearly every event"),
        ({"source": [{"prefix": ""}]}, "nearly every event"),
        ({"source": [{"exists": True}], "detail-type": [{"wildcard": "*"}]}, "nearly every event"),
        ({"source": ["a", {"anything-but": "a"}]}, "nearly every event"),
        ({"$or": [{"source": ["a"]}, {"region": ["b"]}]}, "nearly every event"),
        ({"source": "shop"}, 'in a list, as in \\["shop"\\]'),
        ({"source": []}, "nothing could match"),
        ({"detail": {}}, "detail is empty"),
        ({"detail": {"a": {"b": 1}}}, "detail.a.b"),
        ({"source": [["a"]]}, "not a list in a list"),
        ({"source": [{"like": "a"}]}, "a comparison is one of"),
        ({"source": [{"prefix": "a", "suffix": "b"}]}, "a comparison is one of"),
        ({"orders": ["a"]}, "names orders"),
        ({"$or": [{"source": ["a"]}]}, "two patterns"),
        ({"$or": ["a", "b"]}, "a list of patterns"),
        ({"detail": DEEP}, "nested"),
        ({"source": ["a" * MAX_BYTES]}, "EventBridge takes"),
    ],
)
def test_it_refuses_a_pattern_that_eventbridge_would_refuse_or_that_fires_for_everything(pattern: JsonObject, what: str) -> None:
    with pytest.raises(TriggerInvalid, match=what):
        check_pattern(pattern)


def ended(run: Run, status: str = "SUCCEEDED") -> Run:
    """The run's execution ended so, and whoever has to was told."""
    arn = execution_arn(run.machine_arn, run.execution_name)
    detail = {
        "executionArn": arn,
        "stateMachineArn": run.machine_arn,
        "name": run.execution_name,
        "status": status,
        "input": json.dumps({"organisation_id": run.organisation_id}),
        "output": json.dumps({"output": {"hotel": "Astoria"}, "settled": {}}) if status == "SUCCEEDED" else None,
    }
    change = read_change(bridge_event("Step Functions Execution Status Change", detail))
    assert change is not None
    found = finish(change)
    assert found is not None
    return found


def a_run(trigger: Trigger | None = None) -> Run:
    workflow_id = published().workflow_id
    return start(ANN, workflow_id=workflow_id, input={"city": "Bonn"}, trigger=trigger or Trigger())


def waiting(run: Run, *statuses: str, name: str = "then", **fields: Any) -> TriggerRecord:
    template = {"who": "{{ $ended.workflow }} {{ $ended.status }}", "what": "$ended.output.hotel", "why": "$ended.error.name"}
    listener = published(greeting(who={}, what={}, why={})).workflow_id
    return a_trigger(WantedRunEnd(run.workflow_id, statuses or ("succeeded",)), name=name, workflow_id=listener, input=template, **fields)


def firings(trigger: TriggerRecord) -> list[Any]:
    return [*triggers.list_firings("org_local", trigger.id, limit=10).firings]


def test_it_fires_once_at_the_end_of_a_run_with_what_came_of_it() -> None:
    run = a_run()
    trigger = waiting(run)
    ended(run)
    follow_up(runs.get("org_local", run.id))
    (firing,) = firings(trigger)
    then = get_run(ANN, firing.run_id)
    assert (then.trigger.type, then.trigger.source, then.trigger.depth, then.started_by) == ("run_end", trigger.id, 1, "run_end:then")
    assert get_input(ANN, then.id) == {"who": "hotel succeeded", "what": "Astoria", "why": None}


def test_it_fires_for_the_statuses_that_it_waits_for_alone_and_not_while_it_is_paused() -> None:
    run, other = a_run(), a_run()
    on_failure, paused = waiting(run, "failed", "timed_out"), waiting(run, name="paused", enabled=False)
    ended(run)
    assert firings(on_failure) == firings(paused) == []
    failing = a_trigger(WantedRunEnd("hotel", ("cancelled",)), name="last", workflow_id=other.workflow_id, input={"city": "$ended.run_id"})
    ended(other, "ABORTED")
    assert len(firings(failing)) == 1


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("number", range(0, 24, 2))
def test_it_fires_though_whoever_ends_the_run_dies(aws: Cloud, when: Any, number: int) -> None:
    run = a_run()
    trigger = waiting(run)
    with dying(aws, when, number):
        ended(run)
    ended(run)
    again = runs.get("org_local", run.id)
    if again.lingers:
        follow_up(again)
    assert len({firing.run_id for firing in firings(trigger)}) == 1
    assert not runs.get("org_local", run.id).lingers


def test_it_ends_a_chain_of_ends_after_five() -> None:
    run = a_run(Trigger(type="run_end", source="trg", depth=after.MOST_DEPTH))
    trigger = waiting(run)
    ended(run)
    (firing,) = firings(trigger)
    assert (firing.run_id, firing.error.code) == (None, "trigger-chain-too-long")


def test_it_waits_for_no_end_any_more_once_it_is_removed_or_waits_for_another() -> None:
    run = a_run()
    trigger = waiting(run)
    assert [each.id for each in triggers.list_after("org_local", run.workflow_id)] == [trigger.id]
    elsewhere = published(greeting()).workflow_id
    changed = save.change(ANN, trigger.id, save.Wanted("then", WantedRunEnd(elsewhere, ("failed",))))
    assert triggers.list_after("org_local", run.workflow_id) == ()
    assert [each.id for each in triggers.list_after("org_local", elsewhere)] == [changed.id]
    save.remove(ANN, trigger.id)
    assert triggers.list_after("org_local", elsewhere) == ()
    assert triggers.find("org_local", trigger.id) is None


@pytest.mark.parametrize(("workflow", "statuses"), [("hotel", ()), ("hotel", ("running",)), ("nowhere", ("failed",))])
def test_it_refuses_an_end_that_never_comes(workflow: str, statuses: tuple[str, ...]) -> None:
    with pytest.raises(TriggerInvalid):
        a_trigger(WantedRunEnd(workflow, statuses))


def test_it_gives_up_on_a_trigger_that_changes_and_changes(aws: Cloud) -> None:
    trigger = listening()

    def restless(operation: str) -> None:
        if operation == "events:PutRule":
            found = triggers.get("org_local", trigger.id)
            save.pause(ANN, trigger.id) if found.enabled else save.resume(ANN, trigger.id)

    aws.before.append(restless)
    with pytest.raises(Contention, match="again and again"):
        sync("org_local", trigger.id)


def test_a_firing_has_its_run_though_that_waits_for_a_slot() -> None:
    trigger = listening()
    set_workflow_queue(ANN, trigger.workflow_id, limit=None, is_paused=True)
    take(told(trigger, an_event(city="Bonn")))
    (firing,) = triggers.list_firings("org_local", trigger.id, limit=9).firings
    assert firing.run_id is not None
    assert (get_run(ANN, firing.run_id).slot, firing.error) == ("waiting", None)
    set_workflow_queue(ANN, trigger.workflow_id, limit=None, is_paused=False)
    assert get_run(ANN, firing.run_id).slot == "held"
