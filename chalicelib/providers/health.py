"""What this container knows of the candidates' health, and what it tells the others.

In: the outcome of each call, the shared record behind the port `SharedHealth`. Out: who may be called (`Passage`), the counts that strategies go by.
A closed breaker costs no call to the outside: the shared record is read when a container first meets a candidate, then when what it read is ten
seconds old, and after a fault. Written are transitions (opened, leased, closed), each upon the revision that it was made from, and, once per
invocation, the counts.
Never fails a model call: where the shared record cannot be reached, the container goes by what it sees itself. Safe for several threads at once.
"""

import logging
import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from threading import Lock
from typing import Final, Protocol

from chalicelib.providers import breaker
from chalicelib.providers.breaker import Recent, Standing, State
from chalicelib.providers.counts import Counts, failed_call, good_call
from chalicelib.providers.failures import MEANING, ModelFailure
from chalicelib.providers.failures import Health as Says

FRESH_SECONDS: Final = 10.0
HEARD_SECONDS: Final = 1.0  # the same, right after a fault
_TRIES: Final = 3  # to open upon a record that others change at the same time

_log: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Shared:
    """What all containers know of one candidate: its breaker, and the counts of the last while."""

    standing: Standing = field(default_factory=Standing)
    counts: Counts = field(default_factory=Counts)


class SharedHealth(Protocol):
    """The record of all containers, kept by whoever makes the router. Candidates are named by their ids."""

    def read(self, candidates: Sequence[str]) -> Mapping[str, Shared]:
        """What is known of them; unknown ones may be left out."""
        ...

    def change(self, candidate: str, before: Standing, after: Standing) -> bool:
        """Write a transition if `before.revision` still stands; False where another one came first."""
        ...

    def add(self, counts: Mapping[str, Counts], *, now: float) -> None:
        """Add to the counts of the present."""
        ...


class Passage(StrEnum):
    """On which footing a candidate is called."""

    FREE = "free"
    PROBE = "probe"
    LAST_RESORT = "last_resort"  # its breaker is open, and so are all others


@dataclass(slots=True)
class _Known:
    """Of one candidate, in this container."""

    recent: Recent
    shared: Shared = field(default_factory=Shared)


