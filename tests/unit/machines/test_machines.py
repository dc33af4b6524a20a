"""Machines, executions and tokens: AWS's words in ours, twice as harmless as once."""

import pytest
from botocore.exceptions import ClientError

from chalicelib.errors import EngineUnavailable
from chalicelib.machines import executions
from chalicelib.machines.create import create
from chalicelib.machines.delete import delete
from chalicelib.machines.names import execution_arn, machine_name
from chalicelib.machines.tokens import Taken, send_failure, send_success
from chalicelib.settings import settings
from chalicelib.spec.model import JsonObject
from chalicelib.store.clients import client
from tests.factories.cloud import Cloud, Sent

MACHINE: JsonObject = {
    "StartAt": "a",
    "States": {"a": {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Arguments": {"FunctionName": "${Worker}"}, "End": True}},
}


def created(number: int = 1, machine: JsonObject = MACHINE) -> str:
    return create(workflow_name="hotel", version_id="ver_1", number=number, machine=machine, tags={"sluice:workflow": "wf_1"})


def test_a_name_says_what_the_machine_is(aws: Cloud) -> None:
    name = machine_name(workflow_name="hotel", version_id="ver_1", number=12)
    assert name.startswith("hotel-v12-")
    assert len(name) == len("hotel-v12-") + 10
    longest = machine_name(workflow_name="a" * 39 + "-" + "b" * 23, version_id="ver_1", number=10**9)
    assert longest.startswith("a" * 39 + "-v")
    assert len(longest) <= 80


def test_it_binds_the_worker_and_tags_the_machine(aws: Cloud) -> None:
    arn = created()
    definition = client("stepfunctions").describe_state_machine(stateMachineArn=arn)["definition"]
    assert settings().worker_arn in definition
    assert "${" not in definition
    assert client("stepfunctions").list_tags_for_resource(resourceArn=arn)["tags"] == [{"key": "sluice:workflow", "value": "wf_1"}]


def test_creating_twice_gives_one_machine(aws: Cloud) -> None:
    first = created()
    aws.refuse("stepfunctions:CreateStateMachine", "StateMachineAlreadyExists")
    assert created() == first
    assert created() == first


def test_it_says_when_it_must_be_tried_again(aws: Cloud) -> None:
    aws.refuse("stepfunctions:CreateStateMachine", "ThrottlingException")
    with pytest.raises(EngineUnavailable):
        created()
    aws.refuse("stepfunctions:CreateStateMachine", "InvalidDefinition")
    with pytest.raises(ClientError):
        created()


def test_deleting_twice_is_harmless(aws: Cloud) -> None:
    arn = created()
    delete(arn)
    aws.refuse("stepfunctions:DeleteStateMachine", "StateMachineDoesNotExist")
    delete(arn)
    aws.refuse("stepfunctions:DeleteStateMachine", "AccessDeniedException")
    with pytest.raises(ClientError):
        delete(arn)


def test_starting_twice_is_harmless(aws: Cloud) -> None:
    arn = created()
    assert executions.start(arn, "run_1", {"a": 1})
    assert executions.start(arn, "run_1", {"a": 1})
    execution = executions.describe(arn, "run_1")
    assert execution is not None
    assert (execution.status, execution.input, execution.arn) == ("RUNNING", {"a": 1}, execution_arn(arn, "run_1"))


@pytest.mark.parametrize(("code", "known"), [("ExecutionAlreadyExists", True), ("StateMachineDoesNotExist", False), ("StateMachineDeleting", False)])
def test_it_says_whether_an_execution_has_that_name(aws: Cloud, code: str, known: bool) -> None:
    aws.refuse("stepfunctions:StartExecution", code)
    assert executions.start(created(), "run_1", {}) is known


@pytest.mark.parametrize("operation", ["StartExecution", "StopExecution", "DescribeExecution", "GetExecutionHistory", "SendTaskSuccess"])
def test_other_faults_come_through(aws: Cloud, operation: str) -> None:
    arn = created()
    aws.refuse(f"stepfunctions:{operation}", "AccessDeniedException")
    with pytest.raises(ClientError):
        _call(operation, arn)


def test_stopping_what_never_began_is_harmless(aws: Cloud) -> None:
    executions.stop(created(), "run_1", error="Cancelled", cause="")
    assert executions.describe(created(), "run_1") is None
    assert list(executions.history(created(), "run_1")) == []


def test_a_history_is_read_to_its_end(aws: Cloud) -> None:
    arn = created()
    executions.start(arn, "run_1", {})
    pages = iter([{"events": [{"id": 1}], "nextToken": "more"}, {"events": [{"id": 2}]}])
    aws.reply("stepfunctions:GetExecutionHistory", lambda: next(pages))
    assert [event["id"] for event in executions.history(arn, "run_1")] == [1, 2]


def test_what_is_no_json_is_none(aws: Cloud) -> None:
    assert executions.parse("{") is None
    assert executions.parse(None) is None
    assert executions.parse("[1]") == [1]


def test_tokens_are_answered(aws: Cloud) -> None:
    assert send_success("token", {"a": 1}) is Taken.TAKEN
    assert send_failure("token", "E" * 300, "c") is Taken.TAKEN
    assert aws.answers == [Sent("token", {"a": 1}), Sent("token", error="E" * 256, cause="c")]


def _call(operation: str, arn: str) -> None:
    match operation:
        case "StartExecution":
            executions.start(arn, "run_1", {})
        case "StopExecution":
            executions.stop(arn, "run_1", error="", cause="")
        case "DescribeExecution":
            executions.describe(arn, "run_1")
        case "GetExecutionHistory":
            list(executions.history(arn, "run_1"))
        case _:
            send_success("token", 1)
