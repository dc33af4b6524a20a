"""Triggers that wait for the end of a run of another workflow.

In: an ended run. Out: firings, one for each trigger and end; a run that was resumed ends anew. Part of what is left to do when a run has ended, so a
crash loses none. Chains are bounded: past `MOST_DEPTH` ends of runs, one by the other's trigger, a trigger records that it stopped.
"""

from typing import Final

from chalicelib.errors import TriggerChainTooLong
from chalicelib.runs.fire import Occasion, fire, refuse
from chalicelib.spec.model import Json, JsonObject
from chalicelib.store import pointers, runs, triggers
from chalicelib.store.run_records import Run
from chalicelib.store.statuses import RunStatus
from chalicelib.store.trigger_records import TriggerRecord

MOST_DEPTH: Final = 5


def waiting_for(run: Run, status: RunStatus) -> tuple[TriggerRecord, ...]:
    """The enabled triggers that wait for a run of this workflow to end so."""
    found = triggers.list_after(run.organisation_id, run.workflow_id)
    return tuple(trigger for trigger in found if trigger.run_end is not None and status.value in trigger.run_end.statuses)


def fire_after(run: Run) -> None:
    """Fire them all. Raises Contention, EngineUnavailable: then the sweeper comes back to the run."""
    waiting = waiting_for(run, run.status)
    if not waiting:
        return
    told = {"ended": _ended(run)}
    for trigger in waiting:
        depth = run.trigger.depth + 1
        occasion = Occasion(key=f"end:{run.id}/{run.resume}", at=run.ended_at or run.updated_at, told=told, depth=depth)
        if depth > MOST_DEPTH:
            refuse(trigger, occasion, TriggerChainTooLong(f"{MOST_DEPTH} ends of runs led to this one, each by the trigger of the next"))
        else:
            fire(trigger, occasion)


def _ended(run: Run) -> JsonObject:
    """What a template may read of the run."""
    output: Json = pointers.resolve_all(run.organisation_id, runs.get_output(run.organisation_id, run.id))
    error: JsonObject | None = {"name": run.error.name, "message": run.error.message} if run.error else None
    return {
        "run_id": run.id,
        "workflow": run.workflow_name,
        "status": run.status.value,
        "output": output,
        "error": error,
        "node": run.failed_node,
        "at": run.ended_at,
    }
