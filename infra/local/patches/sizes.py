"""Faults of moto's limits: what may pass where AWS refuses 256 KiB.

In: moto's interpreter classes. Out: `PATCHES`, and `check_size` for the other patches.
"""

import json
from typing import Any, Final

from moto.stepfunctions.parser.asl.component.state import state as state_module
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import state_task_service as service_module
from moto.stepfunctions.parser.asl.component.state.exec.state_task.state_task import StateTask

from infra.local.patches.errors import LimitExceededName, failure
from infra.local.patches.patch import Patch, Replacement

MAX_BYTES: Final = 262_144


def size_of(value: Any) -> int:
    """Bytes of a JSON value as Step Functions counts them: compact, UTF-8. A text is taken as JSON already."""
    text = value if isinstance(value, str) else json.dumps(value, separators=(",", ":"), ensure_ascii=False, default=str)
    return len(text.encode())


def check_size(env: Any, state: str, what: str, value: Any) -> None:
    """Fail the state with States.DataLimitExceeded when `value` is over the limit."""
    if size_of(value) > MAX_BYTES:
        raise failure(env, LimitExceededName(), f"The state/task '{state}' {what} with a size exceeding the maximum number of bytes service limit.")


def _within_quota(value: Any) -> bool:
    return size_of(value) <= MAX_BYTES


def _verify_state_output(self: Any, env: Any, value: Any) -> None:
    check_size(env, self.name, "returned a result", value)


_evaluate_parameters = StateTask._eval_parameters  # noqa: SLF001


def _checked_parameters(self: Any, env: Any) -> Any:
    parameters = _evaluate_parameters(self, env)
    check_size(env, self.name, "was given arguments", parameters)
    return parameters


PATCHES: Final = (
    Patch(
        "limits_in_bytes",
        "The 256 KiB limit counts blanks and \\u escapes, and refuses exactly 262,144 bytes. AWS counts compact UTF-8.",
        (
            Replacement(state_module, "is_within_size_quota", _within_quota),
            Replacement(service_module, "is_within_size_quota", _within_quota),
            Replacement(state_module.CommonStateField, "_verify_size_quota", _verify_state_output),
        ),
    ),
    Patch(
        "limit_of_arguments",
        "A Task's arguments may have any size. AWS fails it with States.DataLimitExceeded above 256 KiB.",
        (Replacement(StateTask, "_eval_parameters", _checked_parameters),),
    ),
)
