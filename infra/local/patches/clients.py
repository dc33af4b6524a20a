"""Faults of moto's speed that are no faults of behaviour: what is made anew each time.

In: moto's interpreter, boto3's sessions, and the way of a call to the emulator's backends. Out: `PATCHES`.
"""

import threading
from functools import lru_cache
from types import ModuleType
from typing import Any, Final

from botocore import session
from moto.core import responses
from moto.stepfunctions.parser.asl.component.program import program
from moto.stepfunctions.parser.asl.component.state.exec import execute_state
from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration import inline_iteration_component
from moto.stepfunctions.parser.asl.component.state.exec.state_parallel import branch_worker
from moto.stepfunctions.parser.asl.component.state.exec.state_task import lambda_eval_utils
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import (
    state_task_service_aws_sdk,
    state_task_service_callback,
    state_task_service_dynamodb,
    state_task_service_events,
    state_task_service_sfn,
    state_task_service_sns,
    state_task_service_sqs,
)
from moto.stepfunctions.parser.asl.utils import boto_client
from moto.stepfunctions.parser.backend import execution_worker

from infra.local.patches.patch import Patch, Replacement

_making = threading.Lock()
_make = boto_client.boto_client_for


@lru_cache(maxsize=64)
def _cached(region: str, service: str) -> Any:
    return _make(region=region, service=service)


def _client_for(region: str, service: str, state_credentials: Any = None) -> Any:  # noqa: ARG001 # nobody checks credentials here
    with _making:  # boto3's default session is not thread-safe
        return _cached(region, service)


def forget_clients() -> None:
    """Make new ones from now on: a client keeps the answers that were arranged when it was made, or none."""
    with _making:
        _cached.cache_clear()


_USERS: Final = (
    lambda_eval_utils,
    state_task_service_aws_sdk,
    state_task_service_dynamodb,
    state_task_service_events,
    state_task_service_sfn,
    state_task_service_sns,
    state_task_service_sqs,
)


class _Forgetful(list[threading.Thread]):
    """Keeps nothing."""

    def append(self, _thread: threading.Thread) -> None:
        return


# --- models --------------------------------------------------------------------------------------------------------


class _Once(list[Any]):
    """Each session adds the path of boto3's own models."""

    def append(self, path: Any) -> None:
        if path not in self:
            super().append(path)


_create_loader = session.create_loader


@lru_cache(maxsize=8)
def _shared_loader(search_path_string: str | None = None) -> Any:
    """A loader keeps what it has read, and gives the same to all."""
    found: Any = _create_loader(search_path_string)
    found._search_paths = _Once(found.search_paths)  # noqa: SLF001
    return found


_STARTERS: Final[tuple[ModuleType, ...]] = (
    program,
    execute_state,
    inline_iteration_component,
    branch_worker,
    state_task_service_callback,
    execution_worker,
)

PATCHES: Final = (
    Patch(
        "clients_cached",
        "Every call of the interpreter makes a boto3 client, 30 to 50 ms each.",
        tuple(Replacement(user, "boto_client_for", _client_for) for user in _USERS),
    ),
    Patch(
        "actions_cached",
        "Every call inspects its service's class for the names of all its methods, a tenth of what a small call takes.",
        (Replacement(responses, "method_names_from_class", lru_cache(maxsize=256)(responses.method_names_from_class)),),
    ),
    Patch(
        "models_read_once",
        "Every session of boto3 reads the models of its services and the list of all endpoints again, 0.2 s for each of a dozen clients.",
        (Replacement(session, "create_loader", _shared_loader),),
    ),
    Patch(
        "threads_forgotten",
        "Every thread that the interpreter ever started is kept in a list.",
        tuple(Replacement(starter, "TMP_THREADS", _Forgetful()) for starter in _STARTERS),
    ),
)
