"""Routes: how the providers of models are."""

import time
from http import HTTPMethod

from chalice.app import Blueprint

from chalicelib.access.scopes import Scope
from chalicelib.api import money_shapes
from chalicelib.api.endpoint import Answer, Call, Nothing, endpoint
from chalicelib.providers.report import report
from chalicelib.settings import settings
from chalicelib.store.provider_health import read_known, read_providers
from chalicelib.workers.model_router import models

routes = Blueprint(__name__)


@endpoint(routes, HTTPMethod.GET, "/api/v1/providers/health", scope=Scope.WORKFLOW_READ, answers={200: money_shapes.PROVIDERS_HEALTH})
def providers_health(call: Call[Nothing, Nothing]) -> Answer:  # noqa: ARG001  (nothing is asked)
    """Each candidate's breaker and record of the last day, and whom each alias leads to.

    As all workers together have seen them, over the last day and over the last quarter or half of an hour (`recent`). A figure of which nothing
    is known yet is null. `error_budget_left` is 1 when no call failed by the candidate's own fault, and below 0 when more did than the target
    allows. `routes` are the aliases, in the order in which a usual request would meet their candidates; those in `keyless` have no key here.
    Deployed, there is nothing of this before a worker has called a model. See [FAILOVER.md](flows/FAILOVER.md).
    """
    deployment, providers, now = settings(), read_providers(), time.time()
    known = {name: read_known(name, now=now) for name in providers.candidates}
    own = models().routes() if deployment.stage == "local" else ()  # elsewhere the keys are the worker's alone
    return Answer(report(providers.routes or own, known, now=now, target=deployment.availability_target))
