"""Create a workflow: a name and a first draft."""

from chalicelib.access.principal import Principal
from chalicelib.store.workflow_records import Workflow


def create(principal: Principal, *, text: str, name: str | None = None) -> Workflow:
    """Create a workflow with `text` (YAML or JSON, valid or not) as its draft. `name` defaults to the text's own.

    Raises WorkflowNameTaken, SpecInvalid when no valid name can be had.
    """
    raise NotImplementedError
