"""A trigger fires: its input is made of what it was told, and a run is started, once for one key.

In: a trigger, what it was told, the key of this firing. Out: the `Firing`, recorded, with the run or with why there is none. What is wrong with the
trigger or its input is recorded and not raised; what may succeed later (the engine, contention) is raised, for whoever delivers to deliver again.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from chalicelib.access.principal import Principal
from chalicelib.access.scopes import ALL
from chalicelib.clock import now_text
from chalicelib.errors import Conflict, Contention, Invalid, KeyReused, NotFound, SluiceError
from chalicelib.runs.start import InLine, start
from chalicelib.spec.input_template import render_template
from chalicelib.spec.model import Json
from chalicelib.store import runs, triggers
from chalicelib.store.run_records import Fault, Trigger
from chalicelib.store.trigger_records import Firing, TriggerRecord


@dataclass(frozen=True, slots=True)
class Occasion:
    """What makes a trigger fire: `key` names it within the trigger for good, `at` says when, `told` what the template reads,
    `scheduled` that it is a time of its schedule, `unique` that nothing was ever told under the key."""

    key: str
    at: str
    told: Mapping[str, Json]
    depth: int = 0
    scheduled: bool = False
    unique: bool = False


def fire(trigger: TriggerRecord, occasion: Occasion) -> Firing:
    """Start the run of this occasion, or find the one that was started. Raises Contention, EngineUnavailable."""
    key = run_key(trigger, occasion.key)
    try:
        found = None if occasion.unique else _find(trigger, key)
        return _recorded(trigger, occasion, run_id=found or _start(trigger, occasion, key))
    except (Invalid, NotFound, Conflict) as fault:
        return refuse(trigger, occasion, fault)


def refuse(trigger: TriggerRecord, occasion: Occasion, fault: SluiceError) -> Firing:
    """Record that an occasion has no run, and why."""
    return _recorded(trigger, occasion, error=fault_of(fault))


def _recorded(trigger: TriggerRecord, occasion: Occasion, *, run_id: str | None = None, error: Fault | None = None) -> Firing:
    firing = Firing(
        trigger_id=trigger.id,
        key=occasion.key,
        at=occasion.at,
        recorded_at=now_text(),
        run_id=run_id,
        error=error,
        scheduled=occasion.scheduled,
    )
    triggers.record_firing(trigger.organisation_id, firing)
    return firing


def run_key(trigger: TriggerRecord, occasion_key: str) -> str:
    """The key of the run, lasting as long as the run."""
    return f"trigger:{trigger.id}:{occasion_key}"


def principal_of(trigger: TriggerRecord) -> Principal:
    """In whose name a trigger's runs are started."""
    return Principal(trigger.organisation_id, f"{trigger.kind}:{trigger.name}", scopes=ALL, kind="platform")


def _find(trigger: TriggerRecord, key: str) -> str | None:
    """The run of this key, whatever its input was: the trigger may have been changed between two deliveries of one occasion."""
    known = runs.find_key(trigger.organisation_id, trigger.workflow_id, runs.key_digest(key))
    return known.run_id if known else None


def _start(trigger: TriggerRecord, occasion: Occasion, key: str) -> str:
    given = render_template(trigger.input, occasion.told)
    caused = Trigger(type=trigger.kind, source=trigger.id, depth=occasion.depth)
    try:
        run = start(
            principal_of(trigger),
            workflow_id=trigger.workflow_id,
            input=given,
            version=trigger.version,
            key=key,
            trigger=caused,
            lasting=True,
            line=InLine(trigger.priority, trigger.start_within_seconds),
            is_free=True,
        )
    except KeyReused:  # another delivery was faster, with another template
        found = _find(trigger, key)
        if found is None:
            raise Contention("another firing of this occasion comes and goes") from None
        return found
    return run.id


def fault_of(fault: SluiceError) -> Fault:
    """An error, to be kept where no run could be."""
    return Fault(name=type(fault).__name__, message=str(fault), code=fault.code, retryable=fault.retryable)
