"""Routes: published versions and what the compiler told of them."""

from http import HTTPMethod
from typing import Annotated, Final

from chalice.app import Blueprint
from pydantic import Field

from chalicelib.access.principal import Principal
from chalicelib.access.scopes import Scope
from chalicelib.api import shapes, version_shapes
from chalicelib.api.document import MaybeDocument
from chalicelib.api.endpoint import Answer, Call, Nothing, Wire, endpoint
from chalicelib.api.paging import Labels, Page, Text, pairs_of
from chalicelib.api.shape import Either
from chalicelib.api.version_views import difference_view, impact_view, preview_view, tally_view
from chalicelib.api.views import version_view
from chalicelib.errors import Contention, CursorInvalid, PublisherUnavailable, SpecInvalid, VersionMoved, VersionNotFound, WorkflowNotFound
from chalicelib.spec.model import Json
from chalicelib.store.tallies import Tally
from chalicelib.workflows import forecasts, publication
from chalicelib.workflows.impact import impact_of, tallies_of
from chalicelib.workflows.preview import preview
from chalicelib.workflows.publish import Published, Wish
from chalicelib.workflows.query import VersionOrder, WantedVersions, get_document, get_version, get_workflow, versions_of
from chalicelib.workflows.rollback import rollback
from chalicelib.workflows.version_diff import DRAFT, diff_of

routes = Blueprint(__name__)
_NO_RUNS: Final = tally_view(Tally())
_SIDE: Final = r"^(draft|[1-9][0-9]{0,8})$"


class Publication(MaybeDocument):
    """`note` says why, `labels` belong to the version for good. `base_version`: the version that the document was made from; if another one came
    since, nothing is published."""

    note: Annotated[str, Field(max_length=2000)] = ""
    labels: Annotated[dict[str, Annotated[str, Field(max_length=200)]], Field(max_length=50)] = Field(default_factory=dict)
    base_version: Annotated[int, Field(ge=1)] | None = None


class HowToPublish(Wire):
    """`dry_run`: say what would be published and what it touches, and publish nothing."""

    dry_run: bool = False


class Comparison(Wire):
    """Numbers of versions, or `draft`: one's own. Without `to` the draft, without `from` the version before, of a draft the latest."""

    before: Annotated[str | None, Field(alias="from", pattern=_SIDE)] = None
    after: Annotated[str, Field(alias="to", pattern=_SIDE)] = DRAFT


class VersionsWanted(Page):
    """`label` is `name:value`, one of the publication's; `created_by` is who published."""

    label: Labels = ()
    created_by: Text | None = None
    sort: VersionOrder = "-number"

    @property
    def wanted(self) -> WantedVersions:
        return WantedVersions(labels=pairs_of(self.label), created_by=self.created_by, sort=self.sort)


class Rollback(Wire):
    """`version` is the one whose document is published again."""

    version: Annotated[int, Field(ge=1)]
    note: Annotated[str, Field(max_length=1900)] = ""


@endpoint(
    routes,
    HTTPMethod.POST,
    "/api/v1/workflows/{workflow_id}/versions",
    scope=Scope.WORKFLOW_WRITE,
    answers={200: Either((version_shapes.PUBLISHED, version_shapes.PREVIEW)), 201: version_shapes.PUBLISHED},
    errors=(WorkflowNotFound, SpecInvalid, VersionMoved, PublisherUnavailable, Contention),
)
def publish(call: Call[Publication, HowToPublish], workflow_id: str) -> Answer:
    """Publish one's draft, or the document in the body. What does not differ from the latest version is that version.

    It is compiled, and its state machine created. What does not differ is answered with 200 and `is_new: false`. With `dry_run` nothing is
    published, and `diff` is to the latest version. Where a version came after the one that the draft, or `base_version`, goes on from, nothing is
    published: `version-moved` comes with `latest` and `change`, `spec-invalid` with `diagnostics`.
    """
    body = call.body
    if call.query.dry_run:
        seen = preview(call.principal, workflow_id, text=body.authored, base_version=body.base_version)
        return Answer(preview_view(seen))
    wish = Wish(text=body.authored, note=body.note, labels=body.labels, base_version=body.base_version)
    return _published(call.principal, publication.request(call.principal, workflow_id, wish))


