"""Cancel a run: stop its execution, settle its node runs and gates, tell its watchers, cancel its children."""

from chalicelib.access.objects import run_for
from chalicelib.access.principal import Principal
from chalicelib.access.scopes import Scope
from chalicelib.clock import now_text
from chalicelib.errors import RunEnded
from chalicelib.machines import executions
from chalicelib.machines.names import execution_arn
from chalicelib.runs.finish import StatusChange, change_of, finish
from chalicelib.runs.follow_up import stop
from chalicelib.store.run_records import Run
from chalicelib.store.statuses import RunStatus


def cancel(principal: Principal, run_id: str, *, reason: str | None = None) -> Run:
    """Cancel a run. Cancelling a cancelled run returns it; another terminal status raises RunEnded. Raises RunNotFound.

    The engine has the last word: an execution that ended just before ends its run as it ended.
    """
    return cancel_run(run_for(principal, run_id, Scope.RUN_CANCEL), by=principal.person, reason=reason)


def cancel_run(run: Run, *, by: str, reason: str | None = None) -> Run:
    """The same, of a run that whoever asks may cancel. Raises RunEnded."""
    if not run.status.is_terminal:
        stop(run.organisation_id, run.id, by=by, reason=reason)
        run = finish(_last_word(run)) or run
    if run.status is not RunStatus.CANCELLED:
        raise RunEnded(f"run {run.id} has ended: {run.status}")
    return run


def _last_word(run: Run) -> StatusChange:
    """How the execution ended. One that is still being stopped, or never began, counts as stopped."""
    execution = executions.describe(run.machine_arn, run.execution_name)
    if execution is not None and execution.status not in {"RUNNING", "ABORTED"}:
        return change_of(run.organisation_id, execution)
    arn = execution_arn(run.machine_arn, run.execution_name)
    ended_at = (execution.ended_at if execution else None) or now_text()
    started_at = execution.started_at if execution else None
    return StatusChange(run.organisation_id, run.execution_name, arn, "ABORTED", started_at=started_at, ended_at=ended_at)
