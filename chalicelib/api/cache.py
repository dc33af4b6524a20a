"""Routes: the cache of model answers."""

from http import HTTPMethod
from typing import Annotated, Final

from chalice.app import Blueprint
from pydantic import Field

from chalicelib.access.scopes import Scope
from chalicelib.api.costs import DaysWanted
from chalicelib.api.endpoint import Answer, Call, Nothing, Wire, endpoint
from chalicelib.api.views import view
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


@endpoint(routes, HTTPMethod.GET, "/api/v1/cache", scope=Scope.ORG_ADMIN)
def get_analytics(call: Call[Nothing, DaysWanted]) -> Answer:
    """Hits, misses and money saved, by day."""
    first, last = call.query.first.isoformat(), call.query.last.isoformat()
    days = ResponseCache(call.principal.organisation_id).days(first, last)
    total = CacheDay()
    for day in days.values():
        total = total.plus(day)
    return Answer({"from": first, "to": last, "total": view(total), "days": [{"day": day, **view(counts)} for day, counts in days.items()]})


@endpoint(routes, HTTPMethod.DELETE, "/api/v1/cache", scope=Scope.ORG_ADMIN)
def clear(call: Call[Nothing, Nothing]) -> Answer:
    """Forget all answers."""
    return Answer({"generation": ResponseCache(call.principal.organisation_id).clear()})


@endpoint(routes, HTTPMethod.POST, "/api/v1/cache/warm", scope=Scope.WORKFLOW_EXECUTE)
def warm_cache(call: Call[ToWarm, Nothing]) -> Answer:
    """Have asked what is not there yet."""
    wanted: list[JsonObject] = [request.model_dump() for request in call.body.requests]
    job = warm(call.principal, wanted, ttl_seconds=call.body.ttl_seconds, key=call.idempotency_key)
    return Answer(_job(job), status=202, headers={"Location": f"/api/v1/cache/warm/{job.id}"})


@endpoint(routes, HTTPMethod.GET, "/api/v1/cache/warm/{job_id}", scope=Scope.WORKFLOW_EXECUTE)
def get_warming(call: Call[Nothing, Nothing], job_id: str) -> Answer:
    """How a job stands."""
    return Answer(_job(get_job(call.principal, job_id)))


def _job(job: WarmJob) -> JsonObject:
    """With what has become of the first requests, in their order."""
    results = results_of(job)
    costs = [each["cost"] for each in results if isinstance(each.get("cost"), int)]
    return {
        **view(job, without=frozenset({"organisation_id", "digest", "requests", "results", "lease_owner", "lease_until"})),
        "done_count": len(results),
        "requests": [*results],
        "cost": sum(cost for cost in costs if isinstance(cost, int)),
        "unpriced_count": sum(each.get("status") == "new" and each.get("cost") is None for each in results),
    }
