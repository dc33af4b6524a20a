"""Events of EventBridge's default bus fire triggers.

In: a trigger's id and an event that matched its rule. Out: the firing: one run for one event, by the event's id. Never: a run for the end of one of
our own executions, which would start the next one for ever; a trigger of kind `run_end` is for those, and is bounded. Never: what Sluice tells of
one organisation to another's trigger, though all share the bus.
"""

from typing import Final

from chalicelib.access.alerts import SOURCE
from chalicelib.clock import now_text
from chalicelib.runs.fire import Occasion, fire
from chalicelib.spec.model import Json, JsonObject
from chalicelib.store import triggers
from chalicelib.store.trigger_records import Firing

_OUR_EXECUTION: Final = "run_"


def take(organisation_id: str, trigger_id: str, event: JsonObject) -> Firing | None:
    """None where the trigger is gone or paused, or the event is of our own making. Raises Contention, EngineUnavailable."""
    trigger = triggers.find(organisation_id, trigger_id)
    if trigger is None or trigger.event is None or not trigger.enabled or _is_ours(event) or _is_of_others(event, organisation_id):
        return None
    told: dict[str, Json] = {"event": event}
    return fire(trigger, Occasion(key=f"event:{event.get('id')}", at=now_text(), told=told))


def _is_of_others(event: JsonObject, organisation_id: str) -> bool:
    detail = event.get("detail")
    return event.get("source") == SOURCE and not (isinstance(detail, dict) and detail.get("organisation_id") == organisation_id)


def _is_ours(event: JsonObject) -> bool:
    detail = event.get("detail")
    name = detail.get("name") if isinstance(detail, dict) else None
    return event.get("source") == "aws.states" and isinstance(name, str) and name.startswith(_OUR_EXECUTION)
