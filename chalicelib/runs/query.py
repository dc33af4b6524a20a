"""What can be asked of runs. Reads only.

Cursors are opaque texts; a page without one is the last.
"""

from dataclasses import dataclass

from chalicelib.access.principal import Principal
from chalicelib.spec.model import Json
from chalicelib.store.run_records import NodeRun, Run, RunEvent
from chalicelib.store.statuses import RunStatus


@dataclass(frozen=True, slots=True)
class RunPage:
    runs: tuple[Run, ...]
    cursor: str | None


@dataclass(frozen=True, slots=True)
class EventPage:
    """Events in order of number. `next_since` is what to ask for next; equal to the `since` given when there was nothing."""

    events: tuple[RunEvent, ...]
    next_since: int


def get_run(principal: Principal, run_id: str) -> Run:
    """Raises RunNotFound."""
    raise NotImplementedError


def get_input(principal: Principal, run_id: str) -> Json:
    """The run's input, defaults applied."""
    raise NotImplementedError


def get_output(principal: Principal, run_id: str) -> Json:
    """The run's output, pointers resolved; None until it succeeded."""
    raise NotImplementedError


def list_runs(
    principal: Principal, *, workflow_id: str | None = None, status: RunStatus | None = None, limit: int = 50, cursor: str | None = None
) -> RunPage:
    """Runs, newest first. Raises CursorInvalid."""
    raise NotImplementedError


def list_node_runs(principal: Principal, run_id: str) -> tuple[NodeRun, ...]:
    """All node runs of a run in the order in which they started. Values are as stored: `store.values.load(organisation_id, node_run.result)` reads
    one."""
    raise NotImplementedError


def list_events(principal: Principal, run_id: str, *, since: int = 0, limit: int = 500) -> EventPage:
    """Events with a number above `since`. Raises RunNotFound."""
    raise NotImplementedError


def count_transitions(principal: Principal, run_id: str) -> int:
    """States entered so far, from the execution's history: what Step Functions charges. Retries count too."""
    raise NotImplementedError
