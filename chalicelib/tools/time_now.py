"""The tool `time.now`: the present, or a time some seconds from it.

In: `{timezone, plus_seconds}`. Out: `{at, date, time, weekday, epoch_seconds}`; `at` is ISO 8601 with the zone's offset (`Z` for UTC).
"""

from datetime import timedelta
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from chalicelib.spec.model import Json, JsonObject
from chalicelib.tools.failures import ArgumentsInvalid
from chalicelib.tools.tool import Surroundings, Tool

MAX_SECONDS: Final = 3_200_000_000  # a hundred years
_WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def time_now_tool() -> Tool:
    return Tool("time.now", _run)


def _run(arguments: JsonObject, surroundings: Surroundings) -> Json:
    plus = arguments.get("plus_seconds")
    seconds = plus if isinstance(plus, int | float) else 0
    if abs(seconds) > MAX_SECONDS:
        raise ArgumentsInvalid("plus_seconds leads more than a hundred years away")
    moment = (surroundings.now() + timedelta(seconds=seconds)).astimezone(_zone(arguments.get("timezone")))
    return {
        "at": moment.isoformat(timespec="seconds").replace("+00:00", "Z"),
        "date": moment.date().isoformat(),
        "time": moment.strftime("%H:%M:%S"),
        "weekday": _WEEKDAYS[moment.weekday()],
        "epoch_seconds": int(moment.timestamp()),
    }


def _zone(name: Json) -> ZoneInfo:
    try:
        return ZoneInfo(name if isinstance(name, str) else "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ArgumentsInvalid(f"{name} is no time zone of the IANA database, such as Europe/Berlin") from error
