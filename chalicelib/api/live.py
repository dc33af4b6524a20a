"""Routes: tickets for live connections."""

from http import HTTPMethod

from chalice.app import Blueprint

from chalicelib.access.scopes import Scope
from chalicelib.api.endpoint import Answer, Call, Nothing, endpoint
from chalicelib.live.tickets import issue

routes = Blueprint(__name__)


@endpoint(routes, HTTPMethod.POST, "/api/v1/live/tickets", scope=Scope.RUN_READ)
def issue_ticket(call: Call[Nothing, Nothing]) -> Answer:
    """A ticket opens one WebSocket connection, once, within half a minute."""
    issued = issue(call.principal)
    return Answer({"ticket": issued.ticket, "url": issued.url, "expires_in_seconds": issued.expires_in_seconds}, status=201)
