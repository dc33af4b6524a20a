"""Alerts: each share of each limit once, whoever finds it and however often; told on the bus to those whom it is about."""

from typing import Any

import pytest

from chalicelib.access.alerts import LEVELS, list_alerts, relay_alerts, tell_left
from chalicelib.access.budgets import reserve, settle
from chalicelib.access.limits import get_budget, remove_budget, set_budget
from chalicelib.clock import now_text
from chalicelib.errors import BudgetExceeded, Unavailable
from chalicelib.store import budget_alerts, keys, table
from chalicelib.store.budget_records import BudgetAlert
from chalicelib.store.clients import client
from chalicelib.store.items import Item
from tests.factories.cloud import ANN, STRANGER, Cloud, listen, unpublished

ORG = ANN.organisation_id


def counter(workflow_id: str = "") -> Item:
    """Of the day's limit, as the table holds it; empty before the first call."""
    limit = get_budget(ANN, workflow_id=workflow_id).per_day
    assert limit is not None
    return table.get(keys.spent_of_period(ORG, workflow_id, f"DAY#{now_text()[:10]}", limit.generation)) or {}


def spend(cost: int, key: str, workflow_id: str = "") -> None:
    """A call, and what the stream then tells of the counter of the day."""
    before = counter(workflow_id)
    held = reserve(ORG, call_key=key, amount=cost, workflow_id=workflow_id)
    assert held is not None
    reserved = counter(workflow_id)
    assert relay_alerts(before, reserved)
    settle(held, cost)
    assert relay_alerts(reserved, counter(workflow_id))


def limit(per_day: int) -> None:
    """A budget is set, and what the stream then tells of it."""
    set_budget(ANN, per_day=per_day)
    image = table.get(keys.budget(ORG))
    assert image is not None
    assert relay_alerts({}, image)


def untold() -> int:
    return len(budget_alerts.list_untold(ORG))


def levels() -> list[int]:
    """Oldest first."""
    return sorted(alert.level for alert in alerts())


def alerts() -> tuple[BudgetAlert, ...]:
    return list_alerts(ANN, limit=200, cursor=None).alerts


@pytest.mark.usefixtures("aws")
def test_it_alerts_at_each_share_that_is_reached() -> None:
    set_budget(ANN, per_day=100)
    seen = []
    for number, cost in enumerate((49, 1, 29, 1, 19, 1)):
        spend(cost, str(number))
        seen.append(levels())
    assert seen == [[], [50], [50], [50, 80], [50, 80], [50, 80, 100]]
    assert {(alert.scope, alert.period, alert.of, alert.limit) for alert in alerts()} == {("organisation", "day", now_text()[:10], 100)}
    assert {alert.level: alert.spent for alert in alerts()} == {50: 50, 80: 80, 100: 100}


@pytest.mark.usefixtures("aws")
def test_it_alerts_once_however_often_the_stream_tells() -> None:
    set_budget(ANN, per_day=100)
    spend(85, "a")
    for _ in range(3):
        relay_alerts({}, counter())
    assert levels() == [50, 80]
    assert all(relay_alerts(counter(), counter()) for _ in range(2))
    assert levels() == [50, 80]


@pytest.mark.usefixtures("aws")
def test_it_alerts_of_a_workflows_own_limit() -> None:
    workflow_id = unpublished(ORG, "greet").id
    set_budget(ANN, workflow_id=workflow_id, per_day=10)
    spend(5, "a", workflow_id)
    assert [(alert.scope, alert.workflow_id, alert.level) for alert in alerts()] == [("workflow", workflow_id, 50)]


@pytest.mark.usefixtures("aws")
def test_a_refused_call_says_that_all_is_used() -> None:
    set_budget(ANN, per_day=100)
    spend(40, "a")
    for number in range(2):
        with pytest.raises(BudgetExceeded):
            reserve(ORG, call_key=f"large {number}", amount=61)
    assert [(alert.level, alert.spent) for alert in alerts()] == [(100, 40)]


@pytest.mark.usefixtures("aws")
def test_a_runs_own_limit_alerts_nobody() -> None:
    with pytest.raises(BudgetExceeded):
        reserve(ORG, call_key="a", amount=61, run_id="run_1", run_limit=60)
    assert alerts() == ()


