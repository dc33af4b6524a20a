"""Routes: tickets for live connections."""

from http import HTTPMethod

from chalice.app import Blueprint

from chalicelib.access.scopes import Scope
from chalicelib.api import shapes
from chalicelib.api.contract import Replay
from chalicelib.api.endpoint import Answer, Call, Nothing, endpoint
from chalicelib.live.tickets import issue

routes = Blueprint(__name__)


@endpoint(routes, HTTPMethod.POST, "/api/v1/live/tickets", scope=Scope.RUN_READ, answers={201: shapes.TICKET}, replay=Replay.NEVER)
def issue_ticket(call: Call[Nothing, Nothing]) -> Answer:
    """A ticket opens one WebSocket connection, once, within half a minute.

    `wss://…?ticket=…`. On the connection a client sends `{"action": "subscribe", "run_id" | "workflow_id", "since"?}`, `{"action": "unsubscribe",
    …}` and `{"action": "ping"}`. It gets frames: `{"type": "connected", …}`, run events, `{"type": "pong"}`, and `{"type": "error", "code",
    "detail"}`. A client that sees a gap in the numbers subscribes again with the last number that it has.

    With `&workflow_id=…` the connection watches all runs of a workflow from the beginning. With `&names=legacy` there, or `"names": "legacy"` in a
    subscription, events have the names that earlier clients know (`started`, `step_started`, `step_completed`, `completed`, `failed`), and their own
    in `event`.
    """
    issued = issue(call.principal)
    return Answer({"ticket": issued.ticket, "url": issued.url, "expires_in_seconds": issued.expires_in_seconds}, status=201)
