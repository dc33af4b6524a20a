"""A schedule's record as the times that it means.

In: a record, and the time that fired last, which a rate goes on from. Out: `Timing`. Nothing here reads a clock.
"""

from datetime import datetime

from chalicelib.store.trigger_records import Schedule
from chalicelib.triggers.times import Timing


def timing_of(schedule: Schedule, last: str | None = None) -> Timing:
    return Timing(
        expression=schedule.expression,
        timezone=schedule.timezone,
        anchor=datetime.fromisoformat(max(last or "", schedule.anchor_at)),
        start=_moment(schedule.start_at),
        end=_moment(schedule.end_at),
    )


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
