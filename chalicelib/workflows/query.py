"""What can be asked of workflows and versions. Reads only."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final, Literal

from chalicelib.access.objects import visible, workflow_called, workflow_for
from chalicelib.access.principal import Principal
from chalicelib.access.scopes import Scope
from chalicelib.errors import VersionNotFound, WorkflowNotFound
from chalicelib.spec.model import Json
from chalicelib.store import keys, workflows
from chalicelib.store.pages import Sorting, is_backwards, sorted_page
from chalicelib.store.values import load
from chalicelib.store.workflow_records import DocumentName, Version, VersionSummary, Workflow
from chalicelib.store.workflows import VersionPage as VersionPage
from chalicelib.store.workflows import WorkflowPage as WorkflowPage

WorkflowOrder = Literal["name", "-name", "updated_at", "-updated_at", "created_at", "-created_at"]
VersionOrder = Literal["-number", "number"]
Labels = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Workflows that have all the words of `search` in name, title or description, and all the labels. `sort` begins with `-` where it goes from the
    end."""

    name: str | None = None
    search: str = ""
    labels: Labels = ()
    owner: str | None = None
    published: bool | None = None
    sort: WorkflowOrder = "name"

    def holds(self, workflow: Workflow) -> bool:
        said = f"{workflow.name} {workflow.title} {workflow.description}".casefold()
        return (
            self.name in {None, workflow.name}
            and all(word in said for word in self.search.casefold().split())
            and all(workflow.labels.get(name) == value for name, value in self.labels)
            and self.owner in {None, workflow.owned_by}
            and self.published in {None, workflow.latest_version > 0}
        )


@dataclass(frozen=True, slots=True)
class WantedVersions:
    """Versions with all the labels of their publication, and by whom."""

    labels: Labels = ()
    created_by: str | None = None
    sort: VersionOrder = "-number"

    def holds(self, version: VersionSummary) -> bool:
        return self.created_by in {None, version.created_by} and all(version.labels.get(name) == value for name, value in self.labels)


_ANY: Final = Wanted()
_ANY_VERSION: Final = WantedVersions()
_BY_TIME: Final[Mapping[str, Callable[[Workflow], tuple[str, ...]]]] = {
    "updated_at": lambda workflow: (workflow.updated_at, workflow.id),
    "created_at": lambda workflow: (workflow.created_at, workflow.id),
}


def get_workflow(principal: Principal, workflow_id: str) -> Workflow:
    """Raises WorkflowNotFound, also for a deleted one."""
    return workflow_for(principal, workflow_id, Scope.WORKFLOW_READ)


def find_workflow(principal: Principal, name: str) -> Workflow | None:
    """The workflow of that name."""
    return workflow_called(principal, name, Scope.WORKFLOW_READ)


def list_workflows(principal: Principal, wanted: Wanted = _ANY, *, limit: int = 50, cursor: str | None = None) -> WorkflowPage:
    """Workflows that may be read and fit, by name. A page may be short, or empty, and still have a cursor. By time they are sorted here, as far as
    there are few. Raises CursorInvalid, ListTooLong."""
    organisation_id, keep = principal.organisation_id, partial(_keep, principal, wanted)
    if wanted.name is not None:
        found = find_workflow(principal, wanted.name)
        return WorkflowPage((found,) if found is not None and wanted.holds(found) else (), None)
    if (by := _BY_TIME.get(wanted.sort.removeprefix("-"))) is None:
        backwards = is_backwards(wanted.sort)
        return workflows.list_page(organisation_id, limit=limit, cursor=cursor, keep=keep, terms=wanted, backwards=backwards)
    sorting, listed = Sorting(by, is_backwards(wanted.sort)), keys.workflow_list(organisation_id).pk
    return WorkflowPage(*sorted_page(keep(workflows.list_all(organisation_id)), sorting, listed=listed, limit=limit, cursor=cursor, terms=wanted))


def _keep(principal: Principal, wanted: Wanted, found: Sequence[Workflow]) -> list[Workflow]:
    return visible(principal, (workflow for workflow in found if wanted.holds(workflow)))


def get_version(principal: Principal, workflow_id: str, number: int) -> Version:
    """A version, also of a deleted workflow. Raises VersionNotFound."""
    _check(principal, workflow_id, f"workflow {workflow_id} has no version {number}")
    summary = workflows.get_summary(principal.organisation_id, workflow_id, number)
    return workflows.get_version(principal.organisation_id, summary.id)


def get_version_by_id(organisation_id: str, version_id: str) -> Version:
    """What a worker loads for its payload's `version_id`; versions never change, so it is cached per container. Raises VersionNotFound."""
    return workflows.get_version(organisation_id, version_id)


def list_versions(
    principal: Principal, workflow_id: str, wanted: WantedVersions = _ANY_VERSION, *, limit: int = 50, cursor: str | None = None
) -> VersionPage:
    """Those that fit, newest first or oldest first. A page may be short, or empty, and still have a cursor. Raises WorkflowNotFound,
    CursorInvalid."""
    return versions_of(get_workflow(principal, workflow_id), wanted, limit=limit, cursor=cursor)


def versions_of(workflow: Workflow, wanted: WantedVersions = _ANY_VERSION, *, limit: int = 50, cursor: str | None = None) -> VersionPage:
    """The same, of a workflow that is at hand."""

    def keep(found: Sequence[VersionSummary]) -> list[VersionSummary]:
        return [version for version in found if wanted.holds(version)]

    newest_first = is_backwards(wanted.sort)
    return workflows.list_versions(
        workflow.organisation_id, workflow.id, limit=limit, cursor=cursor, keep=keep, terms=wanted, newest_first=newest_first
    )


def get_document(principal: Principal, workflow_id: str, number: int, name: DocumentName) -> Json:
    """One document of a version: `asl` (object), `plan` (text), `forecast`, `map` (objects), `source` (the authored text). Raises VersionNotFound."""
    _check(principal, workflow_id, f"workflow {workflow_id} has no version {number}")
    summary = workflows.get_summary(principal.organisation_id, workflow_id, number)
    return load(principal.organisation_id, workflows.get_documents(principal.organisation_id, summary.id).values.get(name))


def _check(principal: Principal, workflow_id: str, missing: str) -> None:
    """That the versions of a workflow may be read, also of a deleted one. Raises VersionNotFound."""
    try:
        workflow_for(principal, workflow_id, Scope.WORKFLOW_READ, deleted=True)
    except WorkflowNotFound as fault:
        raise VersionNotFound(missing) from fault
