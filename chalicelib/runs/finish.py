"""End a run: from the execution's status change, which is the last word.

In: how the execution ended. Out: the run's terminal status, all its node runs settled, its parent answered, its `on_failure` workflow started.
Terminal statuses absorb: a second, later or contradicting change only completes what a crash left undone.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from chalicelib import ids
from chalicelib.clock import now_text, seconds_text
from chalicelib.compiler.costs import begins_with_wait
from chalicelib.gates.deliver import deliver_soon
from chalicelib.live.announce import announce
from chalicelib.machines import executions
from chalicelib.machines.executions import Execution, ExecutionStatus
from chalicelib.runs.admit import admit
from chalicelib.runs.follow_up import child_answer, follow_up, is_needed
from chalicelib.runs.history import Told, fault_of, read_history
from chalicelib.runs.residual_machine import discard
from chalicelib.runs.settlement import Outcome, graph_of, settle
from chalicelib.runs.start import give_to_engine
from chalicelib.spec.model import Json, JsonObject
from chalicelib.store import answers, runs, slots, tallies
from chalicelib.store.accounts import Address
from chalicelib.store.journal import Change, Ending
from chalicelib.store.node_places import places_of
from chalicelib.store.run_marks import ending_writes
from chalicelib.store.run_records import Fault, NodeRun, Run, Spent, Usage
from chalicelib.store.statuses import NodeStatus, RunStatus
from chalicelib.store.table import Write

INTERRUPTED = "Interrupted"
NO_SLOT: Final = "NoSlot"  # nothing was started: it waited for a slot as long as it might
_log: Final = logging.getLogger(__name__)


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
    detail = event.get("detail") if isinstance(event, dict) else None
    if not isinstance(detail, dict):
        return None
    name, arn, status = _text(detail, "name"), _text(detail, "executionArn"), _text(detail, "status") or ""
    if name is None or arn is None or status not in _STATUSES or not ids.is_id(run_id_of(name), ids.RUN):
        return None
    return StatusChange(
        organisation_id=_organisation(detail, arn),
        execution_name=name,
        execution_arn=arn,
        status=_STATUSES[status],
        output=executions.parse(_text(detail, "output")),
        error=_text(detail, "error"),
        cause=_text(detail, "cause"),
        started_at=_time(detail, "startDate"),
        ended_at=_time(detail, "stopDate"),
    )


def change_of(organisation_id: str, execution: Execution) -> StatusChange:
    """A status change from what the engine says when asked."""
    return StatusChange(
        organisation_id,
        execution.name,
        execution.arn,
        execution.status,
        output=execution.output,
        error=execution.error,
        cause=execution.cause,
        started_at=execution.started_at,
        ended_at=execution.ended_at,
    )


def finish(change: StatusChange) -> Run | None:
    """Apply a status change. RUNNING marks a queued run as started. Returns the run; None when there is no such run."""
    organisation_id, run_id = change.organisation_id, run_id_of(change.execution_name)
    run = runs.find(organisation_id, run_id)
    if run is None or run.execution_name != change.execution_name:
        return run
    if change.status == "RUNNING":
        announce(lambda: _beginning(organisation_id, run_id, change.execution_name))
        return runs.get(organisation_id, run_id)
    if not run.status.is_terminal:
        ended = _Ended.read(run, change)
        announce(lambda: _ending(organisation_id, run_id, ended))
        run = runs.get(organisation_id, run_id)
    if run.parent is not None:
        deliver_soon(organisation_id, run_id)
    if run.lingers:
        follow_up(run)
    elif run.status.is_terminal:
        discard(run)  # its execution may have begun after the run had ended
    if run.status.is_terminal and run.parent is None:
        _admit_next(organisation_id)
    return run


def _admit_next(organisation_id: str) -> None:
    """The slot that was given back is the next one's. The run has ended, whatever comes of it."""
    try:
        admit(organisation_id, give_to_engine)
    except Exception:
        _log.warning("the next run in line waits for the sweeper", exc_info=True)


def run_id_of(execution_name: str) -> str:
    """Executions are named `<run id>`, those of resumed runs `<run id>-r<resume>`."""
    return execution_name.partition("-")[0]


