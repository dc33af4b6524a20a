"""What there is of triggers, and what they did.

In: a principal. Out: records of their organisation alone.
"""

from dataclasses import dataclass

from chalicelib.access.objects import trigger_for, visible_triggers, workflow_for
from chalicelib.access.principal import Principal
from chalicelib.access.scopes import Scope
from chalicelib.store import triggers
from chalicelib.store.trigger_records import Tally, TriggerRecord
from chalicelib.store.triggers import FiringPage


@dataclass(frozen=True, slots=True)
class Shown:
    """A trigger with what it did so far."""

    trigger: TriggerRecord
    tally: Tally


@dataclass(frozen=True, slots=True)
class ShownPage:
    triggers: tuple[Shown, ...]
    cursor: str | None


def list_of_workflow(principal: Principal, workflow_id: str) -> tuple[Shown, ...]:
    """By name. Raises WorkflowNotFound."""
    workflow = workflow_for(principal, workflow_id, Scope.WORKFLOW_READ)
    return tuple(Shown(*each) for each in triggers.list_with_tallies(principal.organisation_id, workflow.id))


def list_all(principal: Principal, *, limit: int, cursor: str | None) -> ShownPage:
    """By workflow and name; a page may be short, or empty, and still have a cursor. Raises CursorInvalid."""
    page = triggers.list_page(principal.organisation_id, limit=limit, cursor=cursor)
    return ShownPage(_shown(principal, tuple(visible_triggers(principal, page.triggers))), page.cursor)


def get_trigger(principal: Principal, trigger_id: str) -> Shown:
    """Raises TriggerNotFound."""
    trigger = trigger_for(principal, trigger_id, Scope.WORKFLOW_READ)
    return Shown(trigger, triggers.tally(principal.organisation_id, trigger_id))


def list_firings(principal: Principal, trigger_id: str, *, limit: int, before: str | None) -> FiringPage:
    """Newest first, those of the last 30 days. Raises TriggerNotFound."""
    trigger = trigger_for(principal, trigger_id, Scope.WORKFLOW_READ)
    return triggers.list_firings(principal.organisation_id, trigger.id, limit=limit, before=before)


def _shown(principal: Principal, found: tuple[TriggerRecord, ...]) -> tuple[Shown, ...]:
    tallies = triggers.tallies(principal.organisation_id, [trigger.id for trigger in found])
    return tuple(Shown(trigger, tallies.get(trigger.id, Tally())) for trigger in found)
