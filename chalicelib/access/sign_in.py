"""Signing in, going on, switching organisation and signing out.

In: a name and a password, or a refresh token. Out: `SignedIn`: an access token of half an hour and a refresh token that is good once. A refresh token
that comes a second time ends its whole family, unless the answer to the first may have been lost: within `RETRY_SECONDS`, and while its successor is
unused, it is told the same successor again. The table holds that successor under a pad that only the old token yields.
Never: a word about which of name and password was wrong, nor a shorter while for a name that nobody has.
"""

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from chalicelib.access import passwords
from chalicelib.access.attempts import count_attempt, forget_attempts
from chalicelib.access.authenticate import forget_standings
from chalicelib.access.principal import Principal
from chalicelib.access.scopes import Scope
from chalicelib.access.signing_keys import TOKEN_SECONDS
from chalicelib.access.tokens import mint
from chalicelib.clock import epoch_seconds, now_text
from chalicelib.errors import ConditionLost, CredentialsInvalid, NotSignedIn, OrganisationNotFound
from chalicelib.store import people, sessions
from chalicelib.store.people_records import Member, Person, Session

SESSION_SECONDS: Final = 30 * 24 * 3600  # since the last refresh
RETRY_SECONDS: Final = 30
_SECRET_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class SignedIn:
    """What is told once and stored nowhere."""

    access_token: str
    refresh_token: str
    organisation_id: str
    person: str
    expires_in: int = TOKEN_SECONDS


def sign_in(name: str, password: str, *, address: str, organisation_id: str = "", scopes: Sequence[str] | None = None) -> SignedIn:
    """Sign in to an organisation; without one, to the first that the person belongs to.

    Raises CredentialsInvalid, TooManyAttempts, OrganisationNotFound (once the password was right).
    """
    person = authenticated(name, password, address=address)
    return _session_in(person, _membership(person.name, organisation_id), scopes=_known(scopes))


def authenticated(name: str, password: str, *, address: str) -> Person:
    """The person, if the password is theirs. Raises CredentialsInvalid, TooManyAttempts."""
    count_attempt(name, address)
    person = people.find_person(name)
    if not passwords.is_right(person.password_hash if person else None, password) or person is None:
        raise CredentialsInvalid("the name and the password do not belong together")
    forget_attempts(name)
    if passwords.is_outdated(person.password_hash):
        _renew(person, password)
    return person


def refresh(token: str) -> SignedIn:
    """The next pair of tokens. Raises NotSignedIn for a token that is unknown, used, too old, or whose person may no longer come in."""
    session_id, _, secret = token.partition(".")
    session = sessions.find(session_id.removeprefix("rt_")) if session_id.startswith("rt_") and secret else None
    if session is None or session.ended or session.expires_at <= epoch_seconds():
        raise _over()
    standing = people.standing(session.organisation_id, session.name)
    if not _may_go_on(session, standing.person, standing.member):
        sessions.end(session.id)
        raise _over()
    return _told(session, _rotated(session, secret))


def switch(principal: Principal, organisation_id: str) -> SignedIn:
    """A session of the same person in another of their organisations, as limited as this one. Raises OrganisationNotFound."""
    session = sessions.find(principal.session_id) if principal.session_id else None
    person = people.find_person(principal.person) if session is not None else None
    if session is None or person is None:
        raise OrganisationNotFound("only people who signed in with a password belong to several organisations")
    return _session_in(person, _membership(person.name, organisation_id), scopes=session.scopes)


def sign_out(principal: Principal) -> None:
    """End the session that the access token belongs to; twice is harmless."""
    if principal.session_id:
        sessions.end(principal.session_id)
        forget_standings()


def change_password(principal: Principal, current: str, new: str, *, address: str) -> SignedIn:
    """A new password. All sessions of the person end; this one is given a new pair. Raises CredentialsInvalid, TooManyAttempts, PasswordInvalid."""
    person = authenticated(principal.person, current, address=address) if principal.kind == "person" else None
    if person is None:
        raise CredentialsInvalid("only people who sign in with a password have one")
    try:
        changed = people.change_password(person, passwords.hash_of(new, name=person.name))
    except ConditionLost as lost:
        raise CredentialsInvalid("the password was changed a moment ago") from lost
    forget_standings()
    session = sessions.find(principal.session_id) if principal.session_id else None
    return _session_in(changed, _membership(person.name, principal.organisation_id), scopes=session.scopes if session else sorted(principal.scopes))


