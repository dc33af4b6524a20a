"""A call to a webhook: verified as it came, read, and one run started for it.

In: a trigger's id and the call. Out: the firing, once the run is recorded. The signature is checked over the raw bytes before anything is read of
them, and nothing is written for a call that does not hold. Never: the secret, or a header that may carry it, in what the input's template reads.
"""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from urllib.parse import parse_qsl

from chalicelib.access.objects import trigger_for
from chalicelib.access.principal import Principal
from chalicelib.access.scopes import Scope
from chalicelib.clock import epoch_seconds, now_text
from chalicelib.errors import BodyTooLarge, Conflict, InputInvalid, TriggerInvalid, TriggerNotFound, TriggerPaused
from chalicelib.runs.fire import Occasion, fire, refuse
from chalicelib.spec.model import Json, JsonObject
from chalicelib.store import triggers
from chalicelib.store.trigger_records import Firing, Scheme, TriggerRecord, Webhook
from chalicelib.triggers.signatures import Delivery, Proof, verify
from chalicelib.triggers.webhook_secrets import checked_secret, kept, live_secrets, rotated

MAX_BODY_BYTES: Final = 1024 * 1024
KEY_HEADERS: Final = ("idempotency-key", "webhook-id", "x-github-delivery")
DEFAULTS: Final[Mapping[Scheme, tuple[str, str]]] = {  # header, prefix
    "token": ("authorization", "Bearer "),
    "sha256": ("x-hub-signature-256", "sha256="),
    "standard": ("webhook-signature", ""),
    "stripe": ("stripe-signature", ""),
}
_LONGEST_KEY: Final = 300
_MOST_FIELDS: Final = 1000
_HIDDEN: Final = frozenset({"authorization", "cookie", "proxy-authorization", "x-api-key"})


@dataclass(frozen=True, slots=True)
class Call:
    """`query` holds the last of each name."""

    delivery: Delivery
    query: Mapping[str, str]


def take(trigger_id: str, call: Call) -> Firing:
    """Raises BodyTooLarge, TriggerNotFound, SignatureInvalid, TriggerPaused, InputInvalid and Conflict (both recorded),
    Contention, EngineUnavailable."""
    if len(call.delivery.body) > MAX_BODY_BYTES:
        raise BodyTooLarge(f"a webhook takes {MAX_BODY_BYTES:,} bytes at most")
    trigger, webhook = _found(trigger_id)
    verify(Proof(webhook.scheme, webhook.header, webhook.prefix), live_secrets(trigger), call.delivery, now=epoch_seconds())
    if not trigger.enabled:
        raise TriggerPaused(f"the trigger {trigger.name} is paused")
    at = now_text()
    try:
        body = read_body(call.delivery)
    except InputInvalid as fault:
        refuse(trigger, Occasion(key=_key(webhook, call.delivery, None) or at, at=at, told={}), fault)
        raise
    key = _key(webhook, call.delivery, body)
    name = f"call:{key}" if key else f"at:{at}:{trigger.revision}:{secrets.token_hex(8)}"
    occasion = Occasion(key=name, at=at, told=_told(webhook, call, body), unique=not key)
    firing = fire(trigger, occasion)
    if firing.error is not None:
        kind = InputInvalid if firing.error.code == InputInvalid.code else Conflict
        raise kind(firing.error.message)
    return firing


def rotate(principal: Principal, trigger_id: str, *, secret: str | None, overlap: timedelta) -> tuple[TriggerRecord, str]:
    """A new secret, given or made; the one before is taken for a while more. Raises TriggerNotFound, TriggerInvalid, TriggerChanged."""
    before = trigger_for(principal, trigger_id, Scope.WORKFLOW_WRITE)
    webhook = before.webhook
    if webhook is None:
        raise TriggerInvalid(f"{before.name} is a trigger of kind {before.kind}; only webhooks have secrets")
    chosen = checked_secret(webhook.scheme, secret)
    live = rotated(webhook.secrets, kept(principal.organisation_id, before.id, chosen), overlap=overlap)
    now = now_text()
    changes = {"webhook": webhook.model_copy(update={"secrets": live}), "updated_at": now, "updated_by": principal.person}
    after = before.model_copy(update={**changes, "revision": before.revision + 1})
    triggers.replace(after, before=before)
    return after, chosen


def read_body(delivery: Delivery) -> Json:
    """JSON, the fields of a form, or text; null for nothing. Raises InputInvalid."""
    kind = delivery.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    try:
        text = delivery.body.decode()
    except UnicodeDecodeError as fault:
        raise InputInvalid("the body is no text in UTF-8") from fault
    if not text.strip():
        return None
    if kind == "application/x-www-form-urlencoded":
        return _form(text)
    return _json(text) if kind == "application/json" or kind.endswith("+json") else text


def _json(text: str) -> Json:
    try:
        read: Json = json.loads(text, parse_constant=_no_number)
    except (ValueError, RecursionError) as fault:
        raise InputInvalid(f"the body is no JSON: {fault}") from fault
    return read


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is no number of JSON's")


def _form(text: str) -> JsonObject:
    """A field that comes more than once is a list."""
    try:
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError as fault:
        raise InputInvalid(f"the body is no form: {fault}") from fault
    grouped: dict[str, list[Json]] = {}
    for name, value in pairs:
        grouped.setdefault(name, []).append(value)
    return {name: values[0] if len(values) == 1 else values for name, values in grouped.items()}


def _found(trigger_id: str) -> tuple[TriggerRecord, Webhook]:
    """Whose it is, nobody says but the table."""
    trigger = triggers.find_hook(trigger_id)
    if trigger is None or trigger.webhook is None:
        raise TriggerNotFound(f"there is no trigger {trigger_id}")
    return trigger, trigger.webhook


def _key(webhook: Webhook, delivery: Delivery, body: Json) -> str:
    """What tells one call from another, however often it is made; empty where nothing does. Stripe's events say it in their body."""
    named = next((value for name in webhook.key_headers if (value := delivery.headers.get(name, "").strip())), "")
    if not named and webhook.scheme == "stripe" and isinstance(body, dict) and isinstance(body.get("id"), str):
        named = str(body["id"])
    return named[:_LONGEST_KEY]


def _told(webhook: Webhook, call: Call, body: Json) -> dict[str, Json]:
    hidden = _HIDDEN | {webhook.header}
    headers: JsonObject = {name: value for name, value in call.delivery.headers.items() if name not in hidden}
    return {"body": body, "headers": headers, "query": dict(call.query)}
