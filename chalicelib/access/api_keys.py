"""API keys: what machines come in with.

In: who makes one, for whom, for what and how long. Out: the key, shown once; only its digest is stored. A key never allows more than its owner may do
at the moment of its use. Two keys of one owner hold at the same time, so that one can take the other's place without a failed request.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from chalicelib import ids
from chalicelib.access.authenticate import forget_standings, key_digest
from chalicelib.access.members import SERVICE
from chalicelib.access.principal import Principal
from chalicelib.access.scopes import Scope, scopes_of
from chalicelib.clock import now_text, time_text
from chalicelib.errors import KeyNotFound, NotSignedIn, Refused, ScopeMissing
from chalicelib.store import people
from chalicelib.store.people_records import ApiKey

MAX_DAYS: Final = 365
MAX_KEYS: Final = 200  # of an organisation


@dataclass(frozen=True, slots=True)
class MadeKey:
    """`secret` is the key itself, shown once."""

    key: ApiKey
    secret: str


def make_key(principal: Principal, *, name: str, owner: str = "", scopes: Sequence[Scope] | None = None, days: int | None = None) -> MadeKey:
    """A key of one's own, or of a service account, which only admins make.

    Raises ScopeMissing for a scope that the maker does not have, PersonNotFound, Refused.
    """
    of = owner or principal.person
    if principal.kind not in {"person", "service"}:
        raise NotSignedIn("only people and service accounts have API keys")
    if of != principal.person:
        _check_service(principal, of)
    for scope in scopes or ():
        principal.require(scope)
    if len(people.list_api_keys(principal.organisation_id)) >= MAX_KEYS:
        raise Refused(f"an organisation has {MAX_KEYS} keys at most; delete some first")
    identifier = ids.new_id("key")
    secret = f"sk_{identifier.removeprefix('key_')}_{secrets.token_urlsafe(32)}"
    key = ApiKey(
        id=identifier,
        organisation_id=principal.organisation_id,
        name=name,
        owner=of,
        key_sha256=key_digest(secret),
        scopes=_limits(principal, of, scopes),
        created_at=now_text(),
        created_by=principal.person,
        lapses_at=time_text(datetime.now(UTC) + timedelta(days=days)) if days else None,
    )
    people.put_api_key(key)
    return MadeKey(key, secret)


def list_keys(principal: Principal) -> list[ApiKey]:
    """One's own; an admin sees all of the organisation."""
    return [key for key in people.list_api_keys(principal.organisation_id) if principal.is_admin or key.owner == principal.person]


def delete_key(principal: Principal, key_id: str) -> None:
    """Raises KeyNotFound, also for a key that is somebody else's."""
    found = people.find_api_key(key_id)
    if found is None or found.organisation_id != principal.organisation_id or not (principal.is_admin or found.owner == principal.person):
        raise KeyNotFound(f"there is no API key {key_id}")
    people.delete_api_key(key_id)
    forget_standings()


def _limits(principal: Principal, owner: str, scopes: Sequence[Scope] | None) -> tuple[str, ...] | None:
    """A key that a limited credential makes for its own person is limited as it is."""
    if scopes is not None:
        return tuple(sorted(set(scopes)))
    is_limited = owner == principal.person and principal.scopes != scopes_of(principal.roles)
    return tuple(sorted(principal.scopes)) if is_limited else None


def _check_service(principal: Principal, owner: str) -> None:
    """Raises ScopeMissing, Refused, PersonNotFound."""
    if not principal.is_admin:
        raise ScopeMissing(Scope.ORG_ADMIN)
    if not owner.startswith(SERVICE):
        raise Refused("nobody makes a key for another person; make one for a service account")
    people.get_member(principal.organisation_id, owner)
