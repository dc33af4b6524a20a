"""The WebSocket gateway: connections of this machine, spoken to as API Gateway's WebSocket API does it.

In: WebSocket clients on a port. Out: `$connect` (which may refuse by its status), `$default` for messages, `$disconnect`; and `@connections` calls of
the app.
One asyncio thread holds the connections; functions run in the invoker's threads. Messages of one connection are handled one after the other.
Never: a push to a connection that is not open yet (410), or one that waits for a slow client.

Source: API Gateway quotas for WebSocket APIs: 128 KB a message, 10 minutes idle, 2 hours a connection.
"""

import asyncio
import base64
import json
import secrets
import threading
import time
import uuid
from collections import deque
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import parse_qsl, unquote, urlsplit

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from infra.local.calls import Refusal
from infra.local.hosts import refusal
from infra.local.invocation import Answer, Invoker
from infra.local.resources import WEBSOCKET_API
from infra.local.rest_event import STAGE
from infra.local.rest_gateway import candidates
from infra.local.template import REGION

MAX_MESSAGE_BYTES: Final = 128 * 1024
IDLE_SECONDS: Final = 600.0
LIFE_SECONDS: Final = 7200.0
_OPTIONS: Final[dict[str, Any]] = {"compression": None, "max_size": MAX_MESSAGE_BYTES, "ping_interval": None}
_OUTBOX: Final = 2000
_GOING_AWAY: Final = 1001


@dataclass
class Connection:
    socket: ServerConnection
    identity: dict[str, Any]
    connected_at: float = field(default_factory=time.time)
    active_at: float = field(default_factory=time.time)
    outbox: "asyncio.Queue[str | None]" = field(default_factory=asyncio.Queue)


