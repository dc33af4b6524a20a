"""Routes: messages that wait for a reply, and their replies."""

from http import HTTPMethod
from typing import Annotated

from chalice.app import Blueprint
from pydantic import Field

from chalicelib.access.scopes import Scope
from chalicelib.api import shapes
from chalicelib.api.endpoint import Answer, Call, Nothing, Wire, endpoint
from chalicelib.api.views import view
from chalicelib.conversations.reply import list_waiting, reply
from chalicelib.errors import AlreadyReplied, MessageNotFound, RunEnded, RunNotFound

routes = Blueprint(__name__)


class Reply(Wire):
    """`node` or `message_id` say which message is meant; without them it is the oldest that waits."""

    text: Annotated[str, Field(min_length=1, max_length=20_000)]
    node: str | None = None
    message_id: str | None = None


@endpoint(routes, HTTPMethod.GET, "/api/v1/runs/{run_id}/replies", scope=Scope.RUN_READ, answers={200: shapes.AWAITED}, errors=(RunNotFound,))
def list_awaited(call: Call[Nothing, Nothing], run_id: str) -> Answer:
    """The run's messages that wait for a reply, oldest first."""
    return Answer({"messages": [view(message) for message in list_waiting(call.principal, run_id)]})


@endpoint(
    routes,
    HTTPMethod.POST,
    "/api/v1/runs/{run_id}/replies",
    scope=Scope.WORKFLOW_EXECUTE,
    answers={201: shapes.MESSAGE},
    errors=(RunNotFound, MessageNotFound, AlreadyReplied, RunEnded),
)
def reply_to_message(call: Call[Reply, Nothing], run_id: str) -> Answer:
    """Reply to a message. The first reply wins.

    Without `node` or `message_id` it is the oldest message that waits.
    """
    message = reply(call.principal, run_id, text=call.body.text, node=call.body.node, message_id=call.body.message_id)
    return Answer(view(message), status=201)
