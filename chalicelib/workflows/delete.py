"""Delete a workflow: it disappears from lists and can no longer be started; its versions and runs stay readable by id."""

from chalicelib.access.principal import Principal
from chalicelib.store import workflows


def delete(principal: Principal, workflow_id: str) -> None:
    """Mark as deleted and free the name. Raises WorkflowNotFound, also when it was deleted before."""
    workflows.delete(workflows.get(principal.organisation_id, workflow_id))
