"""What happens to executions: their status changes become EventBridge events, as Step Functions sends them.

In: moto's executions as they start and end. Out: events on the bus, and listeners told (persistence).
"""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

from moto.stepfunctions.parser.backend.execution import BaseExecutionWorkerCommunication, Execution

from infra.local.event_bus import EventBus, event
from infra.local.patches.patch import Patch, Replacement
from infra.local.template import ACCOUNT, REGION

DETAIL_TYPE: Final = "Step Functions Execution Status Change"
_INLINE_BYTES: Final = 248 * 1024
Listener = Callable[[Any], None]


def watching(*listeners: Listener) -> Patch:
    """The hooks that tell `listeners` of an execution that started or ended."""
    start, terminated = Execution.start, BaseExecutionWorkerCommunication.terminated

    def started(self: Any) -> None:
        start(self)
        for listener in listeners:
            listener(self)

    def ended(self: Any) -> None:
        terminated(self)
        for listener in listeners:
            listener(self.execution)

    return Patch(
        "executions_watched",
        "No hook tells of an execution's start and end.",
        (Replacement(Execution, "start", started), Replacement(BaseExecutionWorkerCommunication, "terminated", ended)),
    )


def announce(bus: EventBus, execution: Any, *, then: Callable[[], None] | None = None) -> None:
    """Publish an execution's present status."""
    bus.publish(event("aws.states", DETAIL_TYPE, _detail(execution), [execution.execution_arn]), then=then)


def status_of(execution: Any) -> str:
    return str(getattr(execution.exec_status, "value", execution.exec_status))


def _detail(execution: Any) -> dict[str, Any]:
    status = status_of(execution)
    output = json.dumps(execution.output, separators=(",", ":")) if status == "SUCCEEDED" else None
    return {
        "executionArn": execution.execution_arn,
        "stateMachineArn": execution.state_machine_arn,
        "stateMachineVersionArn": None,
        "stateMachineAliasArn": None,
        "name": execution.name,
        "status": status,
        "startDate": _milliseconds(execution.start_date),
        "stopDate": _milliseconds(execution.stop_date) if status != "RUNNING" else None,
        **_carried("input", execution.execution_input),
        **_carried("output", output),
        "error": execution.error if status != "RUNNING" else None,
        "cause": execution.cause if status != "RUNNING" else None,
        "redriveCount": 0,
        "redriveDate": None,
        "redriveStatus": "NOT_REDRIVABLE",
        "redriveStatusReason": None,
    }


def _carried(name: str, text: str | None) -> dict[str, Any]:
    fits = text is not None and len(text.encode()) <= _INLINE_BYTES
    return {name: text if fits else None, f"{name}Details": {"included": fits} if text is not None else None}


def _milliseconds(moment: datetime | None) -> int | None:
    return int(moment.timestamp() * 1000) if moment is not None else None


def stop_all() -> None:
    """End what still runs when the stack is closed: nobody is told, its threads leave."""
    from moto.stepfunctions.parser.models import stepfunctions_parser_backends

    for machine in stepfunctions_parser_backends[ACCOUNT][REGION].state_machines:
        for execution in machine.executions:
            environment = execution.exec_worker.env if execution.exec_worker is not None else None
            if environment is not None and status_of(execution) == "RUNNING":
                environment.set_stop(stop_date=datetime.now(tz=UTC), cause=None, error=None)
