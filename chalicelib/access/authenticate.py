"""Credentials to principals: access tokens of ours, those of OIDC issuers, API keys.

In: what came in a request's headers. Out: a `Principal` as its person stands now: roles are those of the membership, not those of the day on which
the token was made; whoever was shut out, signed out or given another password is nobody. Where nothing is changed, that may be `KEPT_SECONDS` late.
Never: a hint at what is wrong with a credential.
"""

import hashlib
import hmac
import re
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from threading import Lock
from typing import Any, Final, TypeVar

from chalicelib.access.principal import LOCAL_ORGANISATION, Principal
from chalicelib.access.scopes import Scope, scopes_of
from chalicelib.access.tokens import Claims, verify
from chalicelib.clock import now_text
from chalicelib.errors import ConditionLost, NotSignedIn
from chalicelib.settings import OidcIssuer, settings
from chalicelib.store import people
from chalicelib.store.people import Standing
from chalicelib.store.people_records import ApiKey

KEPT_SECONDS: Final = 5.0
KEY_FORM: Final = re.compile(r"sk_([0-9A-HJKMNP-TV-Z]{26})_([A-Za-z0-9_-]{43})")
_FOREIGN_NAME: Final = re.compile(r"[^\s#]{1,200}")
_MOST_KEPT: Final = 2_000
_KEPT: Final[dict[tuple[str, ...], tuple[float, Any]]] = {}
_KEEPING: Final = Lock()
Found = TypeVar("Found")


def by_credential(text: str, *, fresh: bool) -> Principal:
    """The principal of a bearer token or an API key. `fresh`: as it stands at this moment. Raises NotSignedIn, Unavailable."""
    return _by_key(text, fresh=fresh) if text.startswith("sk_") else _by_token(text, fresh=fresh)


def forget_standings() -> None:
    """Look everybody up anew from now on: after a change of who may what."""
    with _KEEPING:
        _KEPT.clear()


def key_digest(key: str) -> str:
    """What is stored of an API key."""
    return hashlib.sha256(key.encode()).hexdigest()


def _by_token(token: str, *, fresh: bool) -> Principal:
    claims = verify(token)
    if claims.foreign is not None:
        return _foreigner(claims, claims.foreign, fresh=fresh)
    name, organisation_id = claims.text("sub"), claims.text("org")
    limited = frozenset(claims.text("scope").split()) if "scope" in claims.values else None
    if claims.text("kind") == "iam":
        return _aws_caller(name, organisation_id)
    standing = _standing(organisation_id, name, claims.text("sid"), fresh=fresh)
    if not _is_signed_in(standing, claims):
        raise _nobody()
    return _principal(standing, limited, session_id=claims.text("sid"))


def _is_signed_in(standing: Standing, claims: Claims) -> bool:
    """The person, the member and the session are those that the token was made for."""
    person, member, session = standing.person, standing.member, standing.session
    return (
        person is not None
        and member is not None
        and not member.disabled
        and (person.generation, member.generation) == (claims.number("pgen"), claims.number("mgen"))
        and (not claims.text("sid") or (session is not None and not session.ended))
    )


def _by_key(text: str, *, fresh: bool) -> Principal:
    form = KEY_FORM.fullmatch(text)
    if form is None:
        raise _nobody()
    digest = key_digest(text)
    key = _kept(("key", digest), fresh, lambda: people.find_api_key(f"key_{form[1]}"))
    if key is None or not hmac.compare_digest(key.key_sha256, digest) or (key.lapses_at is not None and key.lapses_at <= now_text()):
        raise _nobody()
    standing = _standing(key.organisation_id, key.owner, "", fresh=fresh)
    if standing.member is None or standing.member.disabled or (standing.member.kind == "person" and standing.person is None):
        raise _nobody()
    _note_use(key)
    return _principal(standing, None if key.scopes is None else frozenset(key.scopes))


def _note_use(key: ApiKey) -> None:
    """Once a day; whoever else notes it at the same time has noted it."""
    today = now_text()[:10]
    if key.used_on < today:
        with suppress(ConditionLost):
            people.note_use(key, today)


def _principal(standing: Standing, limited: Iterable[str] | None, *, session_id: str = "") -> Principal:
    member = standing.member
    assert member is not None
    held = scopes_of(member.roles, locked=standing.organisation is not None and standing.organisation.preset == "locked")
    scopes = held if limited is None else held & frozenset(limited)
    return Principal(
        member.organisation_id, member.name, frozenset(member.roles), frozenset(Scope(each) for each in scopes), member.kind, session_id=session_id
    )


def _aws_caller(name: str, organisation_id: str) -> Principal:
    """Whose AWS signature was exchanged for a token: with the roles that the settings give them now."""
    roles = settings().people.get(name)
    if roles is None or organisation_id != LOCAL_ORGANISATION:
        raise _nobody()
    return Principal(organisation_id, name, frozenset(roles), scopes_of(roles), "iam")


def _foreigner(claims: Claims, issuer: OidcIssuer, *, fresh: bool) -> Principal:
    """Somebody of an OIDC issuer: the organisation and the roles are what its claims mean here."""
    name = claims.text(issuer.person_claim)
    organisation_id = issuer.organisation or claims.text(issuer.organisation_claim)
    if not _FOREIGN_NAME.fullmatch(name) or not _FOREIGN_NAME.fullmatch(organisation_id):
        raise _nobody()
    standing = _standing(organisation_id, f"{issuer.name}:{name}", "", fresh=fresh)
    if standing.organisation is None or (standing.member is not None and standing.member.disabled):
        raise _nobody()
    named = claims.values.get(issuer.roles_claim) if issuer.roles_claim else None
    groups = named.split() if isinstance(named, str) else [each for each in named or () if isinstance(each, str)]
    roles = frozenset({*issuer.default_roles, *(issuer.roles[group] for group in groups if group in issuer.roles)})
    scopes = scopes_of(roles, locked=standing.organisation.preset == "locked")
    return Principal(organisation_id, f"{issuer.name}:{name}", roles, scopes, "oidc")


def _standing(organisation_id: str, name: str, session_id: str, *, fresh: bool) -> Standing:
    return _kept(("standing", organisation_id, name, session_id), fresh, lambda: people.standing(organisation_id, name, session_id))


def _kept(place: tuple[str, ...], fresh: bool, read: Callable[[], Found]) -> Found:
    """What was read within the last seconds, unless it must be fresh."""
    kept = _KEPT.get(place)
    if kept is not None and not fresh and time.monotonic() < kept[0]:
        found: Found = kept[1]
        return found
    found = read()
    with _KEEPING:
        if len(_KEPT) >= _MOST_KEPT:
            _KEPT.clear()
        _KEPT[place] = (time.monotonic() + KEPT_SECONDS, found)
    return found


def _nobody() -> NotSignedIn:
    return NotSignedIn("these credentials are not valid, or no longer; sign in again")
