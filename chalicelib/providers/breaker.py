"""The breaker of a candidate: closed, open for a while, then half-open for one probe; as values and pure functions.

In: what stood before, what happened, the time and a chance between 0 and 1, all handed in. Out: what stands now. `Standing` is what all containers
share; its `revision` grows with each change, and a change is written only upon the revision that it was made from. So of many containers that want to
open, probe or close, one does. `Recent` is what one container has seen lately.

    closed    --3 faults in a row, three of ten (of at least 20) within a minute, or one that opens at once-->  open
    open      --its time is over-->  half-open
    half-open --one container takes the lease: its call is the probe-->  closed, or open again for twice as long
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from chalicelib.providers.failures import MEANING, FailureKind, ModelFailure

CONSECUTIVE: Final = 3
RATIO: Final = 0.3
RATIO_OF: Final = 20  # calls, before a ratio says anything
WINDOW_SECONDS: Final = 60.0
MAX_BACKOFF_SECONDS: Final = 600.0
MAX_RETRY_AFTER_SECONDS: Final = 3600.0  # a vendor that asks for more is probed all the same
_MAX_DOUBLINGS: Final = 6


class State(StrEnum):
    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


@dataclass(frozen=True, slots=True)
class Standing:
    """Times are seconds since the epoch. `openings` counts those since it was last closed, `kind` is what it opened for."""

    revision: int = 0
    open_until: float | None = None
    opened_at: float | None = None
    openings: int = 0
    kind: FailureKind | None = None
    probe_owner: str = ""
    probe_until: float = 0.0

    def state(self, now: float) -> State:
        if self.open_until is None:
            return State.CLOSED
        return State.OPEN if now < self.open_until else State.HALF_OPEN

    def may_be_probed(self, now: float) -> bool:
        return self.state(now) is State.HALF_OPEN and now >= self.probe_until


def opened(before: Standing, failure: ModelFailure, *, now: float, chance: float) -> Standing:
    """Open, for as long as the vendor asks or the back-off says, whichever is longer."""
    base = MEANING[failure.kind].open_seconds
    backoff = min(MAX_BACKOFF_SECONDS, base * 2 ** min(before.openings, _MAX_DOUBLINGS)) * (1 + chance / 2)
    seconds = max(backoff, min(MAX_RETRY_AFTER_SECONDS, failure.retry_after_seconds or 0.0))
    return Standing(before.revision + 1, now + seconds, now, before.openings + 1, failure.kind)


def extended(before: Standing, failure: ModelFailure, *, now: float) -> Standing | None:
    """An open breaker after one more failure: longer only if the vendor asks for longer; else None, there is nothing to write."""
    until = now + min(MAX_RETRY_AFTER_SECONDS, failure.retry_after_seconds or 0.0)
    if before.open_until is None or until <= before.open_until + 1:
        return None
    return replace(before, revision=before.revision + 1, open_until=until)


def probing(before: Standing, *, owner: str, until: float) -> Standing:
    """Half-open, with the lease given."""
    return replace(before, revision=before.revision + 1, probe_owner=owner, probe_until=until)


def closed(before: Standing) -> Standing:
    return Standing(before.revision + 1)


class Recent:
    """What one container has seen of a candidate: failures in a row, and the calls of the last minute or so. Not for two threads at once.

    A breaker that changes begins with a new one."""

    __slots__ = ("_began", "_consecutive", "_earlier", "_now")

    def __init__(self, now: float) -> None:
        self._consecutive = 0
        self._began = now
        self._earlier = (0, 0)  # calls and faults of the half window before
        self._now = (0, 0)

    def good(self, now: float) -> None:
        self._count(now, 0)
        self._consecutive = 0

    def fault(self, now: float) -> bool:
        """Whether it is enough to open."""
        self._count(now, 1)
        self._consecutive += 1
        calls, faults = self._earlier[0] + self._now[0], self._earlier[1] + self._now[1]
        return self._consecutive >= CONSECUTIVE or (calls >= RATIO_OF and faults >= RATIO * calls)

    def _count(self, now: float, fault: int) -> None:
        age = now - self._began
        if age >= WINDOW_SECONDS / 2:
            self._earlier = self._now if age < WINDOW_SECONDS else (0, 0)
            self._began, self._now = now, (0, 0)
        self._now = (self._now[0] + 1, self._now[1] + fault)
