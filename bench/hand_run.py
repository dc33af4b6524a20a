"""A hand-written machine run in the local interpreter, its Tasks answered with what the same nodes put out in a run of ours.

In: an ASL document, the input, the recorded answers. Out: the states in the order entered. A Task names its node, and in a map the item's index;
one that waits for a token gets its answer by SendTaskSuccess.
"""

import json
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import boto3
from moto import mock_aws
from moto.awslambda_simple.models import LambdaSimpleBackend

from infra.local.environment import DROPPED, EMULATED, environment
from infra.local.patches import patched
from infra.local.patches.patch import Patch, Replacement, applied

PATIENCE_SECONDS: Final = 60
_WORKER: Final = "arn:aws:lambda:eu-central-1:123456789012:function:worker"
_ROLE: Final = "arn:aws:iam::123456789012:role/machine"
_MOTO: Final[dict[str, Any]] = {
    "stepfunctions": {"execute_state_machine": True},
    "lambda": {"use_docker": False},
    "core": {"reset_boto3_session": True},
}


@dataclass(frozen=True, slots=True)
class Failed:
    """A node that failed, by the name of its error."""

    error: str


@dataclass
class Recorded:
    """`answers` by (node, index of the item, None outside maps): one for each visit; the last one holds for those after it."""

    answers: Mapping[tuple[str, int | None], Sequence[Any]]
    asked: Counter[tuple[str, int | None]] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, payload: Mapping[str, Any]) -> Any:
        key = (payload["node"], payload.get("item"))
        with self.lock:
            visit = self.asked[key]
            self.asked[key] += 1
        answers = self.answers[key]
        return answers[min(visit, len(answers) - 1)]

    def invoke(self, body: str, headers: dict[str, str]) -> str:
        payload = json.loads(body)
        answer = self.answer(payload)
        if isinstance(answer, Failed):
            headers["X-Amz-Function-Error"] = "Unhandled"
            return json.dumps({"errorType": answer.error, "errorMessage": ""})
        if "token" not in payload:
            return json.dumps(answer)
        threading.Thread(target=_tell, args=(payload["token"], answer), daemon=True).start()
        return "null"


def entered(machine: str, given: Any, answers: Mapping[tuple[str, int | None], Sequence[Any]]) -> tuple[str, ...]:
    """The names of the states entered. Raises ValueError where the machine does not end well."""
    with _serving(Recorded(answers)) as engine:
        arn = engine.create_state_machine(name="handwritten", definition=machine.replace("${Worker}", _WORKER), roleArn=_ROLE)["stateMachineArn"]
        execution = engine.start_execution(stateMachineArn=arn, name="run", input=json.dumps({"context": given}))["executionArn"]
        ended = _ended(engine, execution)
        if ended["status"] != "SUCCEEDED":
            raise ValueError(f"the hand-written machine ended as {ended['status']}: {ended.get('error')} {ended.get('cause')}")
        return path(engine, execution)


def path(engine: Any, execution: str) -> tuple[str, ...]:
    """The states that an execution entered. A retry enters nothing."""
    pages = engine.get_paginator("get_execution_history").paginate(executionArn=execution)
    return tuple(event["stateEnteredEventDetails"]["name"] for page in pages for event in page["events"] if "stateEnteredEventDetails" in event)


def _tell(token: str, answer: Any) -> None:
    time.sleep(0.05)  # the interpreter opens the token's wait after the function has returned
    boto3.client("stepfunctions").send_task_success(taskToken=token, output=json.dumps(answer))


@contextmanager
def _serving(recorded: Recorded) -> Iterator[Any]:
    def invoke(_self: Any, _name: str, _qualifier: Any, body: str, _headers: Any, response_headers: dict[str, str]) -> str:
        return recorded.invoke(body, response_headers)

    answering = Patch("answering", "", (Replacement(LambdaSimpleBackend, "invoke", invoke),))
    with environment(EMULATED, dropped=DROPPED), patched(), mock_aws(config=_MOTO), applied([answering]):
        yield boto3.client("stepfunctions")


def _ended(engine: Any, arn: str) -> dict[str, Any]:
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until:
        found: dict[str, Any] = engine.describe_execution(executionArn=arn)
        if found["status"] != "RUNNING":
            return found
        time.sleep(0.02)
    raise TimeoutError("the hand-written machine did not end")
