"""Routes: an organisation, its people and service accounts, invitations, API keys. What is secret is told once."""

from http import HTTPMethod
from typing import Annotated, Final, Literal

from chalice.app import Blueprint
from pydantic import Field

from chalicelib.access import api_keys, members
from chalicelib.access.scopes import Access, Scope
from chalicelib.api import people_shapes
from chalicelib.api.contract import Replay
from chalicelib.api.endpoint import Answer, Call, Nothing, Wire, endpoint
from chalicelib.api.paging import Page, Text
from chalicelib.api.shapes import NOTHING
from chalicelib.api.sign_in import Name, Password
from chalicelib.api.views import view
from chalicelib.errors import (
    CredentialsInvalid,
    CursorInvalid,
    InvitationNotFound,
    KeyNotFound,
    NameInvalid,
    NameTaken,
    OrganisationNotFound,
    PasswordInvalid,
    PersonNotFound,
    ScopeMissing,
    TooManyAttempts,
)
from chalicelib.spec.model import JsonObject
from chalicelib.store import sessions
from chalicelib.store.people_records import ApiKey, Invitation, Member, MemberKind, Organisation

routes = Blueprint(__name__)
Roles = Annotated[list[Annotated[str, Field(max_length=64)]], Field(max_length=20)]
_UNSTORED: Final = {"Cache-Control": "no-store"}


class NewOrganisation(Wire):
    title: Annotated[str, Field(min_length=1, max_length=200)]


class OrganisationToChange(Wire):
    """`preset` locked: only admins create and change workflows."""

    title: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    preset: Literal["default", "locked"] | None = None


class MemberToChange(Wire):
    roles: Roles | None = None
    disabled: bool | None = None


class PeopleWanted(Page):
    """`role` is one that they hold; `kind` tells people from service accounts."""

    role: Text | None = None
    kind: MemberKind | None = None
    disabled: bool | None = None
    sort: members.MemberOrder = "name"

    @property
    def wanted(self) -> members.Wanted:
        return members.Wanted(role=self.role, kind=self.kind, disabled=self.disabled, sort=self.sort)


class NewInvitation(Wire):
    """`note` says whom it is for; the admins see it."""

    roles: Roles
    note: Annotated[str, Field(max_length=200)] = ""


class Acceptance(Wire):
    """A new name with a password, or the name and the password of somebody who is known already."""

    invitation: Annotated[str, Field(min_length=1, max_length=200, repr=False)]
    username: Name
    password: Password


class NewServiceAccount(Wire):
    name: Name
    roles: Roles


class NewKey(Wire):
    """`owner` is a service account (`service:…`); without one the key is the caller's own. Without `scopes` it may do what its owner may."""

    name: Annotated[str, Field(min_length=1, max_length=100)]
    owner: Annotated[str, Field(max_length=100)] = ""
    scopes: Annotated[list[Annotated[Scope, Field(strict=False)]], Field(max_length=50)] | None = None
    expires_in_days: Annotated[int, Field(ge=1, le=api_keys.MAX_DAYS)] | None = None


@endpoint(
    routes, HTTPMethod.GET, "/api/v1/organisation", scope=Access.SIGNED_IN, answers={200: people_shapes.ORGANISATION}, errors=(OrganisationNotFound,)
)
def get_organisation(call: Call[Nothing, Nothing]) -> Answer:
    """The organisation that the credentials are for."""
    return Answer(_organisation(members.get_organisation(call.principal)))


@endpoint(
    routes, HTTPMethod.PATCH, "/api/v1/organisation", scope=Scope.ORG_ADMIN, answers={200: people_shapes.ORGANISATION}, errors=(OrganisationNotFound,)
)
def change_organisation(call: Call[OrganisationToChange, Nothing]) -> Answer:
    """Its title, and who may create and change workflows in it."""
    return Answer(_organisation(members.change_organisation(call.principal, title=call.body.title, preset=call.body.preset)))


@endpoint(routes, HTTPMethod.POST, "/api/v1/organisations", scope=Scope.ORG_ADMIN, answers={201: people_shapes.ORGANISATION})
def create_organisation(call: Call[NewOrganisation, Nothing]) -> Answer:
    """Another organisation of the deployment; its maker is its admin.

    For admins of the deployment's first organisation.
    """
    call.principal.require_deployment()
    return Answer(_organisation(members.create_organisation(call.principal, call.body.title)), status=201)


@endpoint(routes, HTTPMethod.GET, "/api/v1/people", scope=Scope.ORG_ADMIN, answers={200: people_shapes.PEOPLE}, errors=(CursorInvalid,))
def list_people(call: Call[Nothing, PeopleWanted]) -> Answer:
    """People and service accounts by name.

    Filters are asked of them as they are read: one request looks at 1,600 at most, so that a page may be short, or empty, and still have a cursor.
    """
    found, cursor = members.list_members(call.principal, call.query.wanted, limit=call.query.limit, cursor=call.query.cursor)
    return Answer({"people": [_member(each) for each in found], "cursor": cursor})


@endpoint(
    routes,
    HTTPMethod.PATCH,
    "/api/v1/people/{name}",
    scope=Scope.ORG_ADMIN,
    answers={200: people_shapes.PERSON},
    errors=(PersonNotFound, NameInvalid),
)
def change_person(call: Call[MemberToChange, Nothing], name: str) -> Answer:
    """Other roles, or shut out.

    Nobody changes themselves.
    """
    return Answer(_member(members.change_member(call.principal, name, roles=call.body.roles, disabled=call.body.disabled)))


