"""Whose a workflow is and with whom it is shared; a copy of one for oneself.

In: a principal who owns the workflow, or who may read it. Out: the workflow. A change says which revision of the access it read, so that of two who
change it at once the second is told.
"""

from collections.abc import Sequence

from chalicelib.access.objects import owns, workflow_for
from chalicelib.access.principal import Principal
from chalicelib.access.scopes import Scope
from chalicelib.errors import AccessChanged, ScopeMissing
from chalicelib.store import people, workflows
from chalicelib.store.workflow_records import Share, Workflow
from chalicelib.workflows.create import create
from chalicelib.workflows.drafts import get_draft


def set_access(
    principal: Principal, workflow_id: str, *, shares: Sequence[Share], public: bool, owner: str | None = None, revision: int | None = None
) -> Workflow:
    """Who may do what with it from now on; `owner` gives it away to a member. Raises WorkflowNotFound, ScopeMissing, PersonNotFound,
    AccessChanged."""
    workflow = workflow_for(principal, workflow_id, Scope.WORKFLOW_READ)
    if not owns(principal, workflow):
        raise ScopeMissing(Scope.ORG_ADMIN)
    if owner is not None and owner != workflow.owned_by:
        people.get_member(principal.organisation_id, owner)
    if revision is not None and revision != workflow.access_revision:
        raise AccessChanged("who may use this workflow was changed by somebody else since it was read")
    return workflows.set_access(workflow, owner=owner or workflow.owned_by, shares=tuple(shares), public=public)


def copy(principal: Principal, workflow_id: str, *, name: str) -> Workflow:
    """A workflow of one's own under another name, of one's own draft or what that would begin with. Raises WorkflowNotFound, WorkflowNameTaken,
    SpecInvalid."""
    return create(principal, text=renamed(get_draft(principal, workflow_id).text, name), name=name)


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
