"""The difference between two versions of a workflow, or between one and a draft.

In: a workflow and what to compare. Out: `VersionDifference`. Forecasts are those that were kept with a version; of a draft they are made now, if it
compiles. Raises VersionNotFound; SpecInvalid for a draft that cannot be read.
"""

from dataclasses import dataclass

from chalicelib.access.objects import workflow_for
from chalicelib.access.principal import Principal
from chalicelib.access.scopes import Scope
from chalicelib.errors import SpecInvalid
from chalicelib.spec.load import load as load_spec
from chalicelib.spec.model import JsonObject
from chalicelib.spec.workflow import WorkflowSpec
from chalicelib.store import workflows
from chalicelib.store.values import load
from chalicelib.store.workflow_records import Workflow
from chalicelib.workflows.compilation import Compiled, compile_text
from chalicelib.workflows.diff import Difference, diff
from chalicelib.workflows.drafts import get_draft

DRAFT = "draft"


@dataclass(frozen=True)
class Side:
    """What is compared: a version's number, or `draft`; its forecast, if one is known."""

    name: str
    spec: WorkflowSpec
    forecast: JsonObject | None


@dataclass(frozen=True)
class VersionDifference:
    before: str
    after: str
    difference: Difference


def diff_versions(workflow: Workflow, before: int, after: int) -> VersionDifference:
    """Of two versions by number. Raises VersionNotFound."""
    return between(side_of_version(workflow, before), side_of_version(workflow, after))


def diff_of(principal: Principal, workflow_id: str, before: int | None, after: int | None) -> VersionDifference:
    """None stands for one's own draft. Raises WorkflowNotFound, VersionNotFound, SpecInvalid."""
    workflow = workflow_for(principal, workflow_id, Scope.WORKFLOW_READ)
    first, second = (_side(principal, workflow, number) for number in (before, after))
    return between(first, second)


def between(before: Side, after: Side) -> VersionDifference:
    """Both sides as one difference."""
    known = (before.forecast, after.forecast) if before.forecast is not None and after.forecast is not None else None
    return VersionDifference(before.name, after.name, diff(before.spec, after.spec, forecasts=known))


def side_of_version(workflow: Workflow, number: int) -> Side:
    """A published version. Raises VersionNotFound."""
    summary = workflows.get_summary(workflow.organisation_id, workflow.id, number)
    version = workflows.get_version(workflow.organisation_id, summary.id)
    forecast = load(workflow.organisation_id, workflows.get_documents(workflow.organisation_id, summary.id).values.get("forecast"))
    return Side(str(number), WorkflowSpec.model_validate(version.spec), forecast if isinstance(forecast, dict) else None)


def side_of_compiled(name: str, compiled: Compiled) -> Side:
    """What was just compiled."""
    return Side(name, compiled.spec, compiled.compilation.forecast.as_json())


def _side(principal: Principal, workflow: Workflow, number: int | None) -> Side:
    if number is not None:
        return side_of_version(workflow, number)
    text = get_draft(principal, workflow.id).text
    compiled = compile_text(principal, text)
    if isinstance(compiled, Compiled):
        return side_of_compiled(DRAFT, compiled)
    loaded = load_spec(text)
    if loaded.spec is None:
        raise SpecInvalid(loaded.diagnostics)
    return Side(DRAFT, loaded.spec, None)
