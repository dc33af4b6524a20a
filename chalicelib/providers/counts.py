"""How a candidate has done, as counts that can be added up: calls by outcome, latencies in a histogram.

In: single calls. Out: `Counts`, which add like numbers, so that the counts of many containers and of many minutes are one record; from it come
ratios and percentiles. Nothing here knows the time or the table.
A histogram's n-th bin ends at 10 ms x 1.25^n: percentiles are right to about an eighth.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import ceil, log
from typing import Final

from chalicelib.providers.failures import FailureKind

_FIRST_SECONDS: Final = 0.01
_GROWTH: Final = 1.25
_BINS: Final = 64
_LOG_GROWTH: Final = log(_GROWTH)
_KIND, _LATENCY, _FIRST_TOKEN = "kind_", "latency_", "first_"


@dataclass(frozen=True, slots=True)
class Counts:
    """`numbers`: `calls`, `good`, `faults` (failures that are the candidate's own), `kind_<failure>`, `latency_<bin>`, `first_<bin>`."""

    numbers: Mapping[str, int] = field(default_factory=dict)

    @property
    def calls(self) -> int:
        return self.numbers.get("calls", 0)

    @property
    def good(self) -> int:
        return self.numbers.get("good", 0)

    @property
    def faults(self) -> int:
        return self.numbers.get("faults", 0)

    @property
    def kinds(self) -> dict[str, int]:
        """Failures by kind."""
        return {name.removeprefix(_KIND): count for name, count in sorted(self.numbers.items()) if name.startswith(_KIND)}

    @property
    def success_ratio(self) -> float | None:
        return self.good / self.calls if self.calls else None

    @property
    def availability(self) -> float | None:
        """The share of calls that did not fail by the candidate's own fault."""
        return 1 - self.faults / self.calls if self.calls else None

    def budget_left(self, target: float) -> float | None:
        """The share of the error budget that is left: 1 is all of it, below 0 more was spent than there is."""
        available = self.availability
        return None if available is None else 1 - (1 - available) / (1 - target)

    def latency(self, share: float) -> float | None:
        """Seconds that this share of the good answers did not exceed."""
        return _percentile(self._bins(_LATENCY), share)

    def first_token(self, share: float) -> float | None:
        return _percentile(self._bins(_FIRST_TOKEN), share)

    def _bins(self, prefix: str) -> dict[int, int]:
        return {int(name.removeprefix(prefix)): count for name, count in self.numbers.items() if name.startswith(prefix)}


def together(counts: Iterable[Counts]) -> Counts:
    """All of them as one."""
    numbers: dict[str, int] = {}
    for each in counts:
        for name, count in each.numbers.items():
            numbers[name] = numbers.get(name, 0) + count
    return Counts(numbers)


def good_call(seconds: float, first_token_seconds: float | None) -> Counts:
    """One answer."""
    first = {} if first_token_seconds is None else {f"{_FIRST_TOKEN}{_bin(first_token_seconds)}": 1}
    return Counts({"calls": 1, "good": 1, f"{_LATENCY}{_bin(seconds)}": 1, **first})


def failed_call(kind: FailureKind, *, is_fault: bool) -> Counts:
    """One failure; its time says nothing of how fast answers come."""
    return Counts({"calls": 1, f"{_KIND}{kind.value}": 1, **({"faults": 1} if is_fault else {})})


def _bin(seconds: float) -> int:
    if seconds <= _FIRST_SECONDS:
        return 0
    return min(_BINS - 1, ceil(log(seconds / _FIRST_SECONDS) / _LOG_GROWTH))


def _percentile(bins: Mapping[int, int], share: float) -> float | None:
    """The middle of the bin in which the rank falls."""
    wanted, passed = share * sum(bins.values()), 0
    for number in sorted(bins):
        passed += bins[number]
        if passed >= wanted:
            return _FIRST_SECONDS * _GROWTH ** (number - 0.5) if number else _FIRST_SECONDS / 2
    return None
