"""The command on costs: what model calls cost by day, or of one run by node."""

from collections.abc import Mapping
from typing import Annotated, Any, cast

import typer
from rich.table import Table

from cli import screen
from cli.api_client import Cost, Costs, CostsOfRun
from cli.session import AsOption, JsonOption, UrlOption, session, told

FirstDay = Annotated[str | None, typer.Option("--from", help="First day, YYYY-MM-DD in UTC; thirty days without.")]
LastDay = Annotated[str | None, typer.Option("--to", help="Last day; today without.")]


def costs(
    workflow: Annotated[str | None, typer.Argument(help="Only this workflow's.")] = None,
    first: FirstDay = None,
    last: LastDay = None,
    run_id: Annotated[str | None, typer.Option("--run", help="One run's, node by node.")] = None,
    url: UrlOption = None,
    person: AsOption = "",
    as_json: JsonOption = False,
) -> None:
    """What model calls cost. Calls of models without a price are counted, and in no sum."""
    here = session(url, person, as_json)
    with told(here.err):
        workflow_id = here.workflow_id(workflow) if workflow else None
        found = here.api.costs_get_costs(from_=first, to=last, workflow_id=workflow_id, run_id=run_id)
        here.show(found, human=lambda: _of_run(cast("CostsOfRun", found)) if run_id else _by_day(cast("Costs", found)))


def _of_run(found: CostsOfRun) -> Table:
    rows = [{**each, **_sum(each)} for each in found["nodes"]]
    return _table([*rows, {"node": "total", **_sum(found["total"])}], {"node": "node", "item_path": "item"})


def _by_day(found: Costs) -> Table:
    rows = [{**each, **_sum(each)} for each in found["days"]]
    return _table([*rows, {"day": "total", **_sum(found["total"])}], {"day": "day"})


def _table(rows: list[dict[str, Any]], columns: Mapping[str, str]) -> Table:
    headings = {"cost": "cost", "call_count": "calls", "unpriced_count": "unpriced", "input_tokens": "tokens in", "output_tokens": "out"}
    return screen.table_of(rows, {**columns, **headings})


def _sum(cost: Cost) -> dict[str, Any]:
    """Calls without a price make the sum a lower bound, which it says."""
    known = screen.money(cost["cost"])
    if cost["unpriced_count"]:
        known = f"{known} + unpriced" if cost["call_count"] > cost["unpriced_count"] else "unpriced"
    return {**cost, "cost": known}
