"""Routes: budgets of the organisation and of workflows."""

from http import HTTPMethod
from typing import Annotated, Literal

from chalice.app import Blueprint
from pydantic import Field, model_validator

from chalicelib.access.alerts import list_alerts
from chalicelib.access.limits import get_budget, list_budgets, remove_budget, set_budget, uses
from chalicelib.access.principal import Principal
from chalicelib.access.scopes import Scope
from chalicelib.api import money_shapes
from chalicelib.api.endpoint import Answer, Call, Nothing, Wire, endpoint
from chalicelib.api.paging import Page
from chalicelib.api.shapes import NOTHING
from chalicelib.api.views import view
from chalicelib.errors import BudgetNotFound, CursorInvalid, WorkflowNotFound
from chalicelib.spec.model import JsonObject
from chalicelib.store.budget_records import Budget, BudgetAlert

routes = Blueprint(__name__)
MicroDollars = Annotated[int, Field(ge=0, le=10**15)]


class BudgetToSet(Wire):
    """Micro-dollars; what is not given is not limited. `unpriced` says whether models without a price may be called under it."""

    per_day: MicroDollars | None = None
    per_month: MicroDollars | None = None
    unpriced: Literal["refuse", "allow"] = "refuse"

    @model_validator(mode="after")
    def _limits(self) -> "BudgetToSet":
        if not self.has_limit:
            raise ValueError("give at least one limit")
        return self

    @property
    def has_limit(self) -> bool:
        return self.per_day is not None or self.per_month is not None


class WorkflowBudgetToSet(BudgetToSet):
    """`per_run` limits each run of the workflow."""

    per_run: MicroDollars | None = None

    @property
    def has_limit(self) -> bool:
        return self.per_run is not None or super().has_limit


@endpoint(routes, HTTPMethod.GET, "/api/v1/budgets", scope=Scope.ORG_ADMIN, answers={200: money_shapes.BUDGETS})
def list_all(call: Call[Nothing, Nothing]) -> Answer:
    """All budgets, the organisation's first."""
    return Answer({"budgets": [_view(call.principal, budget) for budget in list_budgets(call.principal)]})


@endpoint(routes, HTTPMethod.GET, "/api/v1/budgets/alerts", scope=Scope.ORG_ADMIN, answers={200: money_shapes.ALERTS}, errors=(CursorInvalid,))
def list_of_alerts(call: Call[Nothing, Page]) -> Answer:
    """Which limits were used to 50, 80 and 100 percent, newest first.

    Once for each limit, day or month and `level`; 100 also when a call was refused for want of room. `spent` is what it was then. The account's event
    bus is told of each (`source` `sluice`, `detail-type` `Budget alert`): see [BUDGETS.md](flows/BUDGETS.md).
    """
    found = list_alerts(call.principal, limit=call.query.limit, cursor=call.query.cursor)
    return Answer({"alerts": [_alert_view(alert) for alert in found.alerts], "cursor": found.cursor})


@endpoint(routes, HTTPMethod.GET, "/api/v1/budgets/organisation", scope=Scope.ORG_ADMIN, answers={200: money_shapes.BUDGET}, errors=(BudgetNotFound,))
def get_of_organisation(call: Call[Nothing, Nothing]) -> Answer:
    """The organisation's budget, and how far it is used.

    `used` has the present day and month of the limits that are set.
    """
    return Answer(_view(call.principal, get_budget(call.principal)))


@endpoint(routes, HTTPMethod.PUT, "/api/v1/budgets/organisation", scope=Scope.ORG_ADMIN, answers={200: money_shapes.BUDGET})
def set_of_organisation(call: Call[BudgetToSet, Nothing]) -> Answer:
    """Set the organisation's budget.

    In place of the one before. `unpriced: allow` lets models without a price be called under it (default `refuse`). What was spent today and this
    month counts.
    """
    given = call.body
    budget = set_budget(call.principal, per_day=given.per_day, per_month=given.per_month, unpriced=given.unpriced)
    return Answer(_view(call.principal, budget))


@endpoint(routes, HTTPMethod.DELETE, "/api/v1/budgets/organisation", scope=Scope.ORG_ADMIN, answers={204: NOTHING})
def remove_of_organisation(call: Call[Nothing, Nothing]) -> Answer:
    """Take the organisation's budget away.

    Twice is harmless.
    """
    remove_budget(call.principal)
    return Answer(None, status=204)


@endpoint(
    routes,
    HTTPMethod.GET,
    "/api/v1/budgets/workflows/{workflow_id}",
    scope=Scope.WORKFLOW_READ,
    answers={200: money_shapes.BUDGET},
    errors=(BudgetNotFound,),
)
def get_of_workflow(call: Call[Nothing, Nothing], workflow_id: str) -> Answer:
    """A workflow's budget, and how far it is used."""
    return Answer(_view(call.principal, get_budget(call.principal, workflow_id=workflow_id)))


@endpoint(
    routes,
    HTTPMethod.PUT,
    "/api/v1/budgets/workflows/{workflow_id}",
    scope=Scope.ORG_ADMIN,
    answers={200: money_shapes.BUDGET},
    errors=(WorkflowNotFound,),
)
def set_of_workflow(call: Call[WorkflowBudgetToSet, Nothing], workflow_id: str) -> Answer:
    """Set a workflow's budget.

    In place of the one before, with at least one limit; `per_run` limits each of its runs.
    """
    given = call.body
    limits = {"per_run": given.per_run, "per_day": given.per_day, "per_month": given.per_month}
    return Answer(_view(call.principal, set_budget(call.principal, workflow_id=workflow_id, unpriced=given.unpriced, **limits)))


@endpoint(
    routes,
    HTTPMethod.DELETE,
    "/api/v1/budgets/workflows/{workflow_id}",
    scope=Scope.ORG_ADMIN,
    answers={204: NOTHING},
    errors=(WorkflowNotFound,),
)
def remove_of_workflow(call: Call[Nothing, Nothing], workflow_id: str) -> Answer:
    """Take a workflow's budget away.

    Twice is harmless.
    """
    remove_budget(call.principal, workflow_id=workflow_id)
    return Answer(None, status=204)


def _alert_view(alert: BudgetAlert) -> JsonObject:
    return {**view(alert), "scope": alert.scope, "workflow_id": alert.workflow_id or None}


def _view(principal: Principal, budget: Budget) -> JsonObject:
    """Limits as they were set, and what the present day and month have used of them."""
    used: JsonObject = {use.period: {"limit": use.limit, "spent": use.spent, "reserved": use.reserved} for use in uses(principal, budget)}
    return {
        "workflow_id": budget.workflow_id or None,
        "per_run": budget.per_run,
        "per_day": budget.per_day.micro_dollars if budget.per_day else None,
        "per_month": budget.per_month.micro_dollars if budget.per_month else None,
        "unpriced": budget.unpriced,
        "set_at": budget.set_at,
        "set_by": budget.set_by,
        "used": used,
    }
