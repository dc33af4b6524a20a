"""Whose a workflow is and with whom it is shared; a copy of one for oneself.

In: a principal who owns the workflow, or who may read it. Out: the workflow. A change says which revision of the access it read, so that of two who
change it at once the second is told.
"""

from collections.abc import Sequence

from chalicelib.access.objects import owns, workflow_for
from chalicelib.access.principal import Principal
from chalicelib.access.scopes import Scope
from chalicelib.errors import DraftChanged, ScopeMissing
from chalicelib.store import people, workflows
from chalicelib.store.workflow_records import Share, Workflow
from chalicelib.workflows.create import create


def set_access(
    principal: Principal, workflow_id: str, *, shares: Sequence[Share], public: bool, owner: str | None = None, revision: int | None = None
) -> Workflow:
    """Who may do what with it from now on; `owner` gives it away to a member. Raises WorkflowNotFound, ScopeMissing, PersonNotFound, DraftChanged."""
    workflow = workflow_for(principal, workflow_id, Scope.WORKFLOW_READ)
    if not owns(principal, workflow):
        raise ScopeMissing(Scope.ORG_ADMIN)
    if owner is not None and owner != workflow.owned_by:
        people.get_member(principal.organisation_id, owner)
    if revision is not None and revision != workflow.access_revision:
        raise DraftChanged("who may use this workflow was changed by somebody else since it was read")
    return workflows.set_access(workflow, owner=owner or workflow.owned_by, shares=tuple(shares), public=public)


def copy(principal: Principal, workflow_id: str, *, name: str) -> Workflow:
    """A workflow of one's own with the same draft under another name. Raises WorkflowNotFound, WorkflowNameTaken, SpecInvalid."""
    workflow_for(principal, workflow_id, Scope.WORKFLOW_READ)
    return create(principal, text=renamed(workflows.get_draft(principal.organisation_id, workflow_id).text, name), name=name)


def renamed(text: str, name: str) -> str:
    """An authored text with another name at its top level, comments and all; a text that has none there stays as it is."""
    import json
    import re

    if text.lstrip().startswith("{"):
        try:
            document = json.loads(text)
        except ValueError:
            return text
        return json.dumps({**document, "name": name}, ensure_ascii=False, indent=2) if isinstance(document, dict) else text
    return re.sub(r"(?m)^name:[^\n#]*", lambda _: f"name: {name} ", text, count=1).replace(f"name: {name} \n", f"name: {name}\n", 1)
