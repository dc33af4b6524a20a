"""Schedules: rate and cron expressions of the app's functions and of the template's rules, and what EventBridge Scheduler holds, kept by one thread.

In: the application and the template; moto's Scheduler, which the app fills. Out: asynchronous invocations at their times. A schedule that was missed
while nothing ran is not made up for here: that is the app's business. When a schedule fires is `chalicelib.triggers.times`, as everywhere.
"""

import json
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from chalice.app import ScheduledEventConfig

from chalicelib.triggers.times import Timing, times_after
from infra.local.application import Function
from infra.local.event_bus import event
from infra.local.invocation import Invoker
from infra.local.template import ACCOUNT, REGION, Template
from infra.local.threads import Threads

_SCHEDULED_TIME: Final = "<aws.scheduler.scheduled-time>"
_LOOK_SECONDS: Final = 0.5  # how late a schedule that was just created is seen


@dataclass(frozen=True, slots=True)
class Schedule:
    """`payload` None means the event that a rule sends. A rate counts from when the schedule was first seen."""

    function: str
    expression: str
    payload: str | None = None
    timezone: str = "UTC"
    start: datetime | None = None
    end: datetime | None = None


def schedules(functions: Mapping[str, Function], template: Template) -> list[Schedule]:
    """From the decorators, and from AWS::Events::Rule and AWS::Scheduler::Schedule that target a function of the app."""
    declared = [
        Schedule(function.name, _expression(function.source)) for function in functions.values() if isinstance(function.source, ScheduledEventConfig)
    ]
    return declared + list(_of_template(template, functions))


def _expression(source: Any) -> str:
    expression = source.schedule_expression
    return str(expression if isinstance(expression, str) else expression.to_string())


def _of_template(template: Template, functions: Mapping[str, Function]) -> Iterable[Schedule]:
    for properties in template.resources("AWS::Scheduler::Schedule").values():
        target = properties["Target"]
        if properties.get("State", "ENABLED") == "ENABLED" and (name := _function(target, functions)):
            yield Schedule(name, properties["ScheduleExpression"], target.get("Input"))
    for properties in template.resources("AWS::Events::Rule").values():
        for target in properties.get("Targets", []):
            if "ScheduleExpression" in properties and properties.get("State", "ENABLED") == "ENABLED" and (name := _function(target, functions)):
                yield Schedule(name, properties["ScheduleExpression"], target.get("Input"))


def _function(target: Mapping[str, Any], functions: Mapping[str, Function]) -> str | None:
    name = str(target["Arn"]).rpartition(":")[2]
    return name if name in functions else None


class Scheduler:
    def __init__(self, invoker: Invoker) -> None:
        self._invoker = invoker
        self._changed, self._closed = threading.Event(), threading.Event()
        self._wanted: list[Schedule] = []
        self._due: dict[Schedule, datetime | None] = {}  # None: it has no time left
        self._threads = Threads()

    def use(self, wanted: list[Schedule]) -> None:
        """Keep these from now on; one that was kept before keeps its next time."""
        self._wanted = list(wanted)
        self._changed.set()

    def start(self) -> None:
        self._threads.begin(self._keep, "schedules")

    def close(self) -> None:
        self._closed.set()
        self._changed.set()
        self._threads.wait()

    def _keep(self) -> None:
        while not self._closed.is_set():
            self._changed.clear()
            now = datetime.now(tz=UTC)
            kept = {**dict.fromkeys(self._wanted, now), **dict(held(self._invoker.application.functions))}
            self._due = {each: self._due[each] if each in self._due else next_time(each, since) for each, since in kept.items()}
            for schedule, at in self._due.items():
                if at is not None and at <= now:
                    self._due[schedule] = next_time(schedule, at, now)
                    self._invoker.send(schedule.function, _payload(schedule, at))
            upcoming = [at.timestamp() for at in self._due.values() if at is not None]
            self._changed.wait(max(0.01, min([_LOOK_SECONDS, *(at - datetime.now(tz=UTC).timestamp() for at in upcoming)])))


def held(functions: Mapping[str, Function]) -> Iterable[tuple[Schedule, datetime]]:
    """The enabled schedules that the app has put to EventBridge Scheduler, with the moment since when each is as it is."""
    from moto.scheduler.models import scheduler_backends

    for group in list(scheduler_backends[ACCOUNT][REGION].schedule_groups.values()):
        for found in list(group.schedules.values()):
            name = _function(found.target, functions)
            if name and found.state == "ENABLED":
                start, end = _moment(found.start_date), _moment(found.end_date)
                schedule = Schedule(name, found.schedule_expression, found.target.get("Input"), found.schedule_expression_timezone, start, end)
                yield schedule, datetime.fromtimestamp(found.last_modified_date, UTC)


def _moment(seconds: Any) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(float(seconds), UTC)


def _payload(schedule: Schedule, at: datetime) -> bytes:
    if schedule.payload is not None:
        return schedule.payload.replace(_SCHEDULED_TIME, at.strftime("%Y-%m-%dT%H:%M:%SZ")).encode()
    rule = f"arn:aws:events:{REGION}:{ACCOUNT}:rule/{schedule.function}"
    return json.dumps(event("aws.events", "Scheduled Event", {}, [rule])).encode()


def next_time(schedule: Schedule, last: datetime, now: datetime | None = None) -> datetime | None:
    """The first time after `last`, and after `now` where the thread was late by more than one. Raises ScheduleInvalid."""
    timing = Timing(schedule.expression, schedule.timezone, anchor=last, start=schedule.start, end=schedule.end)
    return next(times_after(timing, now or last), None)
