"""Schedules: rate and cron expressions of the app's functions and of the template's rules, kept by one thread.

In: the application and the template. Out: asynchronous invocations at their times (UTC). A schedule that was missed while nothing ran is not made up
for.

Source: EventBridge User Guide, "Cron and rate expressions" (six fields, the last the year; day of month or day of week is `?`).
"""

import json
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from chalice.app import ScheduledEventConfig

from infra.local.application import Function
from infra.local.event_bus import event
from infra.local.invocation import Invoker
from infra.local.template import ACCOUNT, REGION, Template
from infra.local.threads import Threads

_UNITS: Final = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400}
_MONTHS: Final = dict(zip(["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"], range(1, 13), strict=True))
_DAYS: Final = dict(zip(["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"], range(1, 8), strict=True))
_YEARS_AHEAD: Final = 5


class ExpressionError(ValueError):
    """No rate or cron expression that is known here."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """`payload` None means the event that a rule sends."""

    function: str
    expression: str
    payload: str | None = None


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
        self._due: dict[Schedule, datetime] = {}
        self._lock = threading.Lock()
        self._threads = Threads()

    def use(self, wanted: list[Schedule]) -> None:
        """Keep these from now on; one that was kept before keeps its next time."""
        now = datetime.now(tz=UTC)
        with self._lock:
            self._due = {schedule: self._due.get(schedule) or next_time(schedule.expression, now) for schedule in wanted}
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
            with self._lock:
                due = [schedule for schedule, at in self._due.items() if at <= now]
                self._due |= {schedule: next_time(schedule.expression, now) for schedule in due}
                upcoming = min(self._due.values(), default=now + timedelta(hours=1))
            for schedule in due:
                self._invoker.send(schedule.function, _payload(schedule))
            self._changed.wait(max(0.01, min(3600.0, (upcoming - datetime.now(tz=UTC)).total_seconds())))


def _payload(schedule: Schedule) -> bytes:
    if schedule.payload is not None:
        return schedule.payload.encode()
    rule = f"arn:aws:events:{REGION}:{ACCOUNT}:rule/{schedule.function}"
    return json.dumps(event("aws.events", "Scheduled Event", {}, [rule])).encode()


def next_time(expression: str, after: datetime) -> datetime:
    """The first time after `after` (UTC). Raises ExpressionError."""
    kind, _, rest = expression.partition("(")
    body = rest.removesuffix(")")
    match kind:
        case "rate":
            return after + timedelta(seconds=_rate_seconds(body))
        case "cron":
            return _next_cron(body.split(), after)
        case "at":
            return datetime.fromisoformat(body).replace(tzinfo=UTC)
        case _:
            raise ExpressionError(f"{expression}: neither rate() nor cron()")


def _rate_seconds(body: str) -> int:
    number, _, unit = body.partition(" ")
    try:
        return int(number) * _UNITS[unit.removesuffix("s")]
    except (KeyError, ValueError):
        raise ExpressionError(f"rate({body}): a number and minutes, hours or days") from None


def _next_cron(fields: list[str], after: datetime) -> datetime:
    if len(fields) != 6:
        raise ExpressionError(f"cron({' '.join(fields)}): six fields")
    minutes, hours = _values(fields[0], 0, 59), _values(fields[1], 0, 23)
    months, years = _values(fields[3], 1, 12, _MONTHS), _values(fields[5], 1970, 2199)
    day = after.date()
    for offset in range(366 * _YEARS_AHEAD):
        candidate = day + timedelta(days=offset)
        if candidate.month not in months or candidate.year not in years or not _is_day(fields[2], fields[4], candidate):
            continue
        for hour in sorted(hours):
            for minute in sorted(minutes):
                moment = datetime(candidate.year, candidate.month, candidate.day, hour, minute, tzinfo=UTC)
                if moment > after:
                    return moment
    raise ExpressionError(f"cron({' '.join(fields)}): never within {_YEARS_AHEAD} years")


def _is_day(of_month: str, of_week: str, candidate: Any) -> bool:
    last = ((candidate.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)).day
    week_day = candidate.isoweekday() % 7 + 1
    if of_week != "?":
        name, _, nth = of_week.partition("#")
        if of_week.endswith("L") and of_week != "L":
            return week_day in _values(of_week[:-1], 1, 7, _DAYS) and candidate.day > last - 7
        return week_day in _values(name.replace("L", "7"), 1, 7, _DAYS) and (not nth or (candidate.day - 1) // 7 + 1 == int(nth))
    return bool(candidate.day == last) if of_month == "L" else candidate.day in _values(of_month, 1, 31)


def _values(field: str, lowest: int, highest: int, names: Mapping[str, int] | None = None) -> frozenset[int]:
    found: set[int] = set()
    for part in field.split(","):
        span, _, step = part.partition("/")
        if span in {"*", "?"}:
            first, last = lowest, highest
        else:
            start, _, end = span.partition("-")
            first = _number(start, names)
            last = _number(end, names) if end else highest if step else first
        found |= set(range(first, last + 1, int(step or 1)))
    return frozenset(found)


def _number(text: str, names: Mapping[str, int] | None) -> int:
    try:
        return (names or {}).get(text.upper()) or int(text)
    except ValueError:
        raise ExpressionError(f"{text}: no value of a cron field") from None
