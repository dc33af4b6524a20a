"""Time, told so that it means something on a shared machine: processor time where one thread works, wall time with the load beside it where many do.

In: work. Out: `Spent`, and a line that says how busy the machine was.
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import perf_counter, process_time
from typing import Generic, TypeVar

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Spent(Generic[_T]):
    """Seconds of this process's processors, seconds on the wall, and what came out."""

    processor: float
    wall: float
    result: _T


def spent(work: Callable[[], _T], *, rounds: int = 1) -> Spent[_T]:
    """The round that took the least processor time."""
    return min((_once(work) for _ in range(rounds)), key=lambda round_: round_.processor)


def _once(work: Callable[[], _T]) -> Spent[_T]:
    processor, wall = process_time(), perf_counter()
    result = work()
    return Spent(process_time() - processor, perf_counter() - wall, result)


def percentile(values: Sequence[float], share: float) -> float:
    """The value that this share of them does not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(0, -int(-share * len(ordered) // 1) - 1)]


def busy() -> str:
    """How busy the machine is: processes that want a processor, a minute's mean, and the processors there are."""
    return f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors"
