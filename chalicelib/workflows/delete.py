"""Delete a workflow: it disappears from lists and can no longer be started; its versions and runs stay readable by id."""

from chalicelib.access.principal import Principal


def delete(principal: Principal, workflow_id: str) -> None:
    """Mark as deleted and free the name. Deleting twice is no error. Raises WorkflowNotFound."""
    raise NotImplementedError
