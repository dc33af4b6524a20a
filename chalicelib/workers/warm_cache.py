"""Fills the response cache before anybody asks: a plain prompt, asked once unless its answer is there.

In: a principal, a request as nodes of agents make them, a time-to-live. Out: what became of it: `new`, `there`, `failed`, or `left` when the time
was over. Calls are metered as all are: they count for the organisation and fall under its budget.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final, Literal

from chalicelib import ids
from chalicelib.access.metering import Spot, metered
from chalicelib.access.principal import Principal
from chalicelib.errors import SluiceError
from chalicelib.providers.cached import CacheOutcome, Came, KeyRequest, cached_call
from chalicelib.providers.candidates import Route
from chalicelib.providers.model import ModelRequest, ModelResponse, user
from chalicelib.spec.model import JsonObject
from chalicelib.store.response_cache import ResponseCache
from chalicelib.workers.model_router import models
from chalicelib.workers.models import most_cost, whole

LEAST_SECONDS: Final = 2.0  # below which no call is begun


@dataclass(frozen=True, slots=True)
class Wanted:
    """One request. Its key is that of a node with the same prompt, system, output schema and model, and no tools."""

    model: str
    prompt: str
    system: str | None = None
    output: JsonObject | None = None
    max_output_tokens: int | None = None

    @property
    def request(self) -> ModelRequest:
        return ModelRequest(messages=(user(self.prompt),), system=self.system, output=self.output, max_output_tokens=self.max_output_tokens)


@dataclass(frozen=True, slots=True)
class Warmed:
    """What became of a request. `cost` is that of a call that was made; None where none was, or it has no price."""

    status: Literal["new", "there", "failed", "left"]
    key: str = ""
    cost: int | None = None
    error: str | None = None


def warm(principal: Principal, wanted: Wanted, *, ttl_seconds: int, seconds: float) -> Warmed:
    """Within so many seconds. It raises nothing that is this request's own fault or its vendor's."""
    if seconds < LEAST_SECONDS:
        return Warmed("left")
    seconds_left = _clock(seconds)
    try:
        route = models().route(wanted.model)
        asked = KeyRequest(wanted.request, route.candidates[0].provider, route.candidates[0].model)
        response, outcome = cached_call(
            asked,
            store=ResponseCache(principal.organisation_id),
            ttl_seconds=ttl_seconds,
            call=partial(_call, principal, route, asked.request, seconds_left),
            seconds_left=seconds_left,
            pause=time.sleep,
        )
    except SluiceError as error:
        return Warmed("failed", error=error.code)
    return _warmed(response, outcome)


def _call(principal: Principal, route: Route, request: ModelRequest, seconds_left: Callable[[], float]) -> ModelResponse:
    return metered(
        Spot(principal.organisation_id),
        call_key=ids.new_id("warm"),
        amount=most_cost(route, request),
        call=lambda: whole(models().router.call(route, request, seconds_left=seconds_left)),
    )


def _warmed(response: ModelResponse, outcome: CacheOutcome) -> Warmed:
    if outcome.came is Came.HIT:
        return Warmed("there", outcome.key)
    if outcome.is_kept:
        return Warmed("new", outcome.key, response.usage.cost)
    return Warmed("failed", outcome.key, response.usage.cost, error="not-kept")


def _clock(seconds: float) -> Callable[[], float]:
    end = time.monotonic() + seconds
    return lambda: end - time.monotonic()
