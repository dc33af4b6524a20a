"""Addresses and message ids by which an answer finds what it answers.

In: keys, what is answered. Out: `r+<token>@domain` for the Reply-To header and back; our Message-ID for a delivery and back; the Message-ID that SES
writes. A token is signed and bound to one purpose and one id, so that nobody can make one for another conversation; a Message-ID is not, so it is
good for finding a thread and proves nothing. Pure.

A token: `1`, a letter for the purpose, the ULID of the id, 128 bits of HMAC-SHA256 in base 32 (RFC 4648). Small letters alone, since some servers
change the case of the part before the `@`; 54 of them, with `r+` 56: RFC 5321 allows 64.
"""

import base64
import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal
from urllib.parse import quote, unquote

from chalicelib import ids
from chalicelib.channels.mail_headers import DOMAIN

Purpose = Literal["gate", "conversation", "message"]
_KINDS: Final[dict[Purpose, tuple[str, str]]] = {"gate": ("g", ids.GATE), "conversation": ("c", "conv"), "message": ("m", ids.MESSAGE)}
_MARK: Final = "r+"
_SIGNED: Final = re.compile(r"1([gcmGCM])([0-9A-HJKMNP-TV-Za-hjkmnp-tv-z]{26})([A-Za-z2-7]{26})")
_MAC_BYTES: Final = 16
_SHORTEST_KEY: Final = 16
_MOST_RECIPIENTS: Final = 100
_MESSAGE_ID: Final = re.compile(r"<[!-;=?-~]{1,250}@[!-;=?A-~]{1,250}>")
_MOST_IDS: Final = 100
_LONGEST_DELIVERY: Final = 200


@dataclass(frozen=True, slots=True)
class ReplyToken:
    """What an answer to an address is an answer to."""

    purpose: Purpose
    id: str


def sign(key: bytes, answered: ReplyToken) -> str:
    """The token. Raises ValueError for an id that is not of its purpose's kind, and for a key that is too short to be one."""
    letter, prefix = _KINDS[answered.purpose]
    if not ids.is_id(answered.id, prefix):
        raise ValueError(f"not the id of a {answered.purpose}")
    body = f"1{letter}{answered.id.rpartition('_')[2].lower()}"
    return body + _mac(key, body)


def reply_address(domain: str, token: str) -> str:
    """Raises ValueError where that makes no address."""
    if not _SIGNED.fullmatch(token) or not DOMAIN.fullmatch(domain):
        raise ValueError("no reply address can be made of these")
    return f"{_MARK}{token}@{domain}"


def token_of(recipients: Sequence[str], keys: Sequence[bytes]) -> ReplyToken | None:
    """What the recipients say that is answered, under any of the live keys (the new one and the one before). None also where they say two things."""
    found = {token for each in recipients[:_MOST_RECIPIENTS] if (token := _token(each, keys)) is not None}
    return found.pop() if len(found) == 1 else None


def own_message_id(delivery_id: str, domain: str) -> str:
    """The Message-ID that our mails name among their References: SES replaces the one they have, and leaves these alone."""
    if not 0 < len(delivery_id) <= _LONGEST_DELIVERY:
        raise ValueError("the delivery's id makes no Message-ID")
    return f"<{_escaped(delivery_id)}@{domain}>"


def delivery_of(message_id: str, domain: str) -> str | None:
    """The delivery that one of our own Message-IDs stands for."""
    left, _, right = message_id.removeprefix("<").removesuffix(">").rpartition("@")
    if right.lower() != domain.lower() or not left:
        return None
    delivery = unquote(left.replace("=", "%"), errors="replace")
    return delivery if _escaped(delivery) == left else None


def ses_message_id(ses_id: str, region: str) -> str:
    """The Message-ID that SES gives a mail. In its first region it names no region."""
    return f"<{ses_id}@{'email' if region == 'us-east-1' else region}.amazonses.com>"


def message_ids(value: str) -> tuple[str, ...]:
    """The ids in a References or In-Reply-To header, each once, in their order."""
    return tuple(dict.fromkeys(_MESSAGE_ID.findall(value)))[-_MOST_IDS:]


def _token(recipient: str, keys: Sequence[bytes]) -> ReplyToken | None:
    local, _, _ = recipient.strip().removeprefix("<").rpartition("@")
    signed = _SIGNED.fullmatch(local[len(_MARK) :]) if local[: len(_MARK)].lower() == _MARK else None
    if signed is None:
        return None
    letter, ulid, mac = signed.groups()
    body = f"1{letter}{ulid}".lower()
    fits = [hmac.compare_digest(_mac(key, body), mac.lower()) for key in keys]  # all are compared, so that time tells nothing
    if not any(fits):
        return None
    return next(ReplyToken(purpose, f"{prefix}_{ulid.upper()}") for purpose, (each, prefix) in _KINDS.items() if each == letter.lower())


def _mac(key: bytes, body: str) -> str:
    if len(key) < _SHORTEST_KEY:
        raise ValueError(f"a key of reply tokens has {_SHORTEST_KEY} bytes or more")
    digest = hmac.digest(key, b"sluice reply address\0" + body.encode(), "sha256")
    return base64.b32encode(digest[:_MAC_BYTES]).decode().rstrip("=").lower()


def _escaped(delivery_id: str) -> str:
    """Letters of an atom alone (RFC 5322): all others as `=` and two digits."""
    return quote(delivery_id, safe="").replace(".", "%2E").replace("~", "%7E").replace("%", "=")
