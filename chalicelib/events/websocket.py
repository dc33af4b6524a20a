"""Live connections: connect with a ticket, watch runs, ping.

In: WebSocket events; a message is `{"action": "subscribe" | "unsubscribe" | "ping", "run_id" | "workflow_id", "since"}`.
Out: frames on the same connection: `connected`, the events that were missed, `pong`, or `error` with a code.
Never: an exception for what a client sends.
"""

from typing import Annotated, Final, Literal

from aws_lambda_powertools import Logger
from chalice.app import WebsocketEvent
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from chalicelib.errors import SluiceError
from chalicelib.live import connections
from chalicelib.live.publish import event_frame, send
from chalicelib.spec.model import JsonObject

logger = Logger(service="websocket")

OK: Final = {"statusCode": 200}


class _Topic(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    run_id: str | None = None
    workflow_id: str | None = None


class Subscribe(_Topic):
    action: Literal["subscribe"]
    since: Annotated[int, Field(ge=0)] | None = None


class Unsubscribe(_Topic):
    action: Literal["unsubscribe"]


class Ping(BaseModel):
    action: Literal["ping"]


_MESSAGE: Final[TypeAdapter[Subscribe | Unsubscribe | Ping]] = TypeAdapter(Annotated[Subscribe | Unsubscribe | Ping, Field(discriminator="action")])


def ws_connect(event: WebsocketEvent) -> dict[str, int]:
    """Accept a connection that has a fresh ticket (`?ticket=…`)."""
    query: dict[str, str] = event.to_dict().get("queryStringParameters") or {}
    try:
        connections.connect(event.connection_id, ticket=query.get("ticket", ""))
    except SluiceError as error:
        logger.info("refused", code=error.code)
        return {"statusCode": error.status}
    return OK


def ws_message(event: WebsocketEvent) -> dict[str, int]:
    """Do what a message asks and answer on the connection."""
    for frame in _answers(event.connection_id, event.body):
        if not send(event.connection_id, frame):
            break
    return OK


def ws_disconnect(event: WebsocketEvent) -> dict[str, int]:
    """Forget a connection."""
    connections.disconnect(event.connection_id)
    return OK


def _answers(connection_id: str, body: str) -> list[JsonObject]:
    try:
        return _perform(connection_id, _MESSAGE.validate_json(body))
    except ValidationError as fault:
        return [_error("message-invalid", fault.errors(include_url=False)[0]["msg"])]
    except SluiceError as error:
        return [_error(error.code, str(error))]


def _perform(connection_id: str, message: Subscribe | Unsubscribe | Ping) -> list[JsonObject]:
    match message:
        case Subscribe(run_id=run_id, workflow_id=workflow_id, since=since):
            missed = connections.subscribe(connection_id, run_id=run_id, workflow_id=workflow_id, since=since)
            return [{"type": "connected", **_topic(message)}, *(event_frame(event) for event in missed)]
        case Unsubscribe(run_id=run_id, workflow_id=workflow_id):
            connections.unsubscribe(connection_id, run_id=run_id, workflow_id=workflow_id)
            return []
        case Ping():
            return [{"type": "pong"}]


def _topic(message: _Topic) -> JsonObject:
    return {"run_id": message.run_id} if message.run_id else {"workflow_id": message.workflow_id}


def _error(code: str, detail: str) -> JsonObject:
    return {"type": "error", "code": code, "detail": detail}
