"""The keys that sign access tokens: Ed25519, kept as one secret `<deployment>/_keys/signing`, which no route of secrets reaches.

In: nothing, or a key id. Out: the key to sign with, the public key of an id, and all public keys as a JWK set. A rotation adds a key that signs once
every container has had time to read it, so no request meets a key that is not known; an old one verifies until the last token it signed has lapsed.
An id that is not known makes a container read the secret again, at most once in `REREAD_SECONDS`.
Never: a private key in a log or an answer.
"""

import json
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

from chalicelib import ids
from chalicelib.errors import Unavailable
from chalicelib.settings import settings
from chalicelib.store.clients import client

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

TOKEN_SECONDS: Final = 30 * 60
HELD_SECONDS: Final = 300  # how long a container goes by what it has read
REREAD_SECONDS: Final = 5
LEAD_SECONDS: Final = 2 * HELD_SECONDS  # from a key's making until it signs
_SPARE_SECONDS: Final = 120  # clocks that differ, and what is under way


@dataclass(frozen=True, slots=True)
class SigningKey:
    """`signs_from` in epoch seconds."""

    kid: str
    private: bytes
    signs_from: int

    def key(self) -> "Ed25519PrivateKey":
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        return Ed25519PrivateKey.from_private_bytes(self.private)


class _Held:
    """What this container knows: keys by id, as read at a moment of its own clock."""

    def __init__(self) -> None:
        self.keys: dict[str, SigningKey] = {}
        self.read_at = float("-inf")
        self.lock = Lock()


_HELD: Final = _Held()


def current() -> SigningKey:
    """The key to sign with: the newest whose time has come. The first one is made where there is none. Raises Unavailable."""
    held = _known()
    now = time.time()
    ready = [key for key in held.values() if key.signs_from <= now]
    return max(ready or held.values(), key=lambda key: (key.signs_from, key.kid))


def public_key(kid: str) -> "Ed25519PublicKey | None":
    """The public key of an id; None for an unknown one. Raises Unavailable."""
    found = _known().get(kid)
    if found is None and time.monotonic() - _HELD.read_at >= REREAD_SECONDS:
        found = _known(fresh=True).get(kid)
    return found.key().public_key() if found else None


def key_set() -> list[Mapping[str, str]]:
    """All public keys as JWKs (RFC 8037), those that do not sign yet among them."""
    return [
        {"kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": key.kid, "x": _base64(key.key().public_key().public_bytes_raw())}
        for key in sorted(_known().values(), key=lambda key: key.signs_from)
    ]


def rotate() -> SigningKey:
    """Add a key that signs in `LEAD_SECONDS`, and drop those whose last token has lapsed. Raises Unavailable."""
    keys = _known(fresh=True)
    now = int(time.time())
    made = _new_key(now + LEAD_SECONDS)
    _write([*_still_needed(list(keys.values()), now), made])
    forget_signing_keys()
    return made


def forget_signing_keys() -> None:
    """Read the secret anew from now on."""
    with _HELD.lock:
        _HELD.keys = {}
        _HELD.read_at = float("-inf")


def _still_needed(keys: list[SigningKey], now: int) -> list[SigningKey]:
    """A key signs until the next one does; its tokens live half an hour more."""
    ordered = sorted(keys, key=lambda key: key.signs_from)
    until = [following.signs_from for following in ordered[1:]]
    spent = sum(end + TOKEN_SECONDS + HELD_SECONDS + _SPARE_SECONDS < now for end in until)
    return ordered[spent:]


def _known(*, fresh: bool = False) -> dict[str, SigningKey]:
    with _HELD.lock:
        if fresh or time.monotonic() - _HELD.read_at >= HELD_SECONDS:
            _HELD.keys = _read_or_create()
            _HELD.read_at = time.monotonic()
        return _HELD.keys


def _read_or_create() -> dict[str, SigningKey]:
    from botocore.exceptions import ClientError

    try:
        return _read()
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            raise Unavailable("the signing keys cannot be read") from None
    try:
        first = _new_key(int(time.time()))
        client("secretsmanager").create_secret(Name=_name(), SecretString=_text([first]), Description="Signs access tokens")
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceExistsException":
            raise Unavailable("no signing key can be made") from None
    return _read()


def _read() -> dict[str, SigningKey]:
    document: dict[str, Any] = json.loads(client("secretsmanager").get_secret_value(SecretId=_name())["SecretString"])
    found = [SigningKey(each["kid"], _bytes(each["private"]), each["signs_from"]) for each in document["keys"]]
    return {key.kid: key for key in found}


def _write(keys: list[SigningKey]) -> None:
    from botocore.exceptions import ClientError

    try:
        client("secretsmanager").put_secret_value(SecretId=_name(), SecretString=_text(keys))
    except ClientError:
        raise Unavailable("the signing keys cannot be written") from None


def _text(keys: list[SigningKey]) -> str:
    return json.dumps({"keys": [{"kid": key.kid, "private": _base64(key.private), "signs_from": key.signs_from} for key in keys]})


def _new_key(signs_from: int) -> SigningKey:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return SigningKey(ids.new_id("sig"), Ed25519PrivateKey.generate().private_bytes_raw(), signs_from)


def _name() -> str:
    return f"{settings().deployment}/_keys/signing"


def _base64(raw: bytes) -> str:
    return urlsafe_b64encode(raw).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
