"""The repository of people, organisations and who is a member where. Names are unique and never given out twice."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from chalicelib.errors import ConditionLost, NameTaken, OrganisationNotFound, PersonNotFound
from chalicelib.store import keys, table
from chalicelib.store.items import Item, item_of, record_of
from chalicelib.store.pages import all_of, page_at, whole
from chalicelib.store.people_records import ApiKey, Member, Organisation, Person, Preset, Session
from chalicelib.store.table import Write

_PAGE: Final = 100


@dataclass(frozen=True, slots=True)
class Standing:
    """All that is known at one moment of those whom credentials name; None for what there is not."""

    person: Person | None
    member: Member | None
    organisation: Organisation | None
    session: Session | None = None


def standing(organisation_id: str, name: str, session_id: str = "") -> Standing:
    """Person, member, organisation and session in one read."""
    places = (keys.person(name), keys.member(organisation_id, name), keys.organisation(organisation_id))
    session = keys.session(session_id) if session_id else None
    found = table.get_many([*places, *((session,) if session else ())])
    person, member, organisation = (found.get(place) for place in places)
    return Standing(
        record_of(Person, person) if person else None,
        record_of(Member, member) if member else None,
        record_of(Organisation, organisation) if organisation else None,
        record_of(Session, found[session]) if session in found else None,
    )


def find_person(name: str) -> Person | None:
    item = table.get(keys.person(name))
    return record_of(Person, item) if item else None


def person_write(person: Person) -> Write:
    """The write that gives a name to somebody."""
    return table.put(item_of(person, keys.person(person.name)), condition=table.ABSENT)


def create_person(person: Person, member: Member) -> None:
    """A person with their first membership. Raises NameTaken."""
    try:
        table.transact([person_write(person), member_write(member)])
    except ConditionLost as lost:
        raise NameTaken(f"somebody is called {person.name} already") from lost


def member_write(member: Member) -> Write:
    """The write that makes somebody a member who is none."""
    return table.put(_member_item(member), condition=table.ABSENT)


def add_member(member: Member) -> None:
    """Raises NameTaken."""
    try:
        table.write(member_write(member))
    except ConditionLost as lost:
        raise NameTaken(f"{member.name} is a member already") from lost


def change_password(person: Person, password_hash: str) -> Person:
    """A new password, which ends all sessions. Raises ConditionLost where another change came first."""
    after = person.model_copy(update={"password_hash": password_hash, "generation": person.generation + 1})
    changes = {"password_hash": after.password_hash, "generation": after.generation}
    table.write(table.assign(keys.person(person.name), changes, condition="#generation = :read", values={"read": person.generation}))
    return after


def renew_hash(person: Person, password_hash: str) -> None:
    """The same password, hashed as it is done today. Raises ConditionLost where the password was changed."""
    table.write(
        table.assign(
            keys.person(person.name), {"password_hash": password_hash}, condition="#password_hash = :read", values={"read": person.password_hash}
        )
    )


def get_member(organisation_id: str, name: str) -> Member:
    """Raises PersonNotFound."""
    found = find_member(organisation_id, name)
    if found is None:
        raise PersonNotFound(f"the organisation has no member {name}")
    return found


def find_member(organisation_id: str, name: str) -> Member | None:
    item = table.get(keys.member(organisation_id, name))
    return record_of(Member, item) if item else None


def change_member(member: Member, *, roles: Sequence[str] | None = None, disabled: bool | None = None) -> Member:
    """New roles; or shut out, or let in again, which ends the sessions. Raises ConditionLost where another change came first."""
    changes: dict[str, Any] = {"revision": member.revision + 1}
    if roles is not None:
        changes["roles"] = tuple(roles)
    if disabled is not None and disabled != member.disabled:
        changes |= {"disabled": disabled, "generation": member.generation + 1}
    key = keys.member(member.organisation_id, member.name)
    table.write(table.assign(key, changes, condition="#revision = :read", values={"read": member.revision}))
    return member.model_copy(update=changes)


def remove_member(organisation_id: str, name: str) -> None:
    """Raises PersonNotFound."""
    try:
        table.write(table.delete(keys.member(organisation_id, name), condition=table.PRESENT))
    except ConditionLost as lost:
        raise PersonNotFound(f"the organisation has no member {name}") from lost


def list_members(
    organisation_id: str,
    *,
    limit: int,
    cursor: str | None,
    keep: Callable[[Sequence[Member]], Sequence[Member]] = all_of,
    terms: object = None,
    backwards: bool = False,
) -> tuple[tuple[Member, ...], str | None]:
    """Members by name, those that `keep` gives back, and the cursor that goes on. Raises CursorInvalid."""
    place = keys.members(organisation_id)
    return page_at(organisation_id, place, whole(_member), keep, limit=limit, cursor=cursor, terms=terms, backwards=backwards)


def _member(item: Item) -> Member:
    return record_of(Member, item)


def memberships_of(name: str) -> tuple[Member, ...]:
    """All organisations of a person, by id."""
    page = table.query_index(keys.organisations_of(name), limit=_PAGE)
    return tuple(record_of(Member, item) for item in _items_at(page.items))


def create_organisation(organisation: Organisation, *members: Member) -> None:
    """An organisation with its first members. Raises NameTaken."""
    place = keys.organisation_list(organisation.id)
    writes = [table.put(item_of(organisation, keys.organisation(organisation.id), place), condition=table.ABSENT)]
    try:
        table.transact([*writes, *(member_write(member) for member in members)])
    except ConditionLost as lost:
        raise NameTaken(f"there is an organisation {organisation.id} already") from lost


def find_organisation(organisation_id: str) -> Organisation | None:
    item = table.get(keys.organisation(organisation_id))
    return record_of(Organisation, item) if item else None


def change_organisation(organisation_id: str, *, title: str | None = None, preset: Preset | None = None) -> Organisation:
    """Raises OrganisationNotFound."""
    changes = {name: value for name, value in (("title", title), ("preset", preset)) if value is not None}
    try:
        if changes:
            table.write(table.assign(keys.organisation(organisation_id), changes, condition=table.PRESENT))
    except ConditionLost as lost:
        raise OrganisationNotFound(f"there is no organisation {organisation_id}") from lost
    found = find_organisation(organisation_id)
    if found is None:
        raise OrganisationNotFound(f"there is no organisation {organisation_id}")
    return found


def organisation_ids() -> tuple[str, ...]:
    """All organisations, for what runs on a schedule."""
    after: Item | None = None
    found: list[str] = []
    while True:
        page = table.query_index(keys.organisation_list(), after=after)
        found += [item["GSI1SK"] for item in page.items]
        after = page.last
        if after is None:
            return tuple(found)


def find_api_key(key_id: str) -> ApiKey | None:
    item = table.get(keys.api_key(key_id))
    return record_of(ApiKey, item) if item else None


def put_api_key(key: ApiKey) -> None:
    table.write(table.put(item_of(key, keys.api_key(key.id), keys.api_keys(key.organisation_id, key.id)), condition=table.ABSENT))


def note_use(key: ApiKey, day: str) -> None:
    """The day on which a key was last used. Raises ConditionLost where another note came first, or the key is gone."""
    condition = "attribute_exists(PK) AND (attribute_not_exists(used_on) OR #used_on < :day)"
    table.write(table.assign(keys.api_key(key.id), {"used_on": day}, condition=condition, values={"day": day}))


def delete_api_key(key_id: str) -> None:
    """Deleting twice is harmless."""
    table.write(table.delete(keys.api_key(key_id)))


def list_api_keys(organisation_id: str) -> tuple[ApiKey, ...]:
    """All keys of an organisation, the oldest first."""
    page = table.query_index(keys.api_keys(organisation_id), limit=1000)
    return tuple(record_of(ApiKey, item) for item in _items_at(page.items))


def _member_item(member: Member) -> Item:
    places = (keys.organisations_of(member.name, member.organisation_id), keys.members(member.organisation_id, member.name))
    return item_of(member, keys.member(member.organisation_id, member.name), *places)


def _items_at(found: Sequence[Item]) -> list[Item]:
    """The items of an index page, in its order."""
    ordered = table.keys_of(found)
    whole = table.get_many(ordered)
    return [whole[key] for key in ordered if key in whole]
