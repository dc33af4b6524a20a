"""Faults of moto's task tokens: who may answer, how often, until when.

In: moto's callbacks. Out: `PATCHES`, and `TOKENS`, the one place that says which token is open. The first answer or the time-out closes it, never
both.
"""

import json
import threading
import uuid
from typing import Any, Final

from moto.core.exceptions import JsonRESTError
from moto.core.responses import EmptyResult
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_callback import StateTaskServiceCallback
from moto.stepfunctions.parser.asl.eval.callback.callback import (
    CallbackOutcomeFailure,
    CallbackOutcomeSuccess,
    CallbackPoolManager,
    HeartbeatTimedOut,
)
from moto.stepfunctions.parser.models import StepFunctionsParserBackend
from moto.stepfunctions.responses import StepFunctionResponse

from infra.local.patches.patch import Patch, Replacement
from infra.local.patches.sizes import MAX_BYTES, size_of


class TaskTokens:
    """Open tokens and the last closed ones."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: dict[str, Any] = {}
        self._closed: dict[str, None] = {}

    def open(self, token: str, endpoint: Any) -> None:
        with self._lock:
            self._open[token] = endpoint

    def answer(self, token: str, outcome: Any) -> None:
        """Close the token with an answer; the AWS error where it is not open."""
        with self._lock:
            endpoint = self._open.pop(token, None)
            if endpoint is not None:
                self._remember(token)
                endpoint.notify(outcome=outcome)
                return
            if token in self._closed:
                raise JsonRESTError("TaskTimedOut", "Task Timed Out: 'Provided task does not exist anymore'")
        raise _unknown(token)

    def expire(self, token: str) -> bool:
        """Close the token without an answer; False when it was answered (or closed) before."""
        with self._lock:
            endpoint = self._open.pop(token, None)
            if endpoint is not None:
                self._remember(token)
        if endpoint is not None:
            endpoint.interrupt_all()
        return endpoint is not None

    def check_open(self, token: str) -> Any:
        with self._lock:
            endpoint = self._open.get(token)
            closed = token in self._closed
        if endpoint is not None:
            return endpoint
        raise JsonRESTError("TaskTimedOut", "Task Timed Out: 'Provided task does not exist anymore'") if closed else _unknown(token)

    def _remember(self, token: str) -> None:
        self._closed[token] = None
        while len(self._closed) > 100_000:
            self._closed.pop(next(iter(self._closed)))


TOKENS: Final = TaskTokens()


def _unknown(token: str) -> JsonRESTError:
    try:
        uuid.UUID(token)
    except ValueError:
        return JsonRESTError("InvalidToken", "Invalid Token: 'Invalid token'")
    return JsonRESTError("TaskDoesNotExist", "Task does not exist")


_add = CallbackPoolManager.add


def _add_open(self: Any, callback_id: str) -> Any:
    endpoint = _add(self, callback_id)
    TOKENS.open(callback_id, endpoint)
    return endpoint


def renew_token(env: Any) -> str | None:
    """The token of this attempt: a fresh one where the last attempt used it up; None where the task waits for none."""
    context = env.states.context_object.context_object_data
    if "Task" not in context or env.callback_pool_manager.get(context["Task"]["Token"]) is None:
        return None
    if context["State"].get("RetryCount", 0) > 0:
        env.callback_pool_manager.add(env.states.context_object.update_task_token())
    return str(context["Task"]["Token"])


def _succeed(_self: Any, task_token: str, outcome: str) -> None:
    if size_of(outcome) > MAX_BYTES:
        raise JsonRESTError(
            "ValidationException",
            "1 validation error detected: Value at 'output' failed to satisfy constraint: Member must have length less than or equal to 262144",
        )
    try:
        json.loads(outcome)
    except ValueError as error:
        raise JsonRESTError("InvalidOutput", f"Invalid Output: '{error}'") from error
    TOKENS.answer(task_token, CallbackOutcomeSuccess(callback_id=task_token, output=outcome))


def _fail(_self: Any, task_token: str, error: str | None = None, cause: str | None = None) -> None:
    TOKENS.answer(task_token, CallbackOutcomeFailure(callback_id=task_token, error=error, cause=cause))


def _beat(_self: Any, task_token: str) -> None:
    TOKENS.check_open(task_token).notify_heartbeat()


def _fail_with_cause(self: Any) -> Any:
    _fail(self, self._get_param("taskToken"), self._get_param("error"), self._get_param("cause"))
    return EmptyResult()


def _await_answer(_self: Any, timeout_seconds: float, callback_endpoint: Any) -> Any:  # noqa: ARG001 # the attempt keeps the time
    """Until answered or expired: two clocks for one time-out would let both win."""
    return callback_endpoint.wait()


def _await_answer_or_beat(_self: Any, env: Any, callback_endpoint: Any, heartbeat_endpoint: Any) -> Any:
    while env.is_running():
        if (outcome := callback_endpoint.get_outcome()) is not None:
            return outcome
        if not heartbeat_endpoint.clear_and_wait() and env.is_running() and TOKENS.expire(callback_endpoint.callback_id):
            return HeartbeatTimedOut()
    return callback_endpoint.get_outcome()


PATCHES: Final = (
    Patch(
        "one_answer_per_token",
        "Several answers to one token are all accepted and the last may win; a late, a repeated and an unknown one are all InvalidToken or 200; "
        "an output that is no JSON or too large is accepted and kills the task; SendTaskFailure drops the cause. On AWS the first answer or the "
        "time-out wins, the others get TaskTimedOut, strangers TaskDoesNotExist, bad JSON InvalidOutput while the task waits.",
        (
            Replacement(CallbackPoolManager, "add", _add_open),
            Replacement(StepFunctionsParserBackend, "send_task_success", _succeed),
            Replacement(StepFunctionsParserBackend, "send_task_failure", _fail),
            Replacement(StepFunctionsParserBackend, "send_task_heartbeat", _beat),
            Replacement(StepFunctionResponse, "send_task_failure", _fail_with_cause),
            Replacement(StateTaskServiceCallback, "_wait_for_task_token_timeout", _await_answer),
        ),
    ),
    Patch(
        "answer_before_heartbeat",
        "With HeartbeatSeconds, an answer that comes before the function has returned is not seen until the heartbeat has timed out.",
        (Replacement(StateTaskServiceCallback, "_wait_for_task_token_heartbeat", _await_answer_or_beat),),
    ),
)
