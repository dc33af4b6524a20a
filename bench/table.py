"""What a benchmark puts out: a table of figures, each beside what it should reach.

In: rows of cells. Out: text. It measures nothing.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured figure: `reached` is None where there is nothing to reach."""

    what: str
    measured: str
    target: str = ""
    reached: bool | None = None

    @property
    def cells(self) -> tuple[str, ...]:
        verdict = {None: "", True: "yes", False: "NO"}[self.reached]
        return self.what, self.measured, self.target, verdict


@dataclass(frozen=True)
class Table:
    """`figures` under one title; `details` are further rows for reading, `skipped` says why there is nothing."""

    title: str
    figures: Sequence[Figure] = ()
    columns: Sequence[str] = ()
    details: Sequence[Sequence[str]] = ()
    notes: Sequence[str] = ()
    skipped: str = ""

    @property
    def is_met(self) -> bool:
        return all(figure.reached is not False for figure in self.figures)

    def __str__(self) -> str:
        blocks = [self.title, f"skipped: {self.skipped}" if self.skipped else ""]
        if self.figures:
            blocks.append(aligned(("figure", "measured", "to reach", "reached"), [figure.cells for figure in self.figures]))
        if self.details:
            blocks.append(aligned(self.columns, self.details))
        return "\n".join(block for block in (*blocks, *self.notes) if block) + "\n"


Run = Callable[[], Table]


def at_most(what: str, value: float, limit: float, *, digits: int = 4, unit: str = "") -> Figure:
    """A figure that must not exceed a limit."""
    return Figure(what, f"{value:,.{digits}f}{unit}", f"<= {limit:g}{unit}", value <= limit)


def aligned(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Cells in columns: texts to the left, numbers to the right."""
    widths = [max(len(row[index]) for row in (columns, *rows)) for index in range(len(columns))]
    numeric = [all(row[index][:1].isdigit() for row in rows) for index in range(len(columns))]

    def line(cells: Sequence[str]) -> str:
        placed = (cell.rjust(width) if right else cell.ljust(width) for cell, width, right in zip(cells, widths, numeric, strict=True))
        return ("  " + "  ".join(placed)).rstrip()

    return "\n".join((line(columns), line(["-" * width for width in widths]), *map(line, rows)))
