"""The other end of `workflows.errands`: what the API has done here, where secrets may be read.

In: an errand as Lambda hands it over. Out: `{result}`, or `{error}` for what is wrong with the asking or the server asked; an exception for what may
be tried again. Never: a secret in what comes out.
"""

from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from typing import Final, assert_never

from pydantic import TypeAdapter

from chalicelib import ids
from chalicelib.access.principal import platform_principal
from chalicelib.access.secrets import resolved_key
from chalicelib.errors import SluiceError
from chalicelib.settings import settings
from chalicelib.spec.model import Json, JsonObject
from chalicelib.store import warm_jobs
from chalicelib.store.external_agents import ExternalAgent
from chalicelib.tools.card_signature import sign
from chalicelib.tools.mcp import discover
from chalicelib.workers import model_router
from chalicelib.workers.secrets import Lent, guarded
from chalicelib.workers.warm_cache import Wanted, warm
from chalicelib.workflows.errands import ListTools, ReadCard, SignCard, WarmCache, failed, read
from chalicelib.workflows.external_agents import described, read_card
from chalicelib.workflows.tool_reach import outlook

DISCOVERY_SECONDS: Final = 7.0
REQUEST_SECONDS: Final = 100.0  # below what a lease lasts
MARGIN_SECONDS: Final = 10.0
_OWNER: Final = "own"
_WANTED: Final = TypeAdapter(Wanted)


def handle(event: object, seconds_left: Callable[[], float]) -> JsonObject:
    errand = read(event)
    try:
        match errand:
            case ListTools(server=server):
                return {"result": [*_tools_of(server)]}
            case WarmCache(organisation_id=organisation_id, job_id=job_id):
                return {"result": _warm(organisation_id, job_id, seconds_left)}
            case ReadCard():
                return {"result": _card_of(errand)}
            case SignCard(card=card):
                return {"result": sign(card, resolved_key(settings().card_key))}
            case _ as unknown:
                assert_never(unknown)
    except SluiceError as error:
        if error.retryable and isinstance(errand, WarmCache):
            raise
        return failed(error)


def _tools_of(server: str) -> list[JsonObject]:
    lent = Lent()
    found = guarded(lent, lambda: discover(server, outlook(DISCOVERY_SECONDS, lent.of_deployment)))
    return [asdict(tool.retold(lent.json)) for tool in found]


def _card_of(errand: ReadCard) -> Json:
    lent = Lent()
    registration = None if errand.registration is None else ExternalAgent.model_validate(errand.registration)
    resolve = lent.of_deployment if registration is None else partial(lent.of_organisation, errand.organisation_id)
    return lent.json(described(guarded(lent, lambda: read_card(errand.name, registration, resolve))))


def _warm(organisation_id: str, job_id: str, seconds_left: Callable[[], float]) -> Json:
    """How many requests were done here. What the time does not suffice for is `left`."""
    owner = ids.new_id(_OWNER)
    job = warm_jobs.take(organisation_id, job_id, owner)
    if job is None:
        return 0
    results = warm_jobs.results_of(job)
    before = len(results)
    try:
        for request in warm_jobs.requests_of(job)[before:]:
            spare = min(REQUEST_SECONDS, seconds_left() - MARGIN_SECONDS)
            results.append(
                asdict(warm(platform_principal(organisation_id), _WANTED.validate_python(request), ttl_seconds=job.ttl_seconds, seconds=spare))
            )
            if not warm_jobs.put_results(job, owner, results):
                break  # another goes on with it
    finally:
        model_router.flush()
    return len(results) - before
