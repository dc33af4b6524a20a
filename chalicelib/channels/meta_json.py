"""Values of Meta's webhooks, read with tolerance.

In: JSON of which nothing is certain. Out: what was looked for, or nothing. Texts come out without halves of surrogate pairs, which no store takes.
Never raises.
"""

import math
import re
from datetime import UTC, datetime
from typing import Final

from chalicelib.clock import time_text
from chalicelib.spec.model import Json, JsonObject

_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_FIRST_MILLISECONDS: Final = 100_000_000_000  # in March 1973; as seconds it would be the year 5138


def readable(text: str) -> str:
    return _SURROGATE.sub("\ufffd", text)


def object_of(told: Json) -> JsonObject:
    return told if isinstance(told, dict) else {}


def object_in(told: JsonObject, key: str) -> JsonObject:
    return object_of(told.get(key))


def text_in(told: JsonObject, key: str) -> str:
    value = told.get(key)
    return readable(value) if isinstance(value, str) else ""


def listed(told: Json) -> list[Json]:
    """Nothing is an empty list, and what is no list stands for itself."""
    if told is None:
        return []
    return told if isinstance(told, list) else [told]


def number_or_text(told: Json) -> str:
    """An id, which old and new versions write differently."""
    if isinstance(told, str):
        return readable(told)
    return str(told) if isinstance(told, int) and not isinstance(told, bool) else ""


def moment(told: Json) -> str | None:
    """Milliseconds or seconds since 1970, as a number or in a text, or an ISO text; in the product's form."""
    try:
        if isinstance(told, str) and not told.isdigit():
            return time_text(datetime.fromisoformat(told))
        if isinstance(told, bool) or not isinstance(told, int | float | str):
            return None
        seconds = float(told)
        return time_text(datetime.fromtimestamp(seconds / 1000 if seconds >= _FIRST_MILLISECONDS else seconds, UTC))
    except (ValueError, OverflowError, OSError):
        return None


def coordinates(payload: JsonObject) -> tuple[float, float] | None:
    """Latitude and longitude in degrees."""
    told = object_in(payload, "coordinates")
    latitude, longitude = _degrees(told.get("lat"), 90), _degrees(told.get("long"), 180)
    return None if latitude is None or longitude is None else (latitude, longitude)


def _degrees(told: Json, most: int) -> float | None:
    if isinstance(told, bool) or not isinstance(told, int | float) or not -most <= told <= most:
        return None
    return float(told) if math.isfinite(told) else None
