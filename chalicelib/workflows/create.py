"""Create a workflow: a name and a first draft."""

from collections.abc import Sequence

from chalicelib import ids
from chalicelib.access.principal import Principal
from chalicelib.clock import now_text
from chalicelib.errors import SpecInvalid
from chalicelib.store import workflows
from chalicelib.store.table import Write
from chalicelib.store.workflow_records import Draft, Workflow
from chalicelib.workflows.draft_text import describe, name_fault


def create(principal: Principal, *, text: str, name: str | None = None, also: Sequence[Write] = ()) -> Workflow:
    """Create a workflow with `text` (YAML or JSON, valid or not) as its draft. `name` defaults to the text's own. `also` is written with it.

    Raises WorkflowNameTaken, SpecInvalid when no valid name can be had.
    """
    described = describe(text)
    chosen = name or described.name
    if fault := name_fault(chosen):
        raise SpecInvalid([*described.diagnostics, fault])
    now = now_text()
    workflow = Workflow(
        id=ids.new_id(ids.WORKFLOW),
        organisation_id=principal.organisation_id,
        name=chosen,
        title=described.title,
        description=described.description,
        labels=described.labels,
        created_at=now,
        created_by=principal.person,
        updated_at=now,
    )
    workflows.create(workflow, _first_draft(workflow, text), also=also)
    return workflow


def _first_draft(workflow: Workflow, text: str) -> Draft:
    by, at = workflow.created_by, workflow.created_at
    return Draft(workflow_id=workflow.id, person=by, text=text, revision=1, saved_at=at, saved_by=by)
