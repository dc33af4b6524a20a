"""Seals secrets: AES-256-GCM under a key of the organisation's, derived from a master key.

In: an organisation, what the secret is for, the secret. Out: a text that only this module opens, for the same organisation and purpose alone.
There are two masters, each made at its first use, in Secrets Manager under names of their own: `master` seals webhooks' secrets, which lie in the
table, and the API's function alone may read it; `secrets` seals the organisation's secrets, which workers open. Never: a key outside this module.

Source: NIST SP 800-38D (a random nonce of 96 bits for each), RFC 5869.
"""

import base64
import os
from functools import lru_cache
from typing import TYPE_CHECKING, Final, Literal

from chalicelib.access.own_keys import key_text
from chalicelib.errors import SealBroken
from chalicelib.settings import settings

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

Master = Literal["master", "secrets"]
_VERSION: Final = "v1"
_NONCE_BYTES: Final = 12
_KEY_BYTES: Final = 32


def seal(organisation_id: str, purpose: str, secret: str, *, under: Master = "master") -> str:
    """`purpose` says what the secret is of, such as a trigger's id."""
    nonce = os.urandom(_NONCE_BYTES)
    sealed = _cipher(_secret_name(under), organisation_id).encrypt(nonce, secret.encode(), _bound(organisation_id, purpose))
    return f"{_VERSION}.{base64.urlsafe_b64encode(nonce + sealed).decode()}"


def unseal(organisation_id: str, purpose: str, sealed: str, *, under: Master = "master") -> str:
    """Raises SealBroken where it was sealed for something else, by another key, or changed since."""
    from cryptography.exceptions import InvalidTag

    version, _, text = sealed.partition(".")
    try:
        raw = base64.urlsafe_b64decode(text)
        if version != _VERSION:
            raise SealBroken("this was sealed in a way that is not known here")
        opened = _cipher(_secret_name(under), organisation_id).decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], _bound(organisation_id, purpose))
    except (InvalidTag, ValueError) as fault:
        raise SealBroken("a sealed secret does not open") from fault
    return opened.decode()


def forget_master_key() -> None:
    """Read the master key anew from now on."""
    _cipher.cache_clear()


def _bound(organisation_id: str, purpose: str) -> bytes:
    return f"{organisation_id}\x1f{purpose}".encode()


def _secret_name(under: Master) -> str:
    """Outside `<deployment>/`, which workers may read whole; no deployment's name holds a dot."""
    return f"seal.{settings().deployment}/{under}"


@lru_cache(maxsize=64)
def _cipher(name: str, organisation_id: str) -> "AESGCM":
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    derived = HKDF(SHA256(), _KEY_BYTES, salt=organisation_id.encode(), info=b"sluice seal v1").derive(base64.b64decode(_master(name)))
    return AESGCM(derived)


def _master(name: str) -> str:
    return key_text(name, make=_new_master, about="Seals what Sluice keeps secret")


def _new_master() -> str:
    return base64.b64encode(os.urandom(_KEY_BYTES)).decode()
