"""How often somebody may call: a token bucket for each caller and one for each organisation, by kind of call.

In: who calls, what kind of call it is. Out: an `Allowance`, which says what is left; RateLimited where nothing is. A container takes tokens by the
handful, so that most calls ask the table nothing and no call asks it more than once while nobody is at a limit; what is left of a handful after some
seconds is let go. Where a bucket is empty, the container knows until when. Never: a call refused because the table does not answer.
"""

import logging
import math
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from chalicelib.access.principal import Principal
from chalicelib.access.scopes import Access, Scope
from chalicelib.errors import RateLimited
from chalicelib.settings import settings
from chalicelib.store import buckets
from chalicelib.store.buckets import SECOND, Bucket
from chalicelib.store.keys import PLATFORM
from chalicelib.throttle_settings import CallKind

HANDFUL: Final = 20  # tokens taken at once, at most
SHARE: Final = 20  # and at most this part of a burst
HELD_SECONDS: Final = 10  # how long a container keeps what it took
_MOST_KEPT: Final = 2_000  # buckets that a container knows of
_READING: Final = frozenset(("GET", "HEAD", "OPTIONS"))
_log: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Allowance:
    """What is left for the caller: of each bucket, how many tokens, and in how many seconds it is full."""

    left: Sequence[tuple[Bucket, int, int]] = ()

    @property
    def headers(self) -> dict[str, str]:
        """As draft-ietf-httpapi-ratelimit-headers has them: all policies; of the limits the one that is nearest."""
        if not self.left:
            return {}
        bucket, tokens, seconds = min(self.left, key=lambda each: each[1] / each[0].burst)
        policies = (f'"{each.name}";q={each.burst};w={math.ceil(each.burst / each.per_second)}' for each, _, _ in self.left)
        return {"RateLimit-Policy": ", ".join(policies), "RateLimit": f'"{bucket.name}";r={tokens};t={seconds}'}


@dataclass(slots=True)
class Held:
    """What a container has of a bucket: tokens until then, and what it knows of the bucket."""

    tokens: int = 0
    until: int = 0
    full_at: int = 0
    is_empty: bool = False  # when it was last asked


@dataclass
class Throttle:
    """One container's handfuls."""

    held: dict[Bucket, Held] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def spend(self, wanted: Sequence[Bucket], now: int) -> Allowance:
        """A token of each bucket. Raises RateLimited."""
        with self.lock:
            known = {bucket: self._of(bucket, now) for bucket in wanted}
            self._refuse(known, now)
            lacking = {bucket: held for bucket, held in known.items() if not held.tokens}
            if lacking:
                self._take(lacking, now)
                self._refuse(known, now)
            for held in known.values():
                held.tokens = max(held.tokens - 1, 0)
            return _allowance(known, now)

    def _of(self, bucket: Bucket, now: int) -> Held:
        if len(self.held) > _MOST_KEPT:
            self.held = {each: held for each, held in self.held.items() if held.until > now or held.full_at > now}
        held = self.held.setdefault(bucket, Held())
        if held.until <= now:
            held.tokens = 0
        return held

    def _take(self, lacking: dict[Bucket, Held], now: int) -> None:
        counts = {bucket: max(min(HANDFUL, bucket.burst // SHARE), 1) for bucket in lacking}
        try:
            taken = buckets.take(counts, {bucket: held.full_at for bucket, held in lacking.items()}, now=now)
        except Exception:
            _log.warning("calls are not counted: the table does not answer", exc_info=True)
            return
        for bucket, each in (taken or {}).items():
            held = lacking[bucket]
            held.tokens, held.full_at, held.until = each.tokens, each.full_at, now + HELD_SECONDS * SECOND
            held.is_empty = bucket.left(each.full_at, now) == 0 and each.tokens == 0

    def _refuse(self, known: dict[Bucket, Held], now: int) -> None:
        waits = [bucket.seconds_to_one(held.full_at, now) for bucket, held in known.items() if held.is_empty and not held.tokens]
        if waits and max(waits) > 0:
            raise RateLimited("too many calls; try again later", max(math.ceil(max(waits)), 1), _allowance(known, now).headers)


def _allowance(known: dict[Bucket, Held], now: int) -> Allowance:
    left = ((bucket, held.tokens + bucket.left(held.full_at, now), math.ceil(max(held.full_at - now, 0) / SECOND)) for bucket, held in known.items())
    return Allowance(tuple(left))


THROTTLE: Final = Throttle()


def spend(principal: Principal, kind: CallKind, address: str) -> Allowance:
    """Count one call. Who shows no credentials is counted by address. Raises RateLimited."""
    return THROTTLE.spend(buckets_of(principal, kind, address), time.time_ns() // 1000)


def kind_of(principal: Principal, scope: Scope | Access, method: str) -> CallKind:
    """What kind of call a route's is, for limits."""
    if principal.kind == "nobody":
        return "auth"
    if scope is Scope.WORKFLOW_EXECUTE and method not in _READING:
        return "start"
    return "read" if method in _READING else "write"


def buckets_of(principal: Principal, kind: CallKind, address: str) -> tuple[Bucket, ...]:
    """The buckets that a call takes from."""
    rates = settings().rates.of(kind)
    caller, all_callers = rates.caller, rates.organisation
    if principal.kind == "nobody":
        return (Bucket("caller", PLATFORM, kind, f"address:{address}", caller.per_second, caller.burst),)
    return (
        Bucket("caller", principal.organisation_id, kind, f"{principal.kind}:{principal.person}", caller.per_second, caller.burst),
        Bucket("organisation", principal.organisation_id, kind, "", all_callers.per_second, all_callers.burst),
    )
