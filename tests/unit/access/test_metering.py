"""A metered call: within its budgets, and in the ledger whatever comes of it."""

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from chalicelib.access.limits import get_budget, set_budget, uses
from chalicelib.access.metering import Spot, metered
from chalicelib.errors import BudgetExceeded
from chalicelib.providers.failures import ModelOverloaded, ModelTruncated
from chalicelib.providers.model import ModelResponse, StopReason, Usage
from chalicelib.store import ledger
from chalicelib.store.ledger import Cost
from tests.factories.cloud import ANN, Cloud, unpublished

ORG = ANN.organisation_id
COST, HELD, LIMIT = 25, 60, 200


@dataclass
class Vendor:
    """Counts what it was asked, to the micro-dollar."""

    spent: int = 0
    calls: int = 0
    failures: list[Exception] = field(default_factory=list)

    def call(self) -> ModelResponse:
        self.calls += 1
        if self.failures:
            raise self.failures.pop(0)
        self.spent += COST
        return ModelResponse("yes", StopReason.END, usage(COST))


def usage(cost: int | None) -> Usage:
    return Usage("anthropic", "claude-opus-5-5", input_tokens=5, output_tokens=1, cost=cost)


def spot(workflow_id: str) -> Spot:
    return Spot(ORG, run_id="run_1", workflow_id=workflow_id, node="write")


def ask(place: Spot, key: str, call: Callable[[], ModelResponse], *, amount: int | None = HELD) -> ModelResponse:
    return metered(place, call_key=key, amount=amount, run_limit=LIMIT, call=call)


def committed() -> list[tuple[int, int]]:
    """Spent and reserved of the organisation's day and month."""
    return [(use.spent, use.reserved) for use in uses(ANN, get_budget(ANN))]


def budgeted() -> Spot:
    workflow_id = unpublished(ORG, "greet").id
    set_budget(ANN, per_day=LIMIT, per_month=LIMIT)
    set_budget(ANN, workflow_id=workflow_id, per_day=LIMIT)
    return spot(workflow_id)


def test_it_counts_a_call_in_every_sum(aws: Cloud) -> None:
    place, vendor = budgeted(), Vendor()
    assert ask(place, "a", vendor.call).text == "yes"
    assert committed() == [(COST, 0), (COST, 0)]
    assert ledger.cost_of_node_run(ORG, "run_1", "write") == Cost(cost=COST, call_count=1, input_tokens=5, output_tokens=1)


def test_it_counts_a_call_that_nothing_limits(aws: Cloud) -> None:
    metered(Spot(ORG), call_key="a", amount=None, call=Vendor().call)
    (cost,) = ledger.costs_by_day(ORG, "2000-01-01", "2100-01-01").values()
    assert (cost.cost, cost.call_count) == (COST, 1)


def test_it_makes_no_call_that_a_budget_refuses(aws: Cloud) -> None:
    place, vendor = budgeted(), Vendor()
    with pytest.raises(BudgetExceeded):
        ask(place, "a", vendor.call, amount=LIMIT + 1)
    assert vendor.calls == 0


@pytest.mark.parametrize(
    ("failure", "spent"),
    [
        (ModelOverloaded("full"), 0),
        (ModelTruncated("short", usage=usage(9)), 9),
        (ModelTruncated("short", usage=usage(None)), 0),
        (ValueError("odd"), 0),
    ],
)
def test_it_counts_what_a_failed_call_cost_and_gives_the_rest_back(aws: Cloud, failure: Exception, spent: int) -> None:
    place = budgeted()
    with pytest.raises(type(failure)):
        ask(place, "a", Vendor(failures=[failure]).call)
    assert committed() == [(spent, 0), (spent, 0)]
    assert ledger.cost_of_run(ORG, "run_1").cost == spent


def test_a_failed_call_that_nothing_limits_and_that_cost_nothing_leaves_no_trace(aws: Cloud) -> None:
    with pytest.raises(ModelOverloaded):
        metered(Spot(ORG), call_key="a", amount=None, call=Vendor(failures=[ModelOverloaded("full")]).call)
    assert ledger.costs_by_day(ORG, "2000-01-01", "2100-01-01") == {}
