"""Faults of moto's error names: which errors pass through a scope and which a Retry or Catch matches.

In: moto's interpreter classes. Out: `PATCHES`, and the error of a breached limit.
"""

from typing import Any, Final

from moto.stepfunctions.parser.api import HistoryEventType, TaskFailedEventDetails
from moto.stepfunctions.parser.asl.component.common.error_name.custom_error_name import CustomErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.error_equals_decl import ErrorEqualsDecl
from moto.stepfunctions.parser.asl.component.common.error_name.error_name import ErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEvent, FailureEventException
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import StatesErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import StatesErrorNameType
from moto.stepfunctions.parser.asl.eval.event.event_detail import EventDetails

from infra.local.patches.patch import Patch, Replacement

_ALL: Final = "States.ALL"
_TASK_FAILED: Final = "States.TaskFailed"
_DATA_LIMIT: Final = "States.DataLimitExceeded"
_UNMATCHED_BY_ALL: Final = frozenset({"States.Runtime"})
_UNMATCHED_BY_TASK_FAILED: Final = frozenset({"States.Timeout", "States.Runtime"})


class LimitExceededName(StatesErrorName):  # type: ignore[misc] # moto is untyped
    """States.DataLimitExceeded of a state; unlike that of a task's own result, States.ALL does not match it (Developer Guide)."""

    def __init__(self) -> None:
        super().__init__(typ=StatesErrorNameType.StatesStatesDataLimitExceeded)


def failure(env: Any, name: Any, cause: str) -> Exception:
    """An error of the machine itself, ready to raise."""
    details = EventDetails(taskFailedEventDetails=TaskFailedEventDetails(error=name.error_name, cause=cause))
    raised: Exception = FailureEventException(
        failure_event=FailureEvent(env=env, error_name=name, event_type=HistoryEventType.TaskFailed, event_details=details)
    )
    return raised


def _any_name(self: Any, error_name: str | None) -> None:
    ErrorName.__init__(self, error_name=error_name)


def _matches(self: Any, env: Any) -> None:
    error = env.stack.pop()
    env.stack.append(any(_match(listed.error_name, error) for listed in self.error_names))


def _match(listed: str, error: Any) -> bool:
    name = error.error_name if error else None
    match listed:
        case "States.ALL":
            return name not in _UNMATCHED_BY_ALL and (name != _DATA_LIMIT or type(error) is StatesErrorName)
        case "States.TaskFailed":
            return name not in _UNMATCHED_BY_TASK_FAILED
        case _:
            return bool(name == listed)


PATCHES: Final = (
    Patch(
        "states_errors_pass_through",
        "A Parallel or Map whose branch fails with a `States.*` error becomes States.Runtime 'Custom Error Names MUST NOT begin…' and cannot be "
        "caught. On AWS the branch's own error passes through and is caught and retried like any other.",
        (Replacement(CustomErrorName, "__init__", _any_name),),
    ),
    Patch(
        "wildcards",
        "States.ALL catches States.Runtime, and States.TaskFailed matches no `States.*` error. "
        "On AWS States.ALL leaves out States.Runtime and a state's own States.DataLimitExceeded, States.TaskFailed only States.Timeout.",
        (Replacement(ErrorEqualsDecl, "_eval_body", _matches),),
    ),
)