@endpoint(
    routes,
    HTTPMethod.GET,
    "/api/v1/workflows/{workflow_id}/versions",
    scope=Scope.WORKFLOW_READ,
    answers={200: version_shapes.VERSIONS},
    errors=(WorkflowNotFound, CursorInvalid),
)
def list_all(call: Call[Nothing, VersionsWanted], workflow_id: str) -> Answer:
    """Versions, newest first, with what their runs came to, to those who may see the runs.

    `label` is `name:value`, of the publication, and may stand several times: all of them must hold. Filters are asked of the versions as they are
    read: one request looks at 1,600 at most, so that a page may be short, or empty, and still have a cursor. The rate leaves cancelled runs out;
    the median is that of runs that succeeded, within 3 %; costs are models', in micro-dollars. To those who may not see the workflow's runs, `runs`
    is null.
    """
    workflow = get_workflow(call.principal, workflow_id)
    page = versions_of(workflow, call.query.wanted, limit=call.query.limit, cursor=call.query.cursor)
    tallies = tallies_of(call.principal, workflow_id, seen=workflow)
    runs = {number: tally_view(tally) for number, tally in tallies.items()} if tallies is not None else None
    versions: list[Json] = [{**version_view(each), "runs": runs if runs is None else runs.get(each.number, _NO_RUNS)} for each in page.versions]
    return Answer({"versions": versions, "cursor": page.cursor})


@endpoint(
    routes,
    HTTPMethod.GET,
    "/api/v1/workflows/{workflow_id}/impact",
    scope=Scope.WORKFLOW_READ,
    answers={200: version_shapes.IMPACT},
    errors=(WorkflowNotFound,),
)
def get_impact(call: Call[Nothing, Nothing], workflow_id: str) -> Answer:
    """What a publication touches: runs in flight, open gates, callers, triggers.

    Runs and callers stay on the version that they have; a trigger without a `version` of its own starts the new one from then on.
    `is_whole` is false where the organisation has more open gates than are looked through (1,000), and for those who may not see the workflow's
    runs, to whom none are counted; callers that one may not read are left out.
    """
    return Answer(impact_view(impact_of(call.principal, workflow_id)))


@endpoint(
    routes,
    HTTPMethod.GET,
    "/api/v1/workflows/{workflow_id}/diff",
    scope=Scope.WORKFLOW_READ,
    answers={200: version_shapes.DIFFERENCE},
    errors=(WorkflowNotFound, VersionNotFound, SpecInvalid),
)
def compare(call: Call[Nothing, Comparison], workflow_id: str) -> Answer:
    """What differs between two versions, or a version and one's own draft.

    `words` are pairs of `same`, `removed` or `added` and a text. `text` is the whole for people. `spec-invalid`: a draft that cannot be read.
    """
    wanted = call.query
    after = _side(wanted.after)
    before = _side(wanted.before) if wanted.before else _before(call.principal, workflow_id, after)
    return Answer(difference_view(diff_of(call.principal, workflow_id, before, after)))


@endpoint(
    routes,
    HTTPMethod.POST,
    "/api/v1/workflows/{workflow_id}/rollback",
    scope=Scope.WORKFLOW_WRITE,
    answers={200: version_shapes.PUBLISHED, 201: version_shapes.PUBLISHED},
    errors=(WorkflowNotFound, VersionNotFound, SpecInvalid, PublisherUnavailable, Contention),
)
def roll_back(call: Call[Rollback, Nothing], workflow_id: str) -> Answer:
    """Publish an earlier version's document again, as a new version. Twice is harmless.

    With its sub-workflows and the agents that skills chose as they were. It is answered as publishing is.
    """
    return _published(call.principal, rollback(call.principal, workflow_id, call.body.version, note=call.body.note))


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


def _published(principal: Principal, published: Published) -> Answer:
    """201 for a new version, 200 for one that was there; both with what the publication touches."""
    version = published.version
    document = {**version_view(version), "is_new": published.is_new, "impact": impact_view(impact_of(principal, version.workflow_id))}
    location = f"/api/v1/workflows/{version.workflow_id}/versions/{version.number}"
    return Answer(document, status=201 if published.is_new else 200, headers={"Location": location})


def _side(text: str) -> int | None:
    return None if text == DRAFT else int(text)


def _before(principal: Principal, workflow_id: str, after: int | None) -> int:
    """What a version or a draft is compared with when nothing is said."""
    return max(get_workflow(principal, workflow_id).latest_version if after is None else after - 1, 1)


def _number(text: str) -> int:
    """A version's number as a path has it. Raises VersionNotFound for anything else."""
    if not text.isascii() or not text.isdigit():
        raise VersionNotFound(f"versions are numbered; there is none called {text!r}")
    return int(text[:9])
