"""Routes: workflows."""

from http import HTTPMethod
from typing import Annotated

from chalice.app import Blueprint
from pydantic import Field

from chalicelib.access.scopes import Scope
from chalicelib.api import shapes
from chalicelib.api.document import Document
from chalicelib.api.endpoint import Answer, Call, Nothing, endpoint
from chalicelib.api.paging import Labels, Page, Text, pairs_of
from chalicelib.api.shapes import NOTHING
from chalicelib.api.views import workflow_view
from chalicelib.errors import CursorInvalid, ListTooLong, SpecInvalid, WorkflowNameTaken, WorkflowNotFound
from chalicelib.workflows.create import create
from chalicelib.workflows.delete import delete
from chalicelib.workflows.drafts import draft_of
from chalicelib.workflows.query import Wanted, WorkflowOrder, get_workflow, list_workflows

routes = Blueprint(__name__)


class NewWorkflow(Document):
    """`name` defaults to the document's own."""

    name: Annotated[str, Field(max_length=64)] | None = None


class WorkflowsWanted(Page):
    """`name` asks for the one workflow of that name; `search` are words that are all in name, title or description; `label` is `name:value`."""

    name: str | None = None
    search: Text = ""
    label: Labels = ()
    owner: Text | None = None
    published: bool | None = None
    sort: WorkflowOrder = "name"

    @property
    def wanted(self) -> Wanted:
        return Wanted(name=self.name, search=self.search, labels=pairs_of(self.label), owner=self.owner, published=self.published, sort=self.sort)


@endpoint(
    routes, HTTPMethod.POST, "/api/v1/workflows", scope=Scope.WORKFLOW_WRITE, answers={201: shapes.WORKFLOW}, errors=(WorkflowNameTaken, SpecInvalid)
)
def create_workflow(call: Call[NewWorkflow, Nothing]) -> Answer:
    """Create a workflow with its first draft, valid or not.

    `name` defaults to the document's own; `spec-invalid`: no name can be had.
    """
    workflow = create(call.principal, text=call.body.source, name=call.body.name)
    return Answer(workflow_view(workflow), status=201, headers={"Location": f"/api/v1/workflows/{workflow.id}"})


@endpoint(
    routes, HTTPMethod.GET, "/api/v1/workflows", scope=Scope.WORKFLOW_READ, answers={200: shapes.WORKFLOWS}, errors=(CursorInvalid, ListTooLong)
)
def list_all(call: Call[Nothing, WorkflowsWanted]) -> Answer:
    """Workflows by name, or by when they were changed or created: all, or those that fit.

    `name` asks for the one of that name, `search` for words that are all in name, title or description, `published` whether there is a version to
    run. `label` is `name:value` and may stand several times: all of them must hold. Filters are asked of the workflows as they are read: one
    request looks at 1,600 at most, so that a page may be short, or empty, and still have a cursor. By time up to 1,000 workflows are sorted; where
    the organisation has more it is `list-too-long`.
    """
    page = list_workflows(call.principal, call.query.wanted, limit=call.query.limit, cursor=call.query.cursor)
    return Answer({"workflows": [workflow_view(workflow) for workflow in page.workflows], "cursor": page.cursor})


@endpoint(
    routes,
    HTTPMethod.GET,
    "/api/v1/workflows/{workflow_id}",
    scope=Scope.WORKFLOW_READ,
    answers={200: shapes.WORKFLOW_WITH_DRAFT},
    errors=(WorkflowNotFound,),
)
def get_one(call: Call[Nothing, Nothing], workflow_id: str) -> Answer:
    """A workflow with one's own draft."""
    workflow = get_workflow(call.principal, workflow_id)
    return Answer(workflow_view(workflow, draft_of(call.principal, workflow)))


@endpoint(
    routes, HTTPMethod.DELETE, "/api/v1/workflows/{workflow_id}", scope=Scope.WORKFLOW_DELETE, answers={204: NOTHING}, errors=(WorkflowNotFound,)
)
def delete_workflow(call: Call[Nothing, Nothing], workflow_id: str) -> Answer:
    """Delete a workflow; its versions and runs stay readable.

    It is no longer listed or started.
    """
    delete(call.principal, workflow_id)
    return Answer(None, status=204)
