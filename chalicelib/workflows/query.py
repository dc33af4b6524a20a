"""What can be asked of workflows and versions. Reads only."""

from dataclasses import dataclass

from chalicelib.access.principal import Principal
from chalicelib.spec.model import Json
from chalicelib.store.workflow_records import DocumentName, Draft, Version, VersionSummary, Workflow


@dataclass(frozen=True, slots=True)
class WorkflowPage:
    workflows: tuple[Workflow, ...]
    cursor: str | None


def get_workflow(principal: Principal, workflow_id: str) -> Workflow:
    """Raises WorkflowNotFound, also for a deleted one."""
    raise NotImplementedError


def find_workflow(principal: Principal, name: str) -> Workflow | None:
    """The workflow of that name."""
    raise NotImplementedError


def list_workflows(principal: Principal, *, limit: int = 50, cursor: str | None = None) -> WorkflowPage:
    """Workflows by name. Raises CursorInvalid."""
    raise NotImplementedError


def get_draft(principal: Principal, workflow_id: str) -> Draft:
    """Raises WorkflowNotFound."""
    raise NotImplementedError


def get_version(principal: Principal, workflow_id: str, number: int) -> Version:
    """Raises WorkflowNotFound, VersionNotFound."""
    raise NotImplementedError


def get_version_by_id(organisation_id: str, version_id: str) -> Version:
    """What a worker loads for its payload's `version_id`; versions never change, so it is cached per container. Raises VersionNotFound."""
    raise NotImplementedError


def list_versions(principal: Principal, workflow_id: str) -> tuple[VersionSummary, ...]:
    """Newest first. Raises WorkflowNotFound."""
    raise NotImplementedError


def get_document(principal: Principal, workflow_id: str, number: int, name: DocumentName) -> Json:
    """One document of a version: `asl` (object), `plan` (text), `forecast`, `map` (objects), `source` (the authored text)."""
    raise NotImplementedError
