"""The tiny app on a local stack, and short ways to speak to it."""

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import boto3

from infra.local.project import Project
from infra.local.stack import LocalStack

FOLDER = Path(__file__).parent / "tiny"
MODULE = "tests.local.tiny.tiny_app"
PROJECT = Project(FOLDER, MODULE, (MODULE,))
DEADLINE = 60.0  # for what comes: on a busy machine it comes late
ROLE = "arn:aws:iam::123456789012:role/machine"


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


def http(url: str, body: bytes | None = None, method: str | None = None, **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    if body is not None:
        named.setdefault("Content-Type", "application/json")
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data=body, method=method, headers=named), timeout=DEADLINE) as answer:
            return Answer(answer.status, {name.lower(): value for name, value in answer.headers.items()}, answer.read())
    except urllib.error.HTTPError as error:
        return Answer(error.code, {name.lower(): value for name, value in error.headers.items()}, error.read())


@lru_cache
def _table() -> Any:
    return boto3.session.Session(region_name="eu-central-1").resource("dynamodb").Table("tiny-notes")


def notes(kind: str) -> list[str]:
    """What the tiny app's functions noted, straight from its table."""
    table = _table()
    return [str(item["text"]) for item in table.query(KeyConditionExpression="PK = :k", ExpressionAttributeValues={":k": kind})["Items"]]


def eventually(holds: Callable[[], Any], seconds: float = DEADLINE) -> Any:
    """What `holds` gives once it is true; what it gives in the end where it never is."""
    deadline = time.monotonic() + seconds
    while not (found := holds()) and time.monotonic() < deadline:
        time.sleep(0.01)
    return found


def invoke(payload: Any, function: str = "step") -> Any:
    answer = boto3.client("lambda").invoke(FunctionName=function, Payload=json.dumps(payload))
    return answer.get("FunctionError"), json.loads(answer["Payload"].read())


def machine(name: str, definition: dict[str, Any]) -> str:
    made = boto3.client("stepfunctions").create_state_machine(
        name=name, definition=json.dumps({"QueryLanguage": "JSONata", **definition}), roleArn=ROLE
    )
    return str(made["stateMachineArn"])


__all__ = ["DEADLINE", "FOLDER", "MODULE", "PROJECT", "Answer", "LocalStack", "eventually", "http", "invoke", "machine", "notes"]
