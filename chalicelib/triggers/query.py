"""What there is of triggers, and what they did.

In: a principal. Out: records of their organisation alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from chalicelib.access.objects import trigger_for, visible, visible_triggers, workflow_for
from chalicelib.access.principal import Principal
from chalicelib.access.scopes import Scope
from chalicelib.store import triggers, workflows
from chalicelib.store.pages import is_backwards
from chalicelib.store.trigger_records import Firing, Tally, TriggerKind, TriggerRecord
from chalicelib.store.triggers import FiringPage

TriggerOrder = Literal["workflow", "-workflow"]
FiringOrder = Literal["-at", "at"]
Outcome = Literal["started", "failed"]


@dataclass(frozen=True, slots=True)
class Wanted:
    """`sort`: by workflow and name; with `-` from the end."""

    kind: TriggerKind | None = None
    workflow_id: str | None = None
    enabled: bool | None = None
    sort: TriggerOrder = "workflow"

    def holds(self, trigger: TriggerRecord) -> bool:
        return self.kind in {None, trigger.kind} and self.workflow_id in {None, trigger.workflow_id} and self.enabled in {None, trigger.enabled}


_ANY: Final = Wanted()


@dataclass(frozen=True, slots=True)
class WantedFirings:
    """`outcome`: whether it started a run."""

    outcome: Outcome | None = None
    sort: FiringOrder = "-at"

    def holds(self, firing: Firing) -> bool:
        return self.outcome in {None, "failed" if firing.error is not None else "started"}


@dataclass(frozen=True, slots=True)
class Shown:
    """A trigger with what it did so far."""

    trigger: TriggerRecord
    tally: Tally


@dataclass(frozen=True, slots=True)
class ShownPage:
    triggers: tuple[Shown, ...]
    cursor: str | None


def list_of_workflow(principal: Principal, workflow_id: str, wanted: Wanted = _ANY) -> tuple[Shown, ...]:
    """By name. Raises WorkflowNotFound."""
    workflow = workflow_for(principal, workflow_id, Scope.WORKFLOW_READ)
    found = triggers.list_with_tallies(principal.organisation_id, workflow.id)
    return tuple(Shown(trigger, tally) for trigger, tally in found if wanted.holds(trigger))


def list_all(principal: Principal, wanted: Wanted = _ANY, *, limit: int, cursor: str | None) -> ShownPage:
    """By workflow and name; a page may be short, or empty, and still have a cursor. Those of a workflow that may not be read are none. Raises
    CursorInvalid."""
    organisation_id = principal.organisation_id
    workflow_name = None
    if wanted.workflow_id is not None:
        workflow = workflows.find(organisation_id, wanted.workflow_id, deleted=True)
        if workflow is None or not visible(principal, (workflow,)):
            return ShownPage((), None)
        workflow_name = workflow.name

    def keep(found: Sequence[TriggerRecord]) -> list[TriggerRecord]:
        return visible_triggers(principal, [trigger for trigger in found if wanted.holds(trigger)])

    page = triggers.list_page(
        organisation_id,
        limit=limit,
        cursor=cursor,
        keep=keep,
        workflow_name=workflow_name,
        terms=wanted,
        backwards=is_backwards(wanted.sort),
    )
    return ShownPage(_shown(principal, page.triggers), page.cursor)


def get_trigger(principal: Principal, trigger_id: str) -> Shown:
    """Raises TriggerNotFound."""
    trigger = trigger_for(principal, trigger_id, Scope.WORKFLOW_READ)
    return Shown(trigger, triggers.tally(principal.organisation_id, trigger_id))


def list_firings(principal: Principal, trigger_id: str, wanted: WantedFirings, *, limit: int, cursor: str | None) -> FiringPage:
    """Those of the last 30 days that fit, by time. A page may be short, or empty, and still have a cursor. Raises TriggerNotFound, CursorInvalid."""
    trigger = trigger_for(principal, trigger_id, Scope.WORKFLOW_READ)

    def keep(found: Sequence[Firing]) -> list[Firing]:
        return [firing for firing in found if wanted.holds(firing)]

    newest_first = is_backwards(wanted.sort)
    return triggers.list_firings(
        principal.organisation_id, trigger.id, limit=limit, cursor=cursor, keep=keep, terms=wanted, newest_first=newest_first
    )


def _shown(principal: Principal, found: tuple[TriggerRecord, ...]) -> tuple[Shown, ...]:
    tallies = triggers.tallies(principal.organisation_id, [trigger.id for trigger in found])
    return tuple(Shown(trigger, tallies.get(trigger.id, Tally())) for trigger in found)
