"""Whether a webhook of Meta's is Meta's: the signature of a POST, the handshake of a GET. WhatsApp, Messenger and Instagram sign alike.

In: the body byte for byte (Meta signs what it sends, so JSON that was read and written again is signed no more), the header, the app's secrets; the
query of a handshake. Out: yes or no; the challenge to answer with. Where no secret is known the answer is no. Never: a secret in an error or a log,
a comparison that takes longer the more of it is right.

Source: https://developers.facebook.com/docs/graph-api/webhooks/getting-started
"""

import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from typing import Final

HEADER: Final = "x-hub-signature-256"
_SIGNATURE: Final = re.compile(r"sha256=([0-9a-f]{64})")
_CHALLENGE: Final = re.compile(r"[A-Za-z0-9_.-]{1,256}")  # what we say back goes to whoever asks: it can be no markup


def is_signed(body: bytes, header: str, secrets: Sequence[str]) -> bool:
    """Whether one of the secrets signed the body. There are several while one takes the place of another; all are tried, whichever fits."""
    found = _SIGNATURE.fullmatch(header)
    if found is None:
        return False
    told = found[1].encode()
    fitting = [hmac.compare_digest(_signature(body, secret), told) for secret in secrets if secret]
    return any(fitting)


def challenge_of(query: Mapping[str, str], verify_token: str) -> str | None:
    """What to answer to a handshake, as plain text; None where it is none of ours, which is a 403."""
    token, challenge = query.get("hub.verify_token", ""), query.get("hub.challenge", "")
    if query.get("hub.mode") != "subscribe" or not verify_token or _CHALLENGE.fullmatch(challenge) is None:
        return None
    return challenge if hmac.compare_digest(token.encode(), verify_token.encode()) else None


def _signature(body: bytes, secret: str) -> bytes:
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest().encode()
