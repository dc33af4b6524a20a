"""The WebSocket gateway, through real clients."""

import time
from asyncio import Queue
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from infra.local.websocket_gateway import WebSocketGateway
from tests.local.tiny_stack import DEADLINE, LocalStack, eventually, notes


@contextmanager
def _connected(stack: LocalStack) -> Iterator[tuple[ClientConnection, str]]:
    before = set(notes("opened"))
    with connect(f"{stack.websocket_url}?ticket=good", open_timeout=DEADLINE) as socket:
        (connection_id,) = set(notes("opened")) - before
        yield socket, connection_id


def _management() -> Any:
    return boto3.client("apigatewaymanagementapi", endpoint_url="https://local.execute-api.eu-central-1.amazonaws.com/api")


def _code(call: Any, **arguments: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    return str(caught.value.response["Error"]["Code"])


def test_it_lets_the_connect_handler_refuse(stack: LocalStack) -> None:
    with pytest.raises(InvalidStatus) as caught, connect(f"{stack.websocket_url}?ticket=bad", open_timeout=DEADLINE):
        pass
    assert caught.value.response.status_code == 401


@pytest.mark.parametrize("headers", [{"Origin": "https://rebound.example"}, {"Host": "rebound.example"}])
def test_it_refuses_pages_of_other_sites_and_other_names_of_this_machine(stack: LocalStack, headers: dict[str, str]) -> None:
    before = set(notes("opened"))
    with pytest.raises(InvalidStatus) as caught, connect(f"{stack.websocket_url}?ticket=good", open_timeout=DEADLINE, additional_headers=headers):
        pass
    assert caught.value.response.status_code == 403
    assert set(notes("opened")) == before


def test_it_hands_messages_to_the_default_handler(stack: LocalStack) -> None:
    with _connected(stack) as (socket, _):
        socket.send("hello")
        assert socket.recv(DEADLINE) == "echo hello"


def test_it_tells_of_the_end_of_a_connection(stack: LocalStack) -> None:
    with _connected(stack) as (_, connection_id):
        pass
    assert eventually(lambda: connection_id in notes("closed"))
    assert _code(_management().post_to_connection, ConnectionId=connection_id, Data=b"x") == "GoneException"


def test_it_pushes_in_order(stack: LocalStack) -> None:
    management = _management()
    with _connected(stack) as (socket, connection_id):
        for number in range(50):
            management.post_to_connection(ConnectionId=connection_id, Data=str(number).encode())
        assert [socket.recv(DEADLINE) for _ in range(50)] == [str(number) for number in range(50)]


def test_it_answers_410_for_an_unknown_connection(stack: LocalStack) -> None:
    management = _management()
    for call, arguments in (
        (management.post_to_connection, {"Data": b"x"}),
        (management.get_connection, {}),
        (management.delete_connection, {}),
    ):
        assert _code(call, ConnectionId="nobody=", **arguments) == "GoneException"


def test_it_describes_and_closes_a_connection(stack: LocalStack) -> None:
    management = _management()
    with _connected(stack) as (socket, connection_id):
        described = management.get_connection(ConnectionId=connection_id)
        assert described["Identity"]["SourceIp"] == "127.0.0.1"
        assert abs(described["ConnectedAt"].timestamp() - time.time()) < 5
        management.delete_connection(ConnectionId=connection_id)
        with pytest.raises(ConnectionClosed):
            socket.recv(DEADLINE)


def test_it_refuses_more_than_128_kilobytes_both_ways(stack: LocalStack) -> None:
    too_much = b"x" * (128 * 1024 + 1)
    with _connected(stack) as (socket, connection_id):
        assert _code(_management().post_to_connection, ConnectionId=connection_id, Data=too_much) == "PayloadTooLargeException"
        socket.send(too_much.decode())
        with pytest.raises(ConnectionClosed) as caught:
            socket.recv(DEADLINE)
    assert caught.value.rcvd is not None
    assert caught.value.rcvd.code == 1009


def test_it_tells_the_client_when_the_handler_fails(stack: LocalStack) -> None:
    with _connected(stack) as (socket, connection_id):
        socket.send("break")
        told = socket.recv(DEADLINE)
    assert '"Internal server error"' in str(told)
    assert connection_id in str(told)


def test_it_closes_what_is_idle(stack: LocalStack) -> None:
    gateway = WebSocketGateway(stack.invoker, idle_seconds=0.05)
    gateway.start()
    try:
        with connect(f"ws://127.0.0.1:{gateway.port}?ticket=good", open_timeout=DEADLINE) as socket, pytest.raises(ConnectionClosed) as caught:
            socket.recv(DEADLINE)
        assert caught.value.rcvd is not None
        assert caught.value.rcvd.code == 1001
    finally:
        gateway.close()


@pytest.mark.scenario
def test_it_reaches_a_hundred_watchers_at_once(stack: LocalStack) -> None:
    management = _management()
    with ExitStack() as open_sockets:
        connected = [open_sockets.enter_context(_connected(stack)) for _ in range(100)]
        for _, connection_id in connected:
            management.post_to_connection(ConnectionId=connection_id, Data=b"news")
        assert [socket.recv(DEADLINE) for socket, _ in connected] == ["news"] * 100


def test_it_wakes_again_for_what_is_posted_while_it_delivers(stack: LocalStack) -> None:
    """The loop empties the post between a poster's look and its posting."""
    gateway, connection = WebSocketGateway(stack.invoker), SimpleNamespace(outbox=Queue())
    waking: list[Callable[[], None]] = []
    gateway._loop.close()
    gateway._loop = SimpleNamespace(call_soon_threadsafe=waking.append)  # type: ignore[assignment]
    gateway._open = {"one": connection}  # type: ignore[dict-item]

    class Emptied(deque[Any]):
        def append(self, item: Any) -> None:
            while waking:
                waking.pop()()
            super().append(item)

    gateway._post = Emptied()
    for text in (b"first", b"second", b"third"):
        gateway.post_to_connection({"url_path": "/api/@connections/one", "body": text})
    while waking:
        waking.pop()()
    assert [connection.outbox.get_nowait() for _ in range(connection.outbox.qsize())] == ["first", "second", "third"]
