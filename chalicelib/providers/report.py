"""How the providers are: each candidate against what is asked of it, and whom each alias leads to.

In: routes, what the shared record knows, the time, the target of availability. Out: JSON. Never a key: the names of keys at most.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from chalicelib.clock import seconds_text
from chalicelib.providers import prices
from chalicelib.providers.breaker import Standing, State
from chalicelib.providers.candidates import DEFAULT_KEY, Candidate, Route, ordered
from chalicelib.providers.counts import Counts
from chalicelib.providers.model import ModelRequest, user
from chalicelib.spec.model import Json, JsonObject

_USUAL: Final = ModelRequest(messages=(user("." * 4_000),))  # a request of a thousand tokens, for the order of a strategy that looks at requests


@dataclass(frozen=True, slots=True)
class Known:
    """Of one candidate: how it stands, its calls of the last day, and of the last quarters of an hour."""

    standing: Standing
    day: Counts
    recent: Counts


_NOTHING: Final = Known(Standing(), Counts(), Counts())


def report(routes: Sequence[Route], known: Mapping[str, Known], *, now: float, target: float) -> JsonObject:
    """`known` by candidate. Those of the routes are there in any case, others while they were called or are open."""
    alive = {name for name, each in known.items() if each.day.calls or each.standing.state(now) is State.OPEN}
    names = sorted({*alive, *(candidate.id for route in routes for candidate in route.candidates)})
    return {
        "at": seconds_text(now),
        "availability_target": target,
        "window_seconds": 86_400,
        "candidates": [_candidate(name, known.get(name, _NOTHING), now=now, target=target) for name in names],
        "routes": [_route(route, known) for route in routes],
    }


def _candidate(name: str, known: Known, *, now: float, target: float) -> JsonObject:
    standing, day = known.standing, known.day
    place = candidate_of(name)
    state = standing.state(now)
    return {
        "id": name,
        "provider": place.provider,
        "model": place.model,
        "key": place.key,
        "state": state.value,
        "opened_at": _time(standing.opened_at),
        "open_until": _time(standing.open_until if state is State.OPEN else None),
        "opened_for": None if standing.kind is None else standing.kind.value,
        "availability": _rounded(day.availability),
        "error_budget_left": _rounded(day.budget_left(target)),
        **_speed(day),
        "recent": _speed(known.recent),
    }


def _speed(counts: Counts) -> JsonObject:
    return {
        "call_count": counts.calls,
        "success_ratio": _rounded(counts.success_ratio),
        "latency_p50_seconds": _rounded(counts.latency(0.5)),
        "latency_p95_seconds": _rounded(counts.latency(0.95)),
        "first_token_p50_seconds": _rounded(counts.first_token(0.5)),
        "first_token_p95_seconds": _rounded(counts.first_token(0.95)),
        "failures": dict(counts.kinds),
    }


def _route(route: Route, known: Mapping[str, Known]) -> JsonObject:
    """The order in which a usual request would meet the candidates, breakers aside."""
    choices = ordered(route, _USUAL, counts=lambda name: known.get(name, _NOTHING).recent, price=prices.cost, is_streamed=False)
    order: list[Json] = [{"candidate": choice.candidate.id, "why": choice.why} for choice in choices]
    return {"name": route.name, "strategy": route.strategy.value, "order": order, "keyless": [*route.keyless], "why": route.why}


def _time(seconds: float | None) -> str | None:
    return None if seconds is None else seconds_text(seconds)


def _rounded(number: float | None) -> float | None:
    return None if number is None else round(number, 4)


def candidate_of(name: str) -> Candidate:
    """The candidate that an id names."""
    provider, _, rest = name.partition(":")
    model, bracket, key = rest.removesuffix(")").rpartition(" (")
    return Candidate(provider, model, key) if bracket and rest.endswith(")") else Candidate(provider, rest, DEFAULT_KEY)
