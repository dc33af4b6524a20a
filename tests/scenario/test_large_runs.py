"""Runs that outgrow one transaction or one page."""

from collections.abc import Iterator

import pytest

from chalicelib.runs.nodes import node_started
from chalicelib.runs.start import start
from chalicelib.runs.sweep import sweep
from chalicelib.spec.model import JsonObject
from tests.factories.cloud import ANN, Cloud, cloud, published
from tests.factories.run_stories import attempt_at, check_journal, ended, opened_gate, started_run, told

pytestmark = pytest.mark.scenario


@pytest.fixture
def aws() -> Iterator[Cloud]:
    with cloud() as found:
        yield found


def test_more_nodes_than_one_transaction_holds_end_with_the_run(aws: Cloud) -> None:
    nodes: JsonObject = {f"node_{number}": {"type": "tool_call", "tool": "x"} for number in range(120)}
    run = started_run({"sluice": 1, "name": "wide", "nodes": nodes}, given={})
    ended(run, "SUCCEEDED", output=1)
    assert told(run).count("run_succeeded") == 1
    assert len(told(run)) == 3 + 120
    check_journal(run)


def test_many_gates_close_with_their_run(aws: Cloud) -> None:
    run = started_run()
    for number in range(40):
        opened_gate(run, f"gate_{number}")
    ended(run, "ABORTED")
    check_journal(run)


def test_it_tells_many_native_nodes_in_several_transactions_without_a_gap(aws: Cloud) -> None:
    run = started_run()
    node_started(attempt_at(run, "search"), settled={f"node_{number}": number for number in range(130)})
    assert len(told(run)) == 2 + 130 + 1
    assert told(run)[-1] == "node_started search"
    check_journal(run)


def test_it_pages_through_many_runs(aws: Cloud) -> None:
    version = published()
    for number in range(55):
        start(ANN, workflow_id=version.workflow_id, input={"city": str(number)})
    aws.calls.clear()
    sweep("org_local", grace_seconds=0)
    assert aws.calls.count("stepfunctions:DescribeExecution") == 55
