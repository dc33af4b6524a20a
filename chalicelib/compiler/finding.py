"""How the compiler's checks make diagnostics.

In: a code, a message, the dotted path of what is wrong, and the positions of the authored text if there is one. Out: a located `Diagnostic`.
"""

from collections.abc import Iterable

from chalicelib.spec.diagnostic import Diagnostic, Location, Severity
from chalicelib.spec.positions import Positions


def error(code: str, message: str, path: str, positions: Positions | None, hint: str = "", *, offset: int = 0) -> Diagnostic:
    """`offset` counts characters in the string at `path`."""
    return Diagnostic(code, Severity.ERROR, message, _locate(path, positions, offset), hint)


def warning(code: str, message: str, path: str, positions: Positions | None, hint: str = "", *, offset: int = 0) -> Diagnostic:
    return Diagnostic(code, Severity.WARNING, message, _locate(path, positions, offset), hint)


def _locate(path: str, positions: Positions | None, offset: int) -> Location:
    if positions is None:
        return Location(path=path)
    return positions.inside(path, offset) if offset else positions.at(path)


def sort_diagnostics(diagnostics: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """By place, then code; the same finding only once."""
    return tuple(sorted(dict.fromkeys(diagnostics), key=lambda found: (found.location, found.code, found.message)))
