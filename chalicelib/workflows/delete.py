"""Delete a workflow: it disappears from lists and can no longer be started, nor do its triggers fire; its versions and runs stay readable by id."""

from chalicelib.access.objects import owns, workflow_for
from chalicelib.access.principal import Principal
from chalicelib.access.scopes import Scope
from chalicelib.clock import now_text
from chalicelib.errors import ScopeMissing
from chalicelib.store import triggers, workflows


def delete(principal: Principal, workflow_id: str) -> None:
    """Take its triggers away, mark it as deleted and free the name. A crash in between leaves a workflow that can be deleted again.

    Raises WorkflowNotFound, also when it was deleted before; ScopeMissing where it is somebody else's; TriggerChanged where somebody changes one of
    its triggers meanwhile.
    """
    workflow = workflow_for(principal, workflow_id, Scope.WORKFLOW_READ)
    if not owns(principal, workflow):
        raise ScopeMissing(Scope.WORKFLOW_DELETE)
    for trigger in triggers.list_of_workflow(principal.organisation_id, workflow.id):
        triggers.delete(trigger, at=now_text(), by=principal.person)
    workflows.delete(workflow)
