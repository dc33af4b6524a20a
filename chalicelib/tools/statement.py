"""What both kinds of databases share: a statement, what it found, and values as JSON.

In: nothing, or a value as a database gives it. Out: frozen values. A number that JSON's readers would change becomes a text.
"""

import base64
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import islice
from typing import Any, Final

from chalicelib.spec.model import Json

MAX_BYTES: Final = 1_048_576  # of the rows that are given back, as JSON
_EXACT: Final = 2**53  # the integers that every reader of JSON keeps

Values = dict[str, str | int | float | bool | None]


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement with `:name` parameters, and the seconds that it may take in all."""

    text: str
    values: Mapping[str, str | int | float | bool | None]
    seconds: float


@dataclass(frozen=True, slots=True)
class Found:
    """Rows in the order of the columns."""

    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]


def taken(rows: Iterable[Sequence[Any]], most: int) -> Iterator[Sequence[Any]]:
    """Rows while they are wanted: up to `most`, and no more once they are larger than what could be given back."""
    size = 0
    for row in islice(rows, most):
        yield row
        size += sum(len(value) for value in row if isinstance(value, str | bytes))
        if size > MAX_BYTES:
            return


def json_value(value: Any) -> Json:
    """A database's value as JSON: times in ISO 8601, bytes as `{base64}`, numbers that would lose a digit as texts."""
    match value:
        case None | bool() | str():
            return value
        case int():
            return value if abs(value) <= _EXACT else str(value)
        case float():
            return value if math.isfinite(value) else str(value)
        case Decimal():
            return _number(value)
        case datetime() | date() | time():
            return value.isoformat()
        case timedelta():
            return value.total_seconds()
        case bytes() | bytearray() | memoryview():
            return {"base64": base64.b64encode(bytes(value)).decode("ascii")}
        case list() | tuple():
            return [json_value(member) for member in value]
        case dict():
            return {str(name): json_value(member) for name, member in value.items()}
        case _:
            return str(value)


def _number(value: Decimal) -> Json:
    if not value.is_finite():
        return str(value)
    if value == value.to_integral_value() and abs(value) <= _EXACT:
        return int(value)
    nearest = float(value)
    return nearest if Decimal(repr(nearest)) == value else str(value)
