"""A state machine run in the local interpreter, with a scripted worker in place of the real one.

In: a machine as the compiler emits it, a run's input, and what each node does. Out: `Execution`: how it ended, and the states in the order entered.
A script answers a node by name (`book`, `approve--close`), a function that is told nothing by its own: a value, an error, or a list of them, one
a visit. A node that waits for a token gets its answer by SendTaskSuccess; `None` there leaves it waiting. Results that the engine wrote to S3 are
collected here.
"""

import json
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import boto3
from moto import mock_aws
from moto.awslambda_simple.models import LambdaSimpleBackend
from moto.stepfunctions.parser.models import stepfunctions_parser_backends

from chalicelib.compiler import asl
from chalicelib.spec.model import JsonObject
from infra.local.patches import patched
from infra.local.template import ACCOUNT, REGION

_WORKER: Final = "arn:aws:lambda:eu-central-1:123456789012:function:worker"
_ROLE: Final = "arn:aws:iam::123456789012:role/machine"
_BUCKET: Final = "data"
_WAIT_SECONDS: Final = 20


@dataclass(frozen=True)
class Raises:
    """The worker raises an error of this name."""

    name: str
    message: str = "as scripted"


@dataclass(frozen=True)
class Execution:
    status: str
    output: Any
    error: str | None
    path: tuple[str, ...]
    payloads: tuple[dict[str, Any], ...]

    def payload(self, node: str) -> dict[str, Any]:
        return next(payload for payload in self.payloads if payload["node"] == node)


@dataclass
class _Worker:
    script: Mapping[str, Any]
    payloads: list[dict[str, Any]] = field(default_factory=list)
    visits: Counter[str] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, payload: dict[str, Any]) -> Any:
        role = next((role for role in ("close", "wait") if payload.get(role)), "")
        name = f"{payload['node']}--{role}" if role else payload["node"] or "resume--load"
        with self.lock:
            self.payloads.append(payload)
            visit = self.visits[name]
            self.visits[name] += 1
        answer = self.script.get(name, {"text": name})
        return answer[min(visit, len(answer) - 1)] if isinstance(answer, list) else answer

    def invoke(self, function: str, body: str, headers: dict[str, str]) -> str:
        payload = json.loads(body or "{}") or {"node": function.rpartition(":")[2]}
        if "collect" in payload:
            return json.dumps(_collected(payload["collect"]))
        answer = self.answer(payload)
        if isinstance(answer, Raises):
            headers["X-Amz-Function-Error"] = "Unhandled"
            return json.dumps({"errorType": answer.name, "errorMessage": answer.message})
        if "token" in payload:
            if answer is not None:
                threading.Thread(target=_decide, args=(payload["token"], answer), daemon=True).start()
            return "null"
        return json.dumps(answer)


def _collected(manifest: str) -> list[Any]:
    """What a map's items put out, in their order, as the worker would give it."""
    s3 = boto3.client("s3")
    files = json.loads(s3.get_object(Bucket=_BUCKET, Key=manifest)["Body"].read())["ResultFiles"]["SUCCEEDED"]
    children = [child for file in files for child in json.loads(s3.get_object(Bucket=_BUCKET, Key=file["Key"])["Body"].read())]
    results = [json.loads(child["Output"]) for child in children]
    return [result["output"] for result in sorted(results, key=lambda result: int(result["path"].rpartition(":")[2]))]


def _decide(token: str, answer: Any) -> None:
    time.sleep(0.05)  # the interpreter opens the token's wait after the function has returned
    boto3.client("stepfunctions").send_task_success(taskToken=token, output=json.dumps(answer))


@contextmanager
def _serving(worker: _Worker) -> Iterator[Any]:
    def invoke(_self: Any, name: str, _qualifier: Any, body: str, _headers: Any, response_headers: dict[str, str]) -> str:
        return worker.invoke(name, body, response_headers)

    original = LambdaSimpleBackend.invoke
    with mock_aws(config={"stepfunctions": {"execute_state_machine": True}, "lambda": {"use_docker": False}}), patched():
        LambdaSimpleBackend.invoke = invoke
        try:
            yield boto3.client("stepfunctions")
        finally:
            LambdaSimpleBackend.invoke = original


def execute(machine: JsonObject, context: Any, script: Mapping[str, Any] | None = None, **envelope: Any) -> Execution:
    """Run the machine to its end. `envelope` adds to its input, as `kept` and `resume` of a residual machine."""
    worker = _Worker(script or {})
    with _serving(worker) as engine:
        boto3.client("s3").create_bucket(Bucket=_BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
        definition = asl.canonical(asl.bind(machine, {"Worker": _WORKER, "Bucket": _BUCKET}))
        arn = engine.create_state_machine(name="machine", definition=definition, roleArn=_ROLE)["stateMachineArn"]
        given = {"contract": 1, "organisation_id": "org_local", "run_id": "run_1", "version_id": "ver_1", "context": context, "trigger": {}}
        started = engine.start_execution(stateMachineArn=arn, name="run_1", input=json.dumps(given | envelope))
        found = _ended(engine, started["executionArn"])
        events = engine.get_execution_history(executionArn=started["executionArn"], maxResults=1000)["events"]
    path = tuple(event["stateEnteredEventDetails"]["name"] for event in events if "stateEnteredEventDetails" in event)
    output = json.loads(found["output"]) if found.get("output") else None
    return Execution(found["status"], output, found.get("error"), path, tuple(worker.payloads))


def _ended(engine: Any, arn: str) -> dict[str, Any]:
    if not is_over(arn, _WAIT_SECONDS):
        raise TimeoutError("the execution did not end")
    found: dict[str, Any] = engine.describe_execution(executionArn=arn)
    return found


def is_over(arn: str, seconds: float) -> bool:
    """Waits for an execution's end. It looks at moto's own record: a description takes ten times as long, from the time of what is awaited."""
    execution = stepfunctions_parser_backends[ACCOUNT][REGION].describe_execution(arn)
    deadline = time.monotonic() + seconds
    while execution.status == "RUNNING" and time.monotonic() < deadline:
        time.sleep(0.003)
    return bool(execution.status != "RUNNING")
