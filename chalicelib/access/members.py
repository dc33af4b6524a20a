"""Who belongs to an organisation: people, service accounts, invitations.

In: an admin's word, or an invitation's secret. Out: members, and secrets that are shown once. Names are small letters, so that nobody looks like
somebody else, and hold none of the characters of other kinds of names (`user/anna`, `corp:anna`).
"""

import hashlib
import re
import secrets
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, Literal

from chalicelib import ids
from chalicelib.access import passwords
from chalicelib.access.authenticate import forget_standings
from chalicelib.access.principal import LOCAL_ORGANISATION, Principal
from chalicelib.access.sign_in import authenticated
from chalicelib.clock import epoch_seconds, now_text
from chalicelib.errors import ConditionLost, Contention, InvitationNotFound, NameInvalid, NameTaken, OrganisationNotFound, Refused
from chalicelib.store import people, sessions, table
from chalicelib.store.pages import is_backwards
from chalicelib.store.people_records import Invitation, Member, MemberKind, Organisation, Person, Preset

NAME_PATTERN: Final = r"^[a-z0-9][a-z0-9._@+-]{0,62}$"
ROLE_PATTERN: Final = r"^[a-z][a-z0-9_-]{0,40}$"
SERVICE: Final = "service:"
INVITATION_SECONDS: Final = 7 * 24 * 3600
_RESERVED: Final = frozenset({"sluice"})
_NAME: Final = re.compile(NAME_PATTERN)
_ROLE: Final = re.compile(ROLE_PATTERN)


MemberOrder = Literal["name", "-name"]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Members who hold a role, are of a kind, are shut out or not."""

    role: str | None = None
    kind: MemberKind | None = None
    disabled: bool | None = None
    sort: MemberOrder = "name"

    def holds(self, member: Member) -> bool:
        return (self.role is None or self.role in member.roles) and self.kind in {None, member.kind} and self.disabled in {None, member.disabled}


@dataclass(frozen=True, slots=True)
class Invited:
    """`secret` is shown once."""

    invitation: Invitation
    secret: str


def add_person(organisation_id: str, name: str, password: str, *, roles: Sequence[str], by: str = "") -> Member:
    """A new person, whose home this organisation is. Raises NameInvalid, PasswordInvalid, NameTaken."""
    _check_name(name)
    person = Person(name=name, home=organisation_id, password_hash=passwords.hash_of(password, name=name), created_at=now_text())
    member = _member(organisation_id, name, roles, by=by)
    people.create_person(person, member)
    return member


def add_service_account(principal: Principal, name: str, *, roles: Sequence[str]) -> Member:
    """A machine's account; it comes in by API keys alone. Raises NameInvalid, NameTaken."""
    _check_name(name)
    member = _member(principal.organisation_id, f"{SERVICE}{name}", roles, by=principal.person, kind="service")
    people.add_member(member)
    return member


def list_members(principal: Principal, wanted: Wanted, *, limit: int, cursor: str | None) -> tuple[tuple[Member, ...], str | None]:
    """Those that fit, by name, and the cursor that goes on. A page may be short, or empty, and still have one. Raises CursorInvalid."""

    def keep(found: Sequence[Member]) -> list[Member]:
        return [member for member in found if wanted.holds(member)]

    backwards = is_backwards(wanted.sort)
    return people.list_members(principal.organisation_id, limit=limit, cursor=cursor, keep=keep, terms=wanted, backwards=backwards)


def change_member(principal: Principal, name: str, *, roles: Sequence[str] | None = None, disabled: bool | None = None) -> Member:
    """New roles, or shut out. Nobody does that to themselves, so an admin is always left. Raises PersonNotFound, NameInvalid, Refused."""
    member = people.get_member(principal.organisation_id, name)
    _check_other(principal, name)
    try:
        changed = people.change_member(member, roles=None if roles is None else _checked_roles(roles), disabled=disabled)
    except ConditionLost as lost:
        raise Contention(f"{name} was changed a moment ago") from lost
    forget_standings()
    return changed


def remove_member(principal: Principal, name: str) -> None:
    """Take somebody out of the organisation; what they made stays. Raises PersonNotFound, Refused."""
    _check_other(principal, name)
    people.remove_member(principal.organisation_id, name)
    forget_standings()


def reset_password(principal: Principal, name: str) -> str:
    """A new random password for a person whose home this organisation is; all their sessions end. Raises PersonNotFound, Refused."""
    people.get_member(principal.organisation_id, name)
    person = people.find_person(name)
    if person is None or person.home != principal.organisation_id:
        raise Refused(f"the password of {name} is not this organisation's to change")
    password = passwords.generated()
    try:
        people.change_password(person, passwords.hash_of(password, name=name))
    except ConditionLost as lost:
        raise Contention(f"the password of {name} was changed a moment ago") from lost
    forget_standings()
    return password


