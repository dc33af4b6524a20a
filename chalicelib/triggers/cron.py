"""Cron expressions as EventBridge Scheduler reads them: six fields, the last the year; `?` for the one of both days that does not count.

In: `cron(…)`'s fields, or the five fields of plain cron. Out: `Cron`, which tells on which days and at which times of a wall clock it fires.
Pure. Source: EventBridge Scheduler User Guide, "Schedule types" (`L`, `W`, `#`, lists, ranges, steps).
"""

from calendar import monthrange
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from chalicelib.errors import ScheduleInvalid

LAST_YEAR: Final = 2199
_FIRST_YEAR: Final = 1970
_NAMES_OF_MONTHS: Final = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_NAMES_OF_DAYS: Final = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_MONTHS: Final[Mapping[str, int]] = {name: number for number, name in enumerate(_NAMES_OF_MONTHS, start=1)}
_DAYS: Final[Mapping[str, int]] = {name: number for number, name in enumerate(_NAMES_OF_DAYS, start=1)}
_PLAIN_DAYS: Final[Mapping[str, int]] = {name: number for number, name in enumerate(_NAMES_OF_DAYS)}
_NICKNAMES: Final = {"@hourly": "0 * * * *", "@daily": "0 0 * * *", "@weekly": "0 0 * * 0", "@monthly": "0 0 1 * *", "@yearly": "0 0 1 1 *"}
_SIX: Final = 6
_FIVE: Final = 5


@dataclass(frozen=True, slots=True)
class Cron:
    """The days are kept as they are written: what they mean depends on the month."""

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    of_month: str
    months: frozenset[int]
    of_week: str
    years: frozenset[int]

    def wall_times(self, first: datetime) -> Iterator[datetime]:
        """Times of a wall clock (without a zone), from the day of `first` on, in order."""
        for day in self._days(first.date()):
            for hour in self.hours:
                for minute in self.minutes:
                    yield datetime(day.year, day.month, day.day, hour, minute)  # noqa: DTZ001  (a wall clock's)

    def _days(self, first: date) -> Iterator[date]:
        for year in sorted(year for year in self.years if year >= first.year):
            for month in sorted(self.months):
                if (year, month) >= (first.year, first.month):
                    yield from (day for number in self._numbers(year, month) if (day := date(year, month, number)) >= first)

    def _numbers(self, year: int, month: int) -> list[int]:
        last = monthrange(year, month)[1]
        return sorted(_in_month(self.of_month, year, month) if self.of_week == "?" else _in_weeks(self.of_week, year, month, last))


def parse_cron(text: str) -> Cron:
    """Six fields. Raises ScheduleInvalid, which says which field it is."""
    fields = text.split()
    if len(fields) != _SIX:
        raise ScheduleInvalid(
            f"cron({text}): six fields are wanted (minutes, hours, day of month, month, day of week, year), these are {len(fields)}"
        )
    minutes, hours, of_month, months, of_week, years = fields
    if (of_month == "?") == (of_week == "?"):
        raise ScheduleInvalid(f"cron({text}): exactly one of day of month and day of week is `?`")
    cron = Cron(
        minutes=tuple(sorted(_values("minutes", minutes, 0, 59))),
        hours=tuple(sorted(_values("hours", hours, 0, 23))),
        of_month=of_month.upper(),
        months=_values("month", months, 1, 12, _MONTHS),
        of_week=of_week.upper(),
        years=_values("year", years, _FIRST_YEAR, LAST_YEAR),
    )
    _in_month(cron.of_month, _FIRST_YEAR, 1)
    if cron.of_week != "?":
        _in_weeks(cron.of_week, _FIRST_YEAR, 1, 31)
    return cron


def six_fields(text: str) -> str:
    """Plain cron's five fields, or a nickname such as `@daily`, as Scheduler's six; six fields stay as they are. Raises ScheduleInvalid."""
    fields = _NICKNAMES.get(text.strip().lower(), text).split()
    if len(fields) != _FIVE:
        return " ".join(fields)
    minutes, hours, of_month, months, of_week = fields
    if of_week in {"*", "?"}:
        return f"{minutes} {hours} {'*' if of_month == '?' else of_month} {months} ? *"
    if of_month not in {"*", "?"}:
        raise ScheduleInvalid(f"{text}: plain cron means either of both days here, which Scheduler does not know; make two schedules of it")
    days = _values("day of week", of_week, 0, 7, _PLAIN_DAYS)
    named = ",".join(_NAMES_OF_DAYS[number] for number in sorted({number % 7 for number in days}))
    return f"{minutes} {hours} ? {months} {named} *"


def _in_month(field: str, year: int, month: int) -> set[int]:
    """Days by their number."""
    last = monthrange(year, month)[1]
    found: set[int] = set()
    for part in field.split(","):
        if part == "L":
            found.add(last)
        elif part.endswith("W"):
            found |= _nearest_weekday(last if part == "LW" else _number("day of month", part[:-1], 1, 31), year, month, last)
        else:
            found |= {number for number in _values("day of month", part, 1, 31) if number <= last}
    return found


def _nearest_weekday(number: int, year: int, month: int, last: int) -> set[int]:
    """The working day nearest to a day, in the same month."""
    if number > last:
        return set()
    match date(year, month, number).isoweekday():
        case 6:
            return {number - 1 if number > 1 else number + 2}
        case 7:
            return {number + 1 if number < last else number - 2}
        case _:
            return {number}


def _in_weeks(field: str, year: int, month: int, last: int) -> set[int]:
    """Days by their name."""
    found: set[int] = set()
    for part in field.split(","):
        name, nth_sign, nth = part.partition("#")
        only_last = name.endswith("L") and name != "L"
        wanted = _values("day of week", "7" if name == "L" else name.removesuffix("L") if only_last else name, 1, 7, _DAYS)
        week = _number("day of week", nth, 1, 5) if nth_sign else 0
        for number in range(1, last + 1):
            is_wanted = date(year, month, number).isoweekday() % 7 + 1 in wanted
            if is_wanted and (not only_last or number > last - 7) and (not week or (number - 1) // 7 + 1 == week):
                found.add(number)
    return found


def _values(what: str, field: str, lowest: int, highest: int, names: Mapping[str, int] | None = None) -> frozenset[int]:
    """The numbers that a field of lists, ranges and steps means."""
    found: set[int] = set()
    for part in field.split(","):
        span, slash, step = part.partition("/")
        if span in {"*", "?"}:
            first, last = lowest, highest
        else:
            start, dash, end = span.partition("-")
            first = _number(what, start, lowest, highest, names)
            last = _number(what, end, lowest, highest, names) if dash else highest if slash else first
        if last < first:
            raise ScheduleInvalid(f"{what}: the range {span} runs backwards")
        found |= set(range(first, last + 1, _number(what, step, 1, highest) if slash else 1))
    return frozenset(found)


def _number(what: str, text: str, lowest: int, highest: int, names: Mapping[str, int] | None = None) -> int:
    named = (names or {}).get(text.upper())
    if named is not None:
        return named
    if not (text.isascii() and text.isdigit()) or not lowest <= int(text) <= highest:
        raise ScheduleInvalid(f"{what}: {text or 'nothing'} is none of {lowest} to {highest}{_or_names(names)}")
    return int(text)


def _or_names(names: Mapping[str, int] | None) -> str:
    return f", and no name as {', '.join(names)}" if names else ""
