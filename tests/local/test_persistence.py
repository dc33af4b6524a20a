"""What survives a restart, and who may use a data directory."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import boto3
import pytest

from infra.local.data_dir import DataDirInUseError, claimed, running
from infra.local.saved_state import Batch, SavedState
from tests.local.tiny_stack import PROJECT, LocalStack, eventually, http, machine, notes

ROOT = Path(__file__).parent.parent.parent
_GATE = {
    "Type": "Task",
    "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
    "TimeoutSeconds": 60,
    "Arguments": {"FunctionName": "step", "Payload": {"do": "ask", "token": "{% $states.context.Task.Token %}"}},
    "End": True,
}


def _stack(data: Path) -> LocalStack:
    return LocalStack(data, project=PROJECT)


def _executions() -> dict[str, Any]:
    sfn = boto3.client("stepfunctions")
    arns = [execution["executionArn"] for each in sfn.list_state_machines()["stateMachines"] for execution in _of(sfn, each["stateMachineArn"])]
    return {arn.rpartition(":")[2]: sfn.describe_execution(executionArn=arn) for arn in arns}


def _of(sfn: Any, arn: str) -> Any:
    return sfn.list_executions(stateMachineArn=arn)["executions"]


@pytest.mark.scenario
def test_it_keeps_items_objects_machines_and_finished_executions(tmp_path: Path) -> None:
    with _stack(tmp_path):
        table = boto3.resource("dynamodb").Table("tiny-notes")
        table.put_item(Item={"PK": "kept", "SK": "1", "text": "kept", "number": 1, "nothing": None, "deep": {"list": [1, {"x": True}]}})
        table.put_item(Item={"PK": "kept", "SK": "2", "text": "gone"})
        table.delete_item(Key={"PK": "kept", "SK": "2"})
        boto3.client("s3").put_object(Bucket="local-files", Key="a/b", Body=b"\x00bytes", ContentType="image/png", Metadata={"by": "me"})
        arn = machine("quick", {"StartAt": "a", "States": {"a": {"Type": "Pass", "Output": {"x": 1}, "End": True}}})
        boto3.client("stepfunctions").start_execution(stateMachineArn=arn, name="run-1", input='{"in": 1}')
        eventually(lambda: _executions()["run-1"]["status"] == "SUCCEEDED")
    with _stack(tmp_path):
        (item,) = (
            boto3.resource("dynamodb").Table("tiny-notes").query(KeyConditionExpression="PK = :k", ExpressionAttributeValues={":k": "kept"})["Items"]
        )
        assert (item["nothing"], item["deep"]) == (None, {"list": [1, {"x": True}]})
        stored = boto3.client("s3").get_object(Bucket="local-files", Key="a/b")
        assert (stored["Body"].read(), stored["ContentType"], stored["Metadata"]) == (b"\x00bytes", "image/png", {"by": "me"})
        run = _executions()["run-1"]
        assert (run["status"], run["output"], run["input"]) == ("SUCCEEDED", '{"x":1}', '{"in": 1}')
        sfn = boto3.client("stepfunctions")
        events = sfn.get_execution_history(executionArn=run["executionArn"])["events"]
        assert [event["type"] for event in events] == ["ExecutionStarted", "PassStateEntered", "PassStateExited", "ExecutionSucceeded"]
        sfn.start_execution(stateMachineArn=arn, name="run-2")
        assert eventually(lambda: _executions()["run-2"]["status"] == "SUCCEEDED")


@pytest.mark.scenario
def test_it_keeps_secrets_in_a_file_of_the_owners_own(tmp_path: Path) -> None:
    (tmp_path / "state.sqlite3").touch(mode=0o644)
    with _stack(tmp_path) as stack:
        manager = boto3.client("secretsmanager")
        for name in ("a/kept", "a/gone", "a/waiting"):
            manager.create_secret(Name=name, SecretString="first")
        made = manager.put_secret_value(SecretId="a/kept", SecretString="second")
        manager.put_secret_value(SecretId=made["ARN"], SecretString="third")
        before = manager.describe_secret(SecretId="a/kept")
        stack.save()
        manager.delete_secret(SecretId="a/gone", ForceDeleteWithoutRecovery=True)
        manager.delete_secret(SecretId="a/waiting")
        stack.save()
        files = [path for path in tmp_path.iterdir() if path.name.startswith("state")]
        assert {path.stat().st_mode & 0o777 for path in files} == {0o600}
        assert len(files) == 3
    with _stack(tmp_path):
        manager = boto3.client("secretsmanager")
        assert [each["Name"] for each in manager.list_secrets()["SecretList"]] == ["a/kept"]
        assert manager.get_secret_value(SecretId="a/kept")["SecretString"] == "third"
        assert manager.describe_secret(SecretId="a/kept")["CreatedDate"] == before["CreatedDate"]


@pytest.mark.scenario
def test_it_fails_what_a_restart_broke_and_tells_the_app_once(tmp_path: Path) -> None:
    with _stack(tmp_path):
        arn = machine("gate", {"StartAt": "g", "States": {"g": _GATE}})
        boto3.client("stepfunctions").start_execution(stateMachineArn=arn, name="run_open")
        eventually(lambda: notes("asked"))
    for _ in range(2):
        with _stack(tmp_path) as stack:
            assert eventually(_interrupted) == [{"name": "run_open", "status": "FAILED", "error": "Interrupted", "output": None}]
            assert (_executions()["run_open"]["status"], _executions()["run_open"]["error"]) == ("FAILED", "Interrupted")
            stack.save()


def _interrupted() -> list[Any]:
    return [note for note in map(json.loads, notes("status")) if note["status"] == "FAILED"]


@contextmanager
def _process(data: Path, port: int = 0) -> Iterator[tuple["subprocess.Popen[str]", str]]:
    command = [sys.executable, "-m", "tests.local.serve_tiny", str(data), str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout is not None
        try:
            yield process, process.stdout.readline().split()[-1]
        finally:
            process.kill()


@pytest.mark.scenario
def test_it_loses_at_most_a_second_to_a_kill(tmp_path: Path) -> None:
    with _process(tmp_path) as (process, url):
        for number in range(50):
            assert http(f"{url}/notes/kept", json.dumps(number).encode()).status == 201
        time.sleep(1)
        http(f"{url}/notes/kept", b'"perhaps lost"')
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    with _process(tmp_path) as (_, url):
        assert http(f"{url}/notes/kept").json()[:50] == [str(number) for number in range(50)]


@pytest.mark.scenario
def test_it_runs_twice_on_a_machine_but_once_on_a_directory(tmp_path: Path) -> None:
    with _process(tmp_path / "one") as (first, first_url):
        port = int(first_url.rpartition(":")[2])
        with _process(tmp_path / "two", port) as (_, second_url):
            assert second_url != first_url
            http(f"{first_url}/notes/mine", b'"first"')
            assert http(f"{second_url}/notes/mine").json() == []
        refused = subprocess.run(
            [sys.executable, "-m", "tests.local.serve_tiny", str(tmp_path / "one"), "0"], capture_output=True, text=True, cwd=ROOT, check=False
        )
        assert refused.returncode == 1
        assert f"process {first.pid} at {first_url}" in refused.stderr
        assert running(tmp_path / "one") == {"pid": first.pid, "url": first_url, "websocket_url": (running(tmp_path / "one") or {})["websocket_url"]}


@pytest.mark.scenario
def test_it_stops_at_sigterm_with_everything_saved(tmp_path: Path) -> None:
    with _process(tmp_path) as (process, url):
        http(f"{url}/notes/kept", b'"last"')
        process.terminate()
        assert process.wait(60) == 0
    with _stack(tmp_path):
        assert notes("kept") == ['"last"']


def test_it_frees_the_directory_when_it_is_left(tmp_path: Path) -> None:
    assert running(tmp_path) is None
    with claimed(tmp_path) as claim:
        with pytest.raises(DataDirInUseError, match="just starting"), claimed(tmp_path):
            pass
        claim.tell("http://here", "ws://here")
        with pytest.raises(DataDirInUseError, match="at http://here: stop it, or choose another directory with --data"), claimed(tmp_path):
            pass
    assert running(tmp_path) is None


def test_it_writes_all_of_a_save_or_nothing(tmp_path: Path) -> None:
    saved = SavedState(tmp_path / "state")
    broken: Any = [("t", "a", "b", "{}"), ("t", "a", object(), "{}")]
    with pytest.raises(Exception, match="type"):
        saved.save(Batch(items=broken))
    assert list(saved.items()) == []
    saved.save(Batch(items=[("t", "a", "b", "{}")]))
    saved.close()
    with closing(SavedState(tmp_path / "state")) as again:
        assert list(again.items()) == [("t", "{}")]