@pytest.mark.usefixtures("aws")
def test_a_changed_limit_alerts_anew_and_at_once() -> None:
    set_budget(ANN, per_day=100)
    spend(60, "a")
    limit(per_day=70)
    assert sorted((alert.limit, alert.level) for alert in alerts()) == [(70, 50), (70, 80), (100, 50)]
    limit(per_day=200)
    assert len(alerts()) == 3
    spend(40, "b")
    assert (200, 50) in {(alert.limit, alert.level) for alert in alerts()}


@pytest.mark.usefixtures("aws")
def test_it_says_nothing_of_a_limit_that_is_gone() -> None:
    set_budget(ANN, per_day=100)
    spend(10, "a")
    before = counter()
    after = {**before, "spent": 95}
    remove_budget(ANN)
    assert relay_alerts(before, after)
    set_budget(ANN, per_day=1_000)
    assert relay_alerts(before, after)
    assert alerts() == ()


@pytest.mark.parametrize(
    ("pk", "sk"),
    [
        ("ORG#org_local#COST", "DAY#2026-11-27#3"),
        ("ORG#org_local#CACHE", "DAY#2026-11-27#3"),
        ("ORG#org_local#RUN#run_1", "SPENT"),
        ("None", "None"),
    ],
)
def test_it_passes_over_what_is_no_counter_of_a_budget(pk: str, sk: str) -> None:
    assert not relay_alerts({}, {"PK": pk, "SK": sk, "spent": 10})


def test_it_tells_the_bus_of_a_new_alert(aws: Cloud) -> None:
    told: list[Any] = []

    def take() -> dict[str, Any]:
        told.append("once")
        return {"FailedEntryCount": 0, "Entries": [{"EventId": "1"}]}

    listen(client("events"))
    aws.reply("events:PutEvents", take)
    set_budget(ANN, per_day=100)
    spend(50, "a")
    (alert,) = alerts()
    image = table.get(keys.budget_alert(ORG, alert.id))
    assert image is not None
    assert (relay_alerts({}, image), told, untold()) == (True, ["once"], 0)
    after = table.get(keys.budget_alert(ORG, alert.id))
    assert after is not None
    assert not relay_alerts(image, after)
    assert not relay_alerts({}, {"PK": image["PK"], "SK": "GATE"})


def test_it_tells_again_what_the_bus_did_not_take(aws: Cloud) -> None:
    listen(client("events"))
    aws.reply("events:PutEvents", lambda: {"FailedEntryCount": 1, "Entries": [{"ErrorCode": "ThrottlingException"}]})
    set_budget(ANN, per_day=100)
    spend(50, "a")
    image = table.get(keys.budget_alert(ORG, alerts()[0].id))
    assert image is not None
    with pytest.raises(Unavailable, match="ThrottlingException"):
        relay_alerts({}, image)
    assert untold() == 1


def test_the_sweeper_tells_of_what_the_stream_gave_up_on(aws: Cloud) -> None:
    told: list[Any] = []

    def take() -> dict[str, Any]:
        told.append("once")
        return {"FailedEntryCount": 0, "Entries": [{"EventId": "1"}]}

    listen(client("events"))
    aws.reply("events:PutEvents", take)
    set_budget(ANN, per_day=100)
    spend(85, "a")
    assert (tell_left(ORG), tell_left(ORG), len(told)) == (2, 0, 2)


def test_it_reads_no_budget_for_what_is_held_or_given_back(aws: Cloud) -> None:
    set_budget(ANN, per_day=100)
    spend(10, "a")
    free = counter()
    before = len(aws.calls)
    assert relay_alerts(free, {**free, "reserved": 40, "committed": 50})
    assert len(aws.calls) == before


@pytest.mark.usefixtures("aws")
def test_it_lists_the_newest_first_and_to_its_own_organisation_alone() -> None:
    set_budget(ANN, per_day=100)
    for number, cost in enumerate((50, 30, 20)):
        spend(cost, str(number))
    first = list_alerts(ANN, limit=2, cursor=None)
    second = list_alerts(ANN, limit=2, cursor=first.cursor)
    assert [alert.level for alert in (*first.alerts, *second.alerts)] == [*reversed(LEVELS)]
    assert list_alerts(STRANGER, limit=200, cursor=None).alerts == ()