class WebSocketGateway:
    def __init__(self, invoker: Invoker, *, idle_seconds: float = IDLE_SECONDS, life_seconds: float = LIFE_SECONDS) -> None:
        self._invoker = invoker
        self._idle_seconds, self._life_seconds = idle_seconds, life_seconds
        self._loop = asyncio.new_event_loop()
        self._open: dict[str, Connection] = {}
        self._post: deque[tuple[Connection, str]] = deque()  # posted, not yet on the loop
        self._is_woken = False
        self._server: Server | None = None
        self.port = 0

    def start(self, wanted: int = 0) -> None:
        """Listen on `wanted`, or on the next port that nobody listens on; 0 takes any."""
        listening: Future[None] = Future()
        threading.Thread(target=self._run, args=(wanted, listening), daemon=True, name="websocket gateway").start()
        listening.result()

    def close(self) -> None:
        """Close every connection ($disconnect is still told) and the port."""
        asyncio.run_coroutine_threadsafe(self._shut(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)

    # --- @connections ---------------------------------------------------------------------------------------------

    def post_to_connection(self, request: dict[str, Any]) -> dict[str, Any]:
        body = request.get("body") or b""
        data = body if isinstance(body, (bytes, bytearray)) else body.encode() if isinstance(body, str) else body.read()
        if len(data) > MAX_MESSAGE_BYTES:
            raise Refusal(413, "PayloadTooLargeException", "Payload too large")
        connection = self._find(request)
        if connection.outbox.qsize() > _OUTBOX:
            self._loop.call_soon_threadsafe(connection.outbox.put_nowait, None)
            raise Refusal(429, "LimitExceededException", "The client does not read")
        self._post.append((connection, bytes(data).decode(errors="replace")))
        if not self._is_woken:  # one waking for a burst: each takes the interpreter away from who posts
            self._is_woken = True
            self._loop.call_soon_threadsafe(self._deliver)
        return {}

    def _deliver(self) -> None:
        """On the loop: what was posted, to where it goes."""
        self._is_woken = False  # first: what is posted from here on is either seen below or wakes the loop again
        while self._post:
            connection, text = self._post.popleft()
            connection.outbox.put_nowait(text)

    def get_connection(self, request: dict[str, Any]) -> dict[str, Any]:
        connection = self._find(request)
        moments = {"ConnectedAt": connection.connected_at, "LastActiveAt": connection.active_at}
        return {**{name: datetime.fromtimestamp(at, tz=UTC) for name, at in moments.items()}, "Identity": connection.identity}

    def delete_connection(self, request: dict[str, Any]) -> dict[str, Any]:
        connection = self._find(request)
        self._loop.call_soon_threadsafe(connection.outbox.put_nowait, None)
        return {"HTTPStatusCode": 204}

    def _find(self, request: dict[str, Any]) -> Connection:
        connection = self._open.get(unquote(request["url_path"].rpartition("/@connections/")[2]))
        if connection is None:
            raise Refusal(410, "GoneException")
        return connection

    # --- the asyncio thread ---------------------------------------------------------------------------------------

    def _run(self, wanted: int, listening: Future[None]) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._listen(wanted))
            listening.set_result(None)
        except BaseException as error:  # the starting thread raises it
            listening.set_exception(error)
            return
        self._loop.run_forever()
        self._loop.close()

    async def _listen(self, wanted: int) -> None:
        for port in candidates(wanted):
            try:
                self._server = await serve(self._converse, "127.0.0.1", port, process_request=self._admit, **_OPTIONS)
            except OSError:
                continue
            self.port = next(iter(self._server.sockets)).getsockname()[1]
            return
        raise OSError(f"no free port from {wanted} on")

    async def _shut(self) -> None:
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    async def _admit(self, socket: ServerConnection, request: Request) -> Response | None:
        """Ask `$connect`; anything but a 2xx refuses the handshake. Pages of other sites are not even heard."""
        stranger = refusal(request.headers)
        if stranger:
            return socket.respond(HTTPStatus.FORBIDDEN, stranger)
        connection_id = base64.b64encode(secrets.token_bytes(11)).decode().replace("/", "A").replace("+", "B")
        socket.sluice_id = connection_id  # type: ignore[attr-defined] # the way from here to _converse
        event = self._event(connection_id, "$connect", "CONNECT", socket)
        headers = [(name, value) for name, value in request.headers.raw_items()]
        query = parse_qsl(urlsplit(request.path).query, keep_blank_values=True)
        event |= {"headers": dict(headers), "multiValueHeaders": _grouped(headers)}
        event |= {"queryStringParameters": dict(query) or None, "multiValueQueryStringParameters": _grouped(query) or None}
        answer = await self._invoke("$connect", event)
        if answer is None:
            return None
        status = 502 if answer.failed else int((answer.value() or {}).get("statusCode", 200))
        return None if 200 <= status < 300 else socket.respond(HTTPStatus(status), "")

    async def _converse(self, socket: ServerConnection) -> None:
        connection_id: str = socket.sluice_id  # type: ignore[attr-defined]
        connection = Connection(socket, {"SourceIp": _address(socket), "UserAgent": _agent(socket)})
        self._open[connection_id] = connection
        sending = asyncio.ensure_future(self._send(connection))
        try:
            await self._receive(connection_id, connection)
        finally:
            self._open.pop(connection_id, None)
            sending.cancel()
            event = self._event(connection_id, "$disconnect", "DISCONNECT", socket)
            event["requestContext"] |= {"disconnectStatusCode": socket.close_code or 1006, "disconnectReason": socket.close_reason or ""}
            await self._invoke("$disconnect", event)

    async def _receive(self, connection_id: str, connection: Connection) -> None:
        while True:
            left = min(self._idle_seconds - (time.time() - connection.active_at), self._life_seconds - (time.time() - connection.connected_at))
            try:
                message = await asyncio.wait_for(connection.socket.recv(), max(0.01, left))
            except TimeoutError:
                if time.time() - connection.active_at >= self._idle_seconds or time.time() - connection.connected_at >= self._life_seconds:
                    await connection.socket.close(_GOING_AWAY, "Going away")
                    return
                continue
            except ConnectionClosed:
                return
            connection.active_at = time.time()
            await self._handle(connection_id, connection, message)

    async def _handle(self, connection_id: str, connection: Connection, message: str | bytes) -> None:
        if isinstance(message, bytes):
            await connection.socket.close(1003, "Binary is not supported")
            return
        event = self._event(connection_id, "$default", "MESSAGE", connection.socket)
        event |= {"body": message}
        event["requestContext"] |= {"messageId": secrets.token_urlsafe(11), "messageDirection": "IN"}
        answer = await self._invoke("$default", event)
        if answer is not None and answer.failed:
            told = {"message": "Internal server error", "connectionId": connection_id, "requestId": event["requestContext"]["requestId"]}
            connection.outbox.put_nowait(json.dumps(told))

    async def _send(self, connection: Connection) -> None:
        try:
            while (message := await connection.outbox.get()) is not None:
                await connection.socket.send(message)
                connection.active_at = time.time()
            await connection.socket.close(_GOING_AWAY, "Going away")
        except ConnectionClosed:
            pass

    async def _invoke(self, route: str, event: dict[str, Any]) -> Answer | None:
        function = self._invoker.application.websocket.get(route)
        if function is None:
            return None
        payload = json.dumps({"isBase64Encoded": False, **event}).encode()
        return await asyncio.wrap_future(self._invoker.begin(function, payload))

    def _event(self, connection_id: str, route: str, kind: str, socket: ServerConnection) -> dict[str, Any]:
        now = datetime.now(tz=UTC)
        return {
            "requestContext": {
                "routeKey": route,
                "eventType": kind,
                "connectionId": connection_id,
                "extendedRequestId": uuid.uuid4().hex[:16],
                "requestId": uuid.uuid4().hex[:16],
                "requestTime": now.strftime("%d/%b/%Y:%H:%M:%S +0000"),
                "requestTimeEpoch": int(now.timestamp() * 1000),
                "connectedAt": int(now.timestamp() * 1000),
                "stage": STAGE,
                "apiId": WEBSOCKET_API,
                "domainName": f"{WEBSOCKET_API}.execute-api.{REGION}.amazonaws.com",
                "identity": {"sourceIp": _address(socket), "userAgent": _agent(socket)},
            },
        }


def _address(socket: ServerConnection) -> str:
    return str(socket.remote_address[0]) if socket.remote_address else ""


def _agent(socket: ServerConnection) -> str:
    return str(socket.request.headers.get("User-Agent", "")) if socket.request else ""


def _grouped(pairs: list[tuple[str, str]]) -> dict[str, list[str]]:
    grouped: dict[str, list[str]] = {}
    for name, value in pairs:
        grouped.setdefault(name, []).append(value)
    return grouped
