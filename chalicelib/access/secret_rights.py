"""Who may do what with a secret: the one place that says so.

In: a principal, names of secrets. Out: levels, refusals. Who holds `secret:manage` may do anything with every secret of the organisation: create it,
see its name, use it, give it a new value, delete it, and say who else may. Others may what everybody may and what was shared with them or their
roles: `see` the name, `use` it in what they publish, `rotate` it. Checked where a secret is named: what was published goes on, until the secret is
rotated or deleted. Never: a value.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, Literal

from chalicelib.access.principal import Principal
from chalicelib.access.scopes import Scope
from chalicelib.clock import now_text
from chalicelib.errors import AccessChanged, ScopeMissing, SecretInvalid
from chalicelib.spec.secret_reference import SECRET_NAME
from chalicelib.store import secret_rights as store
from chalicelib.store.secret_rights import EverybodysLevel, SecretLevel, SecretRights, SecretShare

Held = Literal["none", "see", "use", "rotate", "manage"]
_ORDER: Final[Sequence[Held]] = ("none", "see", "use", "rotate", "manage")


def levels(principal: Principal, names: Iterable[str]) -> Mapping[str, Held]:
    """What the principal may do with each of the secrets of their organisation."""
    wanted = [*names]
    if Scope.SECRET_MANAGE in principal.scopes:
        return dict.fromkeys(wanted, "manage")
    return {name: _held(principal, rights) for name, rights in store.get_many(principal.organisation_id, wanted).items()}


def reaches(held: Held, wanted: SecretLevel) -> bool:
    return _ORDER.index(held) >= _ORDER.index(wanted)


def unusable(principal: Principal, names: Iterable[str]) -> tuple[str, ...]:
    """Those that the principal may not use, in the order given."""
    return tuple(name for name, held in levels(principal, names).items() if not reaches(held, "use"))


def require_put(principal: Principal, name: str, *, is_there: Callable[[], bool]) -> Held:
    """Whether the principal may give it a value: a new one to one that is there, or its first. Raises ScopeMissing for `secret:manage`."""
    held = levels(principal, [name])[name]
    if held != "manage" and not (reaches(held, "rotate") and is_there()):
        raise ScopeMissing(Scope.SECRET_MANAGE)
    return held


def get_rights(principal: Principal, name: str) -> SecretRights:
    """Also of a name that has no value yet. Raises SecretInvalid, ScopeMissing."""
    principal.require(Scope.SECRET_MANAGE)
    return store.get(principal.organisation_id, _checked(name))


def set_rights(
    principal: Principal, name: str, *, everybody: EverybodysLevel, shares: Sequence[SecretShare], revision: int | None = None
) -> SecretRights:
    """The whole of it, in place of what was; also before the secret has a value. Raises SecretInvalid, ScopeMissing, AccessChanged."""
    before = get_rights(principal, name)
    if revision is not None and revision != before.revision:
        raise AccessChanged(f"who may use the secret {name} was changed by somebody else since it was read")
    wanted = SecretRights(name=name, everybody=everybody, shares=tuple(shares), set_at=now_text(), set_by=principal.person)
    return store.put(principal.organisation_id, wanted, read=before.revision)


def _held(principal: Principal, rights: SecretRights) -> Held:
    shared = (share.level for share in rights.shares if principal.is_one_of((share.who,)))
    return max((rights.everybody, *shared), key=_ORDER.index)


def _checked(name: str) -> str:
    if not SECRET_NAME.fullmatch(name):
        raise SecretInvalid("the name of a secret starts with a small letter, then 62 small letters, digits, _ or - at most")
    return name
