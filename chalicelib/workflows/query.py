"""What can be asked of workflows and versions. Reads only."""

from functools import partial

from chalicelib.access.objects import visible, workflow_called, workflow_for
from chalicelib.access.principal import Principal
from chalicelib.access.scopes import Scope
from chalicelib.errors import VersionNotFound, WorkflowNotFound
from chalicelib.spec.model import Json
from chalicelib.store import workflows
from chalicelib.store.values import load
from chalicelib.store.workflow_records import DocumentName, Version, VersionSummary, Workflow
from chalicelib.store.workflows import WorkflowPage as WorkflowPage


def get_workflow(principal: Principal, workflow_id: str) -> Workflow:
    """Raises WorkflowNotFound, also for a deleted one."""
    return workflow_for(principal, workflow_id, Scope.WORKFLOW_READ)


def find_workflow(principal: Principal, name: str) -> Workflow | None:
    """The workflow of that name."""
    return workflow_called(principal, name, Scope.WORKFLOW_READ)


def list_workflows(principal: Principal, *, limit: int = 50, cursor: str | None = None) -> WorkflowPage:
    """Workflows by name. Raises CursorInvalid."""
    return workflows.list_page(principal.organisation_id, limit=limit, cursor=cursor, keep=partial(visible, principal))


def get_version(principal: Principal, workflow_id: str, number: int) -> Version:
    """A version, also of a deleted workflow. Raises VersionNotFound."""
    _check(principal, workflow_id, f"workflow {workflow_id} has no version {number}")
    summary = workflows.get_summary(principal.organisation_id, workflow_id, number)
    return workflows.get_version(principal.organisation_id, summary.id)


def get_version_by_id(organisation_id: str, version_id: str) -> Version:
    """What a worker loads for its payload's `version_id`; versions never change, so it is cached per container. Raises VersionNotFound."""
    return workflows.get_version(organisation_id, version_id)


def list_versions(principal: Principal, workflow_id: str) -> tuple[VersionSummary, ...]:
    """Newest first. Raises WorkflowNotFound."""
    return versions_of(get_workflow(principal, workflow_id))


def versions_of(workflow: Workflow) -> tuple[VersionSummary, ...]:
    """The same, of a workflow that is at hand."""
    return workflows.list_versions(workflow.organisation_id, workflow.id)


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
