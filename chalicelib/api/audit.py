"""Routes: the audit. Who changed or decided what, its chain in order, and the signed checkpoints over it."""

from http import HTTPMethod
from typing import Annotated

from chalice.app import Blueprint
from pydantic import Field, model_validator

from chalicelib.access import audit
from chalicelib.access.scopes import Scope
from chalicelib.api import people_shapes
from chalicelib.api.endpoint import Answer, Call, Nothing, Wire, endpoint
from chalicelib.api.paging import Page
from chalicelib.errors import CursorInvalid
from chalicelib.spec.model import JsonObject

routes = Blueprint(__name__)
MAX_ENTRIES = 500


class Newest(Page):
    """Newest first; `before` a number. `noun` with `target` asks for one thing's, by cursor."""

    before: Annotated[int | None, Field(ge=1)] = None
    noun: str | None = None
    target: str | None = None

    @model_validator(mode="after")
    def _whole(self) -> "Newest":
        if (self.noun is None) != (self.target is None):
            raise ValueError("noun and target go together, such as noun=gate and target=gate_…")
        return self


class InOrder(Wire):
    """What comes after a number, oldest first."""

    after: Annotated[int, Field(ge=0)] = 0
    limit: Annotated[int, Field(ge=1, le=MAX_ENTRIES)] = MAX_ENTRIES


@endpoint(routes, HTTPMethod.GET, "/api/v1/audit", scope=Scope.AUDIT_READ, answers={200: people_shapes.AUDIT}, errors=(CursorInvalid,))
def list_newest(call: Call[Nothing, Newest]) -> Answer:
    """Entries, newest first; or those of one thing.

    `before` is a number; `noun, target, limit, cursor` ask for one thing's own, such as `noun=gate&target=gate_…`. `before` and `after` of an
    entry are canonical JSON of what differs. See [AUDIT.md](flows/AUDIT.md).
    """
    wanted = call.query
    if wanted.noun is not None and wanted.target is not None:
        page = audit.list_of_target(call.principal, wanted.noun, wanted.target, limit=wanted.limit, cursor=wanted.cursor)
        return Answer({"entries": [*page.entries], "before": None, "cursor": page.cursor})
    entries = audit.list_latest(call.principal, before=wanted.before, limit=wanted.limit)
    more = entries[-1]["number"] if entries and entries[-1]["number"] != 1 else None
    return Answer({"entries": [*entries], "before": more, "cursor": None})


@endpoint(routes, HTTPMethod.GET, "/api/v1/audit/entries", scope=Scope.AUDIT_READ, answers={200: people_shapes.CHAIN})
def list_in_order(call: Call[Nothing, InOrder]) -> Answer:
    """The chain in order with its end, to check or to export it."""
    entries, head = audit.list_in_order(call.principal, after=call.query.after, limit=call.query.limit)
    end: JsonObject = {"count": head.count, "hash": head.hash}
    return Answer({"organisation_id": call.principal.organisation_id, "entries": [*entries], "head": end, "kept_since": audit.kept_since()})


@endpoint(routes, HTTPMethod.GET, "/api/v1/audit/checkpoints", scope=Scope.AUDIT_READ, answers={200: people_shapes.CHECKPOINTS})
def list_checkpoints(call: Call[Nothing, InOrder]) -> Answer:
    """Signed checkpoints in order, and the public keys that signed them."""
    checkpoints, keys = audit.list_checkpoints(call.principal, after=call.query.after, limit=call.query.limit)
    return Answer({"checkpoints": [*checkpoints], "keys": [*keys]})
