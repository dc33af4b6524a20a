"""The limits that people set: the organisation's budget and those of workflows, what they are now used for, and which counters they mean.

In: amounts in micro-dollars. Out: records. A limit that is set where there was none gets a counter of its own, which begins with what the ledger
knows of the day or month: what was spent before counts too. Days and months are UTC.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from chalicelib import ids
from chalicelib.access.objects import scopes_on, workflow_for
from chalicelib.access.principal import Principal
from chalicelib.access.scopes import Scope
from chalicelib.clock import now_text
from chalicelib.errors import BudgetNotFound
from chalicelib.store import budgets as store
from chalicelib.store import keys, ledger, workflows
from chalicelib.store.budget_records import Budget, Counter, Hold, Limit, Period, ScopeName, Unpriced


@dataclass(frozen=True, slots=True)
class Use:
    """A limit with a period, and how far it is used."""

    period: Period
    limit: int
    spent: int
    reserved: int


def set_budget(
    principal: Principal,
    *,
    workflow_id: str = "",
    per_run: int | None = None,
    per_day: int | None = None,
    per_month: int | None = None,
    unpriced: Unpriced = "refuse",
) -> Budget:
    """Set the organisation's budget, or a workflow's; it takes the place of the one before. Raises WorkflowNotFound."""
    organisation_id = principal.organisation_id
    if workflow_id:
        workflow_for(principal, workflow_id, Scope.WORKFLOW_READ)
    before = store.find(organisation_id, workflow_id)
    budget = Budget(
        workflow_id=workflow_id,
        per_run=per_run,
        per_day=_limit(per_day, before.per_day if before else None),
        per_month=_limit(per_month, before.per_month if before else None),
        unpriced=unpriced,
        set_at=now_text(),
        set_by=principal.person,
    )
    store.put(organisation_id, budget)
    return budget


def get_budget(principal: Principal, *, workflow_id: str = "") -> Budget:
    """Raises BudgetNotFound, also for a workflow that the principal may not see."""
    if workflow_id and not principal.is_admin and Scope.WORKFLOW_READ not in _scopes(principal, workflow_id):
        raise BudgetNotFound(f"there is no budget for {workflow_id}")
    found = store.find(principal.organisation_id, workflow_id)
    if found is None:
        raise BudgetNotFound(f"there is no budget for {workflow_id or 'the organisation'}")
    return found


def list_budgets(principal: Principal) -> tuple[Budget, ...]:
    return store.list_all(principal.organisation_id)


def remove_budget(principal: Principal, *, workflow_id: str = "") -> None:
    """Take a budget away; twice is harmless. Open reservations are settled as they were made. Raises WorkflowNotFound."""
    if workflow_id:
        workflow_for(principal, workflow_id, Scope.WORKFLOW_READ, deleted=True)
    store.remove(principal.organisation_id, workflow_id)


def uses(principal: Principal, budget: Budget) -> tuple[Use, ...]:
    """The limits of the present day and month, and how far they are used."""
    holds = period_holds(principal.organisation_id, budget, now_text())
    counted = zip(holds, _counters(principal.organisation_id, budget, holds), strict=True)
    return tuple(Use(hold.period, hold.limit, counter.spent, counter.reserved) for hold, counter in counted)


def spent_of(organisation_id: str, budget: Budget, holds: Sequence[Hold]) -> Iterator[tuple[Hold, int]]:
    """What has been spent under each of a budget's limits."""
    return zip(holds, (counter.spent for counter in _counters(organisation_id, budget, holds)), strict=True)


def _counters(organisation_id: str, budget: Budget, holds: Sequence[Hold]) -> list[Counter]:
    """As they stand; of a limit that nothing was held under yet, what the ledger knows."""
    found = zip(holds, store.counters(holds), strict=True)
    return [counter or Counter(spent=spent_before(organisation_id, budget.workflow_id, hold)) for hold, counter in found]


def _limit(amount: int | None, before: Limit | None) -> Limit | None:
    """A limit that was there keeps its counter."""
    if amount is None:
        return None
    return Limit(micro_dollars=amount, generation=before.generation if before else ids.new_id("limit"))


def _scopes(principal: Principal, workflow_id: str) -> frozenset[Scope]:
    found = workflows.find(principal.organisation_id, workflow_id, deleted=True)
    return scopes_on(principal, found) if found else frozenset()


def period_holds(organisation_id: str, budget: Budget, now: str) -> tuple[Hold, ...]:
    """The limits of a budget at a moment, each with the counter of its day or month."""
    scope: ScopeName = "workflow" if budget.workflow_id else "organisation"
    limits: tuple[tuple[Period, str, Limit | None], ...] = (
        ("day", f"DAY#{now[:10]}", budget.per_day),
        ("month", f"MONTH#{now[:7]}", budget.per_month),
    )
    return tuple(
        hold_of(scope, period, keys.spent_of_period(organisation_id, budget.workflow_id, name, limit.generation), limit.micro_dollars)
        for period, name, limit in limits
        if limit is not None
    )


def hold_of(scope: ScopeName, period: Period, key: keys.Key, limit: int) -> Hold:
    return Hold(scope=scope, period=period, pk=key.pk, sk=key.sk, limit=limit)


def spent_before(organisation_id: str, workflow_id: str, hold: Hold) -> int:
    """What the ledger knows of a limit's scope and period, for a counter that begins."""
    if hold.scope == "run":
        return ledger.cost_of_run(organisation_id, hold.run_id).plus(ledger.cost_below(organisation_id, hold.run_id)).cost
    first, last = (hold.of, hold.of) if hold.period == "day" else (f"{hold.of}-01", f"{hold.of}-31")
    days = ledger.costs_by_day(organisation_id, first, last, workflow_id=workflow_id if hold.scope == "workflow" else "")
    return sum(cost.cost for cost in days.values())
