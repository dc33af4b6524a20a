"""The first people of a local stack, and credentials for whoever runs it in their own process.

In: nothing; a name with roles. Out: `first_people`, the passwords that were just made (none on later starts); `machine_key`, an API key;
`token_of`, an access token. Works in the process of a running stack alone: it is the store that it writes to.
Never: a password that is kept anywhere but hashed.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Final

PEOPLE: Final[Mapping[str, tuple[str, ...]]] = {"admin": ("admin", "approver"), "user": ("editor", "approver")}
_ORGANISATION: Final = "org_local"
MACHINE_KEY: Final = "the command line of this machine"


def first_people() -> dict[str, str]:
    """Make the organisation and its first two people, where they are missing: their random passwords by name."""
    from chalicelib.access.members import add_person
    from chalicelib.access.passwords import generated
    from chalicelib.store import people

    _organisation()
    made: dict[str, str] = {}
    for name, roles in PEOPLE.items():
        if people.find_person(name) is None:
            made[name] = generated()
            add_person(_ORGANISATION, name, made[name], roles=roles, by="sluice")
    return made


def machine_key(name: str) -> str:
    """A fresh API key for one of the first people; the one of the last start goes."""
    from chalicelib.access.api_keys import make_key
    from chalicelib.access.principal import Principal
    from chalicelib.access.scopes import scopes_of
    from chalicelib.store import people

    roles = people.get_member(_ORGANISATION, name).roles
    for key in people.list_api_keys(_ORGANISATION):
        if (key.owner, key.name) == (name, MACHINE_KEY):
            people.delete_api_key(key.id)
    return make_key(Principal(_ORGANISATION, name, frozenset(roles), scopes_of(roles)), name=MACHINE_KEY).secret


def token_of(name: str, roles: Sequence[str], *, organisation_id: str = "org_local", scopes: Sequence[str] | None = None) -> str:
    """An access token of a member, who becomes one with these roles if they were none; `scopes` limit it."""
    from chalicelib.access.tokens import mint
    from chalicelib.clock import now_text
    from chalicelib.errors import ConditionLost, NameTaken
    from chalicelib.store import people, table
    from chalicelib.store.people_records import Member, Person

    _organisation(organisation_id)
    if people.find_person(name) is None:
        nobodys = Person(name=name, home=organisation_id, password_hash="", created_at=now_text())
        with suppress(ConditionLost):
            table.write(people.person_write(nobodys))
    if people.find_member(organisation_id, name) is None:
        with suppress(NameTaken):
            people.add_member(Member(organisation_id=organisation_id, name=name, roles=tuple(roles), created_at=now_text()))
    known = people.standing(organisation_id, name)
    assert known.person is not None
    assert known.member is not None
    return mint(name, organisation_id, scopes=scopes, pgen=known.person.generation, mgen=known.member.generation)


def _organisation(organisation_id: str = "org_local") -> None:
    from chalicelib.clock import now_text
    from chalicelib.errors import NameTaken
    from chalicelib.store import people
    from chalicelib.store.people_records import Organisation

    if people.find_organisation(organisation_id) is None:
        with suppress(NameTaken):
            people.create_organisation(Organisation(id=organisation_id, title="This machine", created_at=now_text(), created_by="sluice"))