@dataclass(frozen=True)
class _Ended:
    """How the execution ended, in our words."""

    execution_name: str
    status: RunStatus
    at: str
    error: Fault | None
    output: Json
    settled: Mapping[str, Json]
    told: Told
    started_at: str | None

    @property
    def is_of_line(self) -> bool:
        """It ends a run that waits for a slot, and no other."""
        return self.error is not None and self.error.name == NO_SLOT

    @classmethod
    def read(cls, run: Run, change: StatusChange) -> "_Ended":
        """Ask the engine for what the event left out: a large output; the history of a run that did not succeed."""
        if change.status == "SUCCEEDED" and change.output is None:
            asked = executions.describe(run.machine_arn, change.execution_name)
            change = replace(change, output=asked.output if asked else None)
        machine_output = change.output if isinstance(change.output, dict) else {}
        settled = machine_output.get("settled")
        status, error = _status_of(change)
        told = Told() if status is RunStatus.SUCCEEDED else read_run_history(run)
        return cls(
            change.execution_name,
            status,
            change.ended_at or now_text(),
            error,
            machine_output.get("output"),
            settled if isinstance(settled, dict) else {},
            told,
            change.started_at,
        )


def read_run_history(run: Run) -> Told:
    """What the execution's history tells of its nodes."""
    return read_history(executions.history(run.machine_arn, run.execution_name), places_of(run.organisation_id, run.version_id))


def _status_of(change: StatusChange) -> tuple[RunStatus, Fault | None]:
    match change.status:
        case "SUCCEEDED":
            return RunStatus.SUCCEEDED, None
        case "TIMED_OUT" if change.error == NO_SLOT:
            return RunStatus.TIMED_OUT, Fault(name=NO_SLOT, message="the run waited for a slot as long as it might", code="no-slot")
        case "TIMED_OUT":
            return RunStatus.TIMED_OUT, Fault(name="States.Timeout", message="the run took longer than its time limit", code="run-timed-out")
        case "ABORTED" if change.error != INTERRUPTED:
            return RunStatus.CANCELLED, None
        case _:
            fault = fault_of(change.error, change.cause)
            return RunStatus.FAILED, fault.model_copy(update={"code": "interrupted"}) if fault.name == INTERRUPTED else fault


def _beginning(organisation_id: str, run_id: str, execution_name: str) -> Change | None:
    """A run is told to have started with the first word of a worker; one that begins with a Wait has none for long. Nobody knows how a residual
    machine begins.
    """
    run = runs.get(organisation_id, run_id)
    if run.status is RunStatus.QUEUED and run.is_residual and run.execution_name == execution_name:
        return Change(run, starts=True)
    graph = graph_of(run) if run.status is RunStatus.QUEUED and not run.is_residual else None
    return Change(run, starts=True) if graph is not None and begins_with_wait(graph) else None


def _ending(organisation_id: str, run_id: str, ended: _Ended) -> Change | None:
    """Everything that ends with the run, in one change: node runs, gates, the output, the parent's answer."""
    run = runs.get(organisation_id, run_id)
    if run.status.is_terminal or run.execution_name != ended.execution_name:
        return None  # the word of an execution that the run has left behind
    if ended.is_of_line and run.slot != "waiting":
        return None
    nodes = {node_run.address: node_run for node_run in runs.list_node_runs(organisation_id, run_id)}
    failed_node = _failed_node(ended, nodes)
    outcome = Outcome(ended.status, ended.at, ended.settled, ended.told)
    fault = _error(ended, failed_node, nodes)
    ending = Ending(
        ended.status,
        ended.at,
        error=fault,
        failed_node=failed_node,
        lingers=is_needed(run, ended.status, nodes.values()),
        of_items=_of_items(nodes),
        data=_ending_data(run, ended.status),
        started_at=ended.started_at,
    )
    before, now = run.of_items, ending.of_items
    of_slots, usage = slots.leaving(run), now.usage.less(before.usage)
    return Change(
        run,
        settle(run, nodes, outcome),
        writes=(*_writes(run, ended, fault), *_tallied(run, ended, usage), *of_slots),
        ending=ending,
        usage=usage,
        write_count=now.write_count - before.write_count - len(of_slots),  # slots are the organisation's, no records of the run
        invocation_count=now.invocation_count - before.invocation_count,
    )


