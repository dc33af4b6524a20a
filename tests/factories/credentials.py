"""Credentials that hold, for tests that are about something else; the dearer way, a password, is for those that are about signing in.

In: a person, roles, an organisation. Out: an access token, the headers or the command line's `Credential` that carry it. The person is a member from
then on, if they were none; whoever is one keeps the roles that they have.
"""

from collections.abc import Sequence
from typing import Final

from cli.credentials import Credential
from infra.local.people import token_of

EVERYTHING: Final = ("admin", "approver")


def token(person: str = "ann", roles: Sequence[str] = EVERYTHING, *, organisation_id: str = "org_local", scopes: Sequence[str] | None = None) -> str:
    """An access token of a member."""
    return token_of(person, roles, organisation_id=organisation_id, scopes=scopes)


def bearer(person: str = "ann", roles: Sequence[str] = EVERYTHING, *, organisation_id: str = "org_local") -> dict[str, str]:
    """The header with a token."""
    return {"Authorization": f"Bearer {token(person, roles, organisation_id=organisation_id)}"}


def credential(person: str, roles: Sequence[str] = EVERYTHING) -> Credential:
    """What the command line keeps of somebody who has signed in."""
    return Credential(person, access_token=token(person, roles), expires_at=float("inf"))
