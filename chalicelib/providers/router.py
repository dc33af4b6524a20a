"""From a route to an answer: who is asked, in which order, what happens when one fails.

In: a `Route`, a `ModelRequest`, the time that is left. Out: `Routed`, the answer with its trail; or the last ModelFailure, with the trail and with
what all calls together took.
The router owns the retries of a model call, and they are short: the next candidate at once, or the same one once more within a quarter of a second.
Whatever would take waiting (all have failed, a vendor asks for patience) leaves as an error, and the state machine waits: a Lambda that sleeps is
paid for. A candidate whose breaker is open is not called; if all are open, the one that opens up soonest is, once.
Never: two candidates' texts one after the other to `on_text`. Once a piece was handed out, a failure is ModelTruncated; with `buffered` nothing is
handed out before the answer is whole, so falling back stays free.
"""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from chalicelib.providers import prices
from chalicelib.providers.candidates import Candidate, Choice, Price, Route, ordered
from chalicelib.providers.failures import MEANING, FailureKind, Fallback, ModelFailure, ModelTimedOut, ModelTruncated, ModelUnavailable
from chalicelib.providers.health import Health, Passage
from chalicelib.providers.model import ModelRequest, ModelResponse, OnText, Provider, Usage
from chalicelib.providers.trail import Outcome, Step

RETRY_PAUSE_SECONDS: Final = 0.25  # the longest; full jitter
SHARE_OF_TIME: Final = 0.6  # of what is left, for a candidate that others could follow
PROBE_SECONDS: Final = 30.0  # for a probe of a candidate whose speed is not known
_PROBE_SLACK: Final = 3.0  # times its p95, where that is known
_MIN_PROBE_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True)
class Routed:
    """`usage` is what the answer and the failed calls before it took together, named after who answered; `response.usage` is the answer's own."""

    response: ModelResponse
    trail: tuple[Step, ...]
    usage: Usage


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What of the world a router uses besides its ports: a clock for durations, chance, a pause. Tests hand in their own."""

    clock: Callable[[], float] = time.perf_counter
    chance: Callable[[], float] = random.random
    pause: Callable[[float], None] = time.sleep


class Router:
    """One per container; safe for several calls at once. `provider_of` gives the adapter of a candidate, made with its key."""

    def __init__(
        self, provider_of: Callable[[Candidate], Provider], health: Health, *, price: Price = prices.cost, surroundings: Surroundings | None = None
    ) -> None:
        self.provider_of = provider_of
        self.health = health
        self.price = price
        self.surroundings = surroundings or Surroundings()

    def call(
        self, route: Route, request: ModelRequest, *, seconds_left: Callable[[], float], on_text: OnText | None = None, buffered: bool = False
    ) -> Routed:
        """Raises a ModelFailure whose `trail` tells of every candidate and whose `usage` is what all calls took."""
        return _Trip(self, route, request, seconds_left, on_text, buffered).made()

    def order(self, route: Route, request: ModelRequest, *, is_streamed: bool = False) -> tuple[Choice, ...]:
        """The candidates as they would be asked now, breakers aside."""
        self.health.look([candidate.id for candidate in route.candidates])
        return tuple(ordered(route, request, counts=self.health.counts, price=self.price, is_streamed=is_streamed))

    def flush(self) -> frozenset[str]:
        """Tell the other containers how the calls went: once per invocation, at its end. Gives the candidates that were called."""
        return self.health.flush()


class _Handing:
    """Stands between an adapter and the caller's `on_text`: knows when the first piece came and whether the caller has seen any."""

    __slots__ = ("_began", "_clock", "_on_text", "first_seconds", "pieces")

    def __init__(self, on_text: OnText | None, clock: Callable[[], float], began: float) -> None:
        self._on_text = on_text
        self._clock = clock
        self._began = began
        self.first_seconds: float | None = None
        self.pieces = 0

    def __call__(self, text: str) -> None:
        if self.first_seconds is None:
            self.first_seconds = self._clock() - self._began
        if self._on_text is not None and text:
            self.pieces += 1
            self._on_text(text)


