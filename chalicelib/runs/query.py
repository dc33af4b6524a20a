"""What can be asked of runs. Reads only."""

from dataclasses import dataclass

from chalicelib.access.objects import run_for, run_with_values
from chalicelib.access.principal import Principal
from chalicelib.access.scopes import Scope
from chalicelib.runs.residual_machine import entered_states
from chalicelib.runs.search import RunPage, Wanted, search
from chalicelib.spec.model import Json
from chalicelib.store import keys, pointers, residuals, runs
from chalicelib.store.pages import Sorting, sorted_page
from chalicelib.store.run_records import NodeRun, Run, RunEvent
from chalicelib.store.statuses import RunStatus
from chalicelib.store.values import load


@dataclass(frozen=True, slots=True)
class WantedNodes:
    """One node's runs, of one item."""

    node: str | None = None
    item_path: str | None = None

    def holds(self, node_run: NodeRun) -> bool:
        return self.node in {None, node_run.node} and self.item_path in {None, node_run.item_path}


@dataclass(frozen=True, slots=True)
class NodeRunPage:
    node_runs: tuple[NodeRun, ...]
    cursor: str | None


@dataclass(frozen=True, slots=True)
class EventPage:
    """Events in order of number. `next_since` is what to ask for next; equal to the `since` given when there was nothing."""

    events: tuple[RunEvent, ...]
    next_since: int


def get_run(principal: Principal, run_id: str) -> Run:
    """Raises RunNotFound."""
    return run_for(principal, run_id, Scope.RUN_READ)


@dataclass(frozen=True, slots=True)
class WholeRun:
    """A run with its input, defaults applied, and its output, pointers resolved; that is None until it succeeded."""

    run: Run
    input: Json
    output: Json


def get_whole_run(principal: Principal, run_id: str) -> WholeRun:
    """Raises RunNotFound."""
    run, given, output = run_with_values(principal, run_id)
    organisation_id = principal.organisation_id
    return WholeRun(run, load(organisation_id, given), pointers.resolve_all(organisation_id, load(organisation_id, output)))


def get_input(principal: Principal, run_id: str, *, seen: Run | None = None) -> Json:
    """The run's input, defaults applied; `seen` is the run as `get_run` gave it just now. Raises RunNotFound, but to admins."""
    _check(principal, run_id, seen)
    return runs.get_input(principal.organisation_id, run_id)


def get_output(principal: Principal, run_id: str, *, seen: Run | None = None) -> Json:
    """The run's output, pointers resolved; None until it succeeded. `seen` as in `get_input`. Raises RunNotFound, but to admins."""
    _check(principal, run_id, seen)
    return pointers.resolve_all(principal.organisation_id, runs.get_output(principal.organisation_id, run_id))


def list_runs(
    principal: Principal, *, workflow_id: str | None = None, status: RunStatus | None = None, limit: int = 50, cursor: str | None = None
) -> RunPage:
    """Runs, newest first. A page may be short, or empty, and still have a cursor. Raises CursorInvalid."""
    return search(principal, Wanted(workflow_id=workflow_id, status=status), limit=limit, cursor=cursor)


def list_node_runs(principal: Principal, run_id: str) -> tuple[NodeRun, ...]:
    """All node runs of a run in the order in which they started.

    Values are as stored: `store.values.load(organisation_id, node_run.result)` reads one. Raises RunNotFound.
    """
    run_for(principal, run_id, Scope.RUN_READ)
    found = runs.list_node_runs(principal.organisation_id, run_id)
    return tuple(sorted(found, key=_by_start))


def list_node_run_page(principal: Principal, run_id: str, wanted: WantedNodes, *, limit: int, cursor: str | None) -> NodeRunPage:
    """Those of `list_node_runs` that fit. Raises RunNotFound, CursorInvalid."""
    found = [node_run for node_run in list_node_runs(principal, run_id) if wanted.holds(node_run)]
    listed = keys.run(principal.organisation_id, run_id).pk
    return NodeRunPage(*sorted_page(found, Sorting(_by_start, backwards=False), listed=listed, limit=limit, cursor=cursor, terms=wanted))


def _by_start(node_run: NodeRun) -> tuple[str, ...]:
    return node_run.started_at, node_run.item_path, node_run.node


def list_events(principal: Principal, run_id: str, *, since: int = 0, limit: int = 500) -> EventPage:
    """Events with a number above `since`. Raises RunNotFound."""
    run_for(principal, run_id, Scope.RUN_READ)
    events = runs.list_events(principal.organisation_id, run_id, since=since, limit=limit)
    return EventPage(events, events[-1].number if events else since)


def count_transitions(principal: Principal, run_id: str, *, seen: Run | None = None) -> int:
    """States entered so far, over all resumes: what Step Functions charges. Of machines that are deleted it was noted before. Retries count too.
    `seen` as in `get_input`."""
    run = seen if seen is not None and seen.id == run_id else run_for(principal, run_id, Scope.RUN_READ)
    past = residuals.list_of_run(run.organisation_id, run.id)
    first = next((each.before for each in past if each.before is not None), None)
    places = {(run.machine_arn, run.execution_name): None} | ({(first.machine_arn, first.execution_name): None} if first else {})
    noted = {each.number: each.transition_count for each in past if each.transition_count is not None}
    if run.is_residual and run.resume in noted:
        places.pop((run.machine_arn, run.execution_name))
    return sum(noted.values()) + sum(entered_states(*place) for place in places)


def _check(principal: Principal, run_id: str, seen: Run | None) -> None:
    """An organisation's key is all that an admin needs."""
    if not principal.is_admin and (seen is None or seen.id != run_id):
        run_for(principal, run_id, Scope.RUN_READ)
