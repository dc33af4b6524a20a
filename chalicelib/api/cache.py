"""Routes: the cache of model answers."""

from http import HTTPMethod
from typing import Annotated, Final

from chalice.app import Blueprint
from pydantic import Field

from chalicelib.access.scopes import Scope
from chalicelib.api import money_shapes
from chalicelib.api.contract import Replay
from chalicelib.api.costs import DaysWanted
from chalicelib.api.endpoint import Answer, Call, Nothing, Wire, endpoint
from chalicelib.api.views import view
from chalicelib.errors import JobNotFound, KeyReused
from chalicelib.spec.model import JsonObject
from chalicelib.store.response_cache import MAX_TTL_SECONDS, CacheDay, ResponseCache
from chalicelib.store.warm_jobs import WarmJob, results_of
from chalicelib.workflows.warming import get_job, warm

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


@endpoint(
    routes,
    HTTPMethod.POST,
    "/api/v1/cache/warm",
    scope=Scope.WORKFLOW_EXECUTE,
    answers={202: money_shapes.WARM_JOB},
    errors=(KeyReused,),
    replay=Replay.OWN,
)
def warm_cache(call: Call[ToWarm, Nothing]) -> Answer:
    """Have asked what is not there yet: a job of the function that has the vendors' keys.

    `requests` has what became of those done so far, in the requests' order; there `status` is `new`, `there`, `failed` (`error` has the code, such
    as `budget-exceeded`; `not-kept` is an answer that may not be kept) or `left`: the time did not suffice, send it again. Without `ttl_seconds`
    answers are kept for a day. Calls count for the organisation and its budget.

    With `Idempotency-Key` the same requests are one job, however often they are sent; sent again they are handed over again, unless somebody works
    on them, so that a job whose worker died or never came is begun by whoever waits for it. A job goes on behind its last result, and a request
    whose answer is kept already is `there`. `unavailable`: the job is kept; send it again.
    """
    wanted: list[JsonObject] = [request.model_dump() for request in call.body.requests]
    job = warm(call.principal, wanted, ttl_seconds=call.body.ttl_seconds, key=call.idempotency_key)
    return Answer(_job(job), status=202, headers={"Location": f"/api/v1/cache/warm/{job.id}"})


@endpoint(
    routes,
    HTTPMethod.GET,
    "/api/v1/cache/warm/{job_id}",
    scope=Scope.WORKFLOW_EXECUTE,
    answers={200: money_shapes.WARM_JOB},
    errors=(JobNotFound,),
)
def get_warming(call: Call[Nothing, Nothing], job_id: str) -> Answer:
    """How a job stands; jobs are kept for a week."""
    return Answer(_job(get_job(call.principal, job_id)))


def _job(job: WarmJob) -> JsonObject:
    """With what has become of the first requests, in their order."""
    results = results_of(job)
    costs = [each["cost"] for each in results if isinstance(each.get("cost"), int)]
    return {
        **view(job, without=money_shapes.WARM_JOB.without),
        "done_count": len(results),
        "requests": [*results],
        "cost": sum(cost for cost in costs if isinstance(cost, int)),
        "unpriced_count": sum(each.get("status") == "new" and each.get("cost") is None for each in results),
    }
