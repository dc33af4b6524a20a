"""Routes: the audit. Who changed or decided what, its chain in order, and the signed checkpoints over it."""

from http import HTTPMethod
from typing import Annotated

from chalice.app import Blueprint
from pydantic import Field, model_validator

from chalicelib.access import audit
from chalicelib.access.scopes import Scope
from chalicelib.api import people_shapes
from chalicelib.api.endpoint import Answer, Call, Nothing, Wire, endpoint
from chalicelib.api.paging import Page, Text
from chalicelib.api.times import QueryMoment
from chalicelib.errors import CursorInvalid
from chalicelib.spec.model import JsonObject
from chalicelib.store.acts import Verb

routes = Blueprint(__name__)
MAX_ENTRIES = 500


class Newest(Page):
    """Newest first; `before` a number, in place of a cursor. `noun` with `target` asks for one thing's."""

    before: Annotated[int | None, Field(ge=1)] = None
    by: Text | None = None
    verb: Verb | None = None
    operation: Text | None = None
    noun: str | None = None
    target: str | None = None
    since: QueryMoment | None = None
    until: QueryMoment | None = None

    @model_validator(mode="after")
    def _whole(self) -> "Newest":
        if self.target is not None and self.noun is None:
            raise ValueError("a target goes with its noun, such as noun=gate and target=gate_…")
        if self.before is not None and (self.cursor is not None or self.target is not None):
            raise ValueError("before goes neither with a cursor nor with a target")
        return self

    @property
    def wanted(self) -> audit.Wanted:
        return audit.Wanted(
            by=self.by,
            verb=self.verb,
            operation=self.operation,
            noun=self.noun,
            target=self.target,
            since=self.since,
            until=self.until,
        )


class InOrder(Wire):
    """What comes after a number, oldest first."""

    after: Annotated[int, Field(ge=0)] = 0
    limit: Annotated[int, Field(ge=1, le=MAX_ENTRIES)] = MAX_ENTRIES


@endpoint(routes, HTTPMethod.GET, "/api/v1/audit", scope=Scope.AUDIT_READ, answers={200: people_shapes.AUDIT}, errors=(CursorInvalid,))
def list_newest(call: Call[Nothing, Newest]) -> Answer:
    """Entries, newest first: all, one thing's, or those that fit.

    `by` is a person, `operation` such as `gates.decide_gate`; `noun` and `target` ask for one thing's own, such as `noun=gate&target=gate_…`;
    `since` and `until` say from when to when. The page goes on by `cursor`, or, but for one thing's, below the number `before`. What no index
    answers (`by`, `verb`, `operation`, `noun` alone) is asked of the entries as they are read: one request looks at 1,600 at most, so that a page
    may be short, or empty, and still go on. `before` and `after` of an entry are canonical JSON of what differs. See [AUDIT.md](flows/AUDIT.md).
    """
    asked = call.query
    page = audit.list_newest(call.principal, asked.wanted, limit=asked.limit, before=asked.before, cursor=asked.cursor)
    return Answer({"entries": [*page.entries], "before": page.before, "cursor": page.cursor})


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
