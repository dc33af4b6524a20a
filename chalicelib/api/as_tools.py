"""Routes: published workflows as tools and agents of others, over MCP and A2A."""

from collections.abc import Mapping
from http import HTTPMethod
from typing import Literal

from chalice.app import Blueprint
from pydantic import ConfigDict, Field

from chalicelib.access.scopes import Scope
from chalicelib.api import shapes
from chalicelib.api.address import base_url
from chalicelib.api.contract import Replay
from chalicelib.api.endpoint import Answer, Call, Nothing, Wire, endpoint
from chalicelib.api.problem import CONTENT_TYPE, problem
from chalicelib.api.shapes import NOTHING
from chalicelib.errors import WorkflowNotFound
from chalicelib.spec.model import JsonObject
from chalicelib.triggers import a2a_server, mcp_server
from chalicelib.triggers.json_rpc import RpcCall
from chalicelib.triggers.signed_cards import signed

routes = Blueprint(__name__)


class Rpc(Wire):
    """One JSON-RPC message; what a later version adds is ignored."""

    model_config = ConfigDict(extra="ignore")

    jsonrpc: Literal["2.0"]
    method: str
    id: int | str | None = None
    params: JsonObject | None = Field(default=None)

    def call(self, key: str, headers: Mapping[str, str] | None = None) -> RpcCall:
        return RpcCall(
            self.method, self.params or {}, self.id, is_notification="id" not in self.model_fields_set, key=key, headers=dict(headers or {})
        )


@endpoint(
    routes,
    HTTPMethod.POST,
    "/mcp",
    scope=Scope.WORKFLOW_EXECUTE,
    answers={200: shapes.RPC_REPLY, 202: NOTHING, 400: shapes.RPC_REPLY, 404: shapes.RPC_REPLY},
    replay=Replay.OWN,
)
def mcp(call: Call[Rpc, Nothing]) -> Answer:
    """One message of MCP.

    The Model Context Protocol (streamable HTTP, stateless, JSON mode): `server/discover`, `initialize`, `ping`, `tools/list`, `tools/call`.
    Answers 200 with the reply, 202 for a notification, 400 and 404 as the protocol says. The run's idempotency key is
    `_meta["sluice/idempotency-key"]` or the header `Idempotency-Key`.
    """
    told = {name: value for name in mcp_server.HEADERS if (value := routes.current_request.headers.get(name))}
    found = mcp_server.serve(call.principal, call.body.call(call.idempotency_key, told))
    return Answer(found.body, status=found.status)


@endpoint(routes, HTTPMethod.GET, "/mcp", scope=Scope.WORKFLOW_EXECUTE, answers={405: shapes.REFUSED})
def no_stream(call: Call[Nothing, Nothing]) -> Answer:  # noqa: ARG001 (its annotation says what may come)
    """No stream is offered."""
    refused = problem(405, "method-not-allowed", "no stream is offered: send messages by POST")
    return Answer(refused.body, status=405, headers={"Content-Type": CONTENT_TYPE, "Allow": "POST"})


@endpoint(routes, HTTPMethod.POST, "/a2a", scope=Scope.WORKFLOW_EXECUTE, answers={200: shapes.RPC_REPLY}, replay=Replay.OWN)
def a2a(call: Call[Rpc, Nothing]) -> Answer:
    """One call of A2A.

    JSON-RPC of Agent2Agent 1.0: `SendMessage`, `GetTask`, `CancelTask`, `CreateTaskPushNotificationConfig`,
    `GetTaskPushNotificationConfig`, `ListTaskPushNotificationConfigs`, `DeleteTaskPushNotificationConfig`. What goes wrong is in the reply.
    """
    version = routes.current_request.headers.get("A2A-Version", "")
    return Answer(a2a_server.serve(call.principal, call.body.call(call.idempotency_key), version=version))


@endpoint(routes, HTTPMethod.GET, "/.well-known/agent-card.json", scope=Scope.WORKFLOW_READ, answers={200: shapes.FREE})
def card(call: Call[Nothing, Nothing]) -> Answer:
    """The card of the deployment.

    Each published workflow is a skill.
    """
    return Answer(signed(a2a_server.agent_card(call.principal, base_url(routes.current_request))))


@endpoint(
    routes,
    HTTPMethod.GET,
    "/a2a/{workflow}/.well-known/agent-card.json",
    scope=Scope.WORKFLOW_READ,
    answers={200: shapes.FREE},
    errors=(WorkflowNotFound,),
)
def card_of_workflow(call: Call[Nothing, Nothing], workflow: str) -> Answer:
    """The card of one workflow.

    A published workflow, by name, as an agent of its own.
    """
    found = a2a_server.workflow_card(call.principal, workflow, base_url(routes.current_request))
    if found is None:
        raise WorkflowNotFound(f"no workflow {workflow} is published")
    return Answer(signed(found))
