"""The tool mcp.call, against a server of the official SDK on loopback."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import mcp.client.streamable_http  # noqa: F401  (heavy: paid for here, not by the first test)
import pytest
from mcp.server import MCPServer
from mcp.server.mcpserver import Context, Image
from mcp.types import ListToolsResult, ResourceLink, ToolAnnotations
from mcp.types import Tool as ListedTool
from starlette.types import Receive, Scope, Send

from chalicelib.spec.model import JsonObject
from chalicelib.tools import event_loop
from chalicelib.tools import mcp as tool
from chalicelib.tools.destination import Destinations
from chalicelib.tools.failures import (
    ArgumentsInvalid,
    BodyTooLarge,
    HostUnreachable,
    HttpServerFailed,
    HttpThrottled,
    HttpTimedOut,
    McpFailed,
    ToolUnknown,
    UrlRefused,
)
from chalicelib.tools.fetch import Deadline
from chalicelib.tools.guard import Guard, broken, identity
from chalicelib.tools.ports import Endpoint
from chalicelib.tools.registry import run_tool
from chalicelib.tools.tool import Surroundings
from tests.factories.tool_surroundings import surroundings
from tests.fixtures.asgi_server import serving_app
from tests.fixtures.http_server import Reply, Request, serving

PIXEL = b"\x89PNG\r\n"


def shop(calls: list[JsonObject]) -> MCPServer:
    """A server with a handful of tools, and what they were called with."""
    server = MCPServer("shop")

    @server.tool(annotations=ToolAnnotations(read_only_hint=True))
    def price(article: str, count: int = 1) -> dict[str, Any]:
        """What so many of an article cost."""
        calls.append({"article": article, "count": count})
        return {"cents": 250 * count}

    @server.tool()
    async def key(context: Context[Any, Any]) -> str:
        """The key that came with the call."""
        meta = context.request_context.meta or {}
        return str(dict(meta).get("io.sluice/idempotency-key"))

    @server.tool()
    def broken() -> str:
        """Fails."""
        raise ValueError("out of stock")

    @server.tool()
    def picture() -> Image:
        """An image."""
        return Image(data=PIXEL, format="png")

    @server.tool()
    def long() -> str:
        """More than fits."""
        return "x" * 2_000_000

    return server


class Shop:
    """The running server: where it is, what was called, which HTTP requests came."""

    def __init__(self, **options: Any) -> None:
        self.calls: list[JsonObject] = []
        self.requests: list[tuple[str, dict[str, str]]] = []
        self._app = shop(self.calls).streamable_http_app(**options)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            self.requests.append((scope["method"], {name.decode(): value.decode() for name, value in scope["headers"]}))
        await self._app(scope, receive, send)


@pytest.fixture(autouse=True)
def fresh() -> None:
    tool.forget_servers()


@pytest.fixture(scope="module")
def running() -> Iterator[tuple[Shop, str]]:
    app = Shop()
    with serving_app(app) as host:
        yield app, host


def around(host: str, *, headers: dict[str, str] | None = None, seconds: float = 60.0) -> Surroundings:
    endpoint = Endpoint(f"http://{host}/mcp", headers or {})
    return replace(surroundings(seconds_left=lambda: seconds), mcp_servers={"shop": endpoint})


def call(host: str, name: str, arguments: JsonObject | None = None, **more: Any) -> Any:
    return run_tool("mcp.call", {"server": "shop", "tool": name, "arguments": arguments or {}}, around(host, **more))


def test_it_calls_a_tool_and_gives_what_it_gave(running: tuple[Shop, str]) -> None:
    app, host = running
    app.calls.clear()
    output = call(host, "price", {"article": "pen", "count": 2})
    assert output["structured"] == {"cents": 500}
    assert "500" in output["text"]
    assert app.calls == [{"article": "pen", "count": 2}]


def test_it_asks_once_what_a_server_speaks_and_lists_before_each_call(running: tuple[Shop, str]) -> None:
    app, host = running
    app.requests.clear()
    call(host, "price", {"article": "pen"})
    first = len(app.requests)
    call(host, "price", {"article": "ink"})
    assert (first, len(app.requests) - first) == (3, 2)
    assert {method for method, _ in app.requests} == {"POST"}


def test_it_sends_the_endpoints_headers_and_the_key_of_the_effect(running: tuple[Shop, str]) -> None:
    app, host = running
    app.requests.clear()
    assert call(host, "key", headers={"Authorization": "Bearer s3cret"})["text"] == "run_1/book//0"
    assert {headers["authorization"] for _, headers in app.requests} == {"Bearer s3cret"}


def test_it_tells_of_the_tools_that_a_server_has_and_remembers_them(running: tuple[Shop, str]) -> None:
    app, host = running
    found = {each.name: each for each in tool.discover("shop", around(host))}
    assert set(found) == {"price", "key", "broken", "picture", "long"}
    assert (found["price"].description, found["price"].is_read_only) == ("What so many of an article cost.", True)
    assert found["price"].input_schema["required"] == ["article"]
    assert found["price"].output_schema is not None
    assert not found["broken"].is_read_only
    app.requests.clear()
    assert tool.discover("shop", around(host)) == tuple(found.values())
    assert app.requests == []


def test_it_refuses_arguments_that_the_servers_schema_refuses_before_the_call(running: tuple[Shop, str]) -> None:
    app, host = running
    app.calls.clear()
    with pytest.raises(ArgumentsInvalid, match="price: 'article' is a required property; count is no integer"):
        call(host, "price", {"count": "many"})
    assert app.calls == []


def test_it_names_the_tools_that_there_are(running: tuple[Shop, str]) -> None:
    with pytest.raises(ToolUnknown, match="shop has no tool discount: it has broken, key, long"):
        call(running[1], "discount")


def test_it_tells_what_a_failing_tool_says(running: tuple[Shop, str]) -> None:
    with pytest.raises(McpFailed, match="broken failed: "):
        call(running[1], "broken")


def test_it_logs_nothing_of_what_is_said(running: tuple[Shop, str], caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO"):
        call(running[1], "price", {"article": "pen"}, headers={"Authorization": "Bearer s3cret"})
        with serving(lambda _: Reply(200, {"content-type": "text/event-stream"}, b"data: s3cret\n\n")) as server, pytest.raises(McpFailed):
            call(server.host, "price")
    assert [record for record in caplog.records if not record.name.startswith("uvicorn")] == []


def test_it_gives_images_by_their_type(running: tuple[Shop, str]) -> None:
    assert call(running[1], "picture")["content"] == [{"type": "image", "media_type": "image/png", "base64": "iVBORw0K"}]


def test_it_refuses_an_answer_that_is_too_large(running: tuple[Shop, str]) -> None:
    with pytest.raises(BodyTooLarge):
        call(running[1], "long")


def test_it_speaks_with_servers_of_the_older_handshake(monkeypatch: pytest.MonkeyPatch) -> None:
    app = Shop()

    async def older(scope: Scope, receive: Receive, send: Send) -> None:
        version = dict(scope.get("headers", ())).get(b"mcp-protocol-version", b"")
        if version == tool.MODERN.encode():
            await send({"type": "http.response.start", "status": 400, "headers": [(b"content-type", b"text/plain")]})
            await send({"type": "http.response.body", "body": b"Unsupported protocol version"})
            return
        await app(scope, receive, send)

    with serving_app(older) as host:
        assert call(host, "price", {"article": "pen"})["structured"] == {"cents": 250}
        first = [method for method, _ in app.requests]
        assert call(host, "price", {"article": "ink"})["structured"] == {"cents": 250}
    assert first == ["POST"] * 4 + ["DELETE"]
    assert [method for method, _ in app.requests] == first * 2


def test_it_does_not_wait_for_the_end_of_a_stream_that_has_answered() -> None:
    event = b'data: {"jsonrpc": "2.0", "id": %s, "result": {"tools": [], "resultType": "complete", "ttlMs": 0, "cacheScope": "public"}}\n\n'

    def answer(request: Request) -> bytes:
        number = request.body.split(b'"id":')[1].split(b",")[0].strip(b" }")
        body = b': hello\n\ndata: {"jsonrpc": "2.0", "method": "notifications/tools/list_changed"}\n\n' + event % number
        return b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: 9999\r\n\r\n" + body

    with serving(answer) as server:
        tool._MODES.put(identity(Endpoint(f"http://{server.host}/mcp")), tool.MODERN)
        assert tool.discover("shop", around(server.host)) == ()


@pytest.mark.parametrize(
    ("status", "failure"), [(401, McpFailed), (404, McpFailed), (429, HttpThrottled), (503, HttpServerFailed), (307, UrlRefused)]
)
def test_it_tells_how_a_server_refused(status: int, failure: type[Exception]) -> None:
    with serving(lambda _: Reply(status, {"location": "http://127.0.0.1:1/mcp"})) as server, pytest.raises(failure):
        call(server.host, "price")


def test_it_tells_of_a_server_that_speaks_something_else() -> None:
    with serving(lambda _: Reply(200, {"content-type": "application/json"}, b"[]")) as server, pytest.raises(McpFailed):
        call(server.host, "price")


def test_it_ends_at_the_time_limit_however_slowly_a_server_answers() -> None:
    with serving(lambda _: Reply(200, {}, b"x" * 9999), drip_seconds=0.05) as server, pytest.raises(HttpTimedOut):
        run_tool("mcp.call", {"server": "shop", "tool": "price", "timeout_seconds": 0.3}, around(server.host))


def test_it_does_not_begin_without_time() -> None:
    with pytest.raises(HttpTimedOut, match="no time is left"):
        call("127.0.0.1:1", "price", seconds=0.5)


def test_it_tells_of_a_server_that_is_not_there() -> None:
    with pytest.raises(HostUnreachable):
        call("127.0.0.1:1", "price")


def test_it_gives_what_it_does_not_know_as_the_protocol_has_it() -> None:
    link = ResourceLink(type="resource_link", name="manual", uri="https://shop.example/manual")
    assert tool._block(link) == {"type": "resource_link", "name": "manual", "uri": "https://shop.example/manual"}


def test_it_tells_that_no_time_was_left_between_two_requests() -> None:
    guard = Guard(Endpoint("http://127.0.0.1:1"), Destinations(allowed_hosts=frozenset(("127.0.0.1",))), Deadline(-1))
    with pytest.raises(HttpTimedOut, match="no time is left"):
        guard._exchange("GET", "http://127.0.0.1:1/", {}, b"")


def test_it_finds_our_failure_in_what_an_sdk_raises() -> None:
    guard = Guard(Endpoint("http://127.0.0.1:1"), Destinations(), Deadline(1))
    ours = UrlRefused("no")
    assert broken(ours, guard) is ours
    assert broken(ExceptionGroup("a", [ValueError("x"), ExceptionGroup("b", [ours])]), guard) is ours
    assert isinstance(broken(ConnectionResetError(), guard), HostUnreachable)
    assert broken(ValueError("x"), guard) is None


def test_it_reads_many_pages_and_no_more_than_it_may() -> None:
    pages: list[str | None] = []

    class Endless:
        async def list_tools(self, *, cursor: str | None) -> ListToolsResult:
            pages.append(cursor)
            listed = [ListedTool(name=f"t{len(pages)}-{number}", input_schema={"type": "object"}) for number in range(30)]
            return ListToolsResult(tools=listed, next_cursor=f"c{len(pages)}", ttl_ms=0, cache_scope="public")

    endpoint = Endpoint("https://shop.example/mcp")
    found = event_loop.run(lambda: tool._list_tools("shop", endpoint, Endless()), seconds=5)  # type: ignore[arg-type]
    assert (len(found), len(pages), pages[:2]) == (tool.MAX_TOOLS, 17, [None, "c1"])


def test_it_goes_to_no_address_that_is_not_allowed(running: tuple[Shop, str]) -> None:
    arguments: JsonObject = {"server": f"http://{running[1]}/mcp", "tool": "price"}
    with pytest.raises(UrlRefused):
        run_tool("mcp.call", arguments, surroundings())
    inward = surroundings(destinations=Destinations(resolver=lambda _host, _port: ("169.254.169.254",)))
    with pytest.raises(UrlRefused):
        run_tool("mcp.call", {"server": "https://metadata.example/mcp", "tool": "price"}, inward)
    with pytest.raises(UrlRefused):
        run_tool("mcp.call", {"server": "shop", "tool": "price"}, replace(inward, mcp_servers={"shop": Endpoint("https://metadata.example/mcp")}))


def test_it_refuses_a_configured_url_that_cannot_be_read() -> None:
    with pytest.raises(UrlRefused):
        run_tool("mcp.call", {"server": "shop", "tool": "price"}, replace(surroundings(), mcp_servers={"shop": Endpoint("https://[shop/mcp")}))


def test_it_takes_a_url_that_is_allowed(running: tuple[Shop, str]) -> None:
    arguments: JsonObject = {"server": f"http://{running[1]}/mcp", "tool": "price", "arguments": {"article": "pen"}}
    assert run_tool("mcp.call", arguments, surroundings(running[1]))["structured"] == {"cents": 250}  # type: ignore[index,call-overload]


def test_it_says_which_servers_there_are() -> None:
    with pytest.raises(ArgumentsInvalid, match="no MCP server called store: it is one of shop, or a URL"):
        run_tool("mcp.call", {"server": "store", "tool": "price"}, around("127.0.0.1:1"))
    with pytest.raises(ArgumentsInvalid, match="none is configured"):
        run_tool("mcp.call", {"server": "store", "tool": "price"}, surroundings())


def test_it_refuses_an_answer_that_its_own_schema_refuses() -> None:
    server = MCPServer("liar")

    @server.tool()
    def count() -> int:
        """Says a number."""
        return 1

    async def text_for_number(scope: Scope, receive: Receive, send: Send) -> None:
        async def changed(message: Any) -> None:
            body = message.get("body", b"").replace(b'"result":1', b'"result":"one"')
            await send({**message, "body": body} if message["type"] == "http.response.body" else _without_length(message))

        await app(scope, receive, changed if scope["type"] == "http" else send)

    app = server.streamable_http_app(json_response=True)
    with serving_app(text_for_number) as host, pytest.raises(McpFailed, match="Invalid structured content"):
        call(host, "count")


def _without_length(message: Any) -> Any:
    return {**message, "headers": [(name, value) for name, value in message.get("headers", ()) if name != b"content-length"]}
