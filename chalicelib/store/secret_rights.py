"""The repository of who may do what with an organisation's secrets, which lie elsewhere. One without a record is for everybody's use.

In: an organisation, a secret's name. Out: `SecretRights`. Every change is conditional on the revision that was read.
"""

from collections.abc import Sequence
from typing import Literal

from chalicelib.errors import AccessChanged, ConditionLost
from chalicelib.store import keys, table
from chalicelib.store.items import item_of, record_of
from chalicelib.store.record import Record

SecretLevel = Literal["see", "use", "rotate"]
EverybodysLevel = Literal["none", "see", "use"]


class SecretShare(Record):
    """What a person (`person:bob`) or a role (`role:legal`) may do with a secret: see its name, name it in what they publish, give it a new value."""

    who: str
    level: SecretLevel


class SecretRights(Record):
    """`everybody`: what all of the organisation may do. `revision` is 0 where nothing was set."""

    name: str
    everybody: EverybodysLevel = "use"
    shares: tuple[SecretShare, ...] = ()
    set_at: str | None = None
    set_by: str | None = None
    revision: int = 0


def get(organisation_id: str, name: str) -> SecretRights:
    item = table.get(keys.secret_rights(organisation_id, name))
    return record_of(SecretRights, item) if item else SecretRights(name=name)


def get_many(organisation_id: str, names: Sequence[str]) -> dict[str, SecretRights]:
    """By name, for each that was asked for."""
    found = table.get_many([keys.secret_rights(organisation_id, name) for name in dict.fromkeys(names)])
    known = {key.sk: record_of(SecretRights, item) for key, item in found.items()}
    return {name: known.get(name) or SecretRights(name=name) for name in names}


def put(organisation_id: str, rights: SecretRights, *, read: int) -> SecretRights:
    """Write over the revision that was read (0: none). Raises AccessChanged."""
    new = rights.model_copy(update={"revision": read + 1})
    condition = "#revision = :read" if read else table.ABSENT
    try:
        key = keys.secret_rights(organisation_id, rights.name)
        table.write(table.put(item_of(new, key), condition=condition, values={"read": read} if read else None))
    except ConditionLost as lost:
        raise AccessChanged(f"who may use the secret {rights.name} was changed by somebody else since it was read") from lost
    return new
