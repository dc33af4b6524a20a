"""The manual trigger: a person starts a run by API, command line or console."""

from chalicelib.access.objects import workflow_for
from chalicelib.access.principal import Principal
from chalicelib.access.scopes import Scope
from chalicelib.runs.start import IN_LINE, InLine, start
from chalicelib.spec.model import Json
from chalicelib.store.run_records import Run, Trigger


def start_manually(
    principal: Principal,
    *,
    workflow_id: str,
    input: Json,  # noqa: A002
    version: int | None = None,
    key: str | None = None,
    line: InLine = IN_LINE,
) -> Run:
    """Start a run on behalf of the principal. See `runs.start`; raises WorkflowNotFound for what they may not see, ScopeMissing."""
    workflow = workflow_for(principal, workflow_id, Scope.WORKFLOW_EXECUTE)
    trigger = Trigger(type="manual", source=principal.person)
    return start(principal, workflow_id=workflow_id, input=input, version=version, key=key, trigger=trigger, line=line, seen=workflow)
