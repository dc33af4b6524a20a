"""What EventBridge holds of a trigger: a schedule of EventBridge Scheduler, or a rule on the default bus. The only module that calls either.

In: a trigger's record. Out: the schedule or rule as the record wants it, or none. Every call may be made twice. Only the functions that keep
EventBridge up to date have the rights and the settings for this: the API never comes here.
"""

import json
from datetime import UTC, datetime
from typing import Any, Final

from chalicelib.settings import settings
from chalicelib.spec.canonical import canonical_json
from chalicelib.spec.model import JsonObject
from chalicelib.store.clients import client
from chalicelib.store.trigger_records import EventSource, Schedule, TriggerRecord

SCHEDULED_TIME: Final = "<aws.scheduler.scheduled-time>"  # Scheduler puts the time in its place
WHOLE_EVENT: Final = "<aws.events.event.json>"  # EventBridge puts the event in its place
_TARGET: Final = "trigger"
_RETRIES: Final = {"MaximumEventAgeInSeconds": 3600, "MaximumRetryAttempts": 60}
_GONE: Final = frozenset({"ResourceNotFoundException"})


def put(trigger: TriggerRecord) -> None:
    """Make EventBridge hold what the record says."""
    if trigger.schedule is not None:
        _put_schedule(trigger, trigger.schedule)
    if trigger.event is not None:
        _put_rule(trigger, trigger.event)


def remove(trigger: TriggerRecord) -> None:
    """Make EventBridge hold nothing of it."""
    if trigger.kind == "schedule":
        _without_gone(client("scheduler").delete_schedule, GroupName=settings().deployment, Name=trigger.id)
    if trigger.kind == "event":
        name = rule_name(trigger)
        _without_gone(client("events").remove_targets, Rule=name, Ids=[_TARGET])
        _without_gone(client("events").delete_rule, Name=name)


def rule_name(trigger: TriggerRecord) -> str:
    """At most 64 characters: the template holds a deployment's name to 33."""
    return f"{settings().deployment}-{trigger.id}"


def _put_schedule(trigger: TriggerRecord, schedule: Schedule) -> None:
    scheduler, wanted = client("scheduler"), _wanted(trigger, schedule)
    try:
        scheduler.update_schedule(**wanted)
    except scheduler.exceptions.ResourceNotFoundException:
        _without(scheduler.create_schedule, "ConflictException", **wanted)


def _wanted(trigger: TriggerRecord, schedule: Schedule) -> dict[str, Any]:
    return {
        "GroupName": settings().deployment,
        "Name": trigger.id,
        "ScheduleExpression": schedule.expression,
        "ScheduleExpressionTimezone": schedule.timezone,
        "State": "ENABLED" if trigger.enabled else "DISABLED",
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "Target": {
            "Arn": settings().trigger_arn,
            "RoleArn": settings().scheduler_role_arn,
            "Input": canonical_json(_occasion(trigger)),
            "RetryPolicy": _RETRIES,
            **({"DeadLetterConfig": {"Arn": settings().missed_queue_arn}} if settings().missed_queue_arn else {}),
        },
        **_bounds(schedule),
    }


def _occasion(trigger: TriggerRecord) -> JsonObject:
    return {
        "source": "schedule",
        "organisation_id": trigger.organisation_id,
        "trigger_id": trigger.id,
        "revision": trigger.revision,
        "scheduled_at": SCHEDULED_TIME,
    }


def _bounds(schedule: Schedule) -> dict[str, datetime]:
    """Scheduler takes no start of the past; a schedule that has started needs none."""
    now = datetime.now(UTC)
    start, end = (datetime.fromisoformat(text) if text else None for text in (schedule.start_at, schedule.end_at))
    return {
        **({"StartDate": start} if start is not None and start > now else {}),
        **({"EndDate": end} if end is not None else {}),
    }


def _put_rule(trigger: TriggerRecord, event: EventSource) -> None:
    bus, name = client("events"), rule_name(trigger)
    state = "ENABLED" if trigger.enabled else "DISABLED"
    bus.put_rule(Name=name, EventPattern=canonical_json(event.pattern), State=state, Description=f"{trigger.workflow_name}: {trigger.name}"[:512])
    told = {"source": "event", "organisation_id": trigger.organisation_id, "trigger_id": trigger.id}
    transformer = {"InputTemplate": f'{json.dumps(told)[:-1]}, "event": {WHOLE_EVENT}}}'}
    answer = bus.put_targets(Rule=name, Targets=[{"Id": _TARGET, "Arn": settings().trigger_arn, "InputTransformer": transformer}])
    if answer.get("FailedEntryCount"):
        raise RuntimeError(f"EventBridge did not take the target of {name}: {answer['FailedEntries'][0].get('ErrorCode')}")


def _without_gone(call: Any, **arguments: Any) -> None:
    _without(call, *_GONE, **arguments)


def _without(call: Any, *harmless: str, **arguments: Any) -> None:
    """A call, where these errors mean that somebody did it before."""
    from botocore.exceptions import ClientError

    try:
        call(**arguments)
    except ClientError as error:
        if error.response["Error"]["Code"] not in harmless:
            raise
