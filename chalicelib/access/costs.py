"""What model calls cost, for people of the organisation. Reads only.

In: a principal, and days or a run. Out: sums in micro-dollars, and what they are sums of. What has no price is counted in `unpriced_count` alone.
"""

from collections.abc import Iterable

from chalicelib.access.objects import run_for, workflow_for
from chalicelib.access.principal import Principal
from chalicelib.access.scopes import Scope
from chalicelib.store import ledger
from chalicelib.store.ledger import Cost


def days_of(principal: Principal, first_day: str, last_day: str, *, workflow_id: str = "") -> tuple[Cost, dict[str, Cost]]:
    """The total and the days that have any, of one workflow, or, for admins, the organisation. Raises WorkflowNotFound, ScopeMissing."""
    if workflow_id:
        workflow_for(principal, workflow_id, Scope.RUN_READ)
    else:
        principal.require(Scope.ORG_ADMIN)
    days = ledger.costs_by_day(principal.organisation_id, first_day, last_day, workflow_id=workflow_id)
    return _total(days.values()), days


def nodes_of_run(principal: Principal, run_id: str) -> tuple[Cost, dict[tuple[str, str], Cost]]:
    """The total and the node runs that made calls, by node and item path. Raises RunNotFound."""
    run_for(principal, run_id, Scope.RUN_READ)
    nodes = ledger.costs_of_node_runs(principal.organisation_id, run_id)
    return ledger.cost_of_run(principal.organisation_id, run_id), nodes


def _total(costs: Iterable[Cost]) -> Cost:
    total = Cost()
    for cost in costs:
        total = total.plus(cost)
    return total
