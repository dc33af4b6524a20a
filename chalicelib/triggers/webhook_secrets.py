"""The secrets of webhooks: given or made, sealed in the trigger's record (`access.live_secrets`).

In: a scheme, perhaps a secret. Out: the secret, to be shown once, and what is kept of it. Never: a secret in a record, a log or an error.
"""

import base64
import os
import secrets
from typing import Final

from chalicelib.access.live_secrets import LONGEST, SHORTEST, is_secret, opened, sealed
from chalicelib.access.live_secrets import rotated as rotated
from chalicelib.errors import TriggerInvalid
from chalicelib.store.trigger_records import Scheme, SealedSecret, TriggerRecord
from chalicelib.triggers.signatures import STANDARD_PREFIX, standard_key

_KEY_BYTES: Final = 32


def checked_secret(scheme: Scheme, given: str | None) -> str:
    """The secret to use: the one given, or a new one. Raises TriggerInvalid."""
    if given is None:
        return f"{STANDARD_PREFIX}{base64.b64encode(os.urandom(_KEY_BYTES)).decode()}" if scheme == "standard" else secrets.token_urlsafe(_KEY_BYTES)
    if not is_secret(given):
        raise TriggerInvalid(f"a webhook's secret has {SHORTEST} to {LONGEST} printable ASCII characters without spaces")
    if scheme == "standard" and not _is_standard(given):
        raise TriggerInvalid(f"a Standard Webhooks secret is {STANDARD_PREFIX} and at least {SHORTEST} bytes in base64")
    return given


def _is_standard(given: str) -> bool:
    try:
        return len(standard_key(given)) >= SHORTEST
    except ValueError:
        return False


def kept(organisation_id: str, trigger_id: str, secret: str) -> SealedSecret:
    return sealed(organisation_id, _of(trigger_id), secret)


def live_secrets(trigger: TriggerRecord) -> list[str]:
    """The secrets that a call may be signed with now. Raises SealBroken."""
    return opened(trigger.organisation_id, _of(trigger.id), trigger.webhook.secrets if trigger.webhook else ())


def _of(trigger_id: str) -> str:
    return f"webhook/{trigger_id}"
