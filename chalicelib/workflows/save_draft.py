"""Save a workflow's draft."""

from chalicelib.access.principal import Principal
from chalicelib.store.workflow_records import Draft


def save_draft(principal: Principal, workflow_id: str, *, text: str, revision: int | None = None) -> Draft:
    """Save YAML or JSON text, valid or not. With `revision` (the one that was read) it raises DraftChanged when somebody saved since.
    Raises WorkflowNotFound."""
    raise NotImplementedError
