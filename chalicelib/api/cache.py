"""Routes: the cache of model answers."""

from dataclasses import asdict
from http import HTTPMethod
from typing import Annotated, Final

from chalice.app import Blueprint
from pydantic import Field

from chalicelib.access.scopes import Scope
from chalicelib.api import money_shapes
from chalicelib.api.costs import DaysWanted
from chalicelib.api.endpoint import Answer, Call, Nothing, Wire, endpoint
from chalicelib.api.views import view
from chalicelib.spec.model import JsonObject
from chalicelib.store.response_cache import MAX_TTL_SECONDS, CacheDay, ResponseCache
from chalicelib.workers.warm_cache import Wanted, warm

routes = Blueprint(__name__)
MAX_REQUESTS: Final = 20
_MAX_TEXT: Final = 200_000


class RequestToWarm(Wire):
    """As an agent's node makes it, its texts rendered."""

    prompt: Annotated[str, Field(min_length=1, max_length=_MAX_TEXT)]
    model: Annotated[str, Field(min_length=1, max_length=200)] = "default"
    system: Annotated[str, Field(max_length=_MAX_TEXT)] | None = None
    output: JsonObject | None = None
    max_output_tokens: Annotated[int, Field(ge=1)] | None = None


class ToWarm(Wire):
    requests: Annotated[list[RequestToWarm], Field(min_length=1, max_length=MAX_REQUESTS)]
    ttl_seconds: Annotated[int, Field(ge=1, le=MAX_TTL_SECONDS)] = 86_400


@endpoint(routes, HTTPMethod.GET, "/api/v1/cache", scope=Scope.ORG_ADMIN, answers={200: money_shapes.CACHE})
def get_analytics(call: Call[Nothing, DaysWanted]) -> Answer:
    """Hits, misses and money saved, by day.

    `from` and `to` as for costs. `saved` is what the answers given again had cost, in micro-dollars; `unpriced_count` counts hits of answers
    without a price; `bypass_count` calls made without the cache, because it failed or another caller took too long. Counts are for people to
    read: one may be counted twice when AWS is told twice.
    """
    first, last = call.query.first.isoformat(), call.query.last.isoformat()
    days = ResponseCache(call.principal.organisation_id).days(first, last)
    total = CacheDay()
    for day in days.values():
        total = total.plus(day)
    return Answer({"from": first, "to": last, "total": view(total), "days": [{"day": day, **view(counts)} for day, counts in days.items()]})


@endpoint(routes, HTTPMethod.DELETE, "/api/v1/cache", scope=Scope.ORG_ADMIN, answers={200: money_shapes.CLEARED})
def clear(call: Call[Nothing, Nothing]) -> Answer:
    """Forget all answers.

    All of the organisation at once: none is given again. What is stored goes when its own time is over.
    """
    return Answer({"generation": ResponseCache(call.principal.organisation_id).clear()})


@endpoint(routes, HTTPMethod.POST, "/api/v1/cache/warm", scope=Scope.WORKFLOW_EXECUTE, answers={200: money_shapes.WARMED})
def warm_cache(call: Call[ToWarm, Nothing]) -> Answer:
    """Ask what is not there yet. What the time does not suffice for is `left`: send it again.

    Answers are in the requests' order; `status` is `new`, `there`, `failed` (`error` has the code, such as `budget-exceeded`; `not-kept` is an
    answer that may not be kept) or `left`. Without `ttl_seconds` they are kept for a day. Calls count for the organisation and its budget.
    """
    wanted = [Wanted(**dict(request)) for request in call.body.requests]
    warmed = warm(call.principal, wanted, ttl_seconds=call.body.ttl_seconds)
    answers: list[JsonObject] = [asdict(each) for each in warmed]
    return Answer(
        {
            "requests": [*answers],
            "cost": sum(each.cost or 0 for each in warmed),
            "unpriced_count": sum(each.status == "new" and each.cost is None for each in warmed),
        }
    )
