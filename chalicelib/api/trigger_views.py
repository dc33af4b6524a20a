"""Triggers and firings as the API shows them.

In: records. Out: JSON. Never: a secret, sealed or not.
"""

from chalicelib.api.views import view
from chalicelib.spec.model import JsonObject
from chalicelib.store.trigger_records import Firing, Tally, TriggerRecord

_OWN = frozenset({"webhook", "handled_from", "synced_revision", "deleted_at"})


def trigger_view(trigger: TriggerRecord, tally: Tally | None = None) -> JsonObject:
    """A trigger with its revision, which a change is compared with; with what it did, where that is asked for."""
    document = {name: value for name, value in view(trigger, without=_OWN).items() if value is not None or name in {"version", "paused_at"}}
    return {**document, "revision": trigger.revision, **({} if tally is None else view(tally, without=frozenset({"last_scheduled_at"})))}


def firing_view(firing: Firing) -> JsonObject:
    return view(firing, without=frozenset({"scheduled"}))
