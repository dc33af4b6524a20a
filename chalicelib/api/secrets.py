"""Routes: secrets by name, and who may do what with them. A value comes in and never goes out."""

from dataclasses import asdict
from functools import partial
from http import HTTPMethod
from typing import Annotated, Literal

from chalice.app import Blueprint
from pydantic import Field

from chalicelib.access import secrets
from chalicelib.access.audit import note
from chalicelib.access.principal import Principal
from chalicelib.access.scopes import Scope
from chalicelib.access.secret_rights import Held, get_rights, levels, reaches, require_put, set_rights
from chalicelib.api import people_shapes
from chalicelib.api.endpoint import Answer, Call, Nothing, Wire, endpoint
from chalicelib.api.shapes import NOTHING
from chalicelib.api.views import view
from chalicelib.errors import AccessChanged, Refused, ScopeMissing, SecretInvalid
from chalicelib.spec.model import JsonObject
from chalicelib.store.secret_rights import EverybodysLevel, SecretLevel, SecretRights, SecretShare

routes = Blueprint(__name__)


class Value(Wire):
    """What is put; it is in no repr."""

    value: Annotated[str, Field(min_length=1, max_length=secrets.MAX_VALUE_BYTES, repr=False)]


class Whose(Wire):
    """Whose secrets: the organisation's, for tools, or the deployment's, for the keys of providers."""

    scope: Literal["organisation", "deployment"] = "organisation"


class SecretShareToMake(Wire):
    """`who` is `person:NAME` or `role:NAME`; `level` is `see` (the name), `use` (in what they publish) or `rotate` (give it a new value)."""

    who: Annotated[str, Field(pattern=r"^(person|role):\S{1,200}$")]
    level: SecretLevel


class SecretAccessToSet(Wire):
    """`everybody`: what all of the organisation may do. With `revision`, the one that was read, nobody else's change is undone."""

    everybody: EverybodysLevel = "use"
    shares: Annotated[list[SecretShareToMake], Field(max_length=100)] = Field(default_factory=list)
    revision: Annotated[int, Field(ge=0)] | None = None


@endpoint(routes, HTTPMethod.GET, "/api/v1/secrets", scope=Scope.WORKFLOW_READ, answers={200: people_shapes.SECRETS}, errors=(ScopeMissing, Refused))
def list_all(call: Call[Nothing, Whose]) -> Answer:
    """Names and times of those that the caller may see, and what they may do with each.

    What was put or deleted a moment ago may show seconds later. `scope` says whose they are; the deployment's are for those who look after it.
    """
    found = secrets.list_secrets(_owner(call.principal, call.query))
    mine = levels(call.principal, [listing.name for listing in found])
    return Answer({"secrets": [_view(listing, mine[listing.name]) for listing in found if reaches(mine[listing.name], "see")]})


@endpoint(
    routes,
    HTTPMethod.PUT,
    "/api/v1/secrets/{name}",
    scope=Scope.WORKFLOW_READ,
    answers={200: people_shapes.SECRET},
    errors=(SecretInvalid, ScopeMissing, Refused),
)
def put(call: Call[Value, Whose], name: str) -> Answer:
    """Create it or replace its value.

    For holders of `secret:manage`; a new value also for those with whom the secret is shared on the level `rotate`. A value has 1 to 48,000 bytes. A
    name: a small letter, then small letters, digits, `_` or `-`, at most 63 in all. Workers use the earlier value for five minutes at most.
    `unavailable`: the name was deleted a moment ago. See [SECRETS.md](flows/SECRETS.md).
    """
    owner = _owner(call.principal, call.query)
    held = require_put(call.principal, name, is_there=partial(secrets.is_there, owner, name))
    note("secret", f"{call.query.scope}/{name}", "changed")
    return Answer(_view(secrets.put_secret(owner, name, call.body.value), held))


@endpoint(routes, HTTPMethod.DELETE, "/api/v1/secrets/{name}", scope=Scope.SECRET_MANAGE, answers={204: NOTHING}, errors=(SecretInvalid,))
def delete(call: Call[Nothing, Whose], name: str) -> Answer:
    """Delete it; twice is harmless."""
    owner = _owner(call.principal, call.query)
    note("secret", f"{call.query.scope}/{name}", "deleted")
    secrets.delete_secret(owner, name)
    return Answer(None, status=204)


@endpoint(
    routes,
    HTTPMethod.GET,
    "/api/v1/secrets/{name}/access",
    scope=Scope.SECRET_MANAGE,
    answers={200: people_shapes.SECRET_ACCESS},
    errors=(SecretInvalid,),
)
def get_access(call: Call[Nothing, Nothing], name: str) -> Answer:
    """Who may do what with a secret of the organisation.

    Also of a name that has no value yet: `revision` is 0 and everybody may use it, where nothing was set.
    """
    return Answer(_access(get_rights(call.principal, name)))


@endpoint(
    routes,
    HTTPMethod.PUT,
    "/api/v1/secrets/{name}/access",
    scope=Scope.SECRET_MANAGE,
    answers={200: people_shapes.SECRET_ACCESS},
    errors=(SecretInvalid, AccessChanged),
)
def put_access(call: Call[SecretAccessToSet, Nothing], name: str) -> Answer:
    """Say who may do what with a secret of the organisation.

    The whole of it, in place of what was; also before the secret has a value. It outlives the value: deleted and put again, a secret is shared as
    before. What was published goes on, until the secret is rotated or deleted.
    """
    given = call.body
    shares = [SecretShare(who=share.who, level=share.level) for share in given.shares]
    return Answer(_access(set_rights(call.principal, name, everybody=given.everybody, shares=shares, revision=given.revision)))


def _owner(principal: Principal, whose: Whose) -> str:
    """Raises ScopeMissing and Refused for the deployment's, but to those who look after it."""
    if whose.scope == "organisation":
        return principal.organisation_id
    principal.require(Scope.SECRET_MANAGE)
    principal.require_deployment()
    return secrets.DEPLOYMENT


def _access(rights: SecretRights) -> JsonObject:
    return {**view(rights), "revision": rights.revision}


def _view(listing: secrets.SecretListing, mine: Held) -> JsonObject:
    return {**asdict(listing), "mine": mine}