class Health:
    """One per container. `owner` names the container in leases; the clock tells seconds since the epoch."""

    def __init__(
        self, shared: SharedHealth, *, owner: str, now: Callable[[], float] = time.time, chance: Callable[[], float] = random.random
    ) -> None:
        self._shared = shared
        self._owner = owner
        self._now = now
        self._chance = chance
        self._known: dict[str, _Known] = {}
        self._unsent: dict[str, dict[str, int]] = {}
        self._read_at = 0.0
        self._lock = Lock()
        self._reading = Lock()

    def look(self, candidates: Sequence[str]) -> None:
        """Know of these candidates what the others know; reads only what is missing or too old."""
        if any(candidate not in self._known for candidate in candidates):
            self._read(candidates)
        elif self._now() - self._read_at >= FRESH_SECONDS and self._reading.acquire(blocking=False):
            try:
                self._read(())
            finally:
                self._reading.release()

    def _read(self, more: Sequence[str]) -> None:
        """A read that fails is not tried again before its time."""
        with self._lock:
            for candidate in more:
                self._known.setdefault(candidate, _Known(Recent(self._now())))
            wanted = list(self._known)
            self._read_at = self._now()
        try:
            found = self._shared.read(wanted)
        except Exception:
            _log.exception("the shared health of providers cannot be read")
            return
        with self._lock:
            for candidate, shared in found.items():
                known = self._known[candidate]
                newer = shared.standing.revision >= known.shared.standing.revision
                known.shared = shared if newer else replace(shared, standing=known.shared.standing)

    def counts(self, candidate: str) -> Counts:
        """The shared counts, as last read."""
        return self._known[candidate].shared.counts

    def standing(self, candidate: str) -> Standing:
        return self._known[candidate].shared.standing

    def is_closed(self, candidate: str) -> bool:
        return self.standing(candidate).open_until is None

    def admit(self, candidate: str, *, seconds: Callable[[], float]) -> Passage | None:
        """Whether the candidate may be called now, None: it may not. For a half-open one this container takes the probe's lease, for `seconds()`."""
        if self.is_closed(candidate):
            return Passage.FREE
        now, lease = self._now(), seconds()
        with self._lock:
            known = self._known[candidate]
            before = known.shared.standing
            if not before.may_be_probed(now):
                return Passage.FREE if before.open_until is None else None
            after = breaker.probing(before, owner=self._owner, until=now + lease)
            known.shared = replace(known.shared, standing=after)
        return Passage.PROBE if self._tell(candidate, before, after) else None

    def succeeded(self, candidate: str, passage: Passage, *, seconds: float, first_token_seconds: float | None = None) -> None:
        """An answer came: a probe closes the breaker."""
        self._note(candidate, good_call(seconds, first_token_seconds))
        self._is_alive(candidate, passage)

    def failed(self, candidate: str, passage: Passage, failure: ModelFailure) -> None:
        """A call failed: what that says of the candidate, the table of meanings knows."""
        says = MEANING[failure.kind].health
        self._note(candidate, failed_call(failure.kind, is_fault=says in {Says.FAULT, Says.OPENS}))
        match says:
            case Says.NOTHING:
                return
            case Says.ALIVE:
                self._is_alive(candidate, passage)
            case Says.FAULT:
                self._hear(candidate)
                with self._lock:
                    is_enough = self._known[candidate].recent.fault(self._now())
                if is_enough or passage is not Passage.FREE:
                    self._open(candidate, passage, failure)
            case Says.OPENS:
                self._hear(candidate)
                self._open(candidate, passage, failure)

    def _hear(self, candidate: str) -> None:
        """After a fault: others may know already that the breaker is open."""
        if self.is_closed(candidate) and self._now() - self._read_at >= HEARD_SECONDS:
            self._read(())

    def _is_alive(self, candidate: str, passage: Passage) -> None:
        with self._lock:
            known = self._known[candidate]
            known.recent.good(self._now())
            before = known.shared.standing
            if passage is Passage.FREE or before.open_until is None:
                return
            after = breaker.closed(before)
            known.recent = Recent(self._now())
            known.shared = replace(known.shared, standing=after)
        self._tell(candidate, before, after)

    def _open(self, candidate: str, passage: Passage, failure: ModelFailure) -> None:
        """Open the breaker, or let it stand open for longer. Others may write at the same time: the later end stands."""
        for _ in range(_TRIES):
            with self._lock:
                known = self._known[candidate]
                before, now = known.shared.standing, self._now()
                is_waiting = before.state(now) is State.OPEN or (before.state(now) is State.HALF_OPEN and passage is Passage.FREE)
                after = breaker.extended(before, failure, now=now) if is_waiting else breaker.opened(before, failure, now=now, chance=self._chance())
                if after is None:
                    return
                known.recent = Recent(now)
                known.shared = replace(known.shared, standing=after)
            if self._tell(candidate, before, after):
                return

    def _tell(self, candidate: str, before: Standing, after: Standing) -> bool:
        """Write a transition. Where another one came first, what stands is taken over, and the answer is no."""
        try:
            if self._shared.change(candidate, before, after):
                return True
            found = self._shared.read([candidate]).get(candidate, Shared())
        except Exception:
            _log.exception("the shared health of providers cannot be written")
            return True  # alone, this container goes by what it sees
        with self._lock:
            self._known[candidate].shared = found
        return found.standing == after  # an SDK that repeats a write whose answer was lost is told that it came second

    def _note(self, candidate: str, counts: Counts) -> None:
        with self._lock:
            sums = self._unsent.setdefault(candidate, {})
            for name, count in counts.numbers.items():
                sums[name] = sums.get(name, 0) + count

    def flush(self) -> frozenset[str]:
        """Tell the others the counts, once per invocation, at its end. Counts that cannot be told are lost, never told twice. Gives who was asked."""
        with self._lock:
            unsent, self._unsent = self._unsent, {}
        if unsent:
            try:
                self._shared.add({candidate: Counts(numbers) for candidate, numbers in unsent.items()}, now=self._now())
            except Exception:
                _log.exception("the counts of model calls cannot be told")
        return frozenset(unsent)
