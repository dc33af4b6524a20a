"""What the answers about triggers and their firings look like."""

from typing import Final

from chalicelib.api.shape import Kind, Many, Shape, nullable, page
from chalicelib.spec.model import Json
from chalicelib.store.run_records import Fault, Priority
from chalicelib.store.trigger_records import EventSource, Firing, RunEnd, Schedule, SealedSecret, TriggerKind, Webhook

_FAULT: Final = nullable(Shape("Fault", record=Fault))
_SECRET: Final = Shape("WebhookSecret", record=SealedSecret, without=frozenset({"sealed"}))
_WEBHOOK: Final = Shape("Webhook", {"path": str, "secrets": Many(_SECRET)}, record=Webhook, without=frozenset({"secrets"}))
_ALWAYS: Final[dict[str, Kind]] = {
    "id": str,
    "workflow_id": str,
    "workflow_name": str,
    "name": str,
    "kind": TriggerKind,
    "version": int | None,
    "enabled": bool,
    "priority": Priority,
    "created_at": str,
    "created_by": str,
    "updated_at": str,
    "updated_by": str,
    "paused_at": str | None,
    "revision": int,
}
_SOMETIMES: Final[dict[str, Kind]] = {
    "input": Json,
    "start_within_seconds": int,
    "schedule": Shape("Schedule", record=Schedule),
    "webhook": _WEBHOOK,
    "event": Shape("EventSource", record=EventSource),
    "run_end": Shape("RunEnd", record=RunEnd),
}
_TALLY: Final[dict[str, Kind]] = {
    "fired_count": int,
    "failed_count": int,
    "last_at": str | None,
    "last_run_id": str | None,
    "last_error": _FAULT,
}
TRIGGER: Final = Shape("WorkflowTrigger", _ALWAYS, _SOMETIMES)
MADE_TRIGGER: Final = TRIGGER.also("MadeTrigger", maybe={"secret": str})
TRIGGER_WITH_TALLY: Final = TRIGGER.also("TriggerWithTally", _TALLY)
TRIGGERS_OF_WORKFLOW: Final = Shape("TriggersOfWorkflow", {"triggers": Many(TRIGGER_WITH_TALLY)})
TRIGGERS: Final = page("triggers", TRIGGER_WITH_TALLY)

FIRING: Final = Shape("Firing", record=Firing, without=frozenset({"scheduled"}))
FIRINGS: Final = page("firings", FIRING)
BACKFILL: Final = Shape("Backfill", {"times": Many(str), "firings": Many(FIRING)})
TIMES: Final = Shape("Times", {"times": Many(str)})
TAKEN: Final = Shape("TakenCall", {"run_id": str | None})
