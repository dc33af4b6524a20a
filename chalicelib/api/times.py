"""Days and moments in a query, written as the API's document says.

In: texts. Out: `Day` and `QueryMoment`, to annotate a query's fields with. Never: a number, which would else be taken for seconds since 1970.
"""

import re
from datetime import UTC, date, datetime
from typing import Annotated, Final

from pydantic import AfterValidator, AwareDatetime, BeforeValidator

_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d")
_FIRST: Final = datetime(1971, 1, 1, tzinfo=UTC)
_LAST: Final = datetime(9000, 1, 1, tzinfo=UTC)


def _written_day(given: object) -> object:
    if isinstance(given, str) and not _DAY.fullmatch(given):
        raise ValueError("a day is written like 2026-12-24")
    return given


def _written_moment(given: object) -> object:
    if isinstance(given, str) and not _DAY.match(given):
        raise ValueError("a moment is written like 2026-12-24T18:00:00Z")
    return given


def _within(moment: datetime) -> datetime:
    if not _FIRST <= moment <= _LAST:
        raise ValueError(f"is no time between {_FIRST.year} and {_LAST.year}")
    return moment


Day = Annotated[date, BeforeValidator(_written_day)]
QueryMoment = Annotated[AwareDatetime, BeforeValidator(_written_moment), AfterValidator(_within)]
