"""A sweep past what nobody foresaw: one poisoned run or answer keeps no other waiting."""

from chalicelib.gates.decide import decide
from chalicelib.runs.sweep import sweep
from tests.factories.cloud import ANN, Cloud
from tests.factories.run_stories import now, opened_gate, started_run


def test_a_run_that_cannot_be_looked_at_keeps_no_other_waiting(aws: Cloud) -> None:
    runs = [started_run() for _ in range(3)]
    for run in runs:
        aws.end(run.execution_name, run.machine_arn)
    aws.refuse("stepfunctions:DescribeExecution", "AccessDeniedException")
    swept = sweep("org_local", grace_seconds=0)
    assert (swept.failed_count, swept.finished_count) == (1, 2)
    assert [now(run).status.is_terminal for run in runs] == [False, True, True]


def test_an_answer_that_cannot_be_sent_keeps_no_other_waiting(aws: Cloud) -> None:
    aws.refuse("stepfunctions:SendTaskSuccess", "AccessDeniedException", times=2)
    for token in ("first", "second"):
        assert decide(ANN, opened_gate(started_run(), token=token).id, choice="approve").is_final
    aws.refuse("stepfunctions:SendTaskSuccess", "ValidationException")
    swept = sweep("org_local")
    assert (swept.failed_count, swept.delivered_count) == (1, 1)
    assert [sent.token for sent in aws.answers] == ["second"]


def test_a_run_that_the_engine_refuses_for_now_is_started_all_the_same(aws: Cloud) -> None:
    aws.refuse("stepfunctions:StartExecution", "AccessDeniedException")
    run = started_run()
    assert now(run).status == "queued"
    assert sweep("org_local", grace_seconds=0).started_count == 1
