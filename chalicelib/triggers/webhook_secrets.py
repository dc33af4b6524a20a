"""The secrets of webhooks: given or made, sealed in the trigger's record, two at most while one takes the place of the other.

In: a scheme, perhaps a secret. Out: the secret, to be shown once, and what is kept of it. Never: a secret in a record, a log or an error.
"""

import base64
import os
import secrets
from datetime import UTC, datetime, timedelta
from typing import Final

from chalicelib import ids
from chalicelib.access.sealing import seal, unseal
from chalicelib.clock import now_text, time_text
from chalicelib.errors import TriggerInvalid
from chalicelib.store.trigger_records import Scheme, SealedSecret, TriggerRecord
from chalicelib.triggers.signatures import STANDARD_PREFIX, standard_key

MOST_LIVE: Final = 2
_SHORTEST: Final = 16
_LONGEST: Final = 512
_KEY_BYTES: Final = 32
_PREFIX: Final = "sec"


def checked_secret(scheme: Scheme, given: str | None) -> str:
    """The secret to use: the one given, or a new one. Raises TriggerInvalid."""
    if given is None:
        return f"{STANDARD_PREFIX}{base64.b64encode(os.urandom(_KEY_BYTES)).decode()}" if scheme == "standard" else secrets.token_urlsafe(_KEY_BYTES)
    if not _SHORTEST <= len(given) <= _LONGEST or not given.isascii() or not given.isprintable() or " " in given:
        raise TriggerInvalid(f"a webhook's secret has {_SHORTEST} to {_LONGEST} printable ASCII characters without spaces")
    if scheme == "standard" and not _is_standard(given):
        raise TriggerInvalid(f"a Standard Webhooks secret is {STANDARD_PREFIX} and at least {_SHORTEST} bytes in base64")
    return given


def _is_standard(given: str) -> bool:
    try:
        return len(standard_key(given)) >= _SHORTEST
    except ValueError:
        return False


def kept(organisation_id: str, trigger_id: str, secret: str) -> SealedSecret:
    secret_id = ids.new_id(_PREFIX)
    return SealedSecret(id=secret_id, sealed=seal(organisation_id, _purpose(trigger_id, secret_id), secret), made_at=now_text())


def rotated(before: tuple[SealedSecret, ...], new: SealedSecret, *, overlap: timedelta) -> tuple[SealedSecret, ...]:
    """The new one first; the one before it is taken for a while, others no more."""
    ends = time_text(datetime.now(UTC) + overlap)
    older = tuple(one.model_copy(update={"ends_at": min(one.ends_at or ends, ends)}) for one in before[: MOST_LIVE - 1])
    return (new, *older)


def live_secrets(trigger: TriggerRecord) -> list[str]:
    """The secrets that a call may be signed with now. Raises SealBroken."""
    found = trigger.webhook.secrets if trigger.webhook else ()
    now = now_text()
    live = [one for one in found if one.ends_at is None or one.ends_at > now]
    return [unseal(trigger.organisation_id, _purpose(trigger.id, one.id), one.sealed) for one in live]


def _purpose(trigger_id: str, secret_id: str) -> str:
    return f"webhook/{trigger_id}/{secret_id}"
