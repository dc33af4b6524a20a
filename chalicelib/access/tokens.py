"""Access tokens (RFC 9068): JWTs of half an hour, for one person in one organisation.

In: who is signed in; or a token as it came. Out: a token; or its claims, once everything about it holds. `verify` is the only place that reads a
token: the issuer is one we know, the key and the algorithm are those of the issuer, never the token's choice, and what must be there is.
Never: a token in an error or a log.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from chalicelib import ids
from chalicelib.access import signing_keys
from chalicelib.access.issuers import ALGORITHM, own_issuer, trust_in
from chalicelib.access.signing_keys import TOKEN_SECONDS
from chalicelib.errors import NotSignedIn
from chalicelib.settings import OidcIssuer

TYPE: Final = "at+jwt"
LEEWAY_SECONDS: Final = 30
MAX_CHARACTERS: Final = 8192
_REFUSED_HEADERS: Final = frozenset({"jku", "jwk", "x5u", "x5c", "crit", "b64", "zip"})


@dataclass(frozen=True, slots=True)
class Claims:
    """`foreign` is the issuer of a token that is not ours."""

    values: Mapping[str, Any]
    foreign: OidcIssuer | None = None

    def text(self, name: str) -> str:
        """A claim that is a text; else an empty one."""
        value = self.values.get(name)
        return value if isinstance(value, str) else ""

    def number(self, name: str) -> int:
        value = self.values.get(name)
        return value if isinstance(value, int) and not isinstance(value, bool) else 0


def mint(person: str, organisation_id: str, *, kind: str = "person", session_id: str = "", scopes: Sequence[str] | None = None, **more: int) -> str:
    """A token that holds for half an hour. `scopes` None: whatever the roles allow."""
    import jwt

    key = signing_keys.current()
    now = int(time.time())
    claims = {
        "iss": own_issuer(),
        "aud": own_issuer(),
        "sub": person,
        "org": organisation_id,
        "kind": kind,
        "sid": session_id,
        "iat": now,
        "exp": now + TOKEN_SECONDS,
        "jti": ids.new_id("jti"),
        **({} if scopes is None else {"scope": " ".join(sorted(scopes))}),
        **more,
    }
    return jwt.encode(claims, key.key(), algorithm=ALGORITHM, headers={"kid": key.kid, "typ": TYPE})


def verify(token: str) -> Claims:
    """The claims of a token that holds. Raises NotSignedIn, which says no more than that; Unavailable."""
    import jwt

    try:
        header, issuer = _looked_at(token)
        trust = trust_in(issuer, header["kid"])
        if trust is None or header["alg"] not in trust.algorithms or (trust.foreign is None and header.get("typ") != TYPE):
            raise _refused()
        by_claim = trust.foreign is not None and trust.foreign.audience_claim != "aud"
        values = jwt.decode(
            token,
            trust.key,
            algorithms=list(trust.algorithms),
            issuer=trust.issuer,
            audience=None if by_claim else trust.audience,
            leeway=LEEWAY_SECONDS,
            options={"require": list(trust.required), "verify_aud": not by_claim},
        )
    except (jwt.exceptions.PyJWTError, KeyError, TypeError, ValueError):
        raise _refused() from None
    if by_claim and trust.foreign is not None and values.get(trust.foreign.audience_claim) != trust.audience:
        raise _refused()
    if not all(isinstance(values[name], str) and values[name] for name in ("sub", *(() if trust.foreign else ("org", "jti")))):
        raise _refused()
    return Claims(values, trust.foreign)


def _looked_at(token: str) -> tuple[Mapping[str, Any], object]:
    """The header and the issuer as the token has them, before anything is believed. Raises PyJWTError, ValueError."""
    import jwt

    if len(token) > MAX_CHARACTERS:
        raise ValueError("too long")
    header: Mapping[str, Any] = jwt.get_unverified_header(token)
    if _REFUSED_HEADERS & header.keys() or not isinstance(header.get("kid"), str) or not isinstance(header.get("alg"), str):
        raise ValueError("no header of ours")
    return header, jwt.decode(token, options={"verify_signature": False}).get("iss")


def _refused() -> NotSignedIn:
    return NotSignedIn("the token is not valid, or no longer; sign in again")
