"""Faults of moto's states: when variables are written, when Output is evaluated, what one attempt at a state is.

In: moto's interpreter classes. Out: `PATCHES`. Only JSONata states are changed.

Assign and Output read the variables as they were on entry: Assign stages its values, leaving the state commits them.
"""
# ruff: noqa: SLF001

import threading
from collections.abc import Callable
from typing import Any, Final

from moto.stepfunctions.parser.asl.component.common.assign.assign_decl import AssignDecl
from moto.stepfunctions.parser.asl.component.common.catch.catch_outcome import CatchOutcome
from moto.stepfunctions.parser.asl.component.common.path.result_path import ResultPath
from moto.stepfunctions.parser.asl.component.common.timeouts.timeout import EvalTimeoutError
from moto.stepfunctions.parser.asl.component.state.exec.execute_state import ExecutionState
from moto.stepfunctions.parser.asl.component.state.state import CommonStateField
from moto.stepfunctions.parser.asl.eval.event.event_manager import EventManager

from infra.local.patches.expressions import copied
from infra.local.patches.halting import halted
from infra.local.patches.patch import Patch, Replacement
from infra.local.patches.sizes import check_size
from infra.local.patches.tokens import TOKENS, renew_token


def _staged(env: Any) -> dict[str, Any]:
    values: dict[str, Any] = env.variable_store.__dict__.setdefault("staged", {})
    return values


def _stage(self: Any, env: Any) -> None:
    values: dict[str, Any] = {}
    for binding in self.declaration_bindings:
        binding.eval(env=env)
        values.update(env.stack.pop())
    check_size(env, env.next_state_name, "assigned variables", values)
    _staged(env).update(values)


_exited_details = CommonStateField._get_state_exited_event_details


def _commit(self: Any, env: Any) -> Any:
    staged = _staged(env)
    for name, value in staged.items():
        env.variable_store.set(variable_identifier=name, variable_value=value)
    staged.clear()
    return _exited_details(self, env)


# --- one attempt at a Task, Parallel or Map ------------------------------------------------------------------------


class _Attempt:
    """The execution of a state in a thread of its own, so that a time-out or a stop can leave it."""

    def __init__(self, run: Callable[[Any], None], frame: Any) -> None:
        self.done = halted(frame)
        self.outputs: list[Any] = []
        self.error: Exception | None = None
        self._run, self._frame = run, frame

    def start(self) -> None:
        threading.Thread(target=self._work, daemon=True, name=f"state {self._frame.next_state_name}").start()

    def _work(self) -> None:
        try:
            self._run(self._frame)
            self.outputs.extend(self._frame.stack)
        except Exception as error:  # whatever it is, it belongs to the waiting state
            self.error = error
        self.done.set()

    @property
    def is_over(self) -> bool:
        return bool(self.outputs) or self.error is not None


_evaluate_jsonpath = ExecutionState._evaluate_with_timeout


def _evaluate(self: Any, env: Any) -> None:
    if self._is_language_query_jsonpath():
        _evaluate_jsonpath(self, env)
        return
    self.timeout.eval(env=env)
    seconds = env.stack.pop()
    token = renew_token(env)
    frame = env.open_frame()
    frame.states.reset(input_value=env.states.get_input())
    frame.stack = copied(env.stack)
    attempt = _Attempt(self._eval_execution, frame)
    attempt.start()
    in_time = _await(attempt, frame, seconds, token)
    env.close_frame(frame)
    if not env.is_running():
        return
    if not in_time:
        raise EvalTimeoutError
    if attempt.error is not None:
        raise attempt.error
    try:
        _settle(self, env, attempt.outputs[-1])
    except Exception:
        _staged(env).clear()
        raise


def _await(attempt: _Attempt, frame: Any, seconds: float, token: str | None) -> bool:
    """Whether the attempt was over in time. An answer that was accepted before the time-out stands."""
    attempt.done.wait(seconds)
    if not attempt.is_over and token and not TOKENS.expire(token):
        attempt.done.wait(60)
    in_time = attempt.is_over
    if not in_time:
        frame.event_manager = EventManager()  # what comes late is told to nobody
    frame.set_ended()
    if token:
        TOKENS.expire(token)
    return in_time


def _settle(self: Any, env: Any, result: Any) -> None:
    """Assign and Output belong to the attempt: where they fail, the state's own Retry and Catch apply."""
    env.stack.append(result)
    check_size(env, self.name, "returned a result", result)
    env.states.set_result(result)
    if self.assign_decl:
        self.assign_decl.eval(env=env)
    if self.output:
        self.output.jsonata_template_value.eval(env=env)
        result = env.stack.pop()
        check_size(env, self.name, "returned a result", result)
    env.stack.append(result)


_state_output = ExecutionState._eval_state_output


def _take_output(self: Any, env: Any) -> None:
    if self._is_language_query_jsonpath():
        _state_output(self, env)
    elif not isinstance(env.stack[-1], CatchOutcome):
        env.states.reset(input_value=env.stack.pop())


_result_path = ResultPath._eval_body


def _whole_result(self: Any, env: Any) -> None:
    if self.result_path_src != ResultPath.DEFAULT_PATH:
        _result_path(self, env)


PATCHES: Final = (
    Patch(
        "assign_beside_output",
        "Output sees the variables that the same state's Assign writes. On AWS both read the variables as on entry.",
        (
            Replacement(AssignDecl, "_eval_body", _stage),
            Replacement(CommonStateField, "_get_state_exited_event_details", _commit),
        ),
    ),
    Patch(
        "output_is_caught",
        "An Output that fails on a Task, Parallel or Map escapes the state's own Retry and Catch; a Parallel's result may have any size; "
        "a retried task with a token keeps the token and the answer of its last attempt; a stopped execution waits for its task to end.",
        (
            Replacement(ExecutionState, "_evaluate_with_timeout", _evaluate),
            Replacement(ExecutionState, "_eval_state_output", _take_output),
            Replacement(ResultPath, "_eval_body", _whole_result),
        ),
    ),
)
