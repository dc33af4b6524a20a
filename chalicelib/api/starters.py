"""Routes: the gallery of starters."""

from http import HTTPMethod
from typing import Annotated

from chalice.app import Blueprint
from pydantic import Field, model_validator

from chalicelib.access.scopes import Scope
from chalicelib.api import version_shapes
from chalicelib.api.endpoint import Answer, Call, Nothing, Wire, endpoint
from chalicelib.api.exchange import imported_view
from chalicelib.api.paging import Page
from chalicelib.api.shapes import NOTHING
from chalicelib.compiler.edges import WhenKind
from chalicelib.compiler.graph import WorkflowGraph
from chalicelib.errors import (
    Contention,
    CursorInvalid,
    DocumentInvalid,
    InputInvalid,
    NameReserved,
    NotPublished,
    PublisherUnavailable,
    ScopeMissing,
    SpecInvalid,
    StarterNotFound,
    VersionNotFound,
    WorkflowNameTaken,
    WorkflowNotFound,
)
from chalicelib.spec.model import Json, JsonObject
from chalicelib.workflows.gallery import Listed, StarterOrder, StarterPreview, deploy, list_starters, preview_starter, share, withdraw
from chalicelib.workflows.lacks import uses_of_all
from chalicelib.workflows.starter import About, Parameter, Sample, Tag

routes = Blueprint(__name__)


class StartersWanted(Page):
    """`search`: words that are all in name, title, description or tags. `tag`: tags, with commas between them, that it all has."""

    search: Annotated[str, Field(max_length=200)] = ""
    tag: Annotated[str, Field(max_length=200)] = ""
    sort: StarterOrder = "name"

    @property
    def tags(self) -> tuple[str, ...]:
        return tuple(tag for tag in self.tag.split(",") if tag)


class Deployment(Wire):
    """`parameters` by name; what is left out stays as it is. `name` is the new workflow's. `publish`: publish it, and what it calls, too."""

    parameters: JsonObject = Field(default_factory=dict)
    name: Annotated[str, Field(max_length=64)] | None = None
    publish: bool = False


class StarterToShare(Wire):
    """A published workflow of the organisation; `version` defaults to the latest."""

    workflow_id: str
    version: Annotated[int, Field(ge=1)] | None = None
    tags: Annotated[list[Tag], Field(max_length=20)] = Field(default_factory=list)
    parameters: Annotated[list[Parameter], Field(max_length=50)] = Field(default_factory=list)
    samples: Annotated[list[Sample], Field(max_length=10)] = Field(default_factory=list)

    @model_validator(mode="after")
    def _each_once(self) -> "StarterToShare":
        names = [each.name for each in self.parameters]
        if len(set(names)) < len(names):
            raise ValueError("two parameters have one name")
        return self


@endpoint(routes, HTTPMethod.GET, "/api/v1/starters", scope=Scope.WORKFLOW_READ, answers={200: version_shapes.STARTERS}, errors=(CursorInvalid,))
def list_all(call: Call[Nothing, StartersWanted]) -> Answer:
    """Starters by name, or by how often they were used: those that ship and the organisation's own.

    Ready workflows to begin from. `use_count` is the organisation's deployments. See [STARTERS.md](flows/STARTERS.md).
    """
    wanted = call.query
    page = list_starters(call.principal, search=wanted.search, tags=wanted.tags, sort=wanted.sort, limit=wanted.limit, cursor=wanted.cursor)
    return Answer({"starters": [_listed(each) for each in page.starters], "cursor": page.cursor})


@endpoint(
    routes,
    HTTPMethod.GET,
    "/api/v1/starters/{name}",
    scope=Scope.WORKFLOW_READ,
    answers={200: version_shapes.STARTER_WITH_ALL},
    errors=(StarterNotFound, SpecInvalid),
)
def get_one(call: Call[Nothing, Nothing], name: str) -> Answer:
    """A starter with what it does and takes: plan, graph, forecast, parameters, samples, what is lacking here."""
    return Answer(_preview(preview_starter(call.principal, name)))


