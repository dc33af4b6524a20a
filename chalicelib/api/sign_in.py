"""Routes: sign in, go on, switch organisation, sign out; who one is; the keys that tokens are checked with."""

from collections.abc import Sequence
from http import HTTPMethod
from typing import Annotated

from chalice.app import Blueprint
from pydantic import Field

from chalicelib.access import sign_in, signing_keys
from chalicelib.access.members import found_first_organisation
from chalicelib.access.principal import LOCAL_ORGANISATION, Principal
from chalicelib.access.scopes import Access, Scope
from chalicelib.access.sign_in import SignedIn
from chalicelib.access.tokens import mint
from chalicelib.api import people_shapes
from chalicelib.api.caller import iam_caller
from chalicelib.api.contract import Replay
from chalicelib.api.endpoint import Answer, Call, Nothing, Wire, endpoint
from chalicelib.api.shapes import NOTHING
from chalicelib.errors import CredentialsInvalid, NotSignedIn, OrganisationNotFound, PasswordInvalid, TooManyAttempts
from chalicelib.settings import settings
from chalicelib.store import people

routes = Blueprint(__name__)
Name = Annotated[str, Field(min_length=1, max_length=200)]
Password = Annotated[str, Field(min_length=1, max_length=1024, repr=False)]
_UNSTORED = {"Cache-Control": "no-store", "Pragma": "no-cache"}


class LoginForm(Wire):
    """As OAuth2 tooling posts it: `scope` is a list with spaces; who the client is does not matter."""

    username: Name
    password: Password
    scope: Annotated[str, Field(max_length=1000)] = ""
    grant_type: Annotated[str, Field(pattern="^(password)?$")] = "password"
    client_id: str = ""
    client_secret: Annotated[str, Field(repr=False)] = ""


class Login(Wire):
    """`organisation_id` defaults to the first that the person belongs to; `scopes` to whatever the roles allow."""

    username: Name
    password: Password
    organisation_id: Annotated[str, Field(max_length=100)] = ""
    scopes: Annotated[list[str], Field(max_length=50)] | None = None


class RefreshToken(Wire):
    refresh_token: Annotated[str, Field(min_length=1, max_length=1000, repr=False)]


class Switch(Wire):
    organisation_id: Annotated[str, Field(min_length=1, max_length=100)]


class PasswordChange(Wire):
    current_password: Password
    new_password: Password


@endpoint(
    routes,
    HTTPMethod.POST,
    "/api/v1/auth/login",
    scope=Access.PUBLIC,
    form=True,
    answers={200: people_shapes.TOKENS},
    errors=(CredentialsInvalid, TooManyAttempts, OrganisationNotFound),
    replay=Replay.NEVER,
)
def login_by_form(call: Call[LoginForm, Nothing]) -> Answer:
    """Sign in, by a form.

    As OAuth2 tooling posts it: `scope` is a list with spaces; `grant_type`, `client_id` and `client_secret` do not matter. See
    [ACCESS.md](ACCESS.md).
    """
    given = call.body
    return _told(sign_in.sign_in(given.username, given.password, address=call.address, scopes=given.scope.split() or None))


@endpoint(
    routes,
    HTTPMethod.POST,
    "/api/v1/auth/login/json",
    scope=Access.PUBLIC,
    answers={200: people_shapes.TOKENS},
    errors=(CredentialsInvalid, TooManyAttempts, OrganisationNotFound),
    replay=Replay.NEVER,
)
def login(call: Call[Login, Nothing]) -> Answer:
    """Sign in."""
    given = call.body
    return _told(sign_in.sign_in(given.username, given.password, address=call.address, organisation_id=given.organisation_id, scopes=given.scopes))


@endpoint(
    routes,
    HTTPMethod.POST,
    "/api/v1/auth/refresh",
    scope=Access.PUBLIC,
    answers={200: people_shapes.TOKENS},
    errors=(NotSignedIn,),
    replay=Replay.NEVER,
)
def refresh(call: Call[RefreshToken, Nothing]) -> Answer:
    """The next pair of tokens.

    A refresh token is good once; within half a minute, and while its successor is unused, it answers the same successor again. Later, it ends the
    session.
    """
    return _told(sign_in.refresh(call.body.refresh_token))


