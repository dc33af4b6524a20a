"""Who may answer, and in which order they are asked: candidates, routes, strategies.

In: a route, a request, what is known of the candidates. Out: the candidates in order, each with the reason for its place. Never makes a call.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from chalicelib.providers.counts import Counts
from chalicelib.providers.model import Attachment, ModelRequest, Part, Text, ToolResult, ToolUse
from chalicelib.providers.prices import Tokens

DEFAULT_KEY: Final = "default"
MIN_SAMPLES: Final = 5  # answers, before a candidate's speed is known
EXPECTED_OUTPUT_TOKENS: Final = 1_000
_ATTACHMENT_TOKENS: Final = 1_500
_CHARACTERS_PER_TOKEN: Final = 4

Price = Callable[[str, str, Tokens], int | None]


class Strategy(StrEnum):
    PRIORITY = "priority"
    CHEAPEST = "cheapest"
    FASTEST = "fastest"


@dataclass(frozen=True, slots=True)
class Candidate:
    """One model at one vendor, with one key. `window` is its context window in tokens, None where nobody said; `priority` 1 comes first."""

    provider: str
    model: str
    key: str = DEFAULT_KEY
    priority: int = 1
    window: int | None = None

    @property
    def id(self) -> str:
        """What its breaker and its counts are kept under."""
        name = f"{self.provider}:{self.model}"
        return name if self.key == DEFAULT_KEY else f"{name} ({self.key})"

    def is_larger_than(self, window: int | None) -> bool:
        return self.window is not None and window is not None and self.window > window


@dataclass(frozen=True, slots=True)
class Route:
    """Whom a name stands for. `candidates` come by priority; `keyless` are the ids of those that have no key here; `why` is told where the offline
    provider answers in the place of all."""

    name: str
    candidates: tuple[Candidate, ...]
    strategy: Strategy = Strategy.PRIORITY
    why: str = ""
    keyless: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Choice:
    """A candidate and the reason for its place."""

    candidate: Candidate
    why: str


def ordered(route: Route, request: ModelRequest, *, counts: Callable[[str], Counts], price: Price, is_streamed: bool) -> Sequence[Choice]:
    """The route's candidates as they are to be asked. Unpriced ones come last; those of unknown speed come first, so that it gets known."""
    match route.strategy:
        case Strategy.PRIORITY:
            return [Choice(candidate, f"priority {candidate.priority}") for candidate in route.candidates]
        case Strategy.CHEAPEST:
            return _by_price(route, _expected(request), price)
        case Strategy.FASTEST:
            return _by_speed(route, counts, is_streamed=is_streamed)


def _by_price(route: Route, tokens: Tokens, price: Price) -> Sequence[Choice]:
    costs = [(candidate, price(candidate.provider, candidate.model, tokens)) for candidate in route.candidates]
    told = [(candidate, cost, f"about {cost:,} micro-dollars" if cost is not None else "unpriced") for candidate, cost in costs]
    return [Choice(candidate, why) for candidate, _, why in sorted(told, key=lambda each: (each[1] is None, each[1] or 0))]


def _by_speed(route: Route, counts: Callable[[str], Counts], *, is_streamed: bool) -> Sequence[Choice]:
    def speed(candidate: Candidate) -> float | None:
        known = counts(candidate.id)
        if known.good < MIN_SAMPLES:
            return None
        return (known.first_token(0.5) if is_streamed else None) or known.latency(0.5)

    speeds = [(candidate, speed(candidate)) for candidate in route.candidates]
    told = [(candidate, found or 0.0, f"half within {found:.2f} s" if found is not None else "speed not known yet") for candidate, found in speeds]
    return [Choice(candidate, why) for candidate, _, why in sorted(told, key=lambda each: each[1])]


def _expected(request: ModelRequest) -> Tokens:
    """What a request will roughly take."""
    read = sum(_tokens(part) for message in request.messages for part in message.parts) + len(request.system or "") // _CHARACTERS_PER_TOKEN
    return Tokens(fresh=read, output=min(request.max_output_tokens or EXPECTED_OUTPUT_TOKENS, EXPECTED_OUTPUT_TOKENS))


def _tokens(part: Part) -> int:
    match part:
        case Attachment():
            return _ATTACHMENT_TOKENS
        case Text() | ToolResult():
            return len(part.text) // _CHARACTERS_PER_TOKEN
        case ToolUse():
            return len(str(part.arguments)) // _CHARACTERS_PER_TOKEN
