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
from chalicelib.errors import CursorInvalid, DecisionInvalid, GateAlreadyDecided, GateNotFound, NotADecider, RunEnded, SelfApproval
from chalicelib.gates.decide import decide
from chalicelib.gates.query import gate_view, list_open_gates
from chalicelib.spec.model import Json

routes = Blueprint(__name__)


class GatesWanted(Page):
    """`mine` leaves out the gates that the caller may not decide."""

    run_id: str | None = None
    mine: bool = False


class DecisionToMake(Wire):
    """`channel` says where the person sat."""

    choice: Annotated[str, Field(min_length=1, max_length=64)]
    reason: Annotated[str, Field(max_length=4000)] | None = None
    form: Json = None
    channel: Literal["api", "cli", "web"] = "api"


@endpoint(routes, HTTPMethod.GET, "/api/v1/gates", scope=Scope.RUN_READ, answers={200: shapes.GATES}, errors=(CursorInvalid,))
def list_gates(call: Call[Nothing, GatesWanted]) -> Answer:
    """Open gates, oldest first.

    `mine` leaves out those that the caller may not decide.
    """
    wanted = call.query
    page = list_open_gates(call.principal, run_id=wanted.run_id, mine=wanted.mine, limit=wanted.limit, cursor=wanted.cursor)
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
