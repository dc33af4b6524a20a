"""Routes: who may use a workflow, and copies of it."""

from http import HTTPMethod
from typing import Annotated, Literal

from chalice.app import Blueprint
from pydantic import Field

from chalicelib.access.objects import owns, scopes_on
from chalicelib.access.principal import Principal
from chalicelib.access.scopes import Scope
from chalicelib.api import shapes
from chalicelib.api.endpoint import Answer, Call, Nothing, Wire, endpoint
from chalicelib.api.views import view, workflow_view
from chalicelib.errors import AccessChanged, PersonNotFound, ScopeMissing, SpecInvalid, WorkflowNameTaken, WorkflowNotFound
from chalicelib.spec.model import JsonObject
from chalicelib.store.workflow_records import Share, Workflow
from chalicelib.workflows.query import get_workflow
from chalicelib.workflows.share import copy, set_access

routes = Blueprint(__name__)


class ShareToMake(Wire):
    """`who` is `person:NAME` or `role:NAME`; `level` is `read`, `run` (and read) or `edit` (and run)."""

    who: Annotated[str, Field(pattern=r"^(person|role):\S{1,200}$")]
    level: Literal["read", "run", "edit"]


class AccessToSet(Wire):
    """`public`: all of the organisation may read and copy it. With `revision`, the one that was read, nobody else's change is undone."""

    shares: Annotated[list[ShareToMake], Field(max_length=100)] = Field(default_factory=list)
    public: bool = False
    owner: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    revision: Annotated[int, Field(ge=0)] | None = None


class Copy(Wire):
    name: Annotated[str, Field(min_length=1, max_length=64)]


@endpoint(
    routes,
    HTTPMethod.GET,
    "/api/v1/workflows/{workflow_id}/access",
    scope=Scope.WORKFLOW_READ,
    answers={200: shapes.ACCESS},
    errors=(WorkflowNotFound,),
)
def get_access(call: Call[Nothing, Nothing], workflow_id: str) -> Answer:
    """Whose it is, and what the caller may do with it; to its owner also with whom it is shared.

    `mine` are the caller's scopes on it; `shares` are told to its owner and to admins.
    """
    return Answer(_access(call.principal, get_workflow(call.principal, workflow_id)))


@endpoint(
    routes,
    HTTPMethod.PUT,
    "/api/v1/workflows/{workflow_id}/access",
    scope=Scope.WORKFLOW_READ,
    answers={200: shapes.ACCESS},
    errors=(WorkflowNotFound, ScopeMissing, PersonNotFound, AccessChanged),
)
def put_access(call: Call[AccessToSet, Nothing], workflow_id: str) -> Answer:
    """Share it, make it public, give it away.

    For its owner and admins: the whole of it, in place of what was.
    """
    given = call.body
    shares = [Share(who=share.who, level=share.level) for share in given.shares]
    changed = set_access(call.principal, workflow_id, shares=shares, public=given.public, owner=given.owner, revision=given.revision)
    return Answer(_access(call.principal, changed))


@endpoint(
    routes,
    HTTPMethod.POST,
    "/api/v1/workflows/{workflow_id}/copy",
    scope=Scope.WORKFLOW_WRITE,
    answers={201: shapes.WORKFLOW},
    errors=(WorkflowNotFound, WorkflowNameTaken, SpecInvalid),
)
def copy_workflow(call: Call[Copy, Nothing], workflow_id: str) -> Answer:
    """A workflow of one's own under another name.

    Of one's own draft or, without one, what that would begin with.
    """
    made = copy(call.principal, workflow_id, name=call.body.name)
    return Answer(workflow_view(made), status=201, headers={"Location": f"/api/v1/workflows/{made.id}"})


def _access(principal: Principal, workflow: Workflow) -> JsonObject:
    told: JsonObject = {
        "owner": workflow.owned_by,
        "public": workflow.public,
        "mine": [str(scope) for scope in sorted(scopes_on(principal, workflow))],
        "revision": workflow.access_revision,
    }
    return {**told, "shares": [view(share) for share in workflow.shares]} if owns(principal, workflow) else told
