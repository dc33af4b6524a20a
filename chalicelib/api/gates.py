"""Routes: open gates and their decisions."""

from http import HTTPMethod
from typing import Annotated, Literal

from chalice.app import Blueprint
from pydantic import Field

from chalicelib.access.scopes import Scope
from chalicelib.api import shapes
from chalicelib.api.endpoint import Answer, Call, Nothing, Wire, endpoint
from chalicelib.api.paging import Page
from chalicelib.api.views import decision_view
from chalicelib.errors import (
    CursorInvalid,
    DecisionInvalid,
    GateAlreadyDecided,
    GateNotFound,
    ListTooLong,
    NotADecider,
    RunEnded,
    SelfApproval,
)
from chalicelib.gates import query
from chalicelib.gates.decide import decide
from chalicelib.gates.query import GateOrder, Wanted, gate_view
from chalicelib.spec.model import Json
from chalicelib.store.statuses import GateStatus

routes = Blueprint(__name__)


class GatesWanted(Page):
    """`mine` leaves out the gates that the caller may not decide."""

    status: GateStatus = GateStatus.OPEN
    workflow_id: str | None = None
    run_id: str | None = None
    mine: bool = False
    sort: GateOrder = "opened_at"

    @property
    def wanted(self) -> Wanted:
        return Wanted(status=self.status, workflow_id=self.workflow_id, run_id=self.run_id, mine=self.mine, sort=self.sort)


class DecisionToMake(Wire):
    """`channel` says where the person sat."""

    choice: Annotated[str, Field(min_length=1, max_length=64)]
    reason: Annotated[str, Field(max_length=4000)] | None = None
    form: Json = None
    channel: Literal["api", "cli", "web"] = "api"


@endpoint(routes, HTTPMethod.GET, "/api/v1/gates", scope=Scope.RUN_READ, answers={200: shapes.GATES}, errors=(CursorInvalid, ListTooLong))
def list_gates(call: Call[Nothing, GatesWanted]) -> Answer:
    """Open gates, oldest first; or those that have ended, of a run, of a workflow.

    `status` is `open` unless it is given; `mine` leaves out those that the caller may not decide. Gates stand in order of `opened_at`; by
    `deadline_at` up to 1,000 are sorted, those without one last, and above that it is `list-too-long`. `workflow_id`, `mine` and which end a gate
    had are asked of the gates as they are read: one request looks at 1,600 at most, so that a page may be short, or empty, and still have a cursor.
    A decided gate is found once the run goes on; gates that ended before this could be asked are found by `run_id` alone.
    """
    page = query.list_gates(call.principal, call.query.wanted, limit=call.query.limit, cursor=call.query.cursor)
    return Answer({"gates": [gate_view(gate) for gate in page.gates], "cursor": page.cursor})


@endpoint(
    routes,
    HTTPMethod.POST,
    "/api/v1/gates/{gate_id}/decision",
    scope=Scope.GATE_DECIDE,
    answers={200: shapes.DECISION},
    errors=(GateNotFound, NotADecider, SelfApproval, DecisionInvalid, GateAlreadyDecided, RunEnded),
)
def decide_gate(call: Call[DecisionToMake, Nothing], gate_id: str) -> Answer:
    """Decide, or cast a vote where several must agree (`is_final` says which). The first valid decision wins.

    `gate-already-decided` comes with the `decision` that won.
    """
    made = call.body
    decision = decide(call.principal, gate_id, choice=made.choice, reason=made.reason, form=made.form, channel=made.channel)
    return Answer(decision_view(decision))