def _membership(name: str, organisation_id: str) -> Member:
    """Raises OrganisationNotFound."""
    own = [member for member in people.memberships_of(name) if not member.disabled]
    found = next((member for member in own if organisation_id in {"", member.organisation_id}), None)
    if found is None and organisation_id:  # the list of a person's organisations may be a moment late
        found = people.find_member(organisation_id, name)
    if found is None or found.disabled:
        raise OrganisationNotFound("you belong to no such organisation" if organisation_id else "you belong to no organisation")
    return found


def _session_in(person: Person, member: Member, *, scopes: Sequence[str] | None) -> SignedIn:
    secret = _new_secret()
    session = Session(
        id=secrets.token_urlsafe(16),
        organisation_id=member.organisation_id,
        name=person.name,
        person_generation=person.generation,
        member_generation=member.generation,
        scopes=None if scopes is None else tuple(scopes),
        current_sha256=_digest(secret),
        created_at=now_text(),
        expires_at=epoch_seconds() + SESSION_SECONDS,
    )
    sessions.create(session)
    return _told(session, secret)


def _told(session: Session, secret: str) -> SignedIn:
    token = mint(
        session.name,
        session.organisation_id,
        session_id=session.id,
        scopes=session.scopes,
        pgen=session.person_generation,
        mgen=session.member_generation,
    )
    return SignedIn(token, f"rt_{session.id}.{secret}", session.organisation_id, session.name)


def _rotated(session: Session, secret: str) -> str:
    """The secret of the next refresh token. Raises NotSignedIn, and ends the family, where the present one was used before."""
    if hmac.compare_digest(session.current_sha256, _digest(secret)):
        successor = _new_secret()
        after = session.model_copy(
            update={
                "current_sha256": _digest(successor),
                "previous_sha256": session.current_sha256,
                "successor": _padded(successor, secret),
                "rotated_at": epoch_seconds(),
                "rotation": session.rotation + 1,
                "expires_at": epoch_seconds() + SESSION_SECONDS,
            }
        )
        try:
            sessions.rotate(session, after)
        except ConditionLost:
            return _told_again(sessions.find(session.id), secret)
        return successor
    return _told_again(session, secret)


def _told_again(session: Session | None, secret: str) -> str:
    """For an honest retry, what the first was told; else the end of the family."""
    if session is None or session.ended:
        raise _over()
    is_retry = hmac.compare_digest(session.previous_sha256, _digest(secret)) and epoch_seconds() - session.rotated_at <= RETRY_SECONDS
    if not is_retry:
        sessions.end(session.id)
        forget_standings()
        raise _over()
    return _padded(session.successor, secret)


def _may_go_on(session: Session, person: Person | None, member: Member | None) -> bool:
    return (
        person is not None
        and member is not None
        and not member.disabled
        and (person.generation, member.generation) == (session.person_generation, session.member_generation)
    )


def _renew(person: Person, password: str) -> None:
    """Hash a password anew with today's parameters; whoever changed it meanwhile has the last word."""
    from contextlib import suppress

    with suppress(ConditionLost):
        people.renew_hash(person, passwords.rehash(password))


def _known(scopes: Sequence[str] | None) -> tuple[str, ...] | None:
    """What of the scopes asked for exists; None where none was asked for."""
    return None if scopes is None else tuple(sorted({scope for scope in scopes if scope in set(Scope)}))


def _new_secret() -> str:
    return secrets.token_hex(_SECRET_BYTES)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _padded(text: str, secret: str) -> str:
    """A secret of `_SECRET_BYTES` under a pad that is used for it alone; padded twice it is as it was."""
    pad = hmac.digest(secret.encode(), b"the refresh token that follows", "sha256")
    return bytes(one ^ other for one, other in zip(bytes.fromhex(text), pad, strict=True)).hex()


def _over() -> NotSignedIn:
    return NotSignedIn("the session is over; sign in again")
