"""Cancelling a run: the engine is stopped, and has the last word."""

import pytest

from chalicelib.errors import RunEnded, RunNotFound
from chalicelib.machines import executions
from chalicelib.runs.cancel import cancel
from chalicelib.runs.nodes import node_started
from chalicelib.runs.start import start
from chalicelib.store import keys, table
from chalicelib.store.statuses import NodeStatus, RunStatus
from tests.factories.cloud import ANN, STRANGER, Cloud, published
from tests.factories.run_stories import attempt_at, check_journal, ended, events_of, node_of, started_run, told


def test_it_stops_the_execution_and_settles_the_run(aws: Cloud) -> None:
    run = started_run()
    node_started(attempt_at(run, "search"))
    done = cancel(ANN, run.id, reason="too dear")
    assert done.status is RunStatus.CANCELLED
    execution = executions.describe(run.machine_arn, run.execution_name)
    assert execution is not None
    assert execution.status == "ABORTED"
    assert node_of(run, "search").status is NodeStatus.CANCELLED
    assert events_of(run)[-1].data == {"by": "ann", "reason": "too dear"}
    check_journal(run)


def test_cancelling_twice_is_harmless(aws: Cloud) -> None:
    run = started_run()
    assert cancel(ANN, run.id) == cancel(ANN, run.id)
    ended(run, "ABORTED")
    assert told(run).count("run_cancelled") == 1


def test_the_engine_s_word_counts_when_it_ended_first(aws: Cloud) -> None:
    run = started_run()
    ended(run, "SUCCEEDED")
    with pytest.raises(RunEnded):
        cancel(ANN, run.id)


def test_a_run_that_the_engine_never_got_is_cancelled_too(aws: Cloud) -> None:
    version = published()
    aws.refuse("stepfunctions:StartExecution", "ThrottlingException")
    run = start(ANN, workflow_id=version.workflow_id, input={"city": "Rome"})
    assert cancel(ANN, run.id).status is RunStatus.CANCELLED
    check_journal(run)


def test_it_reaches_no_run_of_another_organisation(aws: Cloud) -> None:
    run = started_run()
    with pytest.raises(RunNotFound):
        cancel(STRANGER, run.id)


def test_it_leaves_the_index_of_open_runs(aws: Cloud) -> None:
    run = started_run()
    cancel(ANN, run.id)
    assert table.query_index(keys.open_runs("org_local")).items == ()
