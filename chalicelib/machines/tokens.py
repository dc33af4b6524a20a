"""Task tokens: tell the engine the result of a Task that waits.

In: a token and its answer. Out: whether the engine took it. Never: a token in a message or a log.
"""

from collections.abc import Callable
from enum import Enum, auto
from typing import Final

from botocore.exceptions import ClientError

from chalicelib.machines.engine import engine_faults
from chalicelib.spec.model import Json
from chalicelib.store.blobs import json_text
from chalicelib.store.clients import client

# AWS says TaskTimedOut for a token whose task is closed and TaskDoesNotExist for one that it has forgotten; emulators say InvalidToken for both.
_CLOSED: Final = frozenset({"TaskTimedOut", "TaskDoesNotExist", "InvalidToken"})


class Taken(Enum):
    """What the engine made of an answer."""

    TAKEN = auto()
    SETTLED_ELSEWHERE = auto()  # answered before, timed out, or its execution has ended


def send_success(token: str, output: Json) -> Taken:
    """Raises EngineUnavailable."""
    return _send(lambda: client("stepfunctions").send_task_success(taskToken=token, output=json_text(output)))


def send_failure(token: str, error: str, cause: str) -> Taken:
    """Raises EngineUnavailable."""
    return _send(lambda: client("stepfunctions").send_task_failure(taskToken=token, error=error[:256], cause=cause[:32768]))


def _send(call: Callable[[], object]) -> Taken:
    with engine_faults():
        try:
            call()
        except ClientError as fault:
            if fault.response["Error"]["Code"] in _CLOSED:
                return Taken.SETTLED_ELSEWHERE
            raise
    return Taken.TAKEN
