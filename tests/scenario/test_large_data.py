"""Large data through maps on the local stack: lists that no state holds are iterated, results that no state holds are collected."""

import json
from typing import Any

import pytest

from infra.local.stack import LocalStack
from tests.factories.local_runs import LocalRuns

pytestmark = pytest.mark.scenario

ROWS = 450
EVERY = 30  # of the rows one asks a worker
TEXT = "x" * 600
INPUT = {"type": "object", "properties": {"text": {"type": "string"}, "lines": {"type": "array"}}}
PICK = {"type": "tool_call", "tool": "json.pick"}


def csv_text() -> str:
    return "name,kind,text\n" + "".join(f"row {number},{'a' if number % EVERY == 0 else 'b'},{TEXT}\n" for number in range(ROWS))


def published(runs: LocalRuns, name: str, nodes: dict[str, Any], output: Any) -> str:
    runs.publish(json.dumps({"sluice": 1, "name": name, "input": INPUT, "nodes": nodes, "output": output}))
    return name


def ended(runs: LocalRuns, name: str, given: dict[str, Any]) -> dict[str, Any]:
    run = runs.ended(runs.start(name, given), seconds=120)
    assert run["status"] == "succeeded", run["error"]
    return run


@pytest.fixture(scope="module")
def large(runs: LocalRuns) -> dict[str, Any]:
    """A run over rows that no state holds."""
    nodes = {
        "table": {"type": "tool_call", "tool": "csv.parse", "with": {"text": "$context.text"}},
        "rows": {
            "type": "map",
            "over": "$table.rows",
            "as": "row",
            "max_items": ROWS,
            "after": ["table"],
            "nodes": {
                "wanted": {"type": "condition", "if": "$row.kind = 'a'"},
                "pick": {**PICK, "with": {"value": {"name": "$row.name", "length": "$row.text"}, "path": "name"}},
            },
            "edges": [{"from": "wanted", "to": "pick", "when": True}],
            "output": {"row": "$row", "picked": "$pick.value"},
        },
        "names": {**PICK, "with": {"value": "$rows.picked", "path": ""}, "after": ["rows"]},
        "held": {"type": "transform", "value": {"table": "$table"}, "after": ["rows"]},
        "first": {**PICK, "with": {"value": "$held.table.rows", "path": "[0].name"}, "after": ["held"]},
    }
    output = {"count": "{% $count($rows) %}", "rows": "$rows", "names": "$names", "first": "$first.value"}
    return ended(runs, published(runs, "large-rows", nodes, output), {"text": csv_text()})


def test_it_iterates_rows_that_no_state_holds(large: dict[str, Any]) -> None:
    assert large["output"]["count"] == ROWS
    assert large["output"]["names"]["value"] == [None if number % EVERY else f"row {number}" for number in range(ROWS)]


def test_it_collects_the_results_in_the_order_of_the_rows(large: dict[str, Any]) -> None:
    rows = large["output"]["rows"]
    assert [each["row"]["name"] for each in rows] == [f"row {number}" for number in range(ROWS)]
    assert rows[1] == {"row": {"name": "row 1", "kind": "b", "text": TEXT}, "picked": None}


def test_a_worker_reads_through_a_transform_what_lies_in_s3(large: dict[str, Any]) -> None:
    assert large["output"]["first"] == "row 0"


def test_it_tells_how_many_items_there_were(large: dict[str, Any], runs: LocalRuns) -> None:
    (told,) = [event for event in runs.events(large["id"]) if event["type"] == "node_succeeded" and event["node"] == "rows"]
    assert told["data"]["result"] == ROWS


def test_it_tells_of_native_nodes_of_items_that_a_worker_comes_after(large: dict[str, Any], runs: LocalRuns) -> None:
    nodes = runs.nodes(large["id"])
    assert {name for name in nodes if name.startswith("wanted")} == {f"wanted rows:{number}" for number in range(0, ROWS, EVERY)}
    assert {nodes[name]["status"] for name in nodes} == {"succeeded"}


def test_it_iterates_a_large_input_in_an_inline_map(stack: LocalStack, runs: LocalRuns) -> None:
    """Texts of 20 KB: neither the input nor the results fit a state."""
    nodes = {
        "each_line": {
            "type": "map",
            "over": "$context.lines",
            "as": "line",
            "max_items": 30,
            "nodes": {"look": {**PICK, "with": {"value": "$line", "path": ""}}},
            "output": "$look.value",
        },
    }
    lines = [f"{number} {'x' * 20_000}" for number in range(30)]
    run = ended(runs, published(runs, "large-input", nodes, {"lines": "$each_line", "count": "{% $count($context.lines) %}"}), {"lines": lines})
    assert run["output"] == {"lines": lines, "count": 30}


def test_it_takes_what_the_forecast_says(large: dict[str, Any], runs: LocalRuns) -> None:
    forecast, run = runs.forecast(large), runs.run(large["id"], counts=True)
    for figure, counted in (("invocations", run["invocation_count"]), ("writes", run["write_count"])):
        assert forecast[figure]["least"] <= counted <= forecast[figure]["most"]
