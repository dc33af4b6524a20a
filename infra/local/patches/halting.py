"""Faults of moto's stopping: a stop, a failed sibling or a time-out does not reach what is waiting.

In: moto's environments and executions. Out: `PATCHES`, and `halted`, the event that is set once an environment no longer runs.
"""
# ruff: noqa: SLF001

import datetime
import threading
import time
from collections.abc import Callable
from typing import Any, Final

from moto.stepfunctions.parser.asl.component.common.retry import retrier_decl
from moto.stepfunctions.parser.asl.component.common.retry.max_attempts_decl import MaxAttemptsOutcome
from moto.stepfunctions.parser.asl.component.common.retry.retrier_decl import RetrierDecl
from moto.stepfunctions.parser.asl.component.eval_component import EvalComponent
from moto.stepfunctions.parser.asl.component.program.program import Program
from moto.stepfunctions.parser.asl.component.state.wait.wait_function.timestamp import Timestamp
from moto.stepfunctions.parser.asl.component.state.wait.wait_function.wait_function import WaitFunction
from moto.stepfunctions.parser.asl.eval.environment import Environment
from moto.stepfunctions.parser.backend.execution import Execution
from moto.stepfunctions.responses import StepFunctionResponse

from infra.local.patches.patch import Patch, Replacement

_making = threading.Lock()


def halted(env: Any) -> threading.Event:
    """Set once `env` has stopped running, for whatever reason."""
    with _making:
        event: threading.Event = env.__dict__.setdefault("halted", threading.Event())
    if env._program_state is not None and not env.is_running():
        event.set()
    return event


def _waking(change: Callable[..., None]) -> Callable[..., None]:
    def changed(self: Any, *args: Any, **kwargs: Any) -> None:
        change(self, *args, **kwargs)
        halted(self)

    return changed


def _retry_after_pause(self: Any, env: Any) -> None:
    self.error_equals.eval(env)
    if not env.stack.pop():
        env.stack.append(retrier_decl.RetrierOutcome.Skipped)
        return
    self.max_attempts.eval(env=env)
    if env.stack.pop() == MaxAttemptsOutcome.EXHAUSTED:
        env.stack.append(retrier_decl.RetrierOutcome.Failed)
        return
    for part in (self.interval_seconds, self.backoff_rate, self.max_delay_seconds, self.jitter_strategy):
        part.eval(env=env)
    halted(env).wait(env.stack.pop())
    env.stack.append(retrier_decl.RetrierOutcome.Executed)


def _wait(_self: Any, env: Any, wait_seconds: float) -> None:
    if wait_seconds > 0:
        halted(env).wait(wait_seconds)


def _seconds_until(self: Any, env: Any) -> float:
    self.string.eval(env=env)
    text = env.stack.pop()
    if not isinstance(text, str) or not self._is_valid_timestamp_pattern(text):
        raise self._create_failure_event_exception(env, text)
    moment = datetime.datetime.fromisoformat(text)
    return (moment - datetime.datetime.now(tz=datetime.UTC)).total_seconds()


def _timestamp_refused(self: Any, env: Any, text: Any) -> Exception:
    from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEventException

    refused: Exception = FailureEventException(self._create_failure_event(env, text))
    return refused


def _evaluate_program(self: Any, env: Any) -> None:
    """When the machine's time is up, its last event is in the history before its status is told."""
    seconds = self.timeout_seconds.timeout_seconds if self.timeout_seconds else None
    env.next_state_name = self.start_at.start_at_name
    worker = threading.Thread(target=EvalComponent.eval, args=(self, env), daemon=True)
    worker.start()
    worker.join(seconds)
    if worker.is_alive():
        env.set_timed_out()
        worker.join(5)


def _stop(self: Any, stop_date: datetime.datetime, error: str | None, cause: str | None) -> None:
    """Stop and wait (briefly) until it has: what follows StopExecution finds it aborted."""
    if self.exec_worker is None or self.exec_status != "RUNNING":
        return
    _until(lambda: self.exec_worker.env is not None and self.exec_worker.env._program_state is not None)
    self.error, self.cause, self.stop_date = error or None, cause or None, stop_date
    self.exec_worker.stop(stop_date=stop_date, cause=cause, error=error)
    _until(lambda: self.exec_status != "RUNNING")


def _until(holds: Callable[[], bool], seconds: float = 5) -> None:
    deadline = time.monotonic() + seconds
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.002)


def _stop_with_reason(self: Any) -> Any:
    from moto.core.responses import ActionResult

    execution = self.stepfunction_backend.describe_execution(self._get_param("executionArn"))
    now = datetime.datetime.now(tz=datetime.UTC)
    execution.stop(stop_date=now, error=self._get_param("error"), cause=self._get_param("cause"))
    return ActionResult({"stopDate": execution.stop_date or now})


PATCHES: Final = (
    Patch(
        "stop_reaches_the_waiting",
        "A stopped execution stays RUNNING until its task, its task token's time-out or its retry's pause is over; "
        "StopExecution drops error and cause. On AWS it is aborted at once.",
        (
            *(
                Replacement(Environment, name, _waking(getattr(Environment, name)))
                for name in ("set_ended", "set_error", "set_timed_out", "set_stop")
            ),
            Replacement(RetrierDecl, "_eval_body", _retry_after_pause),
            Replacement(WaitFunction, "_wait_interval", _wait),
            Replacement(Program, "eval", _evaluate_program),
            Replacement(Execution, "stop", _stop),
            Replacement(StepFunctionResponse, "stop_execution", _stop_with_reason),
        ),
    ),
    Patch(
        "wait_until_in_utc",
        "Wait with a Timestamp takes it for local time and cuts its fraction off.",
        (
            Replacement(Timestamp, "_get_wait_seconds", _seconds_until),
            Replacement(Timestamp, "_create_failure_event_exception", _timestamp_refused),
        ),
    ),
)
