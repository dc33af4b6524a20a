"""Whose tokens are taken: this deployment's own, and those of the OIDC issuers that its settings name.

In: a token's issuer and key id. Out: the key and the algorithms that it must have been signed with. A foreign issuer's JWK set is kept for
`HELD_SECONDS`; an id that is not known makes it be fetched again, at most once in `REREAD_SECONDS`; where it cannot be fetched, what was known holds.
Never: a key, an address or an algorithm that a token names itself.
"""

import json
import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

from chalicelib.access import signing_keys
from chalicelib.errors import Unavailable
from chalicelib.settings import OidcIssuer, settings

if TYPE_CHECKING:
    import jwt

ALGORITHM: Final = "EdDSA"
HELD_SECONDS: Final = 600
REREAD_SECONDS: Final = 30
_MAX_BYTES: Final = 1_000_000
_TIMEOUT_SECONDS: Final = 5


@dataclass(frozen=True, slots=True)
class Trust:
    """What a token of one issuer must satisfy."""

    key: Any
    algorithms: Sequence[str]
    issuer: str
    audience: str
    required: Sequence[str]
    foreign: OidcIssuer | None = None


@dataclass
class _KeySet:
    keys: "dict[str, jwt.PyJWK]" = field(default_factory=dict)
    read_at: float = float("-inf")


_HELD: Final[dict[str, _KeySet]] = {}
_LOCK: Final = Lock()
_log: Final = logging.getLogger(__name__)


def own_issuer() -> str:
    """What our own tokens have as `iss`, and as `aud`."""
    return f"sluice:{settings().deployment}:{settings().stage}"


def trust_in(issuer: object, kid: str) -> Trust | None:
    """What to hold a token of that issuer to; None where it is nobody we trust, or the key is unknown. Raises Unavailable."""
    if issuer == own_issuer():
        key = signing_keys.public_key(kid)
        return Trust(key, (ALGORITHM,), own_issuer(), own_issuer(), ("iss", "aud", "sub", "org", "exp", "iat", "jti")) if key else None
    foreign = next((each for each in settings().oidc if each.issuer == issuer), None)
    found = _foreign_key(foreign, kid) if foreign else None
    if foreign is None or found is None or found.algorithm_name not in foreign.algorithms:
        return None
    # The key's own algorithm alone, so that no key is used for another than it was made for.
    return Trust(found.key, (found.algorithm_name,), foreign.issuer, foreign.audience, ("iss", foreign.audience_claim, "sub", "exp", "iat"), foreign)


def forget_issuers() -> None:
    """Fetch every key set anew from now on."""
    with _LOCK:
        _HELD.clear()


def _foreign_key(issuer: OidcIssuer, kid: str) -> "jwt.PyJWK | None":
    with _LOCK:
        held = _HELD.setdefault(issuer.issuer, _KeySet())
        age = time.monotonic() - held.read_at
        if age >= HELD_SECONDS or (kid not in held.keys and age >= REREAD_SECONDS):
            _refresh(held, issuer)
        return held.keys.get(kid)


def _refresh(held: _KeySet, issuer: OidcIssuer) -> None:
    held.read_at = time.monotonic()
    try:
        held.keys = _keys_of(_fetched(issuer.jwks_url))
    except Exception:
        _log.warning("an issuer's keys cannot be fetched", exc_info=True, extra={"issuer": issuer.name})
        if not held.keys:
            held.read_at = float("-inf")
            raise Unavailable(f"the keys of the issuer {issuer.name} cannot be fetched") from None


def _fetched(url: str) -> Mapping[str, Any]:
    import httpx2

    with httpx2.Client(timeout=_TIMEOUT_SECONDS, follow_redirects=False, trust_env=False) as http, http.stream("GET", url) as answer:
        answer.raise_for_status()
        body = b""
        for part in answer.iter_bytes():
            body += part
            if len(body) > _MAX_BYTES:
                raise ValueError("the key set is too large")
    document: Mapping[str, Any] = json.loads(body)
    return document


def _keys_of(document: Mapping[str, Any]) -> "dict[str, jwt.PyJWK]":
    """The keys that can sign, by id. What is none of a known kind is left out; so is a symmetric one, which no public set holds."""
    import jwt

    found = {}
    for each in document.get("keys", ()):
        if each.get("kty") == "oct" or each.get("use", "sig") != "sig" or not isinstance(each.get("kid"), str):
            continue
        try:
            found[each["kid"]] = jwt.PyJWK(each)
        except jwt.exceptions.PyJWTError:
            continue
    return found
