"""Faults of moto where two calls at once make what there may be one of.

In: moto's backends. Out: `PATCHES`. Each service has a lock of its own, which is held over its call alone.
"""

import threading
from collections.abc import Callable
from typing import Any, Final

from moto.s3.responses import S3Response
from moto.scheduler.responses import EventBridgeSchedulerResponse
from moto.secretsmanager.responses import SecretsManagerResponse
from moto.stepfunctions.models import StepFunctionBackend

from infra.local.patches.patch import Patch, Replacement

_CALLS: Final[tuple[tuple[Any, tuple[str, ...]], ...]] = (
    (StepFunctionBackend, ("create_state_machine", "delete_state_machine", "start_execution")),
    (SecretsManagerResponse, ("create_secret", "put_secret_value", "update_secret", "delete_secret", "restore_secret")),
    (EventBridgeSchedulerResponse, ("create_schedule", "update_schedule", "delete_schedule")),
    (S3Response, ("put_object",)),
)


def _serial(call: Callable[..., Any], lock: Any) -> Callable[..., Any]:
    def one_at_a_time(*args: Any, **kwargs: Any) -> Any:
        with lock:
            return call(*args, **kwargs)

    return one_at_a_time


def _replacements() -> tuple[Replacement, ...]:
    return tuple(
        Replacement(owner, name, _serial(vars(owner)[name], lock)) for owner, names in _CALLS for lock in [threading.RLock()] for name in names
    )


PATCHES: Final = (
    Patch(
        "made_once",
        "Two calls at once that each see nothing there both make it: two state machines of one name, two secrets of which the first is lost, two "
        "objects put `If-None-Match: *`. On AWS one of them makes it, and the other finds it.",
        _replacements(),
    ),
)
