"""When schedules fire, as EventBridge Scheduler has it: compared with a walk over every minute where clocks change."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chalicelib.errors import ScheduleInvalid
from chalicelib.triggers.cron import parse_cron
from chalicelib.triggers.times import Timing, checked, expression_of, is_time, next_times, times_between, zone_of

AT = datetime(2026, 11, 21, 10, 30, 15, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
# A zone with the local day on which its clocks change, forwards and back.
CHANGES = [
    ("Europe/Berlin", "2026-03-29"),
    ("Europe/Berlin", "2026-10-25"),
    ("America/New_York", "2026-03-08"),
    ("America/New_York", "2026-11-01"),
    ("Australia/Lord_Howe", "2026-04-05"),  # by half an hour
    ("Australia/Lord_Howe", "2026-10-04"),
    ("America/Santiago", "2026-09-06"),  # at midnight: the day begins at one
    ("Africa/Casablanca", "2026-02-15"),
    ("Asia/Kolkata", "2026-06-01"),
    ("Pacific/Apia", "2011-12-30"),  # a day that never was
]
FIELDS = st.sampled_from(["0", "30", "*/20", "5,45", "10-20/5", "*"])
HOURS = st.sampled_from(["*", "0", "1", "2", "0-3", "23", "*/6", "1,2,3"])
DAYS = st.sampled_from([("*", "?"), ("?", "MON-FRI"), ("?", "SUN"), ("L", "?"), ("?", "1#1"), ("?", "SUNL"), ("1W", "?"), ("15,LW", "?"), ("?", "*")])


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("rate(5 minutes)", "2026-11-21T10:35:15"),
        ("rate(1 day)", "2026-11-22T10:30:15"),
        ("cron(0 12 * * ? *)", "2026-11-21T12:00:00"),
        ("cron(15 10 ? * MON-FRI *)", "2026-11-23T10:15:00"),
        ("cron(0/15 * * * ? *)", "2026-11-21T10:45:00"),
        ("cron(0 8 1 * ? *)", "2026-12-01T08:00:00"),
        ("cron(0 8 L * ? *)", "2026-11-30T08:00:00"),
        ("cron(0 8 LW * ? *)", "2026-11-30T08:00:00"),
        ("cron(0 8 1W 8 ? *)", "2027-08-02T08:00:00"),  # the first is a Sunday
        ("cron(0 8 1W 5 ? *)", "2027-05-03T08:00:00"),  # a Saturday, and the month is not left
        ("cron(0 8 31W 10 ? *)", "2027-10-29T08:00:00"),  # a Sunday at the month's end
        ("cron(0 8 15W 5 ? *)", "2027-05-14T08:00:00"),
        ("cron(0 9 ? * 2#1 *)", "2026-12-07T09:00:00"),
        ("cron(0 9 ? * 6L *)", "2026-11-27T09:00:00"),
        ("cron(0 9 ? * L *)", "2026-11-28T09:00:00"),
        ("cron(0 0 1 JAN ? 2028)", "2028-01-01T00:00:00"),
        ("cron(0 0 29 2 ? *)", "2028-02-29T00:00:00"),
        ("at(2027-01-01T00:00:00)", "2027-01-01T00:00:00"),
    ],
)
def test_it_knows_the_next_time(expression: str, expected: str) -> None:
    assert next_times(Timing(expression, anchor=AT), AT, 1) == [moment(expected)]


def walked(timing: Timing, first: datetime, last: datetime) -> Iterator[datetime]:
    """Every minute of a span whose wall clock the fields mean; of a wall clock's time that comes twice, the first."""
    cron, zone = parse_cron(timing.expression[5:-1]), ZoneInfo(timing.timezone)
    days = {wall.date() for wall in cron_days(timing.expression, first - timedelta(days=2), last + timedelta(days=2))}
    at = first.replace(second=0, microsecond=0)
    while at <= last:
        wall = at.astimezone(zone)
        if at > first and wall.date() in days and wall.minute in cron.minutes and wall.hour in cron.hours and not wall.fold:
            yield at
        at += MINUTE


def cron_days(expression: str, first: datetime, last: datetime) -> Iterator[datetime]:
    """The days that the fields mean, by their midnights: a calendar's question, which clocks have no part in."""
    of_month, months, of_week, years = expression[5:-1].split()[2:]
    for wall in parse_cron(f"0 0 {of_month} {months} {of_week} {years}").wall_times(first.replace(tzinfo=None)):
        if wall > last.replace(tzinfo=None):
            return
        yield wall


@given(change=st.sampled_from(CHANGES), minutes=FIELDS, hours=HOURS, days=DAYS, offset=st.integers(0, 1439))
@example(change=("Europe/Berlin", "2026-03-29"), minutes="30", hours="2", days=("*", "?"), offset=0)
@example(change=("Europe/Berlin", "2026-10-25"), minutes="30", hours="2", days=("*", "?"), offset=0)
def test_its_times_are_those_of_a_walk_over_every_minute(
    change: tuple[str, str], minutes: str, hours: str, days: tuple[str, str], offset: int
) -> None:
    timezone, day = change
    timing = Timing(f"cron({minutes} {hours} {days[0]} * {days[1]} *)", timezone)
    first = moment(day) - timedelta(days=1) + offset * MINUTE
    last = first + timedelta(days=2)
    assert list(times_between(timing, first, last)) == list(walked(timing, first, last))


