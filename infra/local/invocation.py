"""Invoking the app's functions in this process as Lambda does it.

In: a function's name and a payload as JSON text. Out: `Answer`: a payload, and whether the function failed. Errors look as on AWS: a time-out is
`Sandbox.Timedout`, a process that ends `Runtime.ExitError`, what cannot be JSON `Runtime.MarshalError`, more than 6 MB
`Function.ResponseSizeTooLarge`.
Never raises for what a function does.
"""

import json
import sys
import threading
import time
import traceback
import uuid
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Final

from infra.local.application import Application, Function
from infra.local.resources import function_arn

SYNCHRONOUS_BYTES: Final = 6 * 1024 * 1024
ASYNCHRONOUS_RETRY_SECONDS: Final = (1.0, 2.0)  # AWS: one and two minutes


class UnknownFunctionError(KeyError):
    """No function of that name."""


@dataclass(frozen=True, slots=True)
class Answer:
    payload: bytes
    failed: bool = False

    def value(self) -> Any:
        return json.loads(self.payload)


class LambdaContext:
    """What a handler is given beside its event; a fresh one for each invocation."""

    def __init__(self, function: Function) -> None:
        self.function_name = function.name
        self.function_version = "$LATEST"
        self.invoked_function_arn = function_arn(function.name)
        self.memory_limit_in_mb = str(function.memory_mb)
        self.aws_request_id = str(uuid.uuid4())
        self.log_group_name = f"/aws/lambda/{function.name}"
        self.log_stream_name = "local"
        self.identity = None
        self.client_context = None
        self._ends_at = time.monotonic() + function.timeout_seconds

    def get_remaining_time_in_millis(self) -> int:
        return max(0, int((self._ends_at - time.monotonic()) * 1000))


class Invoker:
    """Runs handlers of whatever application is current, each invocation in a thread of its own.

    `use` exchanges the application; invocations that run go on with the old one.
    """

    def __init__(self, application: Application, leave: Callable[[Function, bytes, Answer], None] | None = None) -> None:
        """`leave` is told what a function failed at, each time it was tried asynchronously."""
        self._application = application
        self._leave = leave
        self._closed = threading.Event()
        self._running: set[threading.Thread] = set()

    @property
    def application(self) -> Application:
        return self._application

    def use(self, application: Application) -> None:
        self._application = application

    def invoke(self, name: str, payload: bytes) -> Answer:
        """Synchronously (RequestResponse)."""
        function = self._function(name)
        try:
            return self._begin(function, payload).result(function.timeout_seconds)
        except TimeoutError:
            return _timed_out(function)

    def invoke_within(self, name: str, payload: bytes, seconds: float) -> Answer | None:
        """Synchronously, but no longer than `seconds`: then None, while the function goes on, as behind API Gateway."""
        function = self._function(name)
        try:
            return self._begin(function, payload).result(min(seconds, function.timeout_seconds))
        except TimeoutError:
            return None if seconds <= function.timeout_seconds else _timed_out(function)

    def begin(self, name: str, payload: bytes) -> "Future[Answer]":
        """The answer to come, of the invocation with its time-out."""
        answer: Future[Answer] = Future()
        self._spawn(lambda: answer.set_result(self.invoke(name, payload)), name)
        return answer

    def send(self, name: str, payload: bytes, *, then: Callable[[Answer], None] | None = None) -> None:
        """Asynchronously (Event): tried three times; `then` is told the last answer."""
        self._function(name)
        if not self._closed.is_set():
            self._spawn(lambda: self._try_thrice(name, payload, then), name)

    def close(self, seconds: float = 3.0) -> None:
        """No more invocations; those that run are waited for, a while."""
        self._closed.set()
        deadline = time.monotonic() + seconds
        for thread in list(self._running):
            thread.join(max(0.0, deadline - time.monotonic()))

    def _begin(self, function: Function, payload: bytes) -> "Future[Answer]":
        answer: Future[Answer] = Future()
        self._spawn(lambda: answer.set_result(_run(function, LambdaContext(function), payload)), function.name)
        return answer

    def _spawn(self, work: Callable[[], None], name: str) -> None:
        """A daemon thread: a function that hangs must not keep the process."""

        def run() -> None:
            try:
                work()
            finally:
                self._running.discard(threading.current_thread())

        thread = threading.Thread(target=run, daemon=True, name=f"function {name}")
        self._running.add(thread)
        thread.start()

    def _try_thrice(self, name: str, payload: bytes, then: Callable[[Answer], None] | None) -> None:
        answer = self.invoke(name, payload)
        for pause in ASYNCHRONOUS_RETRY_SECONDS:
            if not answer.failed or self._closed.wait(pause):
                break
            answer = self.invoke(name, payload)
        if answer.failed:
            report(name, answer)
            self._leave_behind(name, payload, answer)
        if then is not None:
            then(answer)

    def _leave_behind(self, name: str, payload: bytes, answer: Answer) -> None:
        if self._leave is not None and not self._closed.is_set():
            self._leave(self._function(name), payload, answer)

    def _function(self, name: str) -> Function:
        plain = name.rpartition("function:")[2].partition(":")[0]
        try:
            return self._application.functions[plain]
        except KeyError:
            raise UnknownFunctionError(f"Function not found: {function_arn(plain)}") from None


def report(name: str, answer: Answer) -> None:
    """Tell the terminal of a function that failed where nobody waits for its answer."""
    error = answer.value()
    trace = "".join(error.get("stackTrace") or [])
    print(f"{name}: {error.get('errorType')}: {error.get('errorMessage')}\n{trace}", file=sys.stderr, flush=True)


def _run(function: Function, context: LambdaContext, payload: bytes) -> Answer:
    try:
        result = function.handler(json.loads(payload), context)
    except Exception as error:  # a function's error is an answer
        return _failed(type(error).__name__, str(error), traceback.format_tb(error.__traceback__)[1:], context)
    except BaseException as end:  # so is its end: on AWS the container's process is gone
        text = f"RequestId: {context.aws_request_id} Error: Runtime exited without providing a reason ({type(end).__name__}: {end})"
        return _failed("Runtime.ExitError", text, [], context)
    return _marshalled(result, context)


def _marshalled(result: Any, context: LambdaContext) -> Answer:
    try:
        payload = json.dumps(result, separators=(",", ":"), ensure_ascii=False).encode()
    except (TypeError, ValueError) as error:
        return _failed("Runtime.MarshalError", f"Unable to marshal response: {error}", [], context)
    if len(payload) > SYNCHRONOUS_BYTES:
        text = f"Response payload size exceeded maximum allowed payload size ({SYNCHRONOUS_BYTES} bytes)."
        return _failed("Function.ResponseSizeTooLarge", text, [], context)
    return Answer(payload)


def _failed(name: str, message: str, trace: list[str], context: LambdaContext) -> Answer:
    error = {"errorMessage": message, "errorType": name, "requestId": context.aws_request_id, "stackTrace": trace}
    return Answer(json.dumps(error).encode(), failed=True)


def _timed_out(function: Function) -> Answer:
    text = f"RequestId: {uuid.uuid4()} Error: Task timed out after {function.timeout_seconds:.2f} seconds"
    return Answer(json.dumps({"errorType": "Sandbox.Timedout", "errorMessage": text}).encode(), failed=True)
