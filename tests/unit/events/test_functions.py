"""The functions that events invoke: each hands what it is given to one function and renders the outcome."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from boto3.dynamodb.types import TypeSerializer

from chalicelib.events.execution_status import execution_status
from chalicelib.events.publisher import publisher
from chalicelib.events.sweeper import sweeper
from chalicelib.events.table_stream import table_stream
from chalicelib.events.worker import worker
from chalicelib.gates.decide import decide
from chalicelib.gates.open import Question, open_gate
from chalicelib.machines.names import execution_arn
from chalicelib.runs.nodes import get_node_run
from chalicelib.runs.query import get_run
from chalicelib.runs.start import start
from chalicelib.spec.model import JsonObject
from chalicelib.store import keys
from chalicelib.store.gate_records import GateChoice
from chalicelib.store.run_records import NodeAttempt, Run
from chalicelib.store.values import load
from chalicelib.workers.payload import PayloadInvalid
from tests.factories.api_events import bridge_event, context
from tests.factories.cloud import ANN, BOB, Cloud, cloud, published

QUESTION = Question(ask="Book it?", choices=(GateChoice(choice="approve"), GateChoice(choice="reject")))


@pytest.fixture
def aws() -> Iterator[Cloud]:
    with cloud() as found:
        yield found


def a_run() -> Run:
    return start(ANN, workflow_id=published().workflow_id, input={"city": "Bonn"})


def status_change(run: Run, status: str, **detail: Any) -> dict[str, Any]:
    given = {"executionArn": execution_arn(run.machine_arn, run.execution_name), "stateMachineArn": run.machine_arn, "name": run.execution_name}
    more = {"status": status, "input": json.dumps({"organisation_id": run.organisation_id}), **detail}
    return bridge_event("Step Functions Execution Status Change", {**given, **more})


def stream_event(*images: dict[str, Any]) -> dict[str, Any]:
    serialize = TypeSerializer().serialize
    records = [
        {
            "eventID": str(number),
            "eventName": "MODIFY",
            "eventSource": "aws:dynamodb",
            "dynamodb": {
                "Keys": {name: serialize(image[name]) for name in ("PK", "SK")},
                "NewImage": {name: serialize(value) for name, value in image.items()},
                "SequenceNumber": str(number),
                "StreamViewType": "NEW_AND_OLD_IMAGES",
            },
        }
        for number, image in enumerate(images, start=1)
    ]
    return {"Records": records}


def gate_image(gate_id: str) -> dict[str, Any]:
    where, place = keys.gate("org_local", gate_id), keys.undelivered("org_local", gate_id)
    return {"PK": where.pk, "SK": where.sk, "GSI2PK": place.pk, "GSI2SK": place.sk}


@pytest.mark.usefixtures("aws")
def test_it_ends_a_run_with_its_execution() -> None:
    run = a_run()
    execution_status(status_change(run, "SUCCEEDED", output=json.dumps({"output": {"ok": True}, "settled": {}})), context())
    assert get_run(ANN, run.id).status == "succeeded"


@pytest.mark.usefixtures("aws")
def test_it_leaves_executions_that_are_no_runs_alone() -> None:
    detail = {"name": "nightly", "executionArn": "arn:aws:states:eu-central-1:1:execution:x:nightly", "status": "FAILED"}
    assert execution_status(bridge_event("Step Functions Execution Status Change", detail), context()) is None


def test_it_sends_the_answers_that_have_not_reached_the_engine(aws: Cloud) -> None:
    run = a_run()
    attempt = NodeAttempt(organisation_id="org_local", run_id=run.id, node="approve")
    gate = open_gate(attempt, token="task-token", question=QUESTION)
    aws.refuse("stepfunctions:SendTaskSuccess", "ThrottlingException", times=9)
    decide(BOB, gate.id, choice="approve")
    aws.faults.clear()
    assert aws.answers == []
    assert table_stream(stream_event(gate_image(gate.id)), context()) == {"batchItemFailures": []}
    assert [sent.token for sent in aws.answers] == ["task-token"]


def test_it_asks_for_the_answers_again_that_could_not_be_sent(aws: Cloud) -> None:
    run = a_run()
    attempts = [NodeAttempt(organisation_id="org_local", run_id=run.id, node=node) for node in ("search", "approve")]
    gates = [open_gate(attempt, token=f"token-{attempt.node}", question=QUESTION) for attempt in attempts]
    aws.refuse("stepfunctions:SendTaskSuccess", "ThrottlingException", times=99)
    for gate in gates:
        decide(BOB, gate.id, choice="approve")
    failed = table_stream(stream_event(*(gate_image(gate.id) for gate in gates)), context())
    assert [failure["itemIdentifier"] for failure in failed["batchItemFailures"]] == ["1", "2"]


def test_it_passes_over_records_that_are_no_answers(aws: Cloud) -> None:
    event = stream_event({"PK": "ORG#org_local#RUN#run_1", "SK": "RUN", "event_count": 3}, gate_image("gate_0"))
    del event["Records"][1]["dynamodb"]["NewImage"]
    assert table_stream(event, context()) == {"batchItemFailures": []}
    assert aws.answers == []


def test_it_sweeps_what_was_left(aws: Cloud) -> None:
    gate = open_gate(NodeAttempt(organisation_id="org_local", run_id=a_run().id, node="approve"), token="task-token", question=QUESTION)
    aws.refuse("stepfunctions:SendTaskSuccess", "ThrottlingException", times=9)
    decide(BOB, gate.id, choice="approve")
    aws.faults.clear()
    for _ in range(2):
        assert sweeper(bridge_event("Scheduled Event", {}, source="aws.events"), context()) is None
    assert [sent.token for sent in aws.answers] == ["task-token"]


@pytest.mark.usefixtures("aws")
def test_it_tells_why_a_version_was_not_published() -> None:
    workflow_id = published().workflow_id
    wanted = {"organisation_id": "org_local", "person": "ann", "workflow_id": workflow_id, "text": "name: ["}
    error = publisher(wanted, context())["error"]
    assert error["name"] == "SpecInvalid"
    assert error["diagnostics"]


@pytest.mark.usefixtures("aws")
@pytest.mark.parametrize("payload", [{}, [], {"contract": 99}])
def test_it_fails_a_task_by_name_that_no_contract_describes(payload: Any) -> None:
    with pytest.raises(PayloadInvalid):
        worker(payload, context())


@pytest.mark.usefixtures("aws")
def test_it_does_a_nodes_work() -> None:
    spec: JsonObject = {
        "sluice": 1, "name": "clock", "nodes": {"now": {"type": "tool_call", "tool": "math", "with": {"expression": "1 + 1"}}},
    }  # fmt: skip
    version = published(spec)
    run = start(ANN, workflow_id=version.workflow_id, input={})
    payload = {
        "contract": 1, "organisation_id": "org_local", "run_id": run.id, "version_id": version.id, "node": "now", "item_path": "",
        "fence": {"resume": 0, "visit": 0, "retry": 0}, "values": {}, "keep": [], "inline_bytes": 24576, "settled": {},
    }  # fmt: skip
    given = worker(payload, context())
    recorded = get_node_run(NodeAttempt(organisation_id="org_local", run_id=run.id, node="now"))
    assert recorded is not None
    assert (recorded.status, load("org_local", recorded.result)) == ("succeeded", given)