@endpoint(routes, HTTPMethod.DELETE, "/api/v1/people/{name}", scope=Scope.ORG_ADMIN, answers={204: NOTHING}, errors=(PersonNotFound,))
def remove_person(call: Call[Nothing, Nothing], name: str) -> Answer:
    """Take somebody out of the organisation.

    What they made stays.
    """
    members.remove_member(call.principal, name)
    return Answer(None, status=204)


@endpoint(
    routes,
    HTTPMethod.POST,
    "/api/v1/people/{name}/password",
    scope=Scope.ORG_ADMIN,
    answers={200: people_shapes.NEW_PASSWORD},
    errors=(PersonNotFound,),
    replay=Replay.NEVER,
)
def reset_password(call: Call[Nothing, Nothing], name: str) -> Answer:
    """A new random password, told once.

    For a person whose home the organisation is; all their sessions end.
    """
    return Answer({"person": name, "password": members.reset_password(call.principal, name)}, headers=_UNSTORED)


@endpoint(
    routes, HTTPMethod.POST, "/api/v1/service-accounts", scope=Scope.ORG_ADMIN, answers={201: people_shapes.PERSON}, errors=(NameInvalid, NameTaken)
)
def add_service_account(call: Call[NewServiceAccount, Nothing]) -> Answer:
    """An account of a machine, which comes in by API keys."""
    return Answer(_member(members.add_service_account(call.principal, call.body.name, roles=call.body.roles)), status=201)


@endpoint(
    routes,
    HTTPMethod.POST,
    "/api/v1/auth/invitations",
    scope=Scope.ORG_ADMIN,
    answers={201: people_shapes.NEW_INVITATION},
    errors=(NameInvalid,),
    replay=Replay.NEVER,
)
def invite(call: Call[NewInvitation, Nothing]) -> Answer:
    """Invite somebody.

    It is good for a week; `invitation` is told once.
    """
    made = members.invite(call.principal, roles=call.body.roles, note=call.body.note)
    return Answer({**_invitation(made.invitation), "invitation": made.secret}, status=201, headers=_UNSTORED)


@endpoint(routes, HTTPMethod.GET, "/api/v1/auth/invitations", scope=Scope.ORG_ADMIN, answers={200: people_shapes.INVITATIONS})
def list_invitations(call: Call[Nothing, Nothing]) -> Answer:
    """Open invitations."""
    return Answer({"invitations": [_invitation(each) for each in sessions.list_invitations(call.principal.organisation_id)]})


@endpoint(
    routes, HTTPMethod.DELETE, "/api/v1/auth/invitations/{invitation_id}", scope=Scope.ORG_ADMIN, answers={204: NOTHING}, errors=(InvitationNotFound,)
)
def withdraw(call: Call[Nothing, Nothing], invitation_id: str) -> Answer:
    """Take an invitation back."""
    members.withdraw(call.principal, invitation_id)
    return Answer(None, status=204)


@endpoint(
    routes,
    HTTPMethod.POST,
    "/api/v1/auth/invitations/acceptance",
    scope=Access.PUBLIC,
    answers={201: people_shapes.PERSON},
    errors=(InvitationNotFound, NameInvalid, PasswordInvalid, NameTaken, CredentialsInvalid, TooManyAttempts),
    replay=Replay.NEVER,
)
def accept(call: Call[Acceptance, Nothing]) -> Answer:
    """Become a member.

    A new name with a password, or the name and the password of somebody who is known.
    """
    given = call.body
    return Answer(_member(members.accept(given.invitation, given.username, given.password, address=call.address)), status=201, headers=_UNSTORED)


@endpoint(
    routes,
    HTTPMethod.POST,
    "/api/v1/keys",
    scope=Access.SIGNED_IN,
    answers={201: people_shapes.NEW_API_KEY},
    errors=(ScopeMissing, PersonNotFound),
    replay=Replay.NEVER,
)
def make_key(call: Call[NewKey, Nothing]) -> Answer:
    """An API key, shown once.

    `owner` is a service account, for which `org:admin` is needed; `key` is told once.
    """
    given = call.body
    made = api_keys.make_key(call.principal, name=given.name, owner=given.owner, scopes=given.scopes, days=given.expires_in_days)
    return Answer({**_key(made.key), "key": made.secret}, status=201, headers=_UNSTORED)


@endpoint(routes, HTTPMethod.GET, "/api/v1/keys", scope=Access.SIGNED_IN, answers={200: people_shapes.API_KEYS})
def list_keys(call: Call[Nothing, Nothing]) -> Answer:
    """One's own API keys; for admins, all of the organisation."""
    return Answer({"keys": [_key(key) for key in api_keys.list_keys(call.principal)]})


@endpoint(routes, HTTPMethod.DELETE, "/api/v1/keys/{key_id}", scope=Access.SIGNED_IN, answers={204: NOTHING}, errors=(KeyNotFound,))
def delete_key(call: Call[Nothing, Nothing], key_id: str) -> Answer:
    """Delete an API key; it is refused from then on."""
    api_keys.delete_key(call.principal, key_id)
    return Answer(None, status=204)


def _organisation(found: Organisation) -> JsonObject:
    return view(found)


def _member(member: Member) -> JsonObject:
    return view(member, without=frozenset({"generation"}))


def _invitation(invitation: Invitation) -> JsonObject:
    return view(invitation)


def _key(key: ApiKey) -> JsonObject:
    return view(key, without=frozenset({"key_sha256"}))
