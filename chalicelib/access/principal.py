"""Who acts. A principal is the only source of an organisation: every repository is reached through one.

In: what credentials have proven. Out: the organisation, the person, and what they may do there.
"""

from dataclasses import dataclass
from typing import Final, Literal

from chalicelib.access.scopes import ALL, Access, Scope
from chalicelib.errors import ScopeMissing
from chalicelib.settings import settings

LOCAL_ORGANISATION: Final = "org_local"  # the first of every deployment
LOCAL_PERSON: Final = "local"
Kind = Literal["person", "service", "iam", "platform"]


@dataclass(frozen=True, slots=True)
class Principal:
    """Somebody in one organisation: a person, a service account, an AWS caller, or the platform on somebody's behalf (`schedule:nightly`).

    `scopes` say what the credentials allow, which may be less than the roles do.
    """

    organisation_id: str
    person: str
    roles: frozenset[str] = frozenset()
    scopes: frozenset[Scope] = frozenset()
    kind: Kind = "person"

    @property
    def is_admin(self) -> bool:
        return Scope.ORG_ADMIN in self.scopes

    def is_one_of(self, names: tuple[str, ...]) -> bool:
        """Whether `person:<me>` or `role:<one of mine>` is among the names."""
        return bool({f"person:{self.person}", *(f"role:{role}" for role in self.roles)} & set(names))

    def require(self, scope: Scope | Access) -> None:
        """Raises ScopeMissing, which names it."""
        if isinstance(scope, Scope) and scope not in self.scopes:
            raise ScopeMissing(scope)


def local_principal(person: str | None = None) -> Principal:
    """The principal for a person who is taken at their word (`X-Sluice-As`, `--as`), with the roles that the settings give them."""
    name = person or LOCAL_PERSON
    return Principal(LOCAL_ORGANISATION, name, frozenset(settings().people.get(name, ())), ALL)


def platform_principal(organisation_id: str) -> Principal:
    """The platform itself, where nobody asked: sweeps, status changes."""
    return Principal(organisation_id, "sluice", scopes=ALL, kind="platform")


def organisations() -> tuple[str, ...]:
    """All organisations, for what runs on a schedule."""
    return (LOCAL_ORGANISATION,)