def invite(principal: Principal, *, roles: Sequence[str], note: str = "") -> Invited:
    """An invitation for one person, good for a week. Raises NameInvalid."""
    secret = f"inv_{secrets.token_urlsafe(32)}"
    invitation = Invitation(
        id=ids.new_id("inv"),
        organisation_id=principal.organisation_id,
        roles=_checked_roles(roles),
        note=note,
        created_at=now_text(),
        created_by=principal.person,
        expires_at=epoch_seconds() + INVITATION_SECONDS,
    )
    sessions.put_invitation(_digest(secret), invitation)
    return Invited(invitation, secret)


def withdraw(principal: Principal, invitation_id: str) -> None:
    """Raises InvitationNotFound."""
    if not sessions.withdraw_invitation(principal.organisation_id, invitation_id):
        raise InvitationNotFound(f"there is no invitation {invitation_id}")


def accept(secret: str, name: str, password: str, *, address: str) -> Member:
    """Become a member: as a new person with that password, or as one who is known already and whose password it is.

    Raises InvitationNotFound, NameInvalid, PasswordInvalid, CredentialsInvalid, TooManyAttempts, NameTaken (who is a member already).
    """
    invitation = sessions.find_invitation(_digest(secret))
    if invitation is None or invitation.expires_at <= epoch_seconds():
        raise InvitationNotFound("the invitation is unknown, used up, withdrawn or too old")
    _check_name(name)
    member = _member(invitation.organisation_id, name, invitation.roles, by=invitation.created_by)
    writes = [sessions.invitation_use(_digest(secret)), people.member_write(member)]
    if people.find_person(name) is not None:
        authenticated(name, password, address=address)
    else:
        hashed = passwords.hash_of(password, name=name)
        writes.append(people.person_write(Person(name=name, home=invitation.organisation_id, password_hash=hashed, created_at=now_text())))
    try:
        table.transact(writes)
    except ConditionLost as lost:
        raise (
            InvitationNotFound("the invitation was used up a moment ago") if 0 in lost.positions else NameTaken(f"{name} is a member already")
        ) from lost
    return member


def create_organisation(principal: Principal, title: str) -> Organisation:
    """A new organisation, whose admin its maker is. Only admins of the deployment's first organisation make others. Raises Refused."""
    if principal.kind != "person":
        raise Refused("only people make organisations: somebody has to be its admin")
    made = Organisation(id=ids.new_id("org"), title=title, created_at=now_text(), created_by=principal.person)
    people.create_organisation(made, _member(made.id, principal.person, ("admin",), by=principal.person))
    return made


def found_first_organisation() -> None:
    """Make the deployment's first organisation, where it is missing: whoever comes in by the settings finds it."""
    if people.find_organisation(LOCAL_ORGANISATION) is None:
        with suppress(NameTaken):
            people.create_organisation(Organisation(id=LOCAL_ORGANISATION, title="First", created_at=now_text(), created_by="sluice"))


def change_organisation(principal: Principal, *, title: str | None = None, preset: Preset | None = None) -> Organisation:
    """Raises OrganisationNotFound."""
    changed = people.change_organisation(principal.organisation_id, title=title, preset=preset)
    forget_standings()
    return changed


def get_organisation(principal: Principal) -> Organisation:
    """Raises OrganisationNotFound."""
    found = people.find_organisation(principal.organisation_id)
    if found is None:
        raise OrganisationNotFound(f"there is no organisation {principal.organisation_id}")
    return found


def _member(organisation_id: str, name: str, roles: Sequence[str], *, by: str, kind: str = "person") -> Member:
    return Member(
        organisation_id=organisation_id,
        name=name,
        kind="service" if kind == "service" else "person",
        roles=_checked_roles(roles),
        generation=epoch_seconds(),  # so that whoever was a member before finds none of their sessions again
        created_at=now_text(),
        created_by=by,
    )


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name) or name in _RESERVED:
        raise NameInvalid("a name is 1 to 63 small letters, digits and . _ @ + -, and begins with a letter or a digit")


def _checked_roles(roles: Sequence[str]) -> tuple[str, ...]:
    """Ours and the organisation's own, each once. Raises NameInvalid."""
    for role in roles:
        if not _ROLE.fullmatch(role):
            raise NameInvalid(f"{role!r} is no name for a role: a small letter, then small letters, digits, _ and -")
    return tuple(sorted(set(roles)))


def _check_other(principal: Principal, name: str) -> None:
    if name == principal.person:
        raise Refused("nobody changes or removes themselves; another admin can")


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
