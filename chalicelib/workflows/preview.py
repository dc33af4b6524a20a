"""What publishing would do, without doing it.

In: who, a workflow, perhaps a text. Out: `Preview`: whether anything differs, what, what a run would take, whom it touches. Raises what
publishing raises for the document, VersionMoved included, so that whoever sees a preview may publish.
"""

from dataclasses import dataclass

from chalicelib.access.objects import workflow_for
from chalicelib.access.principal import Principal
from chalicelib.access.scopes import Scope
from chalicelib.spec.diagnostic import Diagnostic
from chalicelib.spec.model import JsonObject
from chalicelib.workflows.drafts import get_draft
from chalicelib.workflows.impact import Impact, impact_of
from chalicelib.workflows.publish import compiled_for, latest_of, require_base
from chalicelib.workflows.version_diff import DRAFT, VersionDifference, between, side_of_compiled, side_of_version


@dataclass(frozen=True)
class Preview:
    """`difference` is None for a first version."""

    is_new: bool
    digest: str
    difference: VersionDifference | None
    forecast: JsonObject
    impact: Impact
    diagnostics: tuple[Diagnostic, ...]


def preview(principal: Principal, workflow_id: str, *, text: str | None = None, base_version: int | None = None) -> Preview:
    """Of `text`, or of one's own draft."""
    workflow = workflow_for(principal, workflow_id, Scope.WORKFLOW_WRITE)
    draft = get_draft(principal, workflow_id) if text is None else None
    compiled = compiled_for(principal, workflow, draft.text if draft else text or "")
    latest = latest_of(workflow)
    is_new = latest is None or latest.digest != compiled.digest
    if is_new:
        require_base(workflow, draft.base_version if draft else base_version)
    difference = between(side_of_version(workflow, latest.number), side_of_compiled(DRAFT, compiled)) if latest else None
    forecast = compiled.compilation.forecast.as_json()
    return Preview(is_new, compiled.digest, difference, forecast, impact_of(principal, workflow_id), compiled.diagnostics)
