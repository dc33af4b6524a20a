"""Statuses of runs, node runs and gates, with their terminal sets, and the types of run events.

Terminal statuses absorb: nothing leaves them, except that a resume takes an ended run that did not succeed back to `queued`, and that a node run
may be opened again by a newer fence (a retry, a repeat, a resume).
"""

from enum import StrEnum
from typing import Final


class RunStatus(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    WAITING = "waiting"  # no node is running and a gate, a reply or a wait is open
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    TIMED_OUT = "timed_out"
    CANCELLED = "cancelled"

    @property
    def is_terminal(self) -> bool:
        return self in _RUN_ENDS

    @property
    def is_resumable(self) -> bool:
        """Whether a run that ended so may go on: the one way out of a terminal status."""
        return self.is_terminal and self is not RunStatus.SUCCEEDED


class NodeStatus(StrEnum):
    RUNNING = "running"
    WAITING = "waiting"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    TIMED_OUT = "timed_out"
    CANCELLED = "cancelled"
    SKIPPED = "skipped"

    @property
    def is_terminal(self) -> bool:
        return self not in _NODE_OPEN


class GateStatus(StrEnum):
    OPEN = "open"
    DECIDED = "decided"
    TIMED_OUT = "timed_out"
    CANCELLED = "cancelled"  # its run ended first


_RUN_ENDS: Final = frozenset({RunStatus.SUCCEEDED, RunStatus.FAILED, RunStatus.TIMED_OUT, RunStatus.CANCELLED})
_NODE_OPEN: Final = frozenset({NodeStatus.RUNNING, NodeStatus.WAITING})
OPEN_RUN_STATUSES: Final = tuple(status for status in RunStatus if not status.is_terminal)


class EventType(StrEnum):
    """Past-tense facts of a run."""

    RUN_QUEUED = "run_queued"
    RUN_STARTED = "run_started"
    RUN_WAITING = "run_waiting"
    RUN_RESUMED = "run_resumed"
    RUN_SUCCEEDED = "run_succeeded"
    RUN_FAILED = "run_failed"
    RUN_TIMED_OUT = "run_timed_out"
    RUN_CANCELLED = "run_cancelled"
    NODE_STARTED = "node_started"
    NODE_WAITING = "node_waiting"
    NODE_RESUMED = "node_resumed"
    NODE_RETRYING = "node_retrying"
    NODE_SUCCEEDED = "node_succeeded"
    NODE_FAILED = "node_failed"
    NODE_SKIPPED = "node_skipped"
    GATE_OPENED = "gate_opened"
    GATE_DECIDED = "gate_decided"
    GATE_TIMED_OUT = "gate_timed_out"

    @property
    def ends_run(self) -> bool:
        return self in _ENDINGS


_ENDINGS: Final = frozenset({EventType.RUN_SUCCEEDED, EventType.RUN_FAILED, EventType.RUN_TIMED_OUT, EventType.RUN_CANCELLED})
