"""Reading an execution's history: which node failed and why, what native nodes were passed."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from chalicelib.runs.history import fault_of, read_history
from chalicelib.runs.nodes import node_started
from chalicelib.spec.model import JsonObject
from chalicelib.store.node_places import NodePlace
from chalicelib.store.run_records import Fault, Run
from chalicelib.store.statuses import NodeStatus, RunStatus
from tests.factories.cloud import Cloud
from tests.factories.run_stories import attempt_at, check_journal, ended, node_of, started_run, told

PLACES = {
    "search": NodePlace("search", "tool_call", ()),
    "enough": NodePlace("enough", "condition", ()),
    "pause": NodePlace("pause", "wait", ()),
    "approve": NodePlace("approve", "human_gate", ()),
    "call": NodePlace("call", "tool_call", (), is_native_call=True),
    "inner": NodePlace("inner", "condition", ("questions",)),
}


def history(*steps: tuple[str, dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Events that each follow the one before."""
    for number, (kind, details) in enumerate(steps, start=1):
        yield {"id": number, "previousEventId": number - 1, "type": kind, **details}


def entered(name: str, kind: str = "Task") -> tuple[str, dict[str, Any]]:
    return f"{kind}StateEntered", {"stateEnteredEventDetails": {"name": name}}


def left(name: str, kind: str = "Task") -> tuple[str, dict[str, Any]]:
    return f"{kind}StateExited", {"stateExitedEventDetails": {"name": name}}


FAILED = (
    "TaskFailed",
    {"taskFailedEventDetails": {"error": "HttpRejected", "cause": json.dumps({"errorMessage": "404", "errorType": "HttpRejected"})}},
)


def test_a_failure_belongs_to_the_state_that_its_chain_entered() -> None:
    found = read_history(history(entered("enough", "Choice"), left("enough", "Choice"), entered("search"), ("TaskScheduled", {}), FAILED), PLACES)
    assert found.left == {"enough"}
    assert found.open == {"search"}
    assert found.last_failed == "search"
    assert found.faults == {"search": Fault(name="HttpRejected", message="404")}


def test_a_call_of_the_engine_s_own_is_passed_as_other_native_nodes_are() -> None:
    found = read_history(history(entered("call"), ("TaskScheduled", {}), ("TaskSucceeded", {}), left("call"), entered("search"), FAILED), PLACES)
    assert (found.left, found.open) == ({"call"}, {"search"})


def test_branches_are_told_apart_by_their_chains() -> None:
    events = [
        {"id": 1, "type": "ParallelStateEntered", "stateEnteredEventDetails": {"name": "search and approve"}},
        {"id": 2, "previousEventId": 1, "type": "TaskStateEntered", "stateEnteredEventDetails": {"name": "search"}},
        {"id": 3, "previousEventId": 1, "type": "TaskStateEntered", "stateEnteredEventDetails": {"name": "approve"}},
        {"id": 4, "previousEventId": 2, "type": "TaskTimedOut", "taskTimedOutEventDetails": {"error": "States.Timeout"}},
    ]
    assert read_history(events, PLACES).last_failed == "search"


def test_an_invented_state_speaks_for_its_node_and_a_map_s_node_for_no_one() -> None:
    found = read_history(
        history(entered("approve--close"), FAILED, left("inner", "Choice"), entered("inner", "Choice"), left("inner", "Choice")), PLACES
    )
    assert found.last_failed == "approve"
    assert found.left == set()


@pytest.mark.parametrize(
    ("error", "cause", "expected"),
    [
        ("Boom", "plain words", Fault(name="Boom", message="plain words")),
        ("Boom", '{"errorMessage": "inner"}', Fault(name="Boom", message="inner")),
        ("Boom", '{"other": 1}', Fault(name="Boom", message='{"other": 1}')),
        ("Boom", "{broken", Fault(name="Boom", message="{broken")),
        (None, None, Fault(name="Unknown")),
    ],
)
def test_causes_are_put_into_readable_words(error: str | None, cause: str | None, expected: Fault) -> None:
    assert fault_of(error, cause) == expected


def test_a_worker_that_died_without_a_word_is_told_by_the_history(aws: Cloud) -> None:
    run = started_run()
    node_started(attempt_at(run, "search"))
    node_started(attempt_at(run, "book"))
    lost = ("TaskFailed", {"taskFailedEventDetails": {"error": "Sandbox.Timedout", "cause": "it took too long"}})
    events = list(history(entered("enough", "Choice"), left("enough", "Choice"), entered("search"), lost))
    aws.reply("stepfunctions:GetExecutionHistory", lambda: {"events": events})
    done = ended(run, "FAILED", error="Sandbox.Timedout", cause="it took too long")
    assert (done.status, done.failed_node) == (RunStatus.FAILED, "search")
    found = node_of(run, "search")
    assert (found.status, found.error) == (NodeStatus.FAILED, Fault(name="Sandbox.Timedout", message="it took too long"))
    assert node_of(run, "book").status is NodeStatus.CANCELLED
    assert node_of(run, "enough").status is NodeStatus.SUCCEEDED
    assert told(run)[-1] == "run_failed search"
    check_journal(run)


def native_run() -> Run:
    call: JsonObject = {"type": "tool_call", "tool": "aws.call", "with": {"service": "sqs", "action": "sendMessage"}}
    nodes: JsonObject = {"call": call, "again": {**call, "after": ["call"]}, "look": {"type": "tool_call", "tool": "http.get", "after": ["again"]}}
    return started_run({"sluice": 1, "name": "native", "nodes": nodes}, given={})


def test_a_call_of_the_engine_s_own_that_ended_the_run_is_recorded_at_its_node(aws: Cloud) -> None:
    run = native_run()
    lost = ("TaskFailed", {"taskFailedEventDetails": {"error": "Sqs.QueueDoesNotExistException", "cause": "no such queue"}})
    events = list(history(entered("call"), left("call"), entered("again"), lost))
    aws.reply("stepfunctions:GetExecutionHistory", lambda: {"events": events})
    done = ended(run, "FAILED", error="Sqs.QueueDoesNotExistException", cause="no such queue")
    assert (done.status, done.failed_node) == (RunStatus.FAILED, "again")
    found = node_of(run, "again")
    assert (found.status, found.error) == (NodeStatus.FAILED, Fault(name="Sqs.QueueDoesNotExistException", message="no such queue"))
    assert node_of(run, "call").status is NodeStatus.SUCCEEDED
    assert told(run)[-3:] == ["node_succeeded call", "node_failed again", "run_failed again"]
    check_journal(run)


def test_a_call_that_was_caught_or_cancelled_is_no_failure_of_the_run(aws: Cloud) -> None:
    run = native_run()
    node_started(attempt_at(run, "look"))
    aws.reply("stepfunctions:GetExecutionHistory", lambda: {"events": list(history(entered("call"), left("call"), entered("look")))})
    ended(run, "ABORTED")
    assert (node_of(run, "call").status, node_of(run, "look").status) == (NodeStatus.SUCCEEDED, NodeStatus.CANCELLED)
    check_journal(run)
