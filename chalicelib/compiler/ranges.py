"""How much of something there is, at least and at most; both ends belong to it.

In: whole numbers. Out: `Range`, and `OpenRange`, which may have no upper end.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Range:
    least: int
    most: int

    @property
    def is_exact(self) -> bool:
        return self.least == self.most

    def __contains__(self, value: int) -> bool:
        return self.least <= value <= self.most

    def __str__(self) -> str:
        return f"{self.least:,}" if self.is_exact else f"{self.least:,} to {self.most:,}"


@dataclass(frozen=True, slots=True)
class OpenRange:
    """`most` is None where nothing that is known bounds it."""

    least: int
    most: int | None

    def times(self, visits: Range) -> "OpenRange":
        """So many of it, one after the other."""
        most = 0 if visits.most == 0 else None if self.most is None else self.most * visits.most
        return OpenRange(self.least * visits.least, most)

    def __contains__(self, value: int) -> bool:
        return self.least <= value and (self.most is None or value <= self.most)
