"""The key that signs checkpoints of the audit: Ed25519, made at its first use, in Secrets Manager under a name that no other function may read.

In: bytes. Out: a signature with the key's fingerprint. The public half is kept beside the checkpoints and told to whoever checks.
Never: the private half outside this module.
"""

import base64
import hashlib
import json
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from chalicelib.access.own_keys import key_text
from chalicelib.settings import settings
from chalicelib.spec.model import JsonObject

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


@dataclass(frozen=True, slots=True)
class PublicKey:
    """`fingerprint` names the key in checkpoints; `raw` are the 32 bytes in base64."""

    fingerprint: str
    raw: str

    @property
    def document(self) -> JsonObject:
        return {"fingerprint": self.fingerprint, "algorithm": "Ed25519", "public_key": self.raw}


def sign(text: bytes) -> str:
    """The signature in base64."""
    return base64.b64encode(_private_key(_secret_name()).sign(text)).decode()


def public_key() -> PublicKey:
    raw = _private_key(_secret_name()).public_key().public_bytes_raw()
    return PublicKey(fingerprint_of(raw), base64.b64encode(raw).decode())


def fingerprint_of(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()[:32]


def is_signed(text: bytes, signature: str, raw: str) -> bool:
    """Whether a signature holds under a public key, both in base64."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        Ed25519PublicKey.from_public_bytes(base64.b64decode(raw)).verify(base64.b64decode(signature), text)
    except (InvalidSignature, ValueError):
        return False
    return True


def forget_audit_key() -> None:
    """Read the key anew from now on."""
    _private_key.cache_clear()


def _secret_name() -> str:
    """Outside `<deployment>/`, which workers may read; no deployment's name holds a dot."""
    return f"audit.{settings().deployment}/signing-key"


@lru_cache(maxsize=4)
def _private_key(name: str) -> "Ed25519PrivateKey":
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    text = key_text(name, make=_new_key, about="Signs the checkpoints of Sluice's audit")
    return Ed25519PrivateKey.from_private_bytes(base64.b64decode(json.loads(text)["private_key"]))


def _new_key() -> str:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return json.dumps({"private_key": base64.b64encode(Ed25519PrivateKey.generate().private_bytes_raw()).decode()})
