"""Ending a run: by the execution's status change, once."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from chalicelib.machines import executions
from chalicelib.runs.finish import StatusChange, finish, read_change
from chalicelib.runs.nodes import NextWait, node_failed, node_started, node_succeeded, node_waiting
from chalicelib.runs.query import get_output, get_run, list_runs
from chalicelib.runs.start import start
from chalicelib.spec.model import Json, JsonObject
from chalicelib.store import keys, pointers, runs, table
from chalicelib.store.items import record_of
from chalicelib.store.run_records import Fault
from chalicelib.store.statuses import EventType, NodeStatus, RunStatus
from chalicelib.store.values import load
from tests.factories.cloud import ANN, DAN, SPEC, Cloud, published, unpublished
from tests.factories.run_stories import attempt_at, check_journal, ended, events_of, node_of, now, started_run, told

FANNED: JsonObject = {
    "sluice": 1,
    "name": "fanned",
    "nodes": {
        "ask": {"type": "tool_call", "tool": "x"},
        "test": {"type": "condition", "if": "true", "after": ["ask"]},
        "fan": {"type": "parallel"},
        "never": {"type": "parallel"},
        "left": {"type": "tool_call", "tool": "x", "after": ["fan"]},
        "right": {"type": "tool_call", "tool": "x", "after": ["fan"]},
        "both": {"type": "join", "require": "all", "after": ["left", "right"]},
        "one": {"type": "join", "after": ["left", "right"]},
        "two": {"type": "join", "require": {"at_least": 2}, "after": ["left", "right"]},
        "rescue": {"type": "parallel"},
    },
    "edges": [
        {"from": "test", "to": "fan", "when": True},
        {"from": "test", "to": "never", "when": False},
        {"from": "right", "to": "rescue", "when": "error"},
    ],
}
WAITING_FIRST: JsonObject = {
    "sluice": 1,
    "name": "patient",
    "nodes": {"pause": {"type": "wait", "seconds": 60}, "act": {"type": "tool_call", "tool": "x", "after": ["pause"]}},
}
CARED_FOR: JsonObject = {**SPEC, "name": "cared-for", "on_failure": "carer"}
CARER: JsonObject = {
    "sluice": 1,
    "name": "carer",
    "input": {"type": "object", "required": ["run_id", "status", "node", "error"]},
    "nodes": {"say": {"type": "transform", "value": 1}},
    "on_failure": "carer",
}


def test_a_run_that_succeeded_has_its_output_and_nothing_open(aws: Cloud) -> None:
    run = started_run()
    node_started(attempt_at(run, "search"))
    node_succeeded(attempt_at(run, "search"), result={"status": 404})
    done = ended(run, "SUCCEEDED", output={"booking": None}, settled={"enough": "false"})
    assert done.status is RunStatus.SUCCEEDED
    assert get_output(ANN, run.id) == {"booking": None}
    assert told(run)[4:] == ["node_succeeded enough", "node_skipped approve", "node_skipped book", "run_succeeded"]
    assert list_runs(ANN, status=RunStatus.RUNNING).runs == ()
    check_journal(run)


def test_the_first_ending_stays(aws: Cloud) -> None:
    run = started_run()
    done = ended(run, "SUCCEEDED", output=1)
    for status in ("FAILED", "ABORTED", "TIMED_OUT", "SUCCEEDED", "RUNNING"):
        assert ended(run, status) == done
    assert get_output(ANN, run.id) == 1
    check_journal(run)


def test_eight_at_once_end_a_run_once(aws: Cloud) -> None:
    run = started_run()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: ended(run, "SUCCEEDED" if number % 2 else "ABORTED", output=number), range(8)))
    check_journal(run)


def test_it_says_why_a_run_failed_and_where(aws: Cloud) -> None:
    run = started_run()
    node_started(attempt_at(run, "search"))
    node_failed(attempt_at(run, "search"), error=Fault(name="HttpRejected", message="404 from example.com", code="http-rejected"))
    done = ended(run, "FAILED", error="HttpRejected", cause=json.dumps({"errorType": "HttpRejected", "errorMessage": "404 from example.com"}))
    assert (done.status, done.failed_node) == (RunStatus.FAILED, "search")
    assert done.error == Fault(name="HttpRejected", message="404 from example.com", code="http-rejected")
    assert told(run)[-1] == "run_failed search"
    assert node_of(run, "search").status is NodeStatus.FAILED
    assert runs.find_node_run("org_local", run.id, "book") is None
    check_journal(run)


@pytest.mark.parametrize(
    ("status", "run_status", "node_status"),
    [
        ("FAILED", RunStatus.FAILED, NodeStatus.CANCELLED),
        ("TIMED_OUT", RunStatus.TIMED_OUT, NodeStatus.TIMED_OUT),
        ("ABORTED", RunStatus.CANCELLED, NodeStatus.CANCELLED),
    ],
)
def test_what_was_open_ends_with_the_run(aws: Cloud, status: str, run_status: RunStatus, node_status: NodeStatus) -> None:
    run = started_run()
    node_started(attempt_at(run, "search"))
    node_waiting(attempt_at(run, "ask"), waiting_for="reply", reference="msg_1")
    done = ended(run, status, error="Whatever", cause="not {json")  # type: ignore[arg-type]
    assert done.status is run_status
    assert {node_of(run, name).status for name in ("search", "ask")} == {node_status}
    check_journal(run)


def test_a_broken_off_run_failed(aws: Cloud) -> None:
    done = ended(started_run(), "ABORTED", error="Interrupted", cause="the stack was started again")
    assert (done.status, done.error and done.error.code) == (RunStatus.FAILED, "interrupted")


@pytest.mark.parametrize("more", [{"on_error": "continue"}, {}])
def test_it_says_of_a_lost_worker_whether_the_run_went_on_as_from_a_success(aws: Cloud, more: JsonObject) -> None:
    nodes: JsonObject = {"search": {"type": "tool_call", "tool": "time.now", **more}, "last": {"type": "transform", "value": 1}}
    run = started_run({"sluice": 1, "name": "lost", "nodes": nodes})
    node_started(attempt_at(run, "search"))
    ended(run, "SUCCEEDED")
    failed = next(event for event in events_of(run) if event.type is EventType.NODE_FAILED)
    assert failed.data.get("continued") is (True if more else None)


def test_in_a_run_that_succeeded_a_silent_worker_is_lost_and_a_silent_person_too_late(aws: Cloud) -> None:
    run = started_run()
    node_started(attempt_at(run, "search"))
    node_waiting(attempt_at(run, "ask"), waiting_for="reply", reference="msg_1")
    ended(run, "SUCCEEDED")
    lost, late = node_of(run, "search"), node_of(run, "ask")
    assert (lost.status, lost.error and lost.error.name) == (NodeStatus.FAILED, "WorkerLost")
    assert (late.status, late.error and late.error.name) == (NodeStatus.TIMED_OUT, "States.Timeout")
    check_journal(run)


def test_a_wait_that_was_announced_and_passed_has_succeeded(aws: Cloud) -> None:
    run = started_run()
    node_started(attempt_at(run, "search"))
    node_succeeded(attempt_at(run, "search"), result=1, next_wait=NextWait("cool_down"))
    ended(run, "SUCCEEDED")
    assert node_of(run, "cool_down").status is NodeStatus.SUCCEEDED
    check_journal(run)


def test_fan_outs_and_joins_ran_if_what_is_before_them_says_so(aws: Cloud) -> None:
    run = started_run(FANNED, given={})
    for name in ("ask", "left"):
        node_started(attempt_at(run, name), settled={"test": "true"} if name == "left" else None)
        node_succeeded(attempt_at(run, name), result=1)
    node_started(attempt_at(run, "right"))
    node_failed(attempt_at(run, "right"), error=Fault(name="HttpRejected"))
    ended(run, "SUCCEEDED")
    statuses = {name: node_of(run, name).status.value for name in ("fan", "never", "both", "one", "two", "rescue")}
    assert statuses == {"fan": "succeeded", "never": "skipped", "both": "skipped", "one": "succeeded", "two": "skipped", "rescue": "succeeded"}
    check_journal(run)


def test_it_asks_the_engine_for_an_output_that_the_event_left_out(aws: Cloud) -> None:
    run = started_run()
    assert read_change(event_of(run.execution_name, run.machine_arn, status="SUCCEEDED", output=None)) is not None
    finish(StatusChange("org_local", run.execution_name, "", "SUCCEEDED"))
    assert "stepfunctions:DescribeExecution" in aws.calls
    assert now(run).status is RunStatus.SUCCEEDED


def test_a_running_execution_starts_a_run_that_begins_with_a_wait(aws: Cloud) -> None:
    run = started_run(WAITING_FIRST, given={})
    for _ in range(2):
        assert ended(run, "RUNNING").status is RunStatus.RUNNING
    assert told(run) == ["run_queued", "run_started"]
    check_journal(run)


def test_of_any_other_run_the_first_worker_tells(aws: Cloud) -> None:
    run = started_run()
    assert ended(run, "RUNNING").status is RunStatus.QUEUED
    unreadable = started_run({**SPEC, "name": "unreadable", "nodes": {"say": {"type": "from a later release"}}})
    assert ended(unreadable, "RUNNING").status is RunStatus.QUEUED
    assert ended(unreadable, "SUCCEEDED").status is RunStatus.SUCCEEDED
    assert node_of(unreadable, "say").status is NodeStatus.SKIPPED


def test_it_knows_no_run_but_ours(aws: Cloud) -> None:
    assert finish(StatusChange("org_local", "run_01ARZ3NDEKTSV4RRFFQ69G5FAV", "", "SUCCEEDED")) is None
    run = started_run()
    assert finish(StatusChange("org_local", f"{run.id}-r1", "", "SUCCEEDED")) == runs.get("org_local", run.id)
    assert now(run).status is RunStatus.QUEUED


def test_it_resolves_pointers_in_the_output(aws: Cloud) -> None:
    run = started_run()
    pointer = pointers.fit("org_local", {"text": "x" * 5000}, folder=f"runs/{run.id}/search", inline_bytes=100)
    ended(run, "SUCCEEDED", output={"found": [pointer]})
    assert get_output(ANN, run.id) == {"found": [{"text": "x" * 5000}]}


def test_a_failure_starts_the_workflow_that_takes_care_of_it_once(aws: Cloud) -> None:
    published(CARER)
    run = started_run(CARED_FOR)
    node_started(attempt_at(run, "search"))
    node_failed(attempt_at(run, "search"), error=Fault(name="HttpRejected", message="404"))
    for _ in range(2):
        ended(run, "FAILED", error="HttpRejected", cause="404")
    carers = [found for found in list_runs(ANN).runs if found.workflow_name == "carer"]
    assert len(carers) == 1
    assert (carers[0].trigger.type, carers[0].trigger.source) == ("on_failure", run.id)
    assert runs.get_input("org_local", carers[0].id) == {
        "run_id": run.id,
        "status": "failed",
        "node": "search",
        "error": {"name": "HttpRejected", "message": "404"},
    }
    assert not now(run).lingers
    ended(carers[0], "FAILED", error="x")
    assert len(list_runs(ANN).runs) == 2


@pytest.mark.parametrize("there", ["nothing", "unpublished", "picky"])
def test_a_failure_that_nobody_can_take_care_of_is_still_a_failure(aws: Cloud, there: str) -> None:
    if there == "unpublished":
        unpublished("org_local", "carer")
    if there == "picky":
        published({**CARER, "input": {"type": "object", "required": ["something_else"]}})
    run = started_run(CARED_FOR)
    assert ended(run, "FAILED", error="x").status is RunStatus.FAILED
    assert not now(run).lingers


def test_a_success_or_a_cancelled_run_needs_nobody(aws: Cloud) -> None:
    published(CARER)
    for status in ("SUCCEEDED", "ABORTED"):
        ended(started_run(CARED_FOR), status)
    assert {found.workflow_name for found in list_runs(ANN).runs} == {"cared-for"}


def test_it_reads_status_changes_of_ours_and_no_others(aws: Cloud) -> None:
    run = started_run()
    change = read_change(event_of(run.execution_name, run.machine_arn, status="FAILED", error="Boom", cause="because"))
    assert change == StatusChange(
        "org_local",
        run.id,
        change.execution_arn if change else "",
        "FAILED",
        error="Boom",
        cause="because",
        started_at="2026-11-21T13:00:00.123Z",
        ended_at="2026-11-21T13:00:01.000Z",
    )
    unfinished = event_of(run.id, run.machine_arn, status="PENDING_REDRIVE")
    strangers: list[Json] = [None, {}, {"detail": 3}, event_of("other", run.machine_arn, status="FAILED"), unfinished]
    for strange in strangers:
        assert read_change(strange) is None


def test_it_asks_whose_run_it_is_when_the_event_left_a_large_input_out(aws: Cloud) -> None:
    run = started_run()
    event = event_of(run.execution_name, run.machine_arn, status="ABORTED")
    del event["detail"]["input"]  # type: ignore[union-attr,arg-type]
    change = read_change(event)
    assert change is not None
    assert change.organisation_id == "org_local"
    unknown = read_change(event_of("run_01ARZ3NDEKTSV4RRFFQ69G5FAV", run.machine_arn, status="ABORTED", given=None))
    assert unknown is not None
    assert unknown.organisation_id == ""


def test_native_nodes_of_a_failed_run_are_read_from_its_history(aws: Cloud) -> None:
    run = started_run()
    assert list(executions.history(run.machine_arn, run.execution_name)) is not None
    ended(run, "FAILED", error="States.DataLimitExceeded")
    assert "stepfunctions:GetExecutionHistory" in aws.calls
    check_journal(run)


def test_an_output_belongs_to_the_run_s_item_collection_alone(aws: Cloud) -> None:
    run = start(DAN, workflow_id=published().workflow_id, input={"city": "Rome"})
    ended(run, "SUCCEEDED", output={"a": 1})
    item = table.get(keys.run_output("org_local", run.id))
    assert item is not None
    assert load("org_local", record_of(runs.StoredValue, item).value) == {"a": 1}
    assert get_run(ANN, run.id).ended_at is not None
    assert events_of(run)[-1].data == {}


def event_of(
    name: str,
    machine_arn: str,
    *,
    status: str,
    output: str | None = None,
    error: str | None = None,
    cause: str | None = None,
    given: Json = "org_local",
) -> JsonObject:
    whole: JsonObject = {
        "executionArn": machine_arn.replace(":stateMachine:", ":execution:") + f":{name}",
        "name": name,
        "status": status,
        "input": None if given is None else json.dumps({"organisation_id": given}),
        "output": output,
        "error": error,
        "cause": cause,
        "startDate": 1795266000123,
        "stopDate": 1795266001000,
    }
    return {"source": "aws.states", "detail": {name: value for name, value in whole.items() if value is not None}}