@endpoint(
    routes,
    HTTPMethod.POST,
    "/api/v1/starters/{name}/deploy",
    scope=Scope.WORKFLOW_WRITE,
    answers={200: version_shapes.DEPLOYED, 201: version_shapes.DEPLOYED},
    errors=(StarterNotFound, InputInvalid, SpecInvalid, WorkflowNameTaken, PublisherUnavailable),
)
def deploy_one(call: Call[Deployment, Nothing], name: str) -> Answer:
    """Make a workflow of a starter. The same again finds the same workflow.

    With its draft, and with the workflows that it calls. 200 where it was there. `input-invalid` has its faults by parameter.
    """
    body = call.body
    made = deploy(call.principal, name, parameters=body.parameters, workflow_name=body.name, publish=body.publish)
    root = made.root
    document: JsonObject = {"workflow_id": root.workflow_id, "name": root.name, "version": root.version, "is_new": root.status == "new"}
    document |= {"workflows": [imported_view(each) for each in made.workflows], "lacks": made.lacks.as_json()}
    return Answer(document, status=201 if root.status == "new" else 200, headers={"Location": f"/api/v1/workflows/{root.workflow_id}"})


@endpoint(
    routes,
    HTTPMethod.PUT,
    "/api/v1/starters/{name}",
    scope=Scope.WORKFLOW_WRITE,
    answers={200: version_shapes.STARTER},
    errors=(WorkflowNotFound, VersionNotFound, NotPublished, NameReserved, DocumentInvalid, SpecInvalid, ScopeMissing, Contention),
)
def share_one(call: Call[StarterToShare, Nothing], name: str) -> Answer:
    """Put a workflow into the organisation's gallery, or change what is there.

    A published workflow that one may change, with all that it calls, in place of what one put there under the name before (admins: whoever did).
    Another version of it is counted only where something differs. `document-invalid` has what is wrong with parameters, by JSON pointer.
    """
    body = call.body
    about = About(tags=tuple(body.tags), parameters=tuple(body.parameters), samples=tuple(body.samples))
    return Answer(_listed(share(call.principal, name, workflow_id=body.workflow_id, version=body.version, about=about)))


@endpoint(
    routes,
    HTTPMethod.DELETE,
    "/api/v1/starters/{name}",
    scope=Scope.WORKFLOW_WRITE,
    answers={204: NOTHING},
    errors=(StarterNotFound, NameReserved, ScopeMissing),
)
def withdraw_one(call: Call[Nothing, Nothing], name: str) -> Answer:
    """Take a starter out of the organisation's gallery; what was made of it stays.

    For whoever put it there, and admins.
    """
    withdraw(call.principal, name)
    return Answer(None, status=204)


def _listed(listed: Listed) -> JsonObject:
    starter = listed.starter
    return {
        "name": starter.name,
        "title": starter.title,
        "description": starter.spec.description or "",
        "tags": [*starter.about.tags],
        "version": starter.about.version,
        "source": "built_in" if starter.is_built_in else "organisation",
        "use_count": listed.use_count,
    }


def _preview(seen: StarterPreview) -> JsonObject:
    starter = seen.listed.starter
    return {
        **_listed(seen.listed),
        "parameters": _parameters(starter.about, starter.defaults),
        "samples": [each.model_dump(mode="json") for each in starter.about.samples],
        "uses": uses_of_all(starter.specs.values()).as_json(),
        "lacks": seen.lacks.as_json(),
        "plan": seen.compilation.plan_text,
        "graph": _graph(seen.compilation.graph),
        "forecast": seen.compilation.forecast.as_json(),
        "workflows": [*starter.specs],
        "text": starter.text,
    }


def _graph(graph: WorkflowGraph) -> JsonObject:
    """Nodes and edges, each with the map that it lies in."""
    blocks = [(".".join(block.path) or None, block) for block in graph.blocks.values()]
    nodes: list[Json] = [
        {"id": name, "type": node.type, "title": node.title, "map": place} for place, block in blocks for name, node in block.nodes.items()
    ]
    edges: list[Json] = [
        {"from": edge.source, "to": edge.target, "when": "error" if edge.kind is WhenKind.ERROR else edge.value or None, "map": place}
        for place, block in blocks
        for edge in block.edges
    ]
    return {"nodes": nodes, "edges": edges}


def _parameters(about: About, defaults: JsonObject) -> list[Json]:
    return [{**each.model_dump(mode="json", by_alias=True), "default": defaults[each.name]} for each in about.parameters]
