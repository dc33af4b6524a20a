"""The command on costs: what model calls cost by day, or of one run by node."""

from typing import Annotated, Any

import typer

from cli import screen
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
        found = here.client.get("/api/v1/costs", workflow_id=workflow_id, run_id=run_id, **{"from": first, "to": last})
        columns = {"node": "node", "item_path": "item"} if run_id else {"day": "day"}
        here.show(found, human=lambda: _table(found, columns))


def _table(found: dict[str, Any], columns: dict[str, str]) -> Any:
    listed = found["nodes"] if "nodes" in found else found["days"]
    rows = [_row(each) for each in listed] + [_row({next(iter(columns)): "total", **found["total"]})]
    headings = {"cost": "cost", "call_count": "calls", "unpriced_count": "unpriced", "input_tokens": "tokens in", "output_tokens": "out"}
    return screen.table_of(rows, {**columns, **headings})


def _row(cost: dict[str, Any]) -> dict[str, Any]:
    """Calls without a price make the sum a lower bound, which it says."""
    known = screen.money(cost["cost"])
    if cost["unpriced_count"]:
        known = f"{known} + unpriced" if cost["call_count"] > cost["unpriced_count"] else "unpriced"
    return {**cost, "cost": known}
