"""What a version's forecast says of the money that its workflow's last runs spent on models."""

from typing import Any

import pytest

from chalicelib.errors import VersionNotFound
from chalicelib.runs.nodes import node_started, node_succeeded
from chalicelib.runs.start import start
from chalicelib.store import keys, table
from chalicelib.store.items import item_of
from chalicelib.store.run_records import Usage
from chalicelib.store.workflow_records import Documents
from chalicelib.workflows import forecasts
from chalicelib.workflows.create import create
from chalicelib.workflows.forecasts import get_forecast, measured
from chalicelib.workflows.publish import publish
from tests.factories.cloud import ANN, STRANGER, Cloud, published
from tests.factories.run_stories import attempt_at, ended

TEXT = """
sluice: 1
name: asking
nodes:
  ask: {type: agent_call, prompt: Where is Rome?}
  never: {type: agent_call, prompt: And why?, after: [ask]}
output: $ask.text
"""


def spending(workflow_id: str, *costs: int) -> None:
    """One run, in which the node asks as often."""
    run = start(ANN, workflow_id=workflow_id, input={})
    for visit, cost in enumerate(costs):
        attempt = attempt_at(run, "ask", visit=visit)
        node_started(attempt, input={})
        node_succeeded(attempt, result={"text": "there"}, usage=Usage(input_tokens=10 * cost, output_tokens=cost, cost=cost))
    ended(run, "SUCCEEDED", output="there")


def models_of(workflow_id: str) -> Any:
    forecast: Any = get_forecast(ANN, workflow_id, 1)
    return forecast["models"]


@pytest.fixture
def workflow_id(aws: Cloud) -> str:
    workflow = create(ANN, text=TEXT)
    publish(ANN, workflow.id)
    return workflow.id


def test_it_has_measured_nothing_before_the_first_run(workflow_id: str) -> None:
    models = models_of(workflow_id)
    assert models["measured"] is None
    assert [node["measured"] for node in models["nodes"]] == [None, None]


def test_it_tells_what_the_last_runs_spent(workflow_id: str) -> None:
    for costs in ((100, 50), (300,), (200,)):
        spending(workflow_id, *costs)
    models = models_of(workflow_id)
    spent = {"median": 200, "p95": 300}
    assert (models["measured"]["runs"], models["measured"]["cost_micro_dollars"]) == (3, spent)
    ask, never = models["nodes"]
    assert (ask["measured"]["cost_micro_dollars"], ask["measured"]["output_tokens"]) == (spent, spent)
    assert ask["measured"]["input_tokens"] == {"median": 2_000, "p95": 3_000}
    assert never["measured"] is None


def test_it_measures_the_whole_alone_where_a_run_has_too_many_nodes(workflow_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    spending(workflow_id, 100)
    monkeypatch.setattr(forecasts, "_NODE_RUNS", 1)
    models = models_of(workflow_id)
    assert models["measured"]["runs"] == 1
    assert models["nodes"][0]["measured"] is None


def test_it_takes_nearest_ranks() -> None:
    found: Any = measured([Usage(cost=cost) for cost in range(1, 21)])
    assert found["cost_micro_dollars"] == {"median": 10, "p95": 19}


def test_it_gives_nothing_of_another_organisation(workflow_id: str) -> None:
    with pytest.raises(VersionNotFound):
        get_forecast(STRANGER, workflow_id, 1)


def test_it_gives_a_version_without_a_forecast_as_it_is(aws: Cloud) -> None:
    version = published()
    table.write(table.put(item_of(Documents(version_id=version.id, values={}), keys.documents(version.organisation_id, version.id))))
    assert get_forecast(ANN, version.workflow_id, 1) is None
