"""Live connections: connect with a ticket, watch runs, ping.

In: WebSocket events; a message is `{"action": "subscribe" | "unsubscribe" | "ping", "run_id" | "workflow_id", "since", "names"}`.
Out: frames on the same connection: `connected`, the events that were missed, `pong`, or `error` with a code.
Never: an exception for what a client sends.
"""

from collections.abc import Mapping
from typing import Annotated, Final, Literal

from aws_lambda_powertools import Logger
from chalice.app import WebsocketEvent
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from chalicelib.errors import SluiceError
from chalicelib.live import connections
from chalicelib.live.legacy import legacy_frame
from chalicelib.live.publish import event_frame, send
from chalicelib.spec.model import JsonObject

logger = Logger(service="websocket")

OK: Final = {"statusCode": 200}
LEGACY: Final = "legacy"


class _Topic(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    run_id: str | None = None
    workflow_id: str | None = None


class Subscribe(_Topic):
    action: Literal["subscribe"]
    since: Annotated[int, Field(ge=0)] | None = None
    names: Literal["legacy"] | None = None


class Unsubscribe(_Topic):
    action: Literal["unsubscribe"]


class Ping(BaseModel):
    action: Literal["ping"]


_MESSAGE: Final[TypeAdapter[Subscribe | Unsubscribe | Ping]] = TypeAdapter(Annotated[Subscribe | Unsubscribe | Ping, Field(discriminator="action")])


def ws_connect(event: WebsocketEvent) -> dict[str, int]:
    """Accept a connection that has a fresh ticket (`?ticket=…`), perhaps with a workflow to watch (`&workflow_id=…`), perhaps under old names
    (`&names=legacy`)."""
    query: dict[str, str] = event.to_dict().get("queryStringParameters") or {}
    try:
        connections.connect(event.connection_id, ticket=query.get("ticket", ""))
        _watch(event.connection_id, query)
    except SluiceError as error:
        logger.info("refused", code=error.code)
        return {"statusCode": error.status}
    return OK


def _watch(connection_id: str, query: Mapping[str, str]) -> None:
    """Watch the workflow that the address names, if it names one; a connection that may not is none."""
    if "workflow_id" not in query:
        return
    try:
        connections.subscribe(connection_id, workflow_id=query["workflow_id"], legacy=query.get("names") == LEGACY)
    except SluiceError:
        connections.disconnect(connection_id)
        raise


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
        case Subscribe(run_id=run_id, workflow_id=workflow_id, since=since, names=names):
            missed = connections.subscribe(connection_id, run_id=run_id, workflow_id=workflow_id, since=since, legacy=names == LEGACY)
            frames = [event_frame(event) for event in missed]
            return [{"type": "connected", **_topic(message)}, *([legacy_frame(frame) for frame in frames] if names == LEGACY else frames)]
        case Unsubscribe(run_id=run_id, workflow_id=workflow_id):
            connections.unsubscribe(connection_id, run_id=run_id, workflow_id=workflow_id)
            return []
        case Ping():
            return [{"type": "pong"}]


def _topic(message: _Topic) -> JsonObject:
    return {"run_id": message.run_id} if message.run_id else {"workflow_id": message.workflow_id}


def _error(code: str, detail: str) -> JsonObject:
    return {"type": "error", "code": code, "detail": detail}
