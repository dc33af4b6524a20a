"""Who acts. A principal is the only source of an organisation: every repository is reached through one.

In: what credentials have proven. Out: the organisation, the person, and what they may do there. Nobody is taken at their word: `access.authenticate`
makes principals of tokens and keys, the platform makes its own.
"""

from dataclasses import dataclass
from typing import Final, Literal, get_args

from chalicelib.access.scopes import ALL, Access, Scope
from chalicelib.errors import NotSignedIn, Refused, ScopeMissing
from chalicelib.store import people

LOCAL_ORGANISATION: Final = "org_local"  # the first of every deployment
Kind = Literal["person", "service", "iam", "oidc", "platform", "nobody"]
KINDS: Final[dict[str, Kind]] = {kind: kind for kind in get_args(Kind)}


@dataclass(frozen=True, slots=True)
class Principal:
    """Somebody in one organisation: a person, a service account, an AWS caller, or the platform on somebody's behalf (`schedule:nightly`).

    `scopes` say what the credentials allow, which may be less than the roles do. `session_id` is that of the sign-in, if there was one.
    """

    organisation_id: str
    person: str
    roles: frozenset[str] = frozenset()
    scopes: frozenset[Scope] = frozenset()
    kind: Kind = "person"
    session_id: str = ""

    @property
    def is_admin(self) -> bool:
        return Scope.ORG_ADMIN in self.scopes

    def is_one_of(self, names: tuple[str, ...]) -> bool:
        """Whether `person:<me>` or `role:<one of mine>` is among the names."""
        return bool({f"person:{self.person}", *(f"role:{role}" for role in self.roles)} & set(names))

    def require(self, scope: Scope | Access) -> None:
        """Raises ScopeMissing, which names it, and NotSignedIn."""
        if self.kind == "nobody" and scope is not Access.PUBLIC:
            raise NotSignedIn("sign in, or send an API key")
        if isinstance(scope, Scope) and scope not in self.scopes:
            raise ScopeMissing(scope)

    def require_deployment(self) -> None:
        """What concerns the whole deployment is for admins of its first organisation. Raises ScopeMissing, Refused."""
        self.require(Scope.ORG_ADMIN)
        if self.organisation_id != LOCAL_ORGANISATION:
            raise Refused("this concerns the whole deployment, which the admins of its first organisation look after")


NOBODY: Final = Principal("", "", kind="nobody")


def platform_principal(organisation_id: str) -> Principal:
    """The platform itself, where nobody asked: sweeps, status changes."""
    return Principal(organisation_id, "sluice", scopes=ALL, kind="platform")


def organisations() -> tuple[str, ...]:
    """All organisations, for what runs on a schedule. The first is there before anybody has signed in."""
    return tuple(dict.fromkeys((LOCAL_ORGANISATION, *people.organisation_ids())))
