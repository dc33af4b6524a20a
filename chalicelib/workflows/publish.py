"""Publish a version: compile, create the state machine, write the immutable version. Runs in the compiler Lambda alone.

Idempotent by digest: publishing the same spec twice gives the same version, also when the first attempt broke off halfway.
"""

from chalicelib.access.principal import Principal
from chalicelib.store.workflow_records import Version


def publish(principal: Principal, workflow_id: str, *, text: str | None = None) -> Version:
    """Publish `text`, or the draft. Raises WorkflowNotFound, SpecInvalid with its diagnostics."""
    raise NotImplementedError