@dataclass(slots=True)
class _Trip:
    """One call on its way through the candidates."""

    router: Router
    route: Route
    request: ModelRequest
    seconds_left: Callable[[], float]
    on_text: OnText | None
    buffered: bool
    steps: list[Step] = field(default_factory=list)
    spent: Usage | None = None
    failure: ModelFailure | None = None
    outgrown: Candidate | None = None  # the request did not fit its window
    has_retried: bool = False

    def made(self) -> Routed:
        if self.seconds_left() <= 0:
            raise ModelTimedOut("no time is left for the call")
        self.steps.extend(Step(name, Outcome.SKIPPED, "it has no key here") for name in self.route.keyless)
        choices = self.router.order(self.route, self.request, is_streamed=self.on_text is not None)
        for place, choice in enumerate(choices):
            routed = self._visit(choice, is_last=not self._is_followed(choices[place + 1 :]))
            if routed is not None:
                return routed
        if self.failure is None:
            routed = self._last_resort(choices)
            if routed is not None:
                return routed
        raise self._given_up()

    def _is_followed(self, choices: tuple[Choice, ...]) -> bool:
        return any(self.router.health.is_closed(choice.candidate.id) and self._fits(choice.candidate) for choice in choices)

    def _fits(self, candidate: Candidate) -> bool:
        return self.outgrown is None or candidate.is_larger_than(self.outgrown.window)

    def _visit(self, choice: Choice, *, is_last: bool) -> Routed | None:
        """Ask a candidate, if it may be asked."""
        candidate = choice.candidate
        if not self._fits(candidate):
            self._skip(candidate, "its context window is not known to be larger")
            return None
        passage = self.router.health.admit(candidate.id, seconds=lambda: self._seconds(candidate, Passage.PROBE, is_last=is_last))
        if passage is None:
            self._skip(candidate, self._open(candidate))
            return None
        return self._ask(choice, passage, is_last=is_last)

    def _last_resort(self, choices: tuple[Choice, ...]) -> Routed | None:
        """All breakers are open: the one that opens up soonest is asked all the same."""
        health = self.router.health
        soonest = min(choices, key=lambda choice: health.standing(choice.candidate.id).open_until or 0.0, default=None)
        return None if soonest is None else self._ask(soonest, Passage.LAST_RESORT, is_last=True)

    def _ask(self, choice: Choice, passage: Passage, *, is_last: bool) -> Routed | None:
        """One call, or two: a hiccup is tried again at the same candidate, once in the whole trip. Raises what nobody else may be asked after."""
        while True:
            routed = self._try(choice, passage, self._seconds(choice.candidate, passage, is_last=is_last))
            if routed is not None:
                return routed
            assert self.failure is not None
            meaning = MEANING[self.failure.kind]
            if meaning.fallback is Fallback.NEVER or self.seconds_left() <= 0:
                raise self._given_up()
            if meaning.fallback is Fallback.LARGER:
                self.outgrown = choice.candidate
            if not meaning.retry or not self._may_retry(choice.candidate, passage):
                return None
            self.has_retried = True
            self.router.surroundings.pause(self.router.surroundings.chance() * RETRY_PAUSE_SECONDS)

    def _try(self, choice: Choice, passage: Passage, seconds: float) -> Routed | None:
        candidate, router, name = choice.candidate, self.router, choice.candidate.id
        began = router.surroundings.clock()
        handing = _Handing(None if self.buffered else self.on_text, router.surroundings.clock, began)
        try:
            response = router.provider_of(candidate).call(
                self.request, model=candidate.model, seconds=seconds, on_text=None if self.on_text is None else handing
            )
        except ModelFailure as failure:
            if self._is_fair(candidate, failure, seconds):
                router.health.failed(name, passage, failure)
            self._fail(choice, passage, failure, handing, router.surroundings.clock() - began)
            return None
        taken = router.surroundings.clock() - began
        router.health.succeeded(name, passage, seconds=taken, first_token_seconds=handing.first_seconds)
        self.steps.append(Step(name, Outcome.ANSWERED, _why(choice, passage), taken, handing.first_seconds, usage=response.usage))
        self._spend(response.usage)
        if self.buffered and self.on_text is not None and response.text:
            self.on_text(response.text)
        return Routed(response, tuple(self.steps), self.spent or response.usage)

    def _fail(self, choice: Choice, passage: Passage, failure: ModelFailure, handing: _Handing, taken: float) -> None:
        """Record a failure. Raises ModelTruncated where the caller has seen the beginning of this answer, since another one cannot follow it."""
        name = choice.candidate.id
        self.steps.append(
            Step(name, Outcome.FAILED, _why(choice, passage), taken, handing.first_seconds, failure.kind, str(failure)[:300], failure.usage)
        )
        self._spend(failure.usage)
        self.failure = failure
        if handing.pieces and MEANING[failure.kind].fallback is not Fallback.NEVER:
            self.failure = ModelTruncated(f"the answer of {name} broke off after its beginning was handed out: {failure}")
            raise self._given_up() from failure

    def _is_fair(self, candidate: Candidate, failure: ModelFailure, seconds: float) -> bool:
        """Whether a failure says something of the candidate: one that had less time than its answers usually take does not."""
        usual = self.router.health.counts(candidate.id).latency(0.95)
        return failure.kind is not FailureKind.TIMEOUT or usual is None or seconds >= usual

    def _may_retry(self, candidate: Candidate, passage: Passage) -> bool:
        is_healthy = passage is Passage.FREE and self.router.health.is_closed(candidate.id)
        return is_healthy and not self.has_retried and self.seconds_left() > RETRY_PAUSE_SECONDS

    def _seconds(self, candidate: Candidate, passage: Passage, *, is_last: bool) -> float:
        """How long a call may take, so that there is time to ask another one."""
        left = self.seconds_left()
        if is_last:
            return left
        return min(left * SHARE_OF_TIME, self._probe_seconds(candidate)) if passage is Passage.PROBE else left * SHARE_OF_TIME

    def _probe_seconds(self, candidate: Candidate) -> float:
        """How long a probe may take: no longer than this candidate's answers do."""
        usual = self.router.health.counts(candidate.id).latency(0.95)
        return PROBE_SECONDS if usual is None else max(_MIN_PROBE_SECONDS, _PROBE_SLACK * usual)

    def _open(self, candidate: Candidate) -> str:
        standing = self.router.health.standing(candidate.id)
        kind = standing.kind.value if standing.kind is not None else "a failure"
        return f"breaker {'half-open, another call probes it' if standing.probe_owner else 'open'} after {kind}"

    def _skip(self, candidate: Candidate, why: str) -> None:
        self.steps.append(Step(candidate.id, Outcome.SKIPPED, why))

    def _spend(self, usage: Usage | None) -> None:
        if usage is not None:
            self.spent = usage if self.spent is None else self.spent.plus(usage)

    def _given_up(self) -> ModelFailure:
        failure = self.failure or ModelUnavailable(f"{self.route.name} has no candidate")
        failure.usage = self.spent
        failure.trail = tuple(self.steps)
        return failure


def _why(choice: Choice, passage: Passage) -> str:
    match passage:
        case Passage.FREE:
            return choice.why
        case Passage.PROBE:
            return f"{choice.why}; the probe of a half-open breaker"
        case Passage.LAST_RESORT:
            return f"{choice.why}; all breakers are open, this one opens up soonest"
