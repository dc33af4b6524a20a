"""Routes: drafts, which are saved over what was read and nothing else (`ETag`, `If-Match`)."""

from http import HTTPMethod
from typing import Annotated

from chalice.app import Blueprint
from pydantic import Field

from chalicelib.access.scopes import Scope
from chalicelib.api.document import Document
from chalicelib.api.endpoint import Answer, Call, Nothing, Wire, endpoint
from chalicelib.api.views import draft_view
from chalicelib.store.workflow_records import Draft
from chalicelib.workflows.drafts import discard_draft, get_draft, list_drafts, save_draft

routes = Blueprint(__name__)


class Whose(Wire):
    """Without `person`, one's own."""

    person: Annotated[str, Field(min_length=1, max_length=200)] | None = None


class DraftToSave(Document):
    """`base_version` says from which version the draft goes on, once that version's changes are taken in."""

    base_version: Annotated[int, Field(ge=1)] | None = None


@endpoint(routes, HTTPMethod.GET, "/api/v1/workflows/{workflow_id}/draft", scope=Scope.WORKFLOW_READ)
def get_one(call: Call[Nothing, Whose], workflow_id: str) -> Answer:
    """A draft, with its ETag; revision 0 is what one would begin with."""
    return _tagged(get_draft(call.principal, workflow_id, person=call.query.person))


@endpoint(routes, HTTPMethod.PUT, "/api/v1/workflows/{workflow_id}/draft", scope=Scope.WORKFLOW_WRITE)
def save(call: Call[DraftToSave, Whose], workflow_id: str) -> Answer:
    """Save a draft over the one that `If-Match` names."""
    return _save(call, workflow_id)


@endpoint(routes, HTTPMethod.PUT, "/api/v1/workflows/{workflow_id}", scope=Scope.WORKFLOW_WRITE)
def save_by_workflow(call: Call[DraftToSave, Whose], workflow_id: str) -> Answer:
    """The same, under the workflow's own path."""
    return _save(call, workflow_id)


@endpoint(routes, HTTPMethod.DELETE, "/api/v1/workflows/{workflow_id}/draft", scope=Scope.WORKFLOW_WRITE)
def discard(call: Call[Nothing, Nothing], workflow_id: str) -> Answer:
    """Give one's own draft up."""
    discard_draft(call.principal, workflow_id, match=call.if_match)
    return Answer(None, status=204)


@endpoint(routes, HTTPMethod.GET, "/api/v1/workflows/{workflow_id}/drafts", scope=Scope.WORKFLOW_WRITE)
def list_all(call: Call[Nothing, Nothing], workflow_id: str) -> Answer:
    """All drafts of a workflow, by person, without their texts."""
    found = list_drafts(call.principal, workflow_id)
    return Answer({"drafts": [{name: value for name, value in draft_view(draft).items() if name != "text"} for draft in found]})


def _save(call: Call[DraftToSave, Whose], workflow_id: str) -> Answer:
    body = call.body
    whose, base = call.query.person, body.base_version
    return _tagged(save_draft(call.principal, workflow_id, text=body.source, match=call.if_match, person=whose, base_version=base))


def _tagged(draft: Draft) -> Answer:
    return Answer(draft_view(draft), headers={"ETag": draft.etag})
