"""What a part of a machine takes, at least and at most.

In: counts of single states. Out: `Tally`, with the three ways in which parts make a whole: one after the other (`+`), one of them (`either`), so many
times (`times`). Each figure is bounded on its own: the way that enters the fewest states need not be the one that writes the least.
"""

from collections.abc import Callable, Iterable
from dataclasses import astuple, dataclass, replace
from functools import reduce
from typing import Final


@dataclass(frozen=True, slots=True)
class Counts:
    """`price` in pico-dollars, `models` in micro-dollars; `unbounded` counts visits whose models cost has no upper end. A figure may be below zero
    where a part saves what is counted elsewhere."""

    transitions: int = 0
    invocations: int = 0
    writes: int = 0
    events: int = 0
    price: int = 0
    models: int = 0
    unbounded: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return self._with(other, lambda left, right: left + right)

    def scaled(self, factor: int) -> "Counts":
        return Counts(*(factor * value for value in astuple(self)))

    def lowest(self, other: "Counts") -> "Counts":
        return self._with(other, min)

    def highest(self, other: "Counts") -> "Counts":
        return self._with(other, max)

    def _with(self, other: "Counts", merge: Callable[[int, int], int]) -> "Counts":
        return Counts(
            merge(self.transitions, other.transitions),
            merge(self.invocations, other.invocations),
            merge(self.writes, other.writes),
            merge(self.events, other.events),
            merge(self.price, other.price),
            merge(self.models, other.models),
            merge(self.unbounded, other.unbounded),
        )


@dataclass(frozen=True, slots=True)
class Tally:
    least: Counts
    most: Counts

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(self.least + other.least, self.most + other.most)

    def times(self, least: int, most: int) -> "Tally":
        return Tally(self.least.scaled(least), self.most.scaled(most))

    @property
    def without_events(self) -> "Tally":
        """For what has a history of its own."""
        return Tally(replace(self.least, events=0), replace(self.most, events=0))

    @property
    def at_most(self) -> "Tally":
        """Possibly broken off anywhere."""
        return Tally(Counts(), self.most)


NOTHING: Final = Tally(Counts(), Counts())


def exactly(counts: Counts) -> Tally:
    return Tally(counts, counts)


def either(tallies: Iterable[Tally]) -> Tally:
    """One of them; at least one."""
    return reduce(lambda left, right: Tally(left.least.lowest(right.least), left.most.highest(right.most)), tallies)


def total(tallies: Iterable[Tally]) -> Tally:
    return reduce(lambda left, right: left + right, tallies, NOTHING)
