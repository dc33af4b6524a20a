"""A finding of a check, as a value.

In: nothing. Out: `Diagnostic` and `Location`, which every stage collects beside its result. Diagnostics are never raised.
Codes are stable and kebab-case; every code has an entry in docs/DIAGNOSTICS.md and a golden case.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Severity(StrEnum):
    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, order=True, slots=True)
class Location:
    """Where in the authored text: 1-based line and column, and the dotted path of the value (`nodes.rank.prompt`)."""

    line: int = 0
    column: int = 0
    path: str = ""


NOWHERE: Final = Location()


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding: what is wrong (`message`), where, and what to do (`hint`)."""

    code: str
    severity: Severity
    message: str
    location: Location = NOWHERE
    hint: str = ""

    @property
    def is_error(self) -> bool:
        return self.severity is Severity.ERROR
