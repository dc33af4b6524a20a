"""When a schedule fires: exactly the times of EventBridge Scheduler, daylight saving included.

In: `Timing`: an expression (`cron(…)`, `rate(…)`, `at(…)`) with its time zone, bounds and, of a rate, the moment that it counts from.
Out: moments in UTC, in order. A wall-clock time that does not exist on the day is skipped, one that comes twice fires the first time.
Pure: the present is an argument. Raises ScheduleInvalid.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice, takewhile
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from chalicelib.errors import ScheduleInvalid
from chalicelib.triggers.cron import Cron, parse_cron, six_fields

_UNITS: Final = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400}
_OF_SECONDS: Final = re.compile(r"rate\(\d+ seconds?\)")  # the local stack's tests; Scheduler knows none
_EXPRESSION: Final = re.compile(r"(cron|rate|at)\((.*)\)", re.DOTALL)
_RATE: Final = re.compile(r"([1-9]\d{0,8}) (second|minute|hour|day)s?")
_MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?")
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Timing:
    """`anchor`: what a rate counts from; its first time is one step later. Bounds and anchor are moments with a zone."""

    expression: str
    timezone: str = "UTC"
    anchor: datetime | None = None
    start: datetime | None = None
    end: datetime | None = None


def expression_of(*, cron: str | None = None, rate: str | None = None, at: str | None = None) -> str:
    """Scheduler's expression of one of three: five or six fields, `5 minutes`, a wall-clock time. Raises ScheduleInvalid."""
    given = [text for text in (cron, rate, at) if text is not None]
    if len(given) != 1:
        raise ScheduleInvalid("a schedule has one of cron, rate and at")
    if cron is not None:
        return f"cron({six_fields(_bare(cron, 'cron'))})"
    if rate is not None:
        return f"rate({_bare(rate, 'rate')})"
    return f"at({_seconds_added(_bare(given[0], 'at'))})"


def _bare(text: str, kind: str) -> str:
    stripped = " ".join(text.split())
    return stripped.removeprefix(f"{kind}(").removesuffix(")") if stripped.startswith(f"{kind}(") else stripped


def _seconds_added(text: str) -> str:
    return f"{text}:00" if re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d", text) else text


def checked(timing: Timing, now: datetime) -> None:
    """Raises ScheduleInvalid where Scheduler would refuse the expression or the zone, or where no time is left."""
    expression = _parsed(timing)
    zone_of(timing.timezone)
    if _OF_SECONDS.fullmatch(timing.expression):
        raise ScheduleInvalid(f"{timing.expression}: the least is a minute")
    if timing.start is not None and timing.end is not None and timing.end <= timing.start:
        raise ScheduleInvalid("the schedule ends before it starts")
    if isinstance(expression, datetime) and _moment(expression, zone_of(timing.timezone)) is None:
        raise ScheduleInvalid(f"{timing.expression}: this time is skipped in {timing.timezone}, where clocks are put forward then")
    if next(times_after(timing, now), None) is None:
        raise ScheduleInvalid(f"{timing.expression} in {timing.timezone} has no time left to fire at")


def next_times(timing: Timing, after: datetime, count: int) -> list[datetime]:
    """The first `count` times after a moment; fewer where the schedule ends."""
    return list(islice(times_after(timing, after), count))


def times_between(timing: Timing, after: datetime, until: datetime) -> Iterator[datetime]:
    """All times after one moment and not after another, in order."""
    return takewhile(lambda moment: moment <= until, times_after(timing, after))


def is_time(timing: Timing, moment: datetime) -> bool:
    """Whether the schedule fires at that moment. A rate's phase is the engine's business: every moment within its bounds is one of its times."""
    if timing.expression.startswith("rate("):
        return _is_within(timing, moment)
    return next(times_after(timing, moment - timedelta(microseconds=1)), None) == moment


def times_after(timing: Timing, after: datetime) -> Iterator[datetime]:
    """All times after a moment, in order."""
    if timing.start is not None:
        after = max(after, timing.start - timedelta(microseconds=1))
    match _parsed(timing):
        case Cron() as cron:
            found = _cron_times(cron, zone_of(timing.timezone), after)
        case timedelta() as step:
            found = _rate_times(step, timing, after)
        case datetime() as wall:
            found = (moment for moment in [_moment(wall, zone_of(timing.timezone))] if moment is not None and moment > after)
            return iter(list(found))
    end = timing.end
    return found if end is None else takewhile(lambda moment: moment <= end, found)


def _is_within(timing: Timing, moment: datetime) -> bool:
    return (timing.start is None or timing.start <= moment) and (timing.end is None or moment <= timing.end)


def zone_of(name: str) -> ZoneInfo:
    """Raises ScheduleInvalid."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as fault:
        raise ScheduleInvalid(f"{name} is no time zone; they are called as in Europe/Berlin") from fault


def _parsed(timing: Timing) -> Cron | timedelta | datetime:
    found = _EXPRESSION.fullmatch(timing.expression)
    if found is None:
        raise ScheduleInvalid(f"{timing.expression}: neither cron(), rate() nor at()")
    kind, body = found.groups()
    match kind:
        case "cron":
            return parse_cron(body)
        case "rate":
            rate = _RATE.fullmatch(body)
            if rate is None:
                raise ScheduleInvalid(f"rate({body}): a number, and minutes, hours or days")
            return timedelta(seconds=int(rate[1]) * _UNITS[rate[2]])
        case _:
            return _wall_time(body)


def _wall_time(body: str) -> datetime:
    if not _MOMENT.fullmatch(body):
        raise ScheduleInvalid(f"at({body}): a time as in 2026-12-24T18:00:00, without an offset; the time zone stands beside it")
    try:
        return datetime.fromisoformat(body)
    except ValueError as fault:
        raise ScheduleInvalid(f"at({body}): {fault}") from fault


def _cron_times(cron: Cron, zone: ZoneInfo, after: datetime) -> Iterator[datetime]:
    first = after.astimezone(zone).replace(tzinfo=None) - _DAY  # a clock put back on the day makes earlier wall times later moments
    for wall in cron.wall_times(first):
        moment = _moment(wall, zone)
        if moment is not None and moment > after:
            yield moment


def _moment(wall: datetime, zone: ZoneInfo) -> datetime | None:
    """The moment of a wall-clock time, the first of two; None where the clocks skip it."""
    moment = wall.replace(tzinfo=zone).astimezone(UTC)
    return moment if moment.astimezone(zone).replace(tzinfo=None) == wall else None


def _rate_times(step: timedelta, timing: Timing, after: datetime) -> Iterator[datetime]:
    """From the bound at which it starts, that time included, or from the anchor, that one not; the later of both counts."""
    start, anchor = timing.start, timing.anchor
    begins_at_start = start is not None and (anchor is None or start > anchor)
    origin = start if begins_at_start else anchor
    origin = origin or after
    number = max((after - origin) // step + 1, 0 if begins_at_start else 1)
    while True:
        moment = origin + number * step
        if moment > after:
            yield moment
        number += 1
