"""Triggers and firings as the API shows them.

In: records. Out: JSON. Never: a secret, sealed or not.
"""

from chalicelib.api.views import view
from chalicelib.spec.model import Json, JsonObject
from chalicelib.store.trigger_records import Firing, Tally, TriggerRecord, Webhook

_OWN = frozenset({"webhook", "handled_from", "synced_revision", "deleted_at"})


def trigger_view(trigger: TriggerRecord, tally: Tally | None = None) -> JsonObject:
    """A trigger with its revision, which a change is compared with; with what it did, where that is asked for."""
    document = {name: value for name, value in view(trigger, without=_OWN).items() if value is not None or name in {"version", "paused_at"}}
    webhook = {} if trigger.webhook is None else {"webhook": _webhook_view(trigger.id, trigger.webhook)}
    return {**document, **webhook, "revision": trigger.revision, **({} if tally is None else view(tally, without=frozenset({"last_scheduled_at"})))}


def _webhook_view(trigger_id: str, webhook: Webhook) -> JsonObject:
    """How it is called and verified; of its secrets, when they were made and how long they are taken."""
    secrets: list[Json] = [view(one, without=frozenset({"sealed"})) for one in webhook.secrets]
    return {**view(webhook, without=frozenset({"secrets"})), "path": f"/api/v1/hooks/{trigger_id}", "secrets": secrets}


def firing_view(firing: Firing) -> JsonObject:
    return view(firing, without=frozenset({"scheduled"}))
