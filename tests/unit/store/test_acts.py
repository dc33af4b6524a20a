"""Acts: what a person changes is noted in the same transaction, and nothing else is."""

import json
from typing import Any

import pytest

from chalicelib.errors import ConditionLost
from chalicelib.store import acts, audit_entries, keys, table
from chalicelib.store.acts import Act, Actor, acting
from tests.factories.cloud import Cloud

ORG = "org_local"
ANNA = Actor(ORG, "anna", "budgets.set_of_workflow", "192.0.2.7", "c-1")
BUDGET = keys.budget(ORG, "wf_1")


def put_budget(limit: int, **more: Any) -> None:
    table.write(table.put({"PK": BUDGET.pk, "SK": BUDGET.sk, "per_run": limit, "schema_version": 1, **more}))


def noted() -> list[Act]:
    return list(audit_entries.list_acts(ORG))


def change(act: Act) -> tuple[str, Any, Any]:
    return act.verb, json.loads(act.before), json.loads(act.after)


def test_it_notes_who_created_changed_and_deleted_what(aws: Cloud) -> None:
    with acting(ANNA):
        put_budget(5)
        put_budget(7)
        table.write(table.delete(BUDGET))
    found = noted()
    assert [change(act) for act in found] == [
        ("created", None, {"per_run": 5}),
        ("changed", {"per_run": 5}, {"per_run": 7}),
        ("deleted", {"per_run": 7}, None),
    ]
    assert {(act.by, act.operation, act.address, act.correlation_id, act.noun, act.target) for act in found} == {
        ("anna", "budgets.set_of_workflow", "192.0.2.7", "c-1", "budget", "WORKFLOW#wf_1")
    }


def test_it_notes_nothing_where_nobody_acts(aws: Cloud) -> None:
    put_budget(5)
    assert noted() == []
    assert acts.noted("secret", "stripe", "changed") is None


def test_it_notes_nothing_of_records_that_nobody_answers_for(aws: Cloud) -> None:
    with acting(ANNA):
        table.write(table.put({"PK": f"ORG#{ORG}#MEMORY#a", "SK": "b", "value": 1}))
        table.transact([table.assign(keys.run(ORG, "run_1"), {"status": "running", "event_count": 3}), table.check(BUDGET, table.ABSENT)])
    assert noted() == []


def test_it_notes_what_an_update_sets_and_takes_away(aws: Cloud) -> None:
    key = keys.workflow(ORG, "wf_1")
    table.write(table.put({"PK": key.pk, "SK": key.sk, "title": "Old", "labels": {"team": "travel"}, "latest_version": 1}))
    with acting(ANNA):
        table.write(table.assign(key, {"title": "New", "labels": None, "updated_at": "now"}))
        table.write(table.assign(key, {"latest_version": 2, "updated_at": "now"}))
    assert [change(act) for act in noted()] == [("changed", {"labels": {"team": "travel"}, "title": "Old"}, {"title": "New"})]


def test_it_notes_a_counter_that_goes_up(aws: Cloud) -> None:
    with acting(ANNA):
        table.write(table.add(keys.cache_generation(ORG), {"generation": 1}))
    assert [(act.noun, act.verb) for act in noted()] == [("cache", "created")]


def test_it_notes_nothing_of_a_write_that_lost_its_condition(aws: Cloud) -> None:
    put_budget(5)
    with acting(ANNA), pytest.raises(ConditionLost):
        table.write(table.assign(BUDGET, {"per_run": 9}, condition="#per_run = :other", values={"other": 6}))
    assert noted() == []
    assert table.get(BUDGET) == {"PK": BUDGET.pk, "SK": BUDGET.sk, "per_run": 5, "schema_version": 1}


@pytest.mark.parametrize("name", ["task_token", "secret_sha256", "password_hash", "key_hash", "refresh_tokens", "nonce"])
def test_it_hides_what_nobody_may_read(aws: Cloud, name: str) -> None:
    with acting(ANNA):
        put_budget(5, **{name: "s3cr3t-value"})
    (act,) = noted()
    assert json.loads(act.after)[name] == acts.HIDDEN
    assert "s3cr3t" not in act.model_dump_json()


def test_it_tells_large_values_by_their_digest(aws: Cloud) -> None:
    with acting(ANNA):
        put_budget(5, text="x" * 5_000, many={str(number): "y" * 100 for number in range(100)})
        put_budget(5, **{f"field{number}": "z" * 1_900 for number in range(12)})
    first, second = noted()
    assert json.loads(first.after)["text"]["characters"] == 5_000
    assert json.loads(first.after)["many"]["characters"] > 10_000
    assert set(json.loads(second.after)) == {"sha256", "characters"}


def test_it_notes_no_change_that_changes_nothing(aws: Cloud) -> None:
    put_budget(5)
    with acting(ANNA):
        put_budget(5, revision=2)
    assert noted() == []


def test_it_tells_a_budget_from_what_was_spent_of_it(aws: Cloud) -> None:
    with acting(ANNA):
        table.write(table.add(keys.spent_of_period(ORG, "wf_1", "DAY#2026-11-27", "g"), {"spent": 5}))
        table.write(table.add(keys.spent_of_period(ORG, "", "DAY#2026-11-27", "g"), {"spent": 5}))
    assert noted() == []


def test_it_forgets_who_acted(aws: Cloud) -> None:
    with acting(ANNA), acting(Actor(ORG, "bob", "x")):
        put_budget(1)
    put_budget(2)
    assert [act.by for act in noted()] == ["bob"]
    assert acts.actor() is None
