"""The command on budgets: shows, sets and takes away limits on what model calls may cost."""

from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, Literal

import typer

from cli import screen
from cli.api_client import Budget, BudgetAlert, BudgetUse, WorkflowBudgetToSet
from cli.client import Problem
from cli.session import AsOption, JsonOption, Session, UrlOption, session, told

_MICRO = 1_000_000
_Limit = Literal["per_run", "per_day", "per_month"]


def budgets(
    workflow: Annotated[str | None, typer.Argument(help="A workflow's budget; without one, the organisation's.")] = None,
    per_run: Annotated[str | None, typer.Option("--per-run", metavar="DOLLARS", help="Sets what each run of the workflow may cost.")] = None,
    per_day: Annotated[str | None, typer.Option("--per-day", metavar="DOLLARS", help="Sets what a day (UTC) may cost.")] = None,
    per_month: Annotated[str | None, typer.Option("--per-month", metavar="DOLLARS", help="Sets what a month may cost.")] = None,
    unpriced: Annotated[bool, typer.Option("--unpriced", help="Models without a price may be called all the same.")] = False,
    remove: Annotated[bool, typer.Option("--remove", help="Takes the budget away.")] = False,
    alerts: Annotated[bool, typer.Option("--alerts", help="Which limits were used to 50, 80 and 100 percent, newest first.")] = False,
    url: UrlOption = None,
    person: AsOption = "",
    as_json: JsonOption = False,
) -> None:
    """All budgets; with limits, sets one: what is not given is not limited any more."""
    here = session(url, person, as_json)
    with told(here.err):
        given = _limits({"per_run": per_run, "per_day": per_day, "per_month": per_month})
        workflow_id = here.workflow_id(workflow) if workflow else None
        if alerts:
            _show_alerts(here, workflow_id)
        elif remove:
            _remove(here, workflow_id)
            here.show({"removed": True}, human=lambda: "removed")
        elif given:
            _show(here, [_set(here, workflow_id, {**given, "unpriced": "allow" if unpriced else "refuse"})])
        elif workflow_id:
            _show(here, [here.api.budgets_get_of_workflow(workflow_id)])
        else:
            _show(here, here.api.budgets_list_all()["budgets"])


def _limits(texts: dict[_Limit, str | None]) -> WorkflowBudgetToSet:
    """Those that are given. Raises Problem (422)."""
    found: WorkflowBudgetToSet = {}
    for name, text in texts.items():
        if text:
            found[name] = _micro_dollars(text)
    return found


def _set(here: Session, workflow_id: str | None, limits: WorkflowBudgetToSet) -> Budget:
    return here.api.budgets_set_of_workflow(workflow_id, limits) if workflow_id else here.api.budgets_set_of_organisation(limits)


def _remove(here: Session, workflow_id: str | None) -> None:
    if workflow_id:
        here.api.budgets_remove_of_workflow(workflow_id)
    else:
        here.api.budgets_remove_of_organisation()


def _show(here: Session, found: list[Budget]) -> None:
    columns = {"of": "of", "per_run": "per run", "per_day": "per day", "per_month": "per month", "unpriced": "unpriced", "set_by": "set by"}
    here.show({"budgets": found}, human=lambda: screen.table_of([_row(each) for each in found], columns))


def _show_alerts(here: Session, workflow_id: str | None) -> None:
    """The last 200; a workflow's own among them."""
    found = [each for each in here.api.budgets_list_of_alerts(limit=200)["alerts"] if workflow_id in (None, each["workflow_id"])]
    columns = {"at": "at", "whose": "of", "of": "period", "share": "used", "spent": "spent", "limit": "limit"}
    here.show({"alerts": found}, human=lambda: screen.table_of([_alert_row(each) for each in found], columns))


def _alert_row(alert: BudgetAlert) -> dict[str, Any]:
    whose, share = alert["workflow_id"] or "the organisation", f"{alert['level']} %"
    return {**alert, "whose": whose, "share": share, "spent": screen.money(alert["spent"]), "limit": screen.money(alert["limit"])}


def _row(budget: Budget) -> dict[str, Any]:
    used = budget["used"]
    return {
        **budget,
        "of": budget["workflow_id"] or "the organisation",
        "per_run": _used(budget["per_run"], used.get("run")),
        "per_day": _used(budget["per_day"], used.get("day")),
        "per_month": _used(budget["per_month"], used.get("month")),
    }


def _used(limit: int | None, used: BudgetUse | None) -> str:
    if limit is None:
        return ""
    if used is None:
        return screen.money(limit)
    held = f", {screen.money(used['reserved'])} held" if used["reserved"] else ""
    return f"{screen.money(used['spent'])} of {screen.money(limit)}{held}"


def _micro_dollars(text: str) -> int:
    """Exact: what is less than a micro-dollar is refused, not rounded."""
    try:
        amount = Decimal(text) * _MICRO
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite() or amount < 0 or amount != int(amount):
        raise Problem(422, {"code": "invalid", "detail": f"{text} is no amount in dollars with at most six decimals, such as 2.50"})
    return int(amount)
