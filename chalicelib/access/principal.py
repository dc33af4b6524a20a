"""Who acts. A principal is the only source of an organisation: every repository is reached through one.

Until access control exists there is one organisation; the person is taken at their word and the roles come from the settings.
"""

from dataclasses import dataclass
from typing import Final

from chalicelib.settings import settings

LOCAL_ORGANISATION: Final = "org_local"
LOCAL_PERSON: Final = "local"


@dataclass(frozen=True, slots=True)
class Principal:
    """A person (or a trigger, named as `schedule:nightly`) in one organisation."""

    organisation_id: str
    person: str
    roles: frozenset[str] = frozenset()

    def is_one_of(self, names: tuple[str, ...]) -> bool:
        """Whether `person:<me>` or `role:<one of mine>` is among the names."""
        return bool({f"person:{self.person}", *(f"role:{role}" for role in self.roles)} & set(names))


def local_principal(person: str | None = None) -> Principal:
    """The principal for a person who is taken at their word (`X-Sluice-As`, `--as`), with the roles that the settings give them."""
    name = person or LOCAL_PERSON
    return Principal(LOCAL_ORGANISATION, name, frozenset(settings().people.get(name, ())))


def platform_principal(organisation_id: str) -> Principal:
    """The platform itself, where nobody asked: sweeps, status changes."""
    return Principal(organisation_id, "sluice")


def organisations() -> tuple[str, ...]:
    """All organisations, for what runs on a schedule."""
    return (LOCAL_ORGANISATION,)
