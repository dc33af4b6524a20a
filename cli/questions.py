"""What is asked of lists: pairs and times as people write them, as the API takes them.

In: options of the command line. Out: query parameters. What cannot be read raises Problem (422).
"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import urlencode

from cli.client import Problem

_AGO: Final = re.compile(r"(\d{1,6})([smhdw])")
_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def pairs(given: Sequence[str] | None) -> str | None:
    """`name=value`, each; None for none."""
    if not given:
        return None
    unfit = next((text for text in given if not text.partition("=")[0] or "=" not in text), None)
    if unfit is not None:
        raise _refused(f"{unfit!r} is no name=value")
    return urlencode([(name, value) for name, _, value in (text.partition("=") for text in given)])


def moment(given: str | None) -> str | None:
    """A time as it is written (this machine's zone where none is said), or so long ago."""
    if given is None:
        return None
    ago = _AGO.fullmatch(given)
    if ago is not None:
        return (datetime.now(UTC) - timedelta(**{_UNITS[ago[2]]: int(ago[1])})).isoformat()
    try:
        return datetime.fromisoformat(given).astimezone(UTC).isoformat()
    except ValueError as fault:
        raise _refused(f"{given!r} is no time: write 2026-11-27, 2026-11-27T09:30, or 24h, 7d for so long ago") from fault


def _refused(detail: str) -> Problem:
    return Problem(422, {"code": "query-invalid", "detail": detail})
