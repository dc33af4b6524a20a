"""Routes: drafts, which are saved over what was read and nothing else (`ETag`, `If-Match`)."""

from http import HTTPMethod
from typing import Annotated

from chalice.app import Blueprint
from pydantic import Field

from chalicelib.access.scopes import Scope
from chalicelib.api import shapes
from chalicelib.api.document import Document
from chalicelib.api.endpoint import Answer, Call, Nothing, Wire, endpoint
from chalicelib.api.shapes import NOTHING
from chalicelib.api.views import draft_view
from chalicelib.errors import Contention, DraftChanged, DraftNotFound, MatchRequired, VersionNotFound, WorkflowNotFound
from chalicelib.store.workflow_records import Draft
from chalicelib.workflows.drafts import discard_draft, get_draft, list_drafts, save_draft

routes = Blueprint(__name__)


class Whose(Wire):
    """Without `person`, one's own."""

    person: Annotated[str, Field(min_length=1, max_length=200)] | None = None


class DraftToSave(Document):
    """`base_version` says from which version the draft goes on, once that version's changes are taken in."""

    base_version: Annotated[int, Field(ge=1)] | None = None


@endpoint(
    routes,
    HTTPMethod.GET,
    "/api/v1/workflows/{workflow_id}/draft",
    scope=Scope.WORKFLOW_READ,
    answers={200: shapes.DRAFT},
    errors=(WorkflowNotFound, DraftNotFound),
)
def get_one(call: Call[Nothing, Whose], workflow_id: str) -> Answer:
    """A draft, with its ETag; revision 0 is what one would begin with.

    Each person has a draft of their own. `person`: another's, for those who may change the workflow. With `revision` 0 it is not kept.
    `base_version` is the version that it goes on from, 0: none. See [VERSIONS.md](flows/VERSIONS.md).
    """
    return _tagged(get_draft(call.principal, workflow_id, person=call.query.person))


@endpoint(
    routes,
    HTTPMethod.PUT,
    "/api/v1/workflows/{workflow_id}/draft",
    scope=Scope.WORKFLOW_WRITE,
    answers={200: shapes.DRAFT},
    errors=(WorkflowNotFound, DraftNotFound, VersionNotFound, MatchRequired, DraftChanged, Contention),
    matched=True,
)
def save(call: Call[DraftToSave, Whose], workflow_id: str) -> Answer:
    """Save a draft over the one that `If-Match` names.

    `If-Match` is needed where there is one. `person`: another's that there is. `base_version` moves the draft to a later version, once its changes
    are taken in. The same text again is no change. `match-required` (no `If-Match` came) and `draft-changed` (it is another draft by now) come with
    `current` (`person`, `revision`, `etag`, `saved_by`, `saved_at`) and `change`, lines on what the refused text would change of it.
    """
    return _save(call, workflow_id)


@endpoint(
    routes,
    HTTPMethod.PUT,
    "/api/v1/workflows/{workflow_id}",
    scope=Scope.WORKFLOW_WRITE,
    answers={200: shapes.DRAFT},
    errors=(WorkflowNotFound, DraftNotFound, VersionNotFound, MatchRequired, DraftChanged, Contention),
    matched=True,
)
def save_by_workflow(call: Call[DraftToSave, Whose], workflow_id: str) -> Answer:
    """Save a draft, under the workflow's own path.

    Just as `PUT /api/v1/workflows/{workflow_id}/draft`.
    """
    return _save(call, workflow_id)


@endpoint(
    routes,
    HTTPMethod.DELETE,
    "/api/v1/workflows/{workflow_id}/draft",
    scope=Scope.WORKFLOW_WRITE,
    answers={204: NOTHING},
    errors=(WorkflowNotFound, MatchRequired, DraftChanged, Contention),
    matched=True,
)
def discard(call: Call[Nothing, Nothing], workflow_id: str) -> Answer:
    """Give one's own draft up; twice is harmless."""
    discard_draft(call.principal, workflow_id, match=call.if_match)
    return Answer(None, status=204)


@endpoint(
    routes,
    HTTPMethod.GET,
    "/api/v1/workflows/{workflow_id}/drafts",
    scope=Scope.WORKFLOW_WRITE,
    answers={200: shapes.DRAFTS},
    errors=(WorkflowNotFound,),
)
def list_all(call: Call[Nothing, Nothing], workflow_id: str) -> Answer:
    """All drafts of a workflow, by person, without their texts.

    For those who may change the workflow.
    """
    found = list_drafts(call.principal, workflow_id)
    return Answer({"drafts": [{name: value for name, value in draft_view(draft).items() if name != "text"} for draft in found]})


def _save(call: Call[DraftToSave, Whose], workflow_id: str) -> Answer:
    body = call.body
    whose, base = call.query.person, body.base_version
    return _tagged(save_draft(call.principal, workflow_id, text=body.source, match=call.if_match, person=whose, base_version=base))


def _tagged(draft: Draft) -> Answer:
    return Answer(draft_view(draft), headers={"ETag": draft.etag})
