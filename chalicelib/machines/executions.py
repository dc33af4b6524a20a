"""Executions: start, stop, describe, and the history of one.

In: a machine's ARN and an execution's name. Out: plain values. Starting and stopping twice is harmless.
Raises EngineUnavailable for what may be tried again.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from botocore.exceptions import ClientError

from chalicelib.clock import time_text
from chalicelib.machines.engine import engine_faults
from chalicelib.machines.names import execution_arn
from chalicelib.spec.model import Json
from chalicelib.store.blobs import json_text
from chalicelib.store.clients import client

ExecutionStatus = Literal["RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"]


@dataclass(frozen=True, slots=True)
class Execution:
    """How an execution stands. `output` is parsed; `error` and `cause` are there when it failed."""

    name: str
    arn: str
    status: ExecutionStatus
    input: Json = None
    output: Json = None
    error: str | None = None
    cause: str | None = None
    started_at: str | None = None
    ended_at: str | None = None


def start(machine_arn: str, name: str, machine_input: Json) -> bool:
    """Start an execution. True when it runs or has run under that name; False when there is no such machine. Raises EngineUnavailable."""
    with engine_faults():
        try:
            client("stepfunctions").start_execution(stateMachineArn=machine_arn, name=name, input=json_text(machine_input))
        except ClientError as fault:
            match fault.response["Error"]["Code"]:
                case "ExecutionAlreadyExists":
                    return True
                case "StateMachineDoesNotExist" | "StateMachineDeleting":
                    return False
                case _:
                    raise
    return True


def stop(machine_arn: str, name: str, *, error: str, cause: str) -> None:
    """Stop an execution; one that has ended, or never began, is no error. Raises EngineUnavailable."""
    with engine_faults():
        try:
            client("stepfunctions").stop_execution(executionArn=execution_arn(machine_arn, name), error=error[:256], cause=cause[:32768])
        except ClientError as fault:
            if fault.response["Error"]["Code"] not in {"ExecutionDoesNotExist", "ValidationException"}:
                raise


def describe(machine_arn: str, name: str) -> Execution | None:
    """How an execution stands; None when it never began (or is forgotten, 90 days after its end). Raises EngineUnavailable."""
    arn = execution_arn(machine_arn, name)
    with engine_faults():
        try:
            answer = client("stepfunctions").describe_execution(executionArn=arn)
        except ClientError as fault:
            if fault.response["Error"]["Code"] != "ExecutionDoesNotExist":
                raise
            return None
    return Execution(
        name=name,
        arn=arn,
        status=answer["status"],
        input=parse(answer.get("input")),
        output=parse(answer.get("output")),
        error=answer.get("error"),
        cause=answer.get("cause"),
        started_at=_time(answer, "startDate"),
        ended_at=_time(answer, "stopDate"),
    )


def history(machine_arn: str, name: str, *, newest_first: bool = False) -> Iterator[Mapping[str, Any]]:
    """The events of an execution, page by page; none when it is unknown. Raises EngineUnavailable."""
    request: dict[str, Any] = {"executionArn": execution_arn(machine_arn, name), "reverseOrder": newest_first, "maxResults": 1000}
    while True:
        with engine_faults():
            try:
                answer = client("stepfunctions").get_execution_history(**request)
            except ClientError as fault:
                if fault.response["Error"]["Code"] != "ExecutionDoesNotExist":
                    raise
                return
        yield from answer["events"]
        if not answer.get("nextToken"):
            return
        request["nextToken"] = answer["nextToken"]


def parse(text: str | None) -> Json:
    """The engine's JSON texts; None for none, and for what is no JSON."""
    try:
        parsed: Json = json.loads(text) if text else None
    except ValueError:
        return None
    return parsed


def _time(answer: Mapping[str, Any], name: str) -> str | None:
    return time_text(answer[name]) if answer.get(name) else None