def test_it_skips_a_time_that_does_not_exist_and_takes_one_that_comes_twice_once() -> None:
    nightly = Timing("cron(30 2 * * ? *)", "Europe/Berlin")
    assert next_times(nightly, moment("2026-03-28T00:00:00"), 3) == list(
        map(moment, ["2026-03-28T01:30:00", "2026-03-30T00:30:00", "2026-03-31T00:30:00"])
    )
    assert next_times(nightly, moment("2026-10-24T12:00:00"), 2) == list(map(moment, ["2026-10-25T00:30:00", "2026-10-26T01:30:00"]))


def test_it_keeps_within_its_bounds() -> None:
    bounded = Timing("rate(1 hour)", start=moment("2026-11-22T00:00:00"), end=moment("2026-11-22T02:30:00"))
    assert next_times(bounded, AT, 10) == list(map(moment, ["2026-11-22T00:00:00", "2026-11-22T01:00:00", "2026-11-22T02:00:00"]))
    assert (is_time(bounded, moment("2026-11-22T00:20:00")), is_time(bounded, moment("2026-11-23T00:00:00"))) == (True, False)


def test_it_goes_on_with_a_rate_from_the_time_that_was_last() -> None:
    late = Timing("rate(10 minutes)", anchor=moment("2026-11-22T00:03:07"), start=moment("2026-11-21T00:00:00"))
    assert next_times(late, moment("2026-11-22T00:05:00"), 1) == [moment("2026-11-22T00:13:07")]


@pytest.mark.parametrize(
    ("plain", "expected"),
    [
        ("0 7 * * 1-5", "cron(0 7 ? * MON,TUE,WED,THU,FRI *)"),
        ("*/5 * * * *", "cron(*/5 * * * ? *)"),
        ("0 0 1 1,7 *", "cron(0 0 1 1,7 ? *)"),
        ("0 0 * * 5-7", "cron(0 0 ? * SUN,FRI,SAT *)"),
        ("0 0 * * 0", "cron(0 0 ? * SUN *)"),
        ("0 0 ? * 7", "cron(0 0 ? * SUN *)"),
        ("0 0 ? * *", "cron(0 0 * * ? *)"),
        ("@daily", "cron(0 0 * * ? *)"),
        ("cron(0 9 ? * 2#1 *)", "cron(0 9 ? * 2#1 *)"),
    ],
)
def test_it_takes_plain_cron(plain: str, expected: str) -> None:
    assert expression_of(cron=plain) == expected


def test_it_takes_a_rate_and_a_time_as_people_write_them() -> None:
    assert (expression_of(rate="5 minutes"), expression_of(rate="rate(1 hour)")) == ("rate(5 minutes)", "rate(1 hour)")
    assert (expression_of(at="2026-12-24T18:00"), expression_of(at="2026-12-24T18:00:30")) == ("at(2026-12-24T18:00:00)", "at(2026-12-24T18:00:30)")


@pytest.mark.parametrize(
    ("expression", "told"),
    [
        ("every minute", "neither cron"),
        ("rate(5 fortnights)", "a number"),
        ("rate(0 minutes)", "a number"),
        ("rate(10 seconds)", "the least is a minute"),
        ("cron(1 2 3)", "six fields"),
        ("cron(x * * * ? *)", "minutes: x"),
        ("cron(60 * * * ? *)", "minutes: 60"),
        ("cron(0 24 * * ? *)", "hours: 24"),
        ("cron(0 0 * * * *)", "exactly one"),
        ("cron(0 0 ? * ? *)", "exactly one"),
        ("cron(0 0 ? * FOO *)", "day of week: FOO"),
        ("cron(0 0 40W * ? *)", "day of month: 40"),
        ("cron(0 0 20-10 * ? *)", "backwards"),
        ("cron(0 0 31 2 ? *)", "no time left"),
        ("cron(0 0 1 1 ? 2020)", "no time left"),
        ("at(2020-01-01T00:00:00)", "no time left"),
        ("at(2026-13-01T00:00:00)", "month"),
        ("at(2026-12-24T18:00:00Z)", "without an offset"),
        ("at(2027-03-28T02:30:00)", "skipped in Europe/Berlin"),
    ],
)
def test_it_says_why_something_is_no_schedule(expression: str, told: str) -> None:
    with pytest.raises(ScheduleInvalid, match=told):
        checked(Timing(expression, "Europe/Berlin", anchor=AT), AT)


def test_it_refuses_bounds_that_leave_nothing_and_zones_that_are_none() -> None:
    with pytest.raises(ScheduleInvalid, match="ends before it starts"):
        checked(Timing("rate(1 hour)", start=AT, end=AT), AT)
    for name in ("Europe/Bärlin", "../etc/passwd", "", "Europe"):
        with pytest.raises(ScheduleInvalid, match="no time zone"):
            zone_of(name)


def test_it_refuses_more_than_one_expression_and_plain_crons_either_day() -> None:
    with pytest.raises(ScheduleInvalid, match="one of cron, rate and at"):
        expression_of(cron="* * * * *", rate="5 minutes")
    with pytest.raises(ScheduleInvalid, match="make two schedules"):
        expression_of(cron="0 0 13 * 5")
