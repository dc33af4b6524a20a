"""What is left to do when a run has ended: start its `on_failure` workflow and what waits for its end, stop its children, answer its parent, delete
its own machine, tell agents elsewhere that asked to be told.

In: an ended run. Out: nothing. Each step may be done twice without harm; the run leaves the index of open runs when all are done, so that the
sweeper does what a crash left.
"""

import logging
from collections.abc import Iterable
from typing import Final

from chalicelib.access.objects import is_runnable_by
from chalicelib.access.principal import Principal
from chalicelib.errors import InputInvalid, KeyReused, NotFound, NotPublished
from chalicelib.machines import executions
from chalicelib.runs import pushes, residual_machine
from chalicelib.runs.after import fire_after, waiting_for
from chalicelib.runs.promise import kept_promise
from chalicelib.runs.retention import expires_at, keeps_for
from chalicelib.runs.start import start
from chalicelib.spec.model import Json, JsonObject
from chalicelib.store import pointers, runs, workflows
from chalicelib.store.answers import Answer
from chalicelib.store.run_records import Fault, NodeRun, Run, Trigger
from chalicelib.store.statuses import RunStatus

_log: Final = logging.getLogger(__name__)
_PROMISE_BROKEN: Final = "PromiseBroken"  # a class of workers.failures
_CHILD_ERRORS: Final = {
    RunStatus.FAILED: "ChildRunFailed",
    RunStatus.TIMED_OUT: "ChildRunTimedOut",
    RunStatus.CANCELLED: "ChildRunCancelled",
}


def is_needed(run: Run, status: RunStatus, nodes: Iterable[NodeRun]) -> bool:
    """Whether something is left once the run has that status."""
    if run.is_residual or keeps_for(run) is not None or failure_workflow(run, status) is not None:
        return True
    return any(True for _ in _children(nodes)) or pushes.are_left(run) or bool(waiting_for(run, status))


def follow_up(run: Run) -> None:
    """Do what is left, then forget that the run was open. Raises EngineUnavailable: then the sweeper comes back to it."""
    for child_id in _children(runs.list_node_runs(run.organisation_id, run.id)):
        _stop_child(run, child_id)
    _start_on_failure(run)
    fire_after(run)
    residual_machine.discard(run)
    if not tell_callers(run):
        runs.forget_open(run, expires_at=expires_at(run))


def tell_callers(run: Run) -> bool:
    """Tell agents elsewhere that asked for it. Whether some are still to be told: the sweeper comes back to the run then."""
    status: JsonObject = {"state": pushes.TASK_STATES[run.status], "timestamp": run.updated_at}
    told: JsonObject = {"taskId": run.id, "contextId": run.id, "status": status, "metadata": {"skill": run.workflow_name}}
    return pushes.tell_ended(run, {"statusUpdate": told})


def failure_workflow(run: Run, status: RunStatus) -> str | None:
    """The workflow that takes care of this failure. One that was itself started so has none: nothing may fail for ever."""
    if status not in {RunStatus.FAILED, RunStatus.TIMED_OUT} or run.trigger.type in {"on_failure", "trial"}:
        return None
    named = workflows.get_version(run.organisation_id, run.version_id).spec.get("on_failure")
    return named if isinstance(named, str) else None


def stop(organisation_id: str, run_id: str, *, by: str, reason: str | None = None) -> Run | None:
    """Stop a run's execution; its status change ends the run. An ended run is left alone."""
    run = runs.find(organisation_id, run_id)
    return None if run is None else _stop(run, by=by, reason=reason)


def _stop(run: Run, *, by: str, reason: str | None) -> Run:
    if run.status.is_terminal:
        return run
    runs.request_cancel(run, by, reason)
    executions.stop(run.machine_arn, run.execution_name, error="Cancelled", cause=reason or f"cancelled by {by}")
    return run


def _stop_child(run: Run, child_id: str) -> None:
    """Nobody waits for the child any more; unless the run was resumed since, and the child with it."""
    child, link = runs.find(run.organisation_id, child_id), runs.find_parent(run.organisation_id, child_id)
    if child is not None and (link is None or link.attempt.fence.resume <= run.resume):
        _stop(child, by=f"run:{run.id}", reason="the run that waited for it has ended")


def child_answer(run: Run, status: RunStatus, output: Json, error: Fault | None) -> Answer:
    """What the waiting parent is told: the output, fitted for its machine, or why there is none."""
    if status is not RunStatus.SUCCEEDED:
        why = f"{error.name}: {error.message}" if error else status.value
        return Answer(error=_CHILD_ERRORS[status], cause=f"run {run.id} of {run.workflow_name}: {why}")
    link = runs.find_parent(run.organisation_id, run.id)
    if link is None:
        return Answer(output)
    whole = pointers.resolve_all(run.organisation_id, output)
    if link.promise is not None:
        whole, faults = kept_promise(link.promise.output, whole)
        if faults:
            cause = f"the output of run {run.id} of {run.workflow_name} is not the output that the node promises: {'; '.join(faults)}"
            return Answer(error=_PROMISE_BROKEN, cause=cause)
    folder = f"runs/{link.attempt.run_id}/{link.attempt.node}"
    return Answer(pointers.fit(run.organisation_id, whole, folder=folder, inline_bytes=link.inline_bytes, keep=link.keep))


def _children(nodes: Iterable[NodeRun]) -> Iterable[str]:
    """Child runs that node runs waited for and that gave no output."""
    return (node_run.reference for node_run in nodes if node_run.waiting_for == "child" and node_run.reference and node_run.result is None)


def _start_on_failure(run: Run) -> None:
    name = failure_workflow(run, run.status)
    if name is None:
        return
    workflow = workflows.find_by_name(run.organisation_id, name)
    if workflow is None:
        _log.warning("no workflow to take care of a failure", extra={"run_id": run.id, "workflow": name})
        return
    own = workflows.find(run.organisation_id, run.workflow_id, deleted=True)
    if own is None or not is_runnable_by(run.organisation_id, own.owned_by, workflow):
        _log.warning("the workflow for failures is somebody else's", extra={"run_id": run.id, "workflow": name})
        return
    error: JsonObject | None = {"name": run.error.name, "message": run.error.message} if run.error else None
    given: JsonObject = {"run_id": run.id, "status": run.status, "node": run.failed_node, "error": error}
    principal, again = Principal(run.organisation_id, run.started_by), f"/r{run.resume}" if run.resume else ""
    try:
        start(principal, workflow_id=workflow.id, input=given, key=f"on_failure:{run.id}{again}", trigger=Trigger(type="on_failure", source=run.id))
    except (NotPublished, NotFound, InputInvalid, KeyReused) as fault:
        _log.warning("the workflow for failures did not start", extra={"run_id": run.id, "workflow": name, "fault": str(fault)})
