"""Whether a call to a webhook comes from somebody who knows the secret: by token, or by one of three common signatures over the raw bytes.

In: how the webhook is verified, its live secrets, the call's headers and body as they came, the present. Out: nothing, or SignatureInvalid, which
says no more than a caller who is right needs. Every comparison takes the same time whatever is given. Pure.

Sources: GitHub, "Validating webhook deliveries"; Standard Webhooks 1.0 (id, timestamp and body, five minutes); Stripe, "Verify webhook signatures".
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, assert_never

from chalicelib.errors import SignatureInvalid
from chalicelib.store.trigger_records import Scheme

TOLERANCE_SECONDS: Final = 300
STANDARD_PREFIX: Final = "whsec_"
_MOST_SIGNATURES: Final = 10
_REFUSAL: Final = "the call does not prove that it knows the webhook's secret"


@dataclass(frozen=True, slots=True)
class Proof:
    """What a call is verified by: `header` holds a token or a signature after `prefix`."""

    scheme: Scheme
    header: str
    prefix: str = ""


@dataclass(frozen=True, slots=True)
class Delivery:
    """A call as it came. Names of headers are in small letters."""

    headers: Mapping[str, str]
    body: bytes


def verify(proof: Proof, secrets: Sequence[str], delivery: Delivery, *, now: int) -> None:
    """Raises SignatureInvalid."""
    given = delivery.headers.get(proof.header.lower(), "")
    match proof.scheme:
        case "token":
            known = _any_same([given], [f"{proof.prefix}{secret}" for secret in secrets])
        case "sha256":
            known = _any_same([given], [f"{proof.prefix}{_hex(secret.encode(), delivery.body)}" for secret in secrets])
        case "standard":
            known = _is_standard(given, secrets, delivery, now)
        case "stripe":
            known = _is_stripe(given, secrets, delivery.body, now)
        case _:
            assert_never(proof.scheme)
    if not known:
        raise SignatureInvalid(_REFUSAL)


def standard_key(secret: str) -> bytes:
    """The bytes of a Standard Webhooks secret, `whsec_` and base64. Raises ValueError."""
    try:
        return base64.b64decode(secret.removeprefix(STANDARD_PREFIX), validate=True)
    except binascii.Error as fault:
        raise ValueError(str(fault)) from fault


def _is_standard(given: str, secrets: Sequence[str], delivery: Delivery, now: int) -> bool:
    message_id, sent_at = (delivery.headers.get(name, "") for name in ("webhook-id", "webhook-timestamp"))
    signed = f"{message_id}.{sent_at}.".encode() + delivery.body
    wanted = [base64.b64encode(hmac.digest(standard_key(secret), signed, hashlib.sha256)).decode() for secret in secrets]
    offered = [text for version, comma, text in (each.partition(",") for each in given.split(" ")) if comma and version == "v1"]
    return _any_same(offered, wanted) and bool(message_id) and _is_fresh(sent_at, now)


def _is_stripe(given: str, secrets: Sequence[str], body: bytes, now: int) -> bool:
    parts = [(name.strip(), value.strip()) for name, _, value in (each.partition("=") for each in given.split(","))]
    times = [value for name, value in parts if name == "t"]
    sent_at = times[0] if len(times) == 1 else ""
    wanted = [_hex(secret.encode(), f"{sent_at}.".encode() + body) for secret in secrets]
    return _any_same([value for name, value in parts if name == "v1"], wanted) and _is_fresh(sent_at, now)


def _is_fresh(sent_at: str, now: int) -> bool:
    return sent_at.isascii() and sent_at.isdigit() and len(sent_at) < 12 and abs(now - int(sent_at)) <= TOLERANCE_SECONDS


def _hex(key: bytes, signed: bytes) -> str:
    return hmac.digest(key, signed, hashlib.sha256).hex()


def _any_same(offered: Sequence[str], wanted: Iterable[str]) -> bool:
    """All pairs are compared, so that time tells nothing; of very many offered, the first."""
    return any(list(_pairs(offered[:_MOST_SIGNATURES], wanted)))


def _pairs(offered: Sequence[str], wanted: Iterable[str]) -> Iterator[bool]:
    for one in wanted:
        yield from (_same(each, one) for each in offered)


def _same(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode(), wanted.encode())
