"""What EventBridge tells the `trigger` function.

In: the payload that `triggers.at_aws` asked EventBridge to send. Out: the firing, or None where nothing fires. Never: an error for what cannot be
read or is not ours any more; delivered again it would be the same.
"""

import logging
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from chalicelib.spec.model import JsonObject
from chalicelib.store.trigger_records import Firing
from chalicelib.triggers import bus_events, schedules

_log: Final = logging.getLogger(__name__)


class _Told(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    organisation_id: str
    trigger_id: str


class ScheduleTold(_Told):
    source: Literal["schedule"]
    revision: int
    scheduled_at: Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$")]


class EventTold(_Told):
    source: Literal["event"]
    event: JsonObject


_OCCASION: Final[TypeAdapter[ScheduleTold | EventTold]] = TypeAdapter(Annotated[ScheduleTold | EventTold, Field(discriminator="source")])


def take(payload: object) -> Firing | None:
    """Raises Contention, EngineUnavailable."""
    try:
        told = _OCCASION.validate_python(payload)
    except ValidationError as fault:
        _log.error("what EventBridge sent cannot be read", extra={"fault": fault.errors(include_input=False, include_url=False)[0]["msg"]})
        return None
    match told:
        case ScheduleTold():
            return schedules.tick(told.organisation_id, told.trigger_id, told.scheduled_at, told.revision)
        case EventTold():
            return bus_events.take(told.organisation_id, told.trigger_id, told.event)
