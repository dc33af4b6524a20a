"""A version's forecast beside what the workflow's last runs really spent on models. Reads only.

In: a principal, a workflow, a version. Out: the forecast as it was published, its `models` with `measured`: medians and 95th percentiles of the last
runs that succeeded, of whatever version, by node and of the whole run. A node that no such run visited has none, and so has the whole before
the first run.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final

from chalicelib.access.principal import Principal
from chalicelib.runs.search import Wanted, search
from chalicelib.spec.model import Json, JsonObject
from chalicelib.store import runs
from chalicelib.store.run_records import NodeRun, Run, Usage
from chalicelib.store.statuses import RunStatus
from chalicelib.workflows.query import get_document

MEASURED_RUNS: Final = 20
_NODE_RUNS: Final = 1_000  # of a run with more, the whole alone is measured


def get_forecast(principal: Principal, workflow_id: str, number: int) -> Json:
    """Raises VersionNotFound."""
    forecast = get_document(principal, workflow_id, number, "forecast")
    if not isinstance(forecast, dict) or not isinstance(models := forecast.get("models"), dict):
        return forecast  # published before models were part of it
    wanted = Wanted(workflow_id=workflow_id, status=RunStatus.SUCCEEDED)
    page = search(principal, wanted, limit=MEASURED_RUNS)
    return {**forecast, "models": _with_measured(models, page.runs)}


def _with_measured(models: JsonObject, found: Sequence[Run]) -> JsonObject:
    spent = _spent_by_node(found) if models.get("nodes") else {}
    nodes: list[Json] = [
        {**node, "measured": measured(spent.get(str(node["node"]), ()))} for node in _list(models.get("nodes")) if isinstance(node, dict)
    ]
    return {**models, "measured": measured([run.usage for run in found]), "nodes": nodes}


def _spent_by_node(found: Sequence[Run]) -> Mapping[str, Sequence[Usage]]:
    """What each node took in each run that visited it, all its items and attempts together."""
    spent: dict[str, list[Usage]] = defaultdict(list)
    for run in found:
        for node, usage in _of_run(runs.list_few_node_runs(run.organisation_id, run.id, most=_NODE_RUNS) or ()).items():
            spent[node].append(usage)
    return spent


def _of_run(node_runs: Sequence[NodeRun]) -> Mapping[str, Usage]:
    whole: dict[str, Usage] = {}
    for node_run in node_runs:
        if node_run.attempt_count:
            whole[node_run.node] = whole.get(node_run.node, Usage()).plus(node_run.usage)
    return whole


def measured(spent: Sequence[Usage]) -> Json:
    """None where nothing was measured."""
    if not spent:
        return None
    return {
        "runs": len(spent),
        "cost_micro_dollars": _middle([usage.cost for usage in spent]),
        "input_tokens": _middle([usage.input_tokens for usage in spent]),
        "output_tokens": _middle([usage.output_tokens for usage in spent]),
    }


def _middle(values: Sequence[int]) -> JsonObject:
    """Nearest ranks, so that each is a value that was there."""
    ordered = sorted(values)
    return {"median": ordered[(len(ordered) - 1) // 2], "p95": ordered[-(-len(ordered) * 95 // 100) - 1]}


def _list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []
