"""How the compiler's checks make diagnostics.

In: a code, a message, the dotted path of what is wrong, and the positions of the authored text if there is one. Out: a located `Diagnostic`.
"""

from collections.abc import Iterable
from typing import Protocol

from chalicelib.spec.diagnostic import Diagnostic, Location, Severity


class Positions(Protocol):
    def at(self, path: str) -> Location: ...


def error(code: str, message: str, path: str, positions: Positions | None, hint: str = "") -> Diagnostic:
    return Diagnostic(code, Severity.ERROR, message, _locate(path, positions), hint)


def warning(code: str, message: str, path: str, positions: Positions | None, hint: str = "") -> Diagnostic:
    return Diagnostic(code, Severity.WARNING, message, _locate(path, positions), hint)


def _locate(path: str, positions: Positions | None) -> Location:
    return Location(path=path) if positions is None else positions.at(path)


def sort_diagnostics(diagnostics: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """By place, then code; the same finding only once."""
    return tuple(sorted(dict.fromkeys(diagnostics), key=lambda found: (found.location, found.code, found.message)))
