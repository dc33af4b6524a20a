"""Values that Messenger and Instagram write in more than one way.

In: JSON of which nothing is certain. Out: a moment in the product's form, a place in degrees; or None. Never raises.
"""

from datetime import UTC, datetime
from typing import Final

from chalicelib.channels.vendor_json import number_at
from chalicelib.clock import time_text
from chalicelib.spec.model import Json

_FIRST_MILLISECONDS: Final = 100_000_000_000  # in March 1973; as seconds it would be the year 5138


def moment(told: Json) -> str | None:
    """Milliseconds or seconds since 1970, as a number or in a text, or an ISO text."""
    seconds = number_at(told)
    try:
        if seconds is not None:
            return time_text(datetime.fromtimestamp(seconds / 1000 if seconds >= _FIRST_MILLISECONDS else seconds, UTC))
        return time_text(datetime.fromisoformat(told)) if isinstance(told, str) else None
    except (ValueError, OverflowError, OSError):
        return None


def coordinates(payload: Json) -> tuple[float, float] | None:
    """Latitude and longitude."""
    latitude, longitude = number_at(payload, "coordinates", "lat"), number_at(payload, "coordinates", "long")
    if latitude is None or longitude is None or abs(latitude) > 90 or abs(longitude) > 180:
        return None
    return latitude, longitude
