"""Delete a workflow: it disappears from lists and can no longer be started; its versions and runs stay readable by id."""

from chalicelib.access.objects import owns, workflow_for
from chalicelib.access.principal import Principal
from chalicelib.access.scopes import Scope
from chalicelib.errors import ScopeMissing
from chalicelib.store import workflows


def delete(principal: Principal, workflow_id: str) -> None:
    """Mark as deleted and free the name. Raises WorkflowNotFound, also when it was deleted before; ScopeMissing where it is somebody else's."""
    workflow = workflow_for(principal, workflow_id, Scope.WORKFLOW_READ)
    if not owns(principal, workflow):
        raise ScopeMissing(Scope.WORKFLOW_DELETE)
    workflows.delete(workflow)
