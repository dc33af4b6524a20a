"""The sweeper: what a crash left half done is completed."""

from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.clock import time_text
from chalicelib.gates.decide import decide
from chalicelib.machines import executions
from chalicelib.machines.delete import delete
from chalicelib.runs.nodes import node_started
from chalicelib.runs.start import start
from chalicelib.runs.sweep import Swept, is_due, sweep
from chalicelib.store import answers, keys, table
from chalicelib.store.run_records import Run
from chalicelib.store.statuses import RunStatus
from tests.factories.cloud import ANN, Cloud, published
from tests.factories.run_stories import attempt_at, check_journal, ended, now, opened_gate, started_run
from tests.unit.runs.test_child import child_of


def swept() -> Swept:
    return sweep("org_local", grace_seconds=0)


def unheard_run(aws: Cloud) -> Run:
    """A run that the engine never got."""
    version = published()
    aws.refuse("stepfunctions:StartExecution", "ThrottlingException")
    return start(ANN, workflow_id=version.workflow_id, input={"city": "Rome"})


def test_it_starts_what_the_engine_never_got(aws: Cloud) -> None:
    run = unheard_run(aws)
    assert swept().started_count == 1
    execution = executions.describe(run.machine_arn, run.execution_name)
    assert execution is not None
    assert execution.status == "RUNNING"
    assert swept().started_count == 0
    assert now(run).status is RunStatus.QUEUED


def test_it_leaves_the_young_alone(aws: Cloud) -> None:
    unheard_run(aws)
    assert sweep("org_local") == Swept()


def test_it_ends_a_run_whose_execution_has_ended(aws: Cloud) -> None:
    run = started_run()
    node_started(attempt_at(run, "search"))
    aws.end(run.execution_name, run.machine_arn)
    assert swept().finished_count == 1
    assert now(run).status is RunStatus.CANCELLED
    assert swept() == Swept()
    check_journal(run)


def test_it_ends_a_run_that_the_engine_has_forgotten(aws: Cloud) -> None:
    run = unheard_run(aws)
    node_started(attempt_at(run, "search"))
    assert swept().finished_count == 1
    error = now(run).error
    assert error is not None
    assert error.name == "Interrupted"
    check_journal(run)


def test_it_ends_a_run_whose_machine_is_gone(aws: Cloud) -> None:
    run = unheard_run(aws)
    delete(run.machine_arn)
    assert swept().finished_count == 1
    error = now(run).error
    assert error is not None
    assert error.name == "MachineMissing"


def test_it_delivers_what_is_left(aws: Cloud) -> None:
    gate = opened_gate(started_run())
    aws.refuse("stepfunctions:SendTaskSuccess", "ThrottlingException")
    decide(ANN, gate.id, choice="approve")
    assert swept().delivered_count == 1
    assert answers.list_undelivered("org_local") == ()
    assert len(aws.answers) == 1


def test_one_failure_keeps_nobody_else_waiting(aws: Cloud) -> None:
    gates = [opened_gate(started_run()) for _ in range(3)]
    aws.refuse("stepfunctions:SendTaskSuccess", "ThrottlingException", times=4)
    for gate in gates:
        decide(ANN, gate.id, choice="approve")
    found = swept()
    assert (found.delivered_count, found.failed_count) == (2, 1)
    assert swept().delivered_count == 1


def test_it_stops_a_child_past_its_deadline(aws: Cloud) -> None:
    parent = started_run()
    child = child_of(parent)
    past = {"deadline_at": time_text(datetime.now(UTC) - timedelta(seconds=1))}
    table.write(table.assign(keys.run("org_local", child.id), past))
    assert swept().cancelled_count == 1
    swept()
    assert now(child).status is RunStatus.CANCELLED
    assert [sent.error for sent in aws.answers] == ["ChildRunCancelled"]


def test_it_does_what_was_left_when_a_run_ended(aws: Cloud) -> None:
    parent = started_run()
    child = child_of(parent)
    aws.refuse("stepfunctions:StopExecution", "ThrottlingException")
    with pytest.raises(Exception, match="Throttling"):
        ended(parent, "FAILED", error="x")
    assert now(parent).lingers
    assert swept().finished_count >= 1
    assert not now(parent).lingers
    assert now(child).cancel_requested_by == f"run:{parent.id}"


def test_past_its_budget_it_leaves_the_rest(aws: Cloud) -> None:
    unheard_run(aws)
    assert sweep("org_local", grace_seconds=0, budget_seconds=0) == Swept()


@pytest.mark.parametrize(
    ("status", "idle", "due"),
    [
        (RunStatus.QUEUED, 29, False),
        (RunStatus.QUEUED, 5000, True),
        (RunStatus.RUNNING, 29, False),
        (RunStatus.RUNNING, 31, True),
        (RunStatus.RUNNING, 95, True),
        (RunStatus.RUNNING, 200, False),
        (RunStatus.RUNNING, 250, True),
        (RunStatus.WAITING, 3605, True),
        (RunStatus.WAITING, 5000, False),
        (RunStatus.WAITING, 7210, True),
    ],
)
def test_it_looks_less_and_less_often(aws: Cloud, status: RunStatus, idle: float, due: bool) -> None:
    run = started_run().model_copy(update={"status": status})
    assert is_due(run, idle, 30) is due
