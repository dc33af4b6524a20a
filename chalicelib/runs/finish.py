"""End a run: from the execution's status change, which is the last word.

In: how the execution ended. Out: the run's terminal status, all its node runs settled, its parent answered, its `on_failure` workflow started.
Terminal statuses absorb: a second, later or contradicting change only completes what a crash left undone.
"""

from dataclasses import dataclass
from typing import Literal

from chalicelib.spec.model import Json
from chalicelib.store.run_records import Run

ExecutionStatus = Literal["RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"]


@dataclass(frozen=True, slots=True)
class StatusChange:
    """A Step Functions Execution Status Change. `output` is the machine's (parsed), None when the event left it out: then it is asked for."""

    organisation_id: str
    execution_name: str
    execution_arn: str
    status: ExecutionStatus
    output: Json = None
    error: str | None = None
    cause: str | None = None
    started_at: str | None = None
    ended_at: str | None = None


def read_change(event: Json) -> StatusChange | None:
    """A status change from an EventBridge event's body; None when the execution is none of ours."""
    raise NotImplementedError


def finish(change: StatusChange) -> Run | None:
    """Apply a status change. RUNNING marks a queued run as started. Returns the run; None when there is no such run."""
    raise NotImplementedError