@endpoint(
    routes,
    HTTPMethod.POST,
    "/api/v1/auth/iam",
    scope=Access.PUBLIC,
    signed=True,
    answers={200: people_shapes.TOKENS},
    errors=(NotSignedIn,),
    replay=Replay.NEVER,
)
def exchange_signature(call: Call[Nothing, Nothing]) -> Answer:  # noqa: ARG001  (its annotation says what may come)
    """A token for whoever signed the request with AWS credentials.

    Signature Version 4 for `execute-api`, by somebody who has roles in the setting `SLUICE_PEOPLE`. There is no refresh token.
    """
    person = iam_caller(routes.current_request)
    if person not in settings().people:
        raise NotSignedIn(f"the deployment's setting SLUICE_PEOPLE gives {person} no role")
    found_first_organisation()
    token = mint(person, LOCAL_ORGANISATION, kind="iam")
    return _answer(token, None, LOCAL_ORGANISATION, person)


@endpoint(
    routes,
    HTTPMethod.POST,
    "/api/v1/auth/switch",
    scope=Access.SIGNED_IN,
    answers={200: people_shapes.TOKENS},
    errors=(OrganisationNotFound,),
    replay=Replay.NEVER,
)
def switch(call: Call[Switch, Nothing]) -> Answer:
    """A session in another of one's organisations."""
    return _told(sign_in.switch(call.principal, call.body.organisation_id))


@endpoint(routes, HTTPMethod.POST, "/api/v1/auth/logout", scope=Access.SIGNED_IN, answers={204: NOTHING}, replay=Replay.NEVER)
def logout(call: Call[Nothing, Nothing]) -> Answer:
    """End the session."""
    sign_in.sign_out(call.principal)
    return Answer(None, status=204, headers=_UNSTORED)


@endpoint(
    routes,
    HTTPMethod.POST,
    "/api/v1/auth/password",
    scope=Access.SIGNED_IN,
    answers={200: people_shapes.TOKENS},
    errors=(CredentialsInvalid, PasswordInvalid, TooManyAttempts),
    replay=Replay.NEVER,
)
def change_password(call: Call[PasswordChange, Nothing]) -> Answer:
    """A new password; every other session ends."""
    given = call.body
    return _told(sign_in.change_password(call.principal, given.current_password, given.new_password, address=call.address))


@endpoint(routes, HTTPMethod.GET, "/api/v1/auth/me", scope=Access.SIGNED_IN, answers={200: people_shapes.ME})
def me(call: Call[Nothing, Nothing]) -> Answer:
    """Who one is, and what one may do."""
    who = call.principal
    return Answer(
        {
            "person": who.person,
            "kind": who.kind,
            "organisation_id": who.organisation_id,
            "roles": [*sorted(who.roles)],
            "scopes": [str(scope) for scope in sorted(who.scopes)],
            "organisations": [*_organisations(who)],
        },
        headers=_UNSTORED,
    )


@endpoint(routes, HTTPMethod.GET, "/api/v1/auth/jwks", scope=Access.PUBLIC, answers={200: people_shapes.KEY_SET})
def jwks(call: Call[Nothing, Nothing]) -> Answer:  # noqa: ARG001  (its annotation says what may come)
    """The public keys of access tokens."""
    return Answer({"keys": [dict(key) for key in signing_keys.key_set()]}, headers={"Cache-Control": "public, max-age=300"})


@endpoint(routes, HTTPMethod.POST, "/api/v1/auth/jwks/rotation", scope=Scope.ORG_ADMIN, answers={201: people_shapes.ROTATED})
def rotate(call: Call[Nothing, Nothing]) -> Answer:
    """A new signing key, which signs once everybody knows it.

    For admins of the deployment's first organisation.
    """
    call.principal.require_deployment()
    made = signing_keys.rotate()
    return Answer({"kid": made.kid, "signs_in_seconds": signing_keys.LEAD_SECONDS}, status=201)


def _organisations(who: Principal) -> Sequence[str]:
    own = people.memberships_of(who.person) if who.kind == "person" else ()
    return sorted({who.organisation_id, *(member.organisation_id for member in own if not member.disabled)})


def _told(signed_in: SignedIn) -> Answer:
    return _answer(signed_in.access_token, signed_in.refresh_token, signed_in.organisation_id, signed_in.person)


def _answer(token: str, refresh_token: str | None, organisation_id: str, person: str) -> Answer:
    return Answer(
        {
            "access_token": token,
            "token_type": "bearer",
            "expires_in": signing_keys.TOKEN_SECONDS,
            "refresh_token": refresh_token,
            "organisation_id": organisation_id,
            "person": person,
        },
        headers=_UNSTORED,
    )
