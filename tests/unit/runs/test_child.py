"""Sub-workflows: a child's end is its parent's node's output, or its failure."""

import pytest

from chalicelib.access.principal import Principal
from chalicelib.errors import ChildRunTimedOut
from chalicelib.gates.deliver import deliver
from chalicelib.machines import executions
from chalicelib.runs.cancel import cancel
from chalicelib.runs.close_child import close_child
from chalicelib.runs.nodes import node_waiting
from chalicelib.runs.start import Parent, start
from chalicelib.spec.model import Json, JsonObject
from chalicelib.store import answers, pointers
from chalicelib.store.run_records import Run, Trigger
from chalicelib.store.statuses import NodeStatus, RunStatus
from chalicelib.store.values import load
from tests.factories.cloud import ANN, Cloud, Sent, published
from tests.factories.run_stories import TOKEN, attempt_at, check_journal, ended, node_of, now, started_run, told

CHILD: JsonObject = {"sluice": 1, "name": "child", "nodes": {"say": {"type": "tool_call", "tool": "x"}}}


def child_of(parent: Run, *, token: str = TOKEN, retry: int = 0, keep: tuple[str, ...] = (), inline_bytes: int = 24_576) -> Run:
    """What the worker of a sub-workflow node does."""
    from chalicelib.store import workflows

    workflow = workflows.find_by_name("org_local", "child")
    workflow_id = workflow.id if workflow else published(CHILD).workflow_id
    attempt = attempt_at(parent, "sub", retry=retry)
    waits = Parent(attempt=attempt, token=token, keep=keep, inline_bytes=inline_bytes, deadline_seconds=60)
    principal = Principal("org_local", parent.started_by)
    child = start(principal, workflow_id=workflow_id, input={}, trigger=Trigger(type="workflow", source=parent.id), parent=waits)
    node_waiting(attempt, waiting_for="child", reference=child.id)
    return child


def test_a_child_s_output_is_recorded_in_the_parent_and_sent(aws: Cloud) -> None:
    parent = started_run()
    child = child_of(parent)
    assert child.parent is not None
    assert (child.parent.run_id, child.trigger.type) == (parent.id, "workflow")
    assert now(parent).status is RunStatus.WAITING
    ended(child, "SUCCEEDED", output={"answer": 42})
    assert aws.answers == [Sent(TOKEN, {"answer": 42})]
    assert load("org_local", node_of(parent, "sub").result) == {"answer": 42}
    assert told(parent)[-2:] == ["node_succeeded sub", "run_resumed"]
    assert answers.list_undelivered("org_local") == ()
    check_journal(parent)


@pytest.mark.parametrize(("status", "error"), [("FAILED", "ChildRunFailed"), ("TIMED_OUT", "ChildRunTimedOut"), ("ABORTED", "ChildRunCancelled")])
def test_a_child_that_fails_fails_its_node(aws: Cloud, status: str, error: str) -> None:
    parent = started_run()
    child = child_of(parent)
    ended(child, status, error="Boom", cause="it broke")  # type: ignore[arg-type]
    assert [sent.error for sent in aws.answers] == [error]
    found = node_of(parent, "sub")
    assert (found.status, found.error and found.error.name) == (NodeStatus.FAILED, error)
    check_journal(parent)


def test_started_again_it_is_the_same_child_and_answers_the_new_token(aws: Cloud) -> None:
    parent = started_run()
    child = child_of(parent)
    assert child_of(parent, token="newer", retry=1).id == child.id
    ended(child, "SUCCEEDED", output=1)
    assert aws.answers == [Sent("newer", 1)]
    assert node_of(parent, "sub").status is NodeStatus.SUCCEEDED
    check_journal(parent)


def test_a_child_that_has_ended_answers_a_new_token_at_once(aws: Cloud) -> None:
    parent = started_run()
    ended(child_of(parent), "SUCCEEDED", output=1)
    child_of(parent, token="newer", retry=1)
    assert aws.answers == [Sent(TOKEN, 1), Sent("newer", 1)]


def test_a_large_output_is_fitted_for_the_parent_s_machine(aws: Cloud) -> None:
    parent = started_run()
    output: Json = {"name": "Ritz", "text": "x" * 50_000}
    ended(child_of(parent, keep=("name",)), "SUCCEEDED", output=output)
    sent = aws.answers[0].output
    assert isinstance(sent, dict)
    assert sent["name"] == "Ritz"
    assert pointers.resolve("org_local", sent) == output
    assert load("org_local", node_of(parent, "sub").result) == sent


def test_an_answer_waits_until_the_engine_takes_it(aws: Cloud) -> None:
    parent = started_run()
    child = child_of(parent)
    aws.refuse("stepfunctions:SendTaskSuccess", "ThrottlingException")
    ended(child, "SUCCEEDED", output=1)
    assert answers.list_undelivered("org_local") == (child.id,)
    assert deliver("org_local", child.id)
    assert aws.answers == [Sent(TOKEN, 1)]
    check_journal(parent)


def test_a_parent_that_ended_is_not_told(aws: Cloud) -> None:
    parent = started_run()
    child = child_of(parent)
    cancel(ANN, parent.id)
    before = now(parent)
    ended(child, "SUCCEEDED", output=1)
    assert now(parent) == before
    assert answers.list_undelivered("org_local") == ()


def test_children_are_stopped_with_their_parent(aws: Cloud) -> None:
    parent = started_run()
    child = child_of(parent)
    cancel(ANN, parent.id)
    execution = executions.describe(child.machine_arn, child.execution_name)
    assert execution is not None
    assert execution.status == "ABORTED"
    assert now(child).cancel_requested_by == f"run:{parent.id}"
    assert not now(parent).lingers


def test_a_child_that_takes_too_long_is_stopped_and_its_node_fails(aws: Cloud) -> None:
    parent = started_run()
    child = child_of(parent)
    for _ in range(2):
        with pytest.raises(ChildRunTimedOut):
            close_child(attempt_at(parent, "sub"))
    assert now(child).cancel_requested_by == f"run:{parent.id}"
    assert node_of(parent, "sub").status is NodeStatus.FAILED
    ended(child, "ABORTED")
    check_journal(parent)


def test_an_answer_that_was_written_counts_when_the_time_is_over(aws: Cloud) -> None:
    parent = started_run()
    child = child_of(parent)
    aws.refuse("stepfunctions:SendTaskSuccess", "ThrottlingException")
    ended(child, "SUCCEEDED", output={"answer": 42})
    aws.refuse("stepfunctions:SendTaskSuccess", "TaskTimedOut")
    assert close_child(attempt_at(parent, "sub")) == {"answer": 42}
    check_journal(parent)


def test_a_node_without_a_child_takes_too_long_as_well(aws: Cloud) -> None:
    parent = started_run()
    with pytest.raises(ChildRunTimedOut):
        close_child(attempt_at(parent, "sub"))
    check_journal(parent)
