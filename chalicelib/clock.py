"""Times as the whole product writes them: UTC, ISO 8601 with milliseconds and `Z`, so that texts sort as times do."""

import time
from datetime import UTC, datetime


def now_text() -> str:
    """The present, such as `2026-11-21T13:54:00.123Z`."""
    return time_text(datetime.now(UTC))


def time_text(moment: datetime) -> str:
    """A moment as text. A moment without a zone is taken as UTC."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return aware.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def seconds_text(seconds: float) -> str:
    """Seconds since the epoch as text."""
    return time_text(datetime.fromtimestamp(seconds, UTC))


def epoch_seconds() -> int:
    """The present in whole seconds: what TTL attributes hold."""
    return int(time.time())


def seconds_since(text: str) -> float:
    """How long ago a time text was; negative for the future."""
    return (datetime.now(UTC) - datetime.fromisoformat(text)).total_seconds()
