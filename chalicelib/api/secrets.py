"""Routes: secrets by name. A value comes in and never goes out."""

from dataclasses import asdict
from http import HTTPMethod
from typing import Annotated, Literal

from chalice.app import Blueprint
from pydantic import Field

from chalicelib.access import secrets
from chalicelib.access.audit import note
from chalicelib.access.principal import Principal
from chalicelib.access.scopes import Scope
from chalicelib.api import people_shapes
from chalicelib.api.endpoint import Answer, Call, Nothing, Wire, endpoint
from chalicelib.api.shapes import NOTHING
from chalicelib.errors import SecretInvalid
from chalicelib.spec.model import JsonObject

routes = Blueprint(__name__)


class Value(Wire):
    """What is put; it is in no repr."""

    value: Annotated[str, Field(min_length=1, max_length=secrets.MAX_VALUE_BYTES, repr=False)]


class Whose(Wire):
    """Whose secrets: the organisation's, for tools, or the deployment's, for the keys of providers."""

    scope: Literal["organisation", "deployment"] = "organisation"


@endpoint(routes, HTTPMethod.GET, "/api/v1/secrets", scope=Scope.SECRET_MANAGE, answers={200: people_shapes.SECRETS})
def list_all(call: Call[Nothing, Whose]) -> Answer:
    """Names and times.

    What was put or deleted a moment ago may show seconds later. `scope` says whose they are.
    """
    return Answer({"secrets": [_view(listing) for listing in secrets.list_secrets(_owner(call.principal, call.query))]})


@endpoint(routes, HTTPMethod.PUT, "/api/v1/secrets/{name}", scope=Scope.SECRET_MANAGE, answers={200: people_shapes.SECRET}, errors=(SecretInvalid,))
def put(call: Call[Value, Whose], name: str) -> Answer:
    """Create it or replace its value.

    A value has 1 to 65,536 bytes. A name: a small letter, then small letters, digits, `_` or `-`, at most 63 in all. Workers use the earlier
    value for five minutes at most. `unavailable`: the name was deleted a moment ago. See [SECRETS.md](flows/SECRETS.md).
    """
    note("secret", f"{call.query.scope}/{name}", "changed")
    return Answer(_view(secrets.put_secret(_owner(call.principal, call.query), name, call.body.value)))


@endpoint(routes, HTTPMethod.DELETE, "/api/v1/secrets/{name}", scope=Scope.SECRET_MANAGE, answers={204: NOTHING}, errors=(SecretInvalid,))
def delete(call: Call[Nothing, Whose], name: str) -> Answer:
    """Delete it; twice is harmless."""
    note("secret", f"{call.query.scope}/{name}", "deleted")
    secrets.delete_secret(_owner(call.principal, call.query), name)
    return Answer(None, status=204)


def _owner(principal: Principal, whose: Whose) -> str:
    """Raises Refused for the deployment's, but to those who look after it."""
    if whose.scope == "organisation":
        return principal.organisation_id
    principal.require_deployment()
    return secrets.DEPLOYMENT


def _view(listing: secrets.SecretListing) -> JsonObject:
    return asdict(listing)