def _tallied(run: Run, ended: _Ended, usage: Usage) -> tuple[Write, ...]:
    """What the run's end adds to its version's sums, of which a trial is no part; `usage` is what it spent beside its own record's."""
    if run.trial_of is not None:
        return ()
    cost = run.usage.plus(usage).cost
    return (tallies.ended_write(run, ended.status, ended_at=ended.at, cost=cost, started_at=ended.started_at),)


def _of_items(nodes: Mapping[Address, NodeRun]) -> Spent:
    """What items of distributed maps have spent and written by now: they never touched the run's record."""
    items = [node_run for node_run in nodes.values() if node_run.write_count]
    usage = Usage()
    for node_run in items:
        usage = usage.plus(node_run.usage)
    counts = (sum(node_run.write_count for node_run in items), sum(node_run.attempt_count for node_run in items))
    return Spent(usage=usage, write_count=counts[0], invocation_count=counts[1])


def _writes(run: Run, ended: _Ended, fault: Fault | None) -> tuple[Write, ...]:
    writes = [*ending_writes(run, ended.status, fault)] if run.trial_of is None else []
    if ended.status is RunStatus.SUCCEEDED:
        writes.append(runs.output_write(run.organisation_id, run.id, ended.output))
    if run.parent is not None:
        answer = child_answer(run, ended.status, ended.output, ended.error)
        writes.append(answers.answer_write(run.organisation_id, run.id, answer))
    return tuple(writes)


def _failed_node(ended: _Ended, nodes: Mapping[Address, NodeRun]) -> str | None:
    """The node for which a run failed: the one that the history names, else the one that failed last."""
    if ended.status is not RunStatus.FAILED:
        return None
    failed = sorted((node_run.ended_at or "", node_run.node) for node_run in nodes.values() if node_run.status is NodeStatus.FAILED)
    return ended.told.last_failed or (failed[-1][1] if failed else None)


def _error(ended: _Ended, failed_node: str | None, nodes: Mapping[Address, NodeRun]) -> Fault | None:
    """The engine tells an error's name and message; the node run that raised it knows its code too."""
    told = [node_run.error for node_run in nodes.values() if node_run.node == failed_node and node_run.error is not None]
    return next((error for error in told if ended.error is not None and error.name == ended.error.name), ended.error)


def _ending_data(run: Run, status: RunStatus) -> JsonObject:
    if status is not RunStatus.CANCELLED:
        return {}
    words: JsonObject = {"by": run.cancel_requested_by, "reason": run.cancel_reason}
    return {name: value for name, value in words.items() if value is not None}


_STATUSES: Mapping[str, ExecutionStatus] = {
    "RUNNING": "RUNNING",
    "SUCCEEDED": "SUCCEEDED",
    "FAILED": "FAILED",
    "TIMED_OUT": "TIMED_OUT",
    "ABORTED": "ABORTED",
}


def _organisation(detail: JsonObject, arn: str) -> str:
    """The machine's input names it; the engine is asked where the event left a large input out."""
    given = executions.parse(_text(detail, "input"))
    if given is None:
        machine, _, name = arn.replace(":execution:", ":stateMachine:", 1).rpartition(":")
        execution = executions.describe(machine, name)
        given = execution.input if execution else None
    organisation_id = given.get("organisation_id") if isinstance(given, dict) else None
    return organisation_id if isinstance(organisation_id, str) else ""


def _text(detail: Mapping[str, Json], name: str) -> str | None:
    value = detail.get(name)
    return value if isinstance(value, str) else None


def _time(detail: Mapping[str, Any], name: str) -> str | None:
    """EventBridge gives milliseconds since the epoch."""
    value = detail.get(name)
    return seconds_text(value / 1000) if isinstance(value, int | float) and not isinstance(value, bool) else None
