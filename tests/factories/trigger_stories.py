"""Triggers on the emulator: EventBridge's own part of them beside the table, and the moves of their stories.

In: nothing. Out: `trigger_cloud()`, the cloud with Scheduler's group and the settings of the functions that keep EventBridge up to date; triggers
made as people make them; what Scheduler holds; `dying`, in which one call to AWS is the last.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from itertools import count
from typing import Any, Final, Literal

from chalicelib.access.sealing import forget_master_key
from chalicelib.settings import settings
from chalicelib.spec.model import Json, JsonObject
from chalicelib.store import triggers
from chalicelib.store.clients import client
from chalicelib.store.trigger_records import TriggerRecord
from chalicelib.triggers import save
from chalicelib.triggers.save import Source, Wanted, WantedSchedule
from tests.factories.cloud import ANN, Cloud, cloud, listen, published

ARN: Final = "arn:aws:lambda:eu-central-1:123456789012:function:trigger"
ROLE: Final = "arn:aws:iam::123456789012:role/scheduler"
QUEUE: Final = "https://sqs.eu-central-1.amazonaws.com/123456789012/missed"
QUEUE_ARN: Final = "arn:aws:sqs:eu-central-1:123456789012:missed"
HOURLY: Final = WantedSchedule(cron="0 * * * *")


@contextmanager
def trigger_cloud() -> Iterator[Cloud]:
    forget_master_key()  # the last test's table held another
    with cloud(SLUICE_TRIGGER_ARN=ARN, SLUICE_SCHEDULER_ROLE_ARN=ROLE, SLUICE_MISSED_QUEUE=QUEUE, SLUICE_MISSED_QUEUE_ARN=QUEUE_ARN) as found:
        for service in ("scheduler", "events", "sqs"):
            listen(client(service))
        client("scheduler").create_schedule_group(Name=settings().deployment)
        client("sqs").create_queue(QueueName="missed")
        yield found


class Died(Exception):  # noqa: N818  (it says what happened)
    """Whoever made the call is no more."""


@contextmanager
def dying(aws: Cloud, when: Literal["before", "after"], number: int) -> Iterator[None]:
    """Within it, the n-th call to AWS (from 0) is the last, before it is made or before its answer is read."""
    calls = count()

    def hear(operation: str) -> None:
        if next(calls) == number:
            raise Died(operation)

    hooks = getattr(aws, when)
    hooks.append(hear)
    try:
        with suppress(Died):
            yield
    finally:
        hooks.remove(hear)


def a_trigger(source: Source = HOURLY, *, name: str = "nightly", workflow_id: str = "", **fields: Any) -> TriggerRecord:
    """A trigger of the hotel's workflow, which asks for a city."""
    given: dict[str, Any] = {"input": {"city": "Bonn"}, **fields}
    return save.create(ANN, workflow_id or published().workflow_id, Wanted(name, source, **given))[0]


def held_schedules() -> dict[str, Mapping[str, Any]]:
    """What Scheduler holds, by name."""
    scheduler, group = client("scheduler"), settings().deployment
    names = [each["Name"] for each in scheduler.list_schedules(GroupName=group)["Schedules"]]
    return {name: scheduler.get_schedule(GroupName=group, Name=name) for name in names}


def rewritten(trigger: TriggerRecord, **changes: Any) -> TriggerRecord:
    """The record with other fields, as time would have made them."""
    after = trigger.model_copy(update={**changes, "revision": trigger.revision + 1})
    triggers.replace(after, before=trigger)
    return after


def greeting(**properties: Json) -> JsonObject:
    """A workflow with an input of these properties, none of them asked for."""
    return {
        "sluice": 1,
        "name": "greeting",
        "input": {"type": "object", "properties": properties},
        "nodes": {"hello": {"type": "transform", "value": "$context"}},
    }
