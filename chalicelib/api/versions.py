"""Routes: published versions and what the compiler told of them."""

from http import HTTPMethod

from chalice.app import Blueprint

from chalicelib.access.scopes import Scope
from chalicelib.api import shapes
from chalicelib.api.document import MaybeDocument
from chalicelib.api.endpoint import Answer, Call, Nothing, endpoint
from chalicelib.api.views import version_view
from chalicelib.errors import PublisherUnavailable, SpecInvalid, VersionNotFound, WorkflowNotFound
from chalicelib.workflows import forecasts, publication
from chalicelib.workflows.query import get_document, get_version, list_versions

routes = Blueprint(__name__)


@endpoint(
    routes,
    HTTPMethod.POST,
    "/api/v1/workflows/{workflow_id}/versions",
    scope=Scope.WORKFLOW_WRITE,
    answers={201: shapes.VERSION},
    errors=(WorkflowNotFound, SpecInvalid, PublisherUnavailable),
)
def publish(call: Call[MaybeDocument, Nothing], workflow_id: str) -> Answer:
    """Publish the draft, or the document in the body. The same document twice is one version.

    It is compiled, and its state machine created. `spec-invalid` comes with `diagnostics`.
    """
    version = publication.request(call.principal, workflow_id, text=call.body.authored)
    return Answer(version_view(version), status=201, headers={"Location": f"/api/v1/workflows/{workflow_id}/versions/{version.number}"})


@endpoint(
    routes,
    HTTPMethod.GET,
    "/api/v1/workflows/{workflow_id}/versions",
    scope=Scope.WORKFLOW_READ,
    answers={200: shapes.VERSIONS},
    errors=(WorkflowNotFound,),
)
def list_all(call: Call[Nothing, Nothing], workflow_id: str) -> Answer:
    """Versions, newest first."""
    return Answer({"versions": [version_view(version) for version in list_versions(call.principal, workflow_id)]})


@endpoint(
    routes,
    HTTPMethod.GET,
    "/api/v1/workflows/{workflow_id}/versions/{number}",
    scope=Scope.WORKFLOW_READ,
    answers={200: shapes.VERSION},
    errors=(WorkflowNotFound, VersionNotFound),
)
def get_one(call: Call[Nothing, Nothing], workflow_id: str, number: str) -> Answer:
    """A version with its canonical spec."""
    return Answer(version_view(get_version(call.principal, workflow_id, _number(number))))


@endpoint(
    routes,
    HTTPMethod.GET,
    "/api/v1/workflows/{workflow_id}/versions/{number}/asl",
    scope=Scope.WORKFLOW_READ,
    answers={200: shapes.FREE},
    errors=(WorkflowNotFound, VersionNotFound),
)
def get_asl(call: Call[Nothing, Nothing], workflow_id: str, number: str) -> Answer:
    """The state machine, as it was created.

    Amazon States Language.
    """
    return Answer(get_document(call.principal, workflow_id, _number(number), "asl"))


@endpoint(
    routes,
    HTTPMethod.GET,
    "/api/v1/workflows/{workflow_id}/versions/{number}/plan",
    scope=Scope.WORKFLOW_READ,
    answers={200: shapes.TEXT},
    errors=(WorkflowNotFound, VersionNotFound),
)
def get_plan(call: Call[Nothing, Nothing], workflow_id: str, number: str) -> Answer:
    """The plan, as text for people."""
    plan = get_document(call.principal, workflow_id, _number(number), "plan")
    return Answer(plan, headers={"Content-Type": "text/plain; charset=utf-8"})


@endpoint(
    routes,
    HTTPMethod.GET,
    "/api/v1/workflows/{workflow_id}/versions/{number}/forecast",
    scope=Scope.WORKFLOW_READ,
    answers={200: shapes.FORECAST},
    errors=(WorkflowNotFound, VersionNotFound),
)
def get_forecast(call: Call[Nothing, Nothing], workflow_id: str, number: str) -> Answer:
    """What a run will count and cost, and what the last runs spent on models.

    States entered, invocations, table writes, AWS's price, and in `models` what models cost on top, in micro-dollars, of the whole run and node
    by node. `most: null` says that nothing declared bounds it; a node whose `cost_micro_dollars` is null has no price, and whoever may answer
    without one stands in `unpriced`. `measured` holds the median and the 95th percentile of what the workflow's last 20 successful runs spent,
    null before the first.
    """
    return Answer(forecasts.get_forecast(call.principal, workflow_id, _number(number)))


@endpoint(
    routes,
    HTTPMethod.GET,
    "/api/v1/workflows/{workflow_id}/versions/{number}/map",
    scope=Scope.WORKFLOW_READ,
    answers={200: shapes.MAP},
    errors=(WorkflowNotFound, VersionNotFound),
)
def get_map(call: Call[Nothing, Nothing], workflow_id: str, number: str) -> Answer:
    """The source map: line, node and states."""
    return Answer(get_document(call.principal, workflow_id, _number(number), "map"))


def _number(text: str) -> int:
    """A version's number as a path has it. Raises VersionNotFound for anything else."""
    if not text.isascii() or not text.isdigit():
        raise VersionNotFound(f"versions are numbered; there is none called {text!r}")
    return int(text[:9])
