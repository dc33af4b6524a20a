"""Routes: what model calls cost, by day or by node."""

from datetime import UTC, date, datetime, timedelta
from http import HTTPMethod
from typing import Annotated, Final

from chalice.app import Blueprint
from pydantic import Field, model_validator

from chalicelib.access.costs import days_of, nodes_of_run
from chalicelib.access.scopes import Scope
from chalicelib.api import money_shapes
from chalicelib.api.endpoint import Answer, Call, Nothing, Wire, endpoint
from chalicelib.api.shape import Either
from chalicelib.api.times import Day
from chalicelib.api.views import view
from chalicelib.errors import RunNotFound, WorkflowNotFound

routes = Blueprint(__name__)
MAX_DAYS: Final = 400
_USUAL_DAYS: Final = 30


class DaysWanted(Wire):
    """Days in UTC, both ends within; without them the last thirty."""

    since: Annotated[Day | None, Field(alias="from")] = None
    until: Annotated[Day | None, Field(alias="to")] = None

    @model_validator(mode="after")
    def _in_order(self) -> "DaysWanted":
        if self.first > self.last or (self.last - self.first).days >= MAX_DAYS:
            raise ValueError(f"from may not be after to, and {MAX_DAYS} days are the most")
        return self

    @property
    def last(self) -> date:
        return self.until or datetime.now(UTC).date()

    @property
    def first(self) -> date:
        return self.since or self.last - timedelta(days=_USUAL_DAYS - 1)


class CostsWanted(DaysWanted):
    """`workflow_id` asks for one workflow's; `run_id` for one run's, node by node."""

    workflow_id: str | None = None
    run_id: str | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> "CostsWanted":
        if self.workflow_id is not None and self.run_id is not None:
            raise ValueError("give workflow_id or run_id, not both")
        return self


@endpoint(
    routes,
    HTTPMethod.GET,
    "/api/v1/costs",
    scope=Scope.RUN_READ,
    answers={200: Either((money_shapes.COSTS, money_shapes.COSTS_OF_RUN))},
    errors=(WorkflowNotFound, RunNotFound),
)
def get_costs(call: Call[Nothing, CostsWanted]) -> Answer:
    """Costs of the organisation or a workflow by day, or of a run by node.

    `from` and `to` are days, both within; without them it is the last thirty, and 400 at most. Money is in integer micro-dollars, days and months
    are UTC. Of `call_count` calls, `unpriced_count` went to models without a price and are in no sum of money. See
    [BUDGETS.md](flows/BUDGETS.md).
    """
    wanted = call.query
    if wanted.run_id is not None:
        total, nodes = nodes_of_run(call.principal, wanted.run_id)
        return Answer(
            {"run_id": wanted.run_id, "total": view(total), "nodes": [{"node": n, "item_path": p, **view(cost)} for (n, p), cost in nodes.items()]}
        )
    first, last = wanted.first.isoformat(), wanted.last.isoformat()
    total, days = days_of(call.principal, first, last, workflow_id=wanted.workflow_id or "")
    listed = [{"day": day, **view(cost)} for day, cost in days.items()]
    return Answer({"from": first, "to": last, "workflow_id": wanted.workflow_id, "total": view(total), "days": [*listed]})
