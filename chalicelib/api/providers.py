"""Routes: how the providers of models are."""

import time
from http import HTTPMethod

from chalice.app import Blueprint

from chalicelib.access.scopes import Scope
from chalicelib.api.endpoint import Answer, Call, Nothing, endpoint
from chalicelib.providers.report import report
from chalicelib.settings import settings
from chalicelib.store.provider_health import read_known, read_providers
from chalicelib.workers.model_router import models

routes = Blueprint(__name__)


@endpoint(routes, HTTPMethod.GET, "/api/v1/providers/health", scope=Scope.WORKFLOW_READ)
def providers_health(call: Call[Nothing, Nothing]) -> Answer:  # noqa: ARG001  (nothing is asked)
    """Each candidate's breaker and record of the last day, and whom each alias leads to."""
    deployment, providers, now = settings(), read_providers(), time.time()
    known = {name: read_known(name, now=now) for name in providers.candidates}
    own = models().routes() if deployment.stage == "local" else ()  # elsewhere the keys are the worker's alone
    return Answer(report(providers.routes or own, known, now=now, target=deployment.availability_target))
