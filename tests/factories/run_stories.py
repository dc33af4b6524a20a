"""Steps of a run's story, as workers, people and the engine would take them.

In: a run, a node. Out: what the step gives. The workflow is `tests.factories.cloud.SPEC`: search, enough (native), approve (a gate), book.
"""

from chalicelib.access.principal import Principal
from chalicelib.gates.open import Question, open_gate
from chalicelib.machines.executions import ExecutionStatus
from chalicelib.machines.names import execution_arn
from chalicelib.runs.finish import StatusChange, finish
from chalicelib.runs.query import list_events
from chalicelib.runs.start import start
from chalicelib.spec.model import Json, JsonObject
from chalicelib.store import runs
from chalicelib.store.gate_records import Gate, GateChoice
from chalicelib.store.run_records import Fence, NodeAttempt, NodeRun, Run, RunEvent
from tests.factories.cloud import ANN, DAN, published

QUESTION = Question(ask="Book it?", choices=(GateChoice(choice="approve"), GateChoice(choice="reject", approves=False)))
TOKEN = "a task token of the engine"


def started_run(spec: JsonObject | None = None, *, by: Principal = DAN, given: Json = None) -> Run:
    """A run of the hotel workflow, given to the engine."""
    version = published() if spec is None else published(spec)
    return start(by, workflow_id=version.workflow_id, input={"city": "Rome"} if given is None else given)


def attempt_at(
    run: Run, node: str, *, item_path: str = "", resume: int = 0, visit: int = 0, retry: int = 0, distributed: bool = False
) -> NodeAttempt:
    fence = Fence(resume=resume, visit=visit, retry=retry)
    return NodeAttempt(organisation_id=run.organisation_id, run_id=run.id, node=node, item_path=item_path, fence=fence, distributed=distributed)


def opened_gate(run: Run, node: str = "approve", *, question: Question = QUESTION, token: str = TOKEN, visit: int = 0, retry: int = 0) -> Gate:
    return open_gate(attempt_at(run, node, visit=visit, retry=retry), token=token, question=question, deadline_seconds=60)


def ended(
    run: Run, status: ExecutionStatus, *, output: Json = None, settled: JsonObject | None = None, error: str | None = None, cause: str | None = None
) -> Run:
    """The engine says how the execution ended."""
    whole: Json = {"output": output, "settled": settled or {}} if status == "SUCCEEDED" else None
    arn = execution_arn(run.machine_arn, run.execution_name)
    found = finish(StatusChange(run.organisation_id, run.execution_name, arn, status, output=whole, error=error, cause=cause))
    assert found is not None
    return found


def events_of(run: Run) -> tuple[RunEvent, ...]:
    return list_events(ANN, run.id).events


def told(run: Run) -> list[str]:
    """The run's events as `type` or `type node`."""
    return [f"{event.type} {event.node}" if event.node else event.type.value for event in events_of(run)]


def node_of(run: Run, node: str, item_path: str = "") -> NodeRun:
    found = runs.find_node_run(run.organisation_id, run.id, node, item_path)
    assert found is not None
    return found


def now(run: Run) -> Run:
    return runs.get(run.organisation_id, run.id)


def check_journal(run: Run) -> None:
    """What holds after every step: numbers without gaps, counters that are the node runs' own, nothing open in an ended run."""
    current, events = now(run), events_of(run)
    assert [event.number for event in events] == list(range(1, current.event_count + 1))
    nodes = [node_run for node_run in runs.list_node_runs(run.organisation_id, run.id) if not node_run.is_container and not node_run.write_count]
    assert current.running_count == sum(node_run.status == "running" for node_run in nodes)
    assert current.waiting_count == sum(node_run.status == "waiting" for node_run in nodes)
    endings = [event for event in events if event.type.ends_run]
    assert len(endings) == int(current.status.is_terminal)
    if endings:
        assert endings[0].number == current.event_count
        assert not current.running_count
        assert not current.waiting_count
