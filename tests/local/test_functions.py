"""Functions of the app in this process, as Lambda runs them."""

import json
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.local.tiny_stack import LocalStack, eventually, invoke, machine, notes

pytestmark = pytest.mark.usefixtures("stack")


def test_it_invokes_by_name_and_by_arn() -> None:
    for name in ("step", "arn:aws:lambda:eu-central-1:123456789012:function:step", "arn:aws:lambda:eu-central-1:123456789012:function:step:$LATEST"):
        error, answer = invoke({"n": 1}, name)
        assert (error, answer["seen"]) == (None, {"n": 1})


def test_it_gives_a_fresh_context_with_the_time_left() -> None:
    first, second = (invoke({})[1] for _ in range(2))
    assert first["id"] != second["id"]
    assert 0 < first["left"] <= 60_000


def test_it_reports_an_exception_as_lambda_does() -> None:
    error, answer = invoke({"do": "fail"})
    assert (error, answer["errorType"], answer["errorMessage"]) == ("Unhandled", "LookupError", "nothing here")
    assert any("nothing here" in line for line in answer["stackTrace"])


@pytest.mark.parametrize(("what", "name"), [("not_json", "Runtime.MarshalError"), ("large", "Function.ResponseSizeTooLarge")])
def test_it_refuses_an_answer_that_lambda_would_refuse(what: str, name: str) -> None:
    error, answer = invoke({"do": what})
    assert (error, answer["errorType"]) == ("Unhandled", name)


@pytest.mark.scenario
def test_it_ends_an_invocation_at_its_configured_time_out() -> None:
    error, answer = invoke({"seconds": 1.5}, "hasty")
    assert (error, answer["errorType"]) == ("Unhandled", "Sandbox.Timedout")
    assert "timed out after 1.00 seconds" in answer["errorMessage"]


def test_it_knows_no_function_that_the_app_has_not() -> None:
    with pytest.raises(ClientError) as caught:
        invoke({}, "stranger")
    assert caught.value.response["Error"]["Code"] == "ResourceNotFoundException"


def test_it_accepts_an_asynchronous_invocation_at_once() -> None:
    payload = json.dumps({"do": "ask", "token": "asynchronous"})
    assert boto3.client("lambda").invoke(FunctionName="step", InvocationType="Event", Payload=payload)["StatusCode"] == 202
    assert eventually(lambda: "asynchronous" in notes("asked"))


def test_it_sets_the_templates_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    assert os.environ["TINY_TABLE"] == "tiny-notes"
    assert os.environ["TINY_STEP_ARN"].endswith(":function:step")
    assert os.environ["TINY_GREETING"] == "hello"
    assert os.environ["TINY_STAGE"] == "prod"
    assert os.environ["TINY_ENDPOINT"] == "https://local.execute-api.eu-central-1.amazonaws.com/api"


def test_it_runs_a_machine_and_tells_its_status(stack: LocalStack) -> None:
    sfn = boto3.client("stepfunctions")
    task = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken", "TimeoutSeconds": 20, "End": True}
    payload = {"do": "ask", "token": "{% $states.context.Task.Token %}"}
    arn = machine("gate", {"StartAt": "g", "States": {"g": {**task, "Arguments": {"FunctionName": "step", "Payload": payload}}}})
    before = len(notes("asked"))
    sfn.start_execution(stateMachineArn=arn, name="run_gate")
    (token,) = eventually(lambda: notes("asked")[before:])
    sfn.send_task_success(taskToken=token, output='{"yes": true}')
    told: list[dict[str, Any]] = eventually(lambda: [note for note in map(json.loads, notes("status")) if note["status"] == "SUCCEEDED"])
    assert told == [{"name": "run_gate", "status": "SUCCEEDED", "error": None, "output": '{"yes":true}'}]


def test_it_catches_an_exception_by_its_class_name() -> None:
    task = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Arguments": {"FunctionName": "step", "Payload": {"do": "fail"}}}
    caught = {"Type": "Pass", "Output": "caught", "End": True}
    states = {"t": {**task, "End": True, "Catch": [{"ErrorEquals": ["LookupError"], "Next": "c"}]}, "c": caught}
    sfn = boto3.client("stepfunctions")
    run = sfn.start_execution(stateMachineArn=machine("catch", {"StartAt": "t", "States": states}), name="catch")["executionArn"]
    ended = eventually(lambda: (found := sfn.describe_execution(executionArn=run))["status"] != "RUNNING" and found)
    assert ended["output"] == '"caught"'


def test_it_delivers_the_apps_own_events() -> None:
    detail = json.dumps({"word": "hello"})
    answer = boto3.client("events").put_events(Entries=[{"Source": "tiny", "DetailType": "Said", "Detail": detail}])
    assert answer["FailedEntryCount"] == 0
    assert eventually(lambda: notes("heard")) == ["hello"]
