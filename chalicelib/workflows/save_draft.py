"""Save a workflow's draft."""

from typing import Final

from chalicelib.access.objects import workflow_for
from chalicelib.access.principal import Principal
from chalicelib.access.scopes import Scope
from chalicelib.clock import now_text
from chalicelib.errors import DraftChanged
from chalicelib.store import workflows
from chalicelib.store.workflow_records import Draft
from chalicelib.workflows.draft_text import describe

_TRIES: Final = 5


def save_draft(principal: Principal, workflow_id: str, *, text: str, revision: int | None = None) -> Draft:
    """Save YAML or JSON text, valid or not.

    With `revision` (the one that was read) it raises DraftChanged when somebody saved since; without, the last one wins. Raises WorkflowNotFound.
    """
    described = describe(text)
    for _ in range(_TRIES):
        workflow = workflow_for(principal, workflow_id, Scope.WORKFLOW_WRITE)
        read = workflow.draft_revision if revision is None else revision
        draft = Draft(workflow_id=workflow_id, text=text, revision=read + 1, saved_at=now_text(), saved_by=principal.person)
        try:
            workflows.save_draft(
                principal.organisation_id,
                draft,
                title=described.title or workflow.title,
                description=described.description or workflow.description,
                read_revision=read,
            )
        except DraftChanged:
            if revision is not None:
                raise
            continue
        return draft
    raise DraftChanged("others save this draft all the time")
