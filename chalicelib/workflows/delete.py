"""Delete a workflow: it disappears from lists and can no longer be started, nor do its triggers fire; its versions and runs stay readable by id."""

from chalicelib.access.principal import Principal
from chalicelib.clock import now_text
from chalicelib.store import triggers, workflows


def delete(principal: Principal, workflow_id: str) -> None:
    """Take its triggers away, mark it as deleted and free the name. A crash in between leaves a workflow that can be deleted again.

    Raises WorkflowNotFound, also when it was deleted before; TriggerChanged where somebody changes one of its triggers meanwhile.
    """
    workflow = workflows.get(principal.organisation_id, workflow_id)
    for trigger in triggers.list_of_workflow(principal.organisation_id, workflow.id):
        triggers.delete(trigger, at=now_text(), by=principal.person)
    workflows.delete(workflow)
