"""Budgets: no more is committed than allowed, and what was held is settled or given back, once."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest

from chalicelib.access import budgets
from chalicelib.access.budgets import give_back_lapsed, raise_run_limit, release, reserve, settle
from chalicelib.access.limits import get_budget, list_budgets, remove_budget, set_budget, uses
from chalicelib.clock import epoch_seconds, now_text
from chalicelib.errors import BudgetExceeded, BudgetNotFound, Contention, KeyReused, ModelUnpriced, WorkflowNotFound
from chalicelib.store import budgets as store
from chalicelib.store import keys, ledger, table
from chalicelib.store.budget_records import Counter, Reservation, RunLimit
from chalicelib.store.budgets import Limits
from chalicelib.store.ledger import CallEntry
from tests.factories.arena import together
from tests.factories.cloud import ANN, Cloud, unpublished
from tests.factories.faults import Faults, injected
from tests.factories.short_way import by_short_way

ORG = ANN.organisation_id
RACERS = 16


@pytest.fixture(scope="module")
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(RACERS) as found:
        yield found


def workflow() -> str:
    return unpublished(ORG, "greet").id


def held(key: str, amount: int | None = 10, **more: Any) -> Reservation:
    found = reserve(ORG, call_key=key, amount=amount, **more)
    assert found is not None
    return found


def counter_of(reservation: Reservation, position: int = 0) -> Counter:
    found = store.counters(reservation.holds)[position]
    assert found is not None
    assert found.committed == found.spent + found.reserved
    return found


def entry(key: str, cost: int | None, **more: Any) -> CallEntry:
    return CallEntry(call_key=key, at=now_text(), provider="anthropic", model="claude-opus-5-5", cost=cost, **more)


def lapse(reservation: Reservation) -> Reservation:
    """As it would be when its time is over."""
    return store.renew(reservation, lapses_at=epoch_seconds() - 1)


def test_it_writes_nothing_where_nothing_limits(aws: Cloud) -> None:
    assert reserve(ORG, call_key="a", amount=10, run_id="run_1", workflow_id="wf_1") is None
    assert not [call for call in aws.calls if "Put" in call or "Update" in call or "Transact" in call][1:]


def test_it_holds_and_settles(aws: Cloud) -> None:
    set_budget(ANN, per_day=100, per_month=1000)
    reservation = held("a", 60)
    assert [(hold.scope, hold.period, hold.limit) for hold in reservation.holds] == [("organisation", "day", 100), ("organisation", "month", 1000)]
    assert (counter_of(reservation).reserved, counter_of(reservation, 1).reserved) == (60, 60)
    settle(reservation, 25)
    settle(reservation, 25)
    assert counter_of(reservation) == Counter(spent=25, committed=25)
    assert counter_of(reservation, 1) == Counter(spent=25, committed=25)


def test_it_refuses_what_might_be_too_much_and_says_why(aws: Cloud) -> None:
    workflow_id = workflow()
    set_budget(ANN, workflow_id=workflow_id, per_day=100)
    settle(held("a", 50, workflow_id=workflow_id), 30)
    held("b", 40, workflow_id=workflow_id)
    with pytest.raises(BudgetExceeded, match="has 30 of 100 micro-dollars left") as refused:
        reserve(ORG, call_key="c", amount=31, workflow_id=workflow_id)
    assert refused.value.detail == {"scope": "workflow", "period": "day", "limit": 100, "spent": 30, "reserved": 40, "wanted": 31}
    assert not refused.value.retryable
    held("d", 30, workflow_id=workflow_id)


def test_it_refuses_a_first_call_above_the_limit(aws: Cloud) -> None:
    set_budget(ANN, per_day=5)
    with pytest.raises(BudgetExceeded):
        reserve(ORG, call_key="a", amount=6)


def test_it_holds_under_every_limit_or_under_none(aws: Cloud) -> None:
    workflow_id = workflow()
    set_budget(ANN, per_day=100)
    set_budget(ANN, workflow_id=workflow_id, per_run=50, per_day=20)
    reservation = held("a", 20, workflow_id=workflow_id, run_id="run_1", run_limit=1000)
    assert [(hold.scope, hold.limit) for hold in reservation.holds] == [("run", 50), ("organisation", 100), ("workflow", 20)]
    with pytest.raises(BudgetExceeded, match="workflow"):
        reserve(ORG, call_key="b", amount=1, workflow_id=workflow_id, run_id="run_1", run_limit=1000)
    assert [counter_of(reservation, position).committed for position in range(3)] == [20, 20, 20]


def test_it_counts_what_was_spent_before_there_was_a_limit(aws: Cloud) -> None:
    workflow_id = workflow()
    ledger.record(ORG, entry("before", 70, workflow_id=workflow_id, run_id="run_1"))
    set_budget(ANN, per_month=100)
    with pytest.raises(BudgetExceeded):
        reserve(ORG, call_key="a", amount=31)
    with pytest.raises(BudgetExceeded, match="run run_1"):
        reserve(ORG, call_key="b", amount=10, run_id="run_1", run_limit=75)
    remove_budget(ANN)
    set_budget(ANN, workflow_id=workflow_id, per_day=80)
    with pytest.raises(BudgetExceeded):
        reserve(ORG, call_key="c", amount=11, workflow_id=workflow_id)
    assert [(use.spent, use.reserved) for use in uses(ANN, get_budget(ANN, workflow_id=workflow_id))] == [(70, 0)]


def test_a_limit_that_comes_back_counts_what_was_spent_without_it(aws: Cloud) -> None:
    set_budget(ANN, per_day=100)
    settle(held("a"), 10, entry=entry("a", 10))
    remove_budget(ANN)
    ledger.record(ORG, entry("between", 60))
    set_budget(ANN, per_day=100)
    (use,) = uses(ANN, get_budget(ANN))
    assert (use.limit, use.spent) == (100, 70)


def test_a_changed_limit_goes_on_with_its_counter(aws: Cloud) -> None:
    set_budget(ANN, per_day=100)
    reservation = held("a", 60)
    set_budget(ANN, per_day=200, per_month=500)
    assert [(use.period, use.limit, use.reserved) for use in uses(ANN, get_budget(ANN))] == [("day", 200, 60), ("month", 500, 0)]
    settle(reservation, 60)


def test_it_knows_budgets_that_are_set_and_no_others(aws: Cloud) -> None:
    workflow_id = workflow()
    with pytest.raises(BudgetNotFound):
        get_budget(ANN)
    with pytest.raises(WorkflowNotFound):
        set_budget(ANN, workflow_id="wf_none", per_day=1)
    set_budget(ANN, workflow_id=workflow_id, per_run=5)
    set_budget(ANN, per_day=7)
    assert [budget.workflow_id for budget in list_budgets(ANN)] == ["", workflow_id]
    remove_budget(ANN, workflow_id=workflow_id)
    remove_budget(ANN, workflow_id=workflow_id)
    assert [budget.set_by for budget in list_budgets(ANN)] == ["ann"]


def test_a_reservation_told_twice_is_one(aws: Cloud) -> None:
    set_budget(ANN, per_day=100)
    first = held("a", 60)
    assert held("a", 60).holds == first.holds
    assert counter_of(first).reserved == 60


def test_a_settled_key_is_no_key_for_another_call(aws: Cloud) -> None:
    set_budget(ANN, per_day=100)
    settle(held("a"), 10)
    with pytest.raises(KeyReused):
        reserve(ORG, call_key="a", amount=10)


def test_it_gives_back_what_was_not_needed_once(aws: Cloud) -> None:
    set_budget(ANN, per_day=100)
    reservation = held("a", 60)
    release(reservation)
    release(reservation)
    assert counter_of(reservation) == Counter()
    assert counter_of(held("a", 90)).reserved == 90


def test_what_lapsed_makes_room_for_the_next(aws: Cloud) -> None:
    set_budget(ANN, per_day=100)
    dead = lapse(held("dead", 90))
    alive = held("alive", 10)
    assert counter_of(held("next", 50)).reserved == 60
    assert give_back_lapsed(ORG) == 0
    settle(alive, 10)
    assert counter_of(dead).committed == 60


def test_the_sweeper_gives_back_what_lapsed(aws: Cloud) -> None:
    set_budget(ANN, per_day=100)
    dead = lapse(held("dead", 90))
    assert give_back_lapsed(ORG) == 1
    assert give_back_lapsed(ORG) == 0
    assert counter_of(dead) == Counter()


def test_a_settlement_that_comes_late_still_counts(aws: Cloud) -> None:
    set_budget(ANN, per_day=100)
    slow = held("slow", 90)
    lapse(slow)
    give_back_lapsed(ORG)
    settle(slow, 70, entry=entry("slow", 70))
    settle(slow, 70, entry=entry("slow", 70))
    assert counter_of(slow) == Counter(spent=70, committed=70)
    assert ledger.costs_by_day(ORG, "2000-01-01", "2100-01-01")[slow.reserved_at[:10]].cost == 70


def test_one_that_goes_on_is_not_given_back_by_its_former_life(aws: Cloud) -> None:
    set_budget(ANN, per_day=100)
    before = lapse(held("a", 60))
    again = held("a", 60)
    release(before)
    assert counter_of(again).reserved == 60


def test_who_settles_with_an_old_reservation_settles_the_one_that_there_is(aws: Cloud) -> None:
    set_budget(ANN, per_day=100)
    old = lapse(held("a", 60))
    give_back_lapsed(ORG)
    new = held("a", 30)
    settle(old, 20)
    settle(new, 20)
    assert counter_of(new) == Counter(spent=20, committed=20)


def test_a_settlement_writes_the_ledger_with_it(aws: Cloud) -> None:
    set_budget(ANN, per_day=100)
    reservation = held("a")
    ledger.record(ORG, entry("a", 7))
    settle(reservation, 7, entry=entry("a", 7))
    assert counter_of(reservation).spent == 7
    assert ledger.costs_by_day(ORG, "2000-01-01", "2100-01-01")[reservation.reserved_at[:10]].call_count == 1


def test_a_settlement_of_what_is_forgotten_writes_the_ledger_alone(aws: Cloud) -> None:
    set_budget(ANN, per_day=100)
    reservation = held("a")
    table.write(table.delete(keys.reservation(ORG, ledger.key_digest("a"))))
    settle(reservation, 7, entry=entry("a", 7))
    assert ledger.costs_by_day(ORG, "2000-01-01", "2100-01-01")[reservation.reserved_at[:10]].cost == 7


def test_an_approval_lets_a_run_go_on_once(aws: Cloud) -> None:
    assert raise_run_limit(ORG, "run_1", 5, key="gate_0")
    settle(held("a", 10, run_id="run_1", run_limit=10), 10)
    settle(held("b", 5, run_id="run_1", run_limit=10), 5)
    with pytest.raises(BudgetExceeded):
        reserve(ORG, call_key="c", amount=20, run_id="run_1", run_limit=10)
    assert raise_run_limit(ORG, "run_1", 20, key="gate_1")
    assert not raise_run_limit(ORG, "run_1", 20, key="gate_1")
    assert counter_of(held("c", 20, run_id="run_1", run_limit=10)).committed == 35
    with pytest.raises(BudgetExceeded):
        reserve(ORG, call_key="d", amount=1, run_id="run_1", run_limit=10)


@pytest.mark.parametrize(
    ("organisation", "workflows", "run_limit", "allowed"),
    [
        ("refuse", None, None, False),
        ("allow", None, None, True),
        ("allow", "refuse", None, False),
        ("allow", None, 10, False),
        ("allow", "allow", 10, True),
    ],
)
def test_a_model_without_a_price_needs_every_budgets_word(
    aws: Cloud, organisation: Any, workflows: Any, run_limit: int | None, allowed: bool
) -> None:
    workflow_id = workflow()
    set_budget(ANN, per_day=100, unpriced=organisation)
    if workflows:
        set_budget(ANN, workflow_id=workflow_id, per_day=100, unpriced=workflows)
    if allowed:
        settle(held("a", None, run_id="run_1", workflow_id=workflow_id, run_limit=run_limit), None)
    else:
        with pytest.raises(ModelUnpriced, match="unpriced: allow"):
            reserve(ORG, call_key="a", amount=None, run_id="run_1", workflow_id=workflow_id, run_limit=run_limit)


def test_a_model_without_a_price_is_free_to_call_without_a_budget(aws: Cloud) -> None:
    assert reserve(ORG, call_key="a", amount=None, run_id="run_1") is None


def test_it_gives_up_where_it_never_gets_through(aws: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    set_budget(ANN, per_day=100)
    held("a")
    monkeypatch.setattr(table, "pause", lambda attempt: None)
    monkeypatch.setattr(budgets, "_TRIES", 2)
    monkeypatch.setattr(store, "find_for", lambda *_, **__: Limits((get_budget(ANN),), {}, {}, None))
    with pytest.raises(Contention):
        reserve(ORG, call_key="a", amount=1)


# --- runs that were started by a run --------------------------------------------------------------------------------

ROOT = RunLimit(run_id="run_root", limit=100)
MIDDLE = RunLimit(run_id="run_middle", limit=60)


def test_a_call_is_held_by_its_run_and_by_those_above(aws: Cloud) -> None:
    reservation = held("a", 30, run_id="run_leaf", run_limit=40, above=(MIDDLE, ROOT))
    assert [(hold.run_id, hold.limit) for hold in reservation.holds] == [("run_leaf", 40), ("run_middle", 60), ("run_root", 100)]
    settle(reservation, 20)
    assert [counter_of(reservation, place) for place in range(3)] == [Counter(spent=20, committed=20)] * 3
    settle(held("b", 40, run_id="run_other", above=(MIDDLE, ROOT)), 40)
    with pytest.raises(BudgetExceeded, match="run run_middle has 0 of 60") as caught:
        reserve(ORG, call_key="c", amount=1, run_id="run_leaf", run_limit=40, above=(MIDDLE, ROOT))
    assert (caught.value.figures["scope"], caught.value.figures["run_id"]) == ("run", "run_middle")
    assert counter_of(held("d", 40, run_id="run_root", run_limit=100)).committed == 100


def test_what_runs_below_have_spent_counts_for_a_limit_that_is_set_later(aws: Cloud) -> None:
    workflow_id = workflow()
    above = RunLimit(run_id="run_root", workflow_id=workflow_id)
    assert reserve(ORG, call_key="a", amount=10, run_id="run_leaf", above=(above,)) is None
    ledger.record(ORG, entry("a", 30, run_id="run_leaf", above=("run_root",)))
    ledger.record(ORG, entry("b", 5, run_id="run_root"))
    assert (ledger.cost_of_run(ORG, "run_root").cost, ledger.cost_below(ORG, "run_root").cost) == (5, 30)
    set_budget(ANN, workflow_id=workflow_id, per_run=50)
    assert counter_of(held("c", 15, run_id="run_leaf", above=(above,))) == Counter(spent=35, reserved=15, committed=50)


def test_an_approval_raises_the_run_above_that_it_names(aws: Cloud) -> None:
    settle(held("a", 100, run_id="run_leaf", above=(ROOT,)), 100)
    raise_run_limit(ORG, "run_leaf", 50, key="gate_1")
    with pytest.raises(BudgetExceeded):
        reserve(ORG, call_key="b", amount=10, run_id="run_leaf", above=(ROOT,))
    raise_run_limit(ORG, "run_root", 50, key="gate_2")
    assert counter_of(held("b", 50, run_id="run_leaf", above=(ROOT,))).committed == 150


@pytest.mark.parametrize(("unpriced", "allowed"), [("allow", True), ("refuse", False)])
def test_a_model_without_a_price_needs_the_word_of_the_runs_above(aws: Cloud, unpriced: Any, allowed: bool) -> None:
    workflow_id = workflow()
    set_budget(ANN, workflow_id=workflow_id, per_run=100, unpriced=unpriced)
    above = (RunLimit(run_id="run_root", workflow_id=workflow_id),)
    if allowed:
        assert held("a", None, run_id="run_leaf", above=above).amount == 0
    else:
        with pytest.raises(ModelUnpriced):
            reserve(ORG, call_key="a", amount=None, run_id="run_leaf", above=above)


@pytest.mark.parametrize("race", range(3))
def test_sixteen_runs_at_once_never_spend_more_than_the_run_that_started_them_may(aws: Cloud, pool: ThreadPoolExecutor, race: int) -> None:
    """Each has room of its own; one is the run above itself."""

    def calls(number: int) -> Reservation:
        if number == 0:
            return held("call 0", 15, run_id="run_root", run_limit=100)
        found = held(f"call {number}", 15, run_id=f"run_{number}", run_limit=50, above=(ROOT,))
        settle(found, 15, entry=entry(f"call {number}", 15, run_id=f"run_{number}", above=("run_root",)))
        return found

    with injected(Faults(is_paused=True), by_short_way(lambda *_: None)):
        came = together(pool, [partial(calls, number) for number in range(RACERS)], ahead=race * 2)
    made = [each for each in came if isinstance(each, Reservation)]
    assert len(made) == 6
    assert sum(isinstance(each, BudgetExceeded) for each in came) == RACERS - 6
    root = table.get(keys.spent_of_run(ORG, "run_root"))
    assert root is not None
    assert root["committed"] == 90


@pytest.mark.parametrize("race", range(3))
def test_sixteen_at_once_never_spend_more_than_allowed(aws: Cloud, pool: ThreadPoolExecutor, race: int) -> None:
    set_budget(ANN, per_day=100)
    with injected(Faults(is_paused=True), by_short_way(lambda *_: None)):
        came = together(pool, [partial(held, f"call {number}", 15) for number in range(RACERS)], ahead=race * 2)
        got = [each for each in came if isinstance(each, Reservation)]
        assert len(got) == 6
        assert all(isinstance(each, BudgetExceeded) for each in came if each not in got)
        assert counter_of(got[0]).reserved == 90
        together(pool, [partial(settle, each, 15) for each in [*got, *got]])
        assert counter_of(got[0]) == Counter(spent=90, committed=90)
