"""The tool `mcp.call`, and what an MCP server offers: the official SDK over streamable HTTP, through our guard.

In: a server (a configured name, or a URL that is allowed), a tool's name and its arguments. Out: what the tool gave; for `discover` the server's
tools with their schemas. The first contact asks which protocol the server speaks (2026-07-28, else the older handshake), later ones know.
A tool is listed before it is called: its arguments are checked against its schema, and an unknown tool is told before anything happens.
What a server says of its tools is text from outside. Never: a call sent twice.
"""

import base64
import hashlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeVar

from chalicelib.spec.canonical import canonical_json
from chalicelib.spec.model import Json, JsonObject
from chalicelib.tools import event_loop
from chalicelib.tools.failures import ArgumentsInvalid, HttpTimedOut, McpFailed, ToolChanged, ToolFailure, ToolUnknown
from chalicelib.tools.guard import MARGIN_SECONDS, Guard, broken, endpoint_of, httpx2_client, identity, open_guard
from chalicelib.tools.ports import Endpoint
from chalicelib.tools.schema_check import faults
from chalicelib.tools.tool import Surroundings, Tool
from chalicelib.tools.ttl_cache import TtlCache

if TYPE_CHECKING:
    from mcp import Client

MODERN: Final = "2026-07-28"
DEFAULT_SECONDS: Final = 30.0
MAX_TOOLS: Final = 500
MAX_DESCRIPTION: Final = 4_000
CACHED_SECONDS: Final = 300.0
_MAX_PAGES: Final = 20
_KEY_IN_META: Final = "io.sluice/idempotency-key"
_TOLD: Final = 2_000  # characters of a foreign failure

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class DiscoveredTool:
    """A tool as its server describes it. `is_read_only` is the server's word, no promise; `parts`: digests of all it says, by what it is about."""

    server: str
    name: str
    description: str
    input_schema: JsonObject
    output_schema: JsonObject | None = None
    is_read_only: bool = False
    parts: Mapping[str, str] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """Of the whole definition."""
        return _digest({**self.parts})

    def retold(self, tell: Callable[[Json], Json]) -> "DiscoveredTool":
        """The same after `tell` went over all that the server says. The tool's name stays: it is what is called."""
        description, arguments, output = tell(self.description), tell(self.input_schema), tell(self.output_schema)
        return replace(
            self,
            description=str(description),
            input_schema=arguments if isinstance(arguments, dict) else {},
            output_schema=output if isinstance(output, dict) else None,
        )


_TOOLS: Final[TtlCache[tuple[DiscoveredTool, ...]]] = TtlCache(seconds=CACHED_SECONDS, size=64)
_MODES: Final[TtlCache[str]] = TtlCache(seconds=3600.0, size=256)


def mcp_tools() -> tuple[Tool, ...]:
    return (Tool("mcp.call", _run),)


def forget_servers() -> None:
    """Ask servers anew from now on what they are."""
    _TOOLS.clear()
    _MODES.clear()


def discover(server: str, surroundings: Surroundings, *, seconds: float = DEFAULT_SECONDS, anew: bool = False) -> tuple[DiscoveredTool, ...]:
    """What a server offers; known for some minutes, unless it is asked `anew`. Raises a ToolFailure."""
    endpoint = endpoint_of(server, surroundings.mcp_servers, kind="MCP server")
    kept = None if anew else _TOOLS.get(identity(endpoint))
    return kept if kept is not None else _within(server, endpoint, surroundings, seconds, partial(_list_tools, server, endpoint))


def call_pinned(digest: str, arguments: JsonObject, surroundings: Surroundings) -> Json:
    """As `mcp.call`, if the server still says of the tool what that digest is of. Raises ToolChanged, and then nothing was called."""
    return _run(arguments, surroundings, digest=digest)


def _run(arguments: JsonObject, surroundings: Surroundings, *, digest: str | None = None) -> Json:
    server = str(arguments["server"])
    endpoint = endpoint_of(server, surroundings.mcp_servers, kind="MCP server")
    wanted = arguments.get("timeout_seconds")
    seconds = float(wanted) if isinstance(wanted, int | float) else DEFAULT_SECONDS
    given = arguments.get("arguments")
    call = _Call(server, endpoint, str(arguments["tool"]), given if isinstance(given, dict) else {}, surroundings.idempotency_key, digest)
    return _within(server, endpoint, surroundings, seconds, partial(_call_tool, call))


@dataclass(frozen=True, slots=True)
class _Call:
    server: str
    endpoint: Endpoint
    tool: str
    arguments: JsonObject
    key: str
    digest: str | None  # of the definition by which it was judged


def _within(server: str, endpoint: Endpoint, surroundings: Surroundings, seconds: float, use: "Callable[[Client], Awaitable[Result]]") -> Result:
    """What `use` gives of a connected client. Everything that an SDK may raise comes out as a ToolFailure."""
    left = min(seconds, surroundings.seconds_left() - MARGIN_SECONDS)
    guard = open_guard(server, endpoint, surroundings.mcp_servers, destinations=surroundings.destinations, seconds=left)
    try:
        return event_loop.run(lambda: _connected(endpoint, guard, use), seconds=left)
    except HttpTimedOut as failure:
        raise (guard.failure or failure) from failure
    except ToolFailure:
        raise
    except Exception as error:
        _MODES.drop(identity(endpoint))
        raise _retold(error, guard) from error


async def _connected(endpoint: Endpoint, guard: Guard, use: "Callable[[Client], Awaitable[Result]]") -> Result:
    from mcp import Client
    from mcp.client.streamable_http import streamable_http_client

    outcome: list[Result] = []
    failures: list[ToolFailure] = []
    async with httpx2_client(guard) as http:
        mode = _MODES.get(identity(endpoint)) or "auto"
        async with Client(streamable_http_client(endpoint.url, http_client=http), mode=mode, cache=None) as client:
            _MODES.put(identity(endpoint), MODERN if client.protocol_version == MODERN else "legacy")
            try:
                outcome.append(await use(client))
            except ToolFailure as failure:  # raised inside, it would come out in a group
                failures.append(failure)
    if failures:
        raise failures[0]
    return outcome[0]


async def _list_tools(server: str, endpoint: Endpoint, client: "Client") -> tuple[DiscoveredTool, ...]:
    found: list[DiscoveredTool] = []
    cursor: str | None = None
    for _ in range(_MAX_PAGES):
        page = await client.list_tools(cursor=cursor)
        found += [_discovered(server, tool) for tool in page.tools]
        cursor = page.next_cursor
        if not cursor or len(found) >= MAX_TOOLS:
            break
    listed = tuple(found[:MAX_TOOLS])
    _TOOLS.put(identity(endpoint), listed)
    return listed


async def _call_tool(call: _Call, client: "Client") -> Json:
    listed = {tool.name: tool for tool in await _list_tools(call.server, call.endpoint, client)}
    if call.tool not in listed:
        raise ToolUnknown(f"{call.server} has no tool {call.tool}: it has {', '.join(sorted(listed)[:20]) or 'none'}")
    if call.digest is not None and listed[call.tool].digest != call.digest:
        raise ToolChanged(f"{call.server} says something else of {call.tool} than when the call was judged; it was not made")
    wrong = faults(listed[call.tool].input_schema, call.arguments)
    if wrong:
        raise ArgumentsInvalid(f"{call.tool}: {'; '.join(wrong)}")
    meta: Any = {_KEY_IN_META: call.key}
    result = await client.call_tool(call.tool, call.arguments, meta=meta)
    content = [_block(block) for block in result.content]
    text = "\n".join(str(block["text"]) for block in content if block["type"] == "text")
    if result.is_error:
        raise McpFailed(f"{call.tool} failed: {text[:_TOLD] or 'it does not say why'}")
    return {"text": text, "structured": result.structured_content, "content": [*content]}


def _discovered(server: str, tool: Any) -> DiscoveredTool:
    hints = tool.annotations
    return DiscoveredTool(
        server=server,
        name=tool.name,
        description=(tool.description or tool.title or "")[:MAX_DESCRIPTION],
        input_schema=dict(tool.input_schema),
        output_schema=dict(tool.output_schema) if tool.output_schema else None,
        is_read_only=bool(hints is not None and hints.read_only_hint),
        parts={
            "description": _digest([tool.title, tool.description]),
            "arguments": _digest(tool.input_schema),
            "output": _digest(tool.output_schema),
            "hints": _digest(None if hints is None else hints.model_dump(mode="json")),
        },
    )


def _digest(said: Any) -> str:
    return hashlib.sha256(canonical_json(said).encode()).hexdigest()


def _block(block: Any) -> JsonObject:
    """A content block as JSON; what is no text, image or audio stays as the protocol has it."""
    match block.type:
        case "text":
            return {"type": "text", "text": block.text}
        case "image" | "audio":
            return {"type": block.type, "media_type": block.mime_type, "base64": _base64(block.data)}
        case _:
            plain: JsonObject = block.model_dump(mode="json", by_alias=True, exclude_none=True)
            return plain


def _base64(data: str | bytes) -> str:
    return data if isinstance(data, str) else base64.b64encode(data).decode("ascii")


def _retold(error: Exception, guard: Guard) -> ToolFailure:
    from mcp.shared.exceptions import MCPError

    known = broken(error, guard)
    if known is not None:
        return known
    told = _first(error, MCPError)
    if guard.status:
        return McpFailed(f"the server answered {guard.status}{f': {told}'[:_TOLD] if told else ''}")
    return McpFailed(f"the server does not keep to the protocol: {str(told or _leaf(error))[:_TOLD]}")


def _leaf(error: BaseException) -> BaseException:
    """What was first in a group, at the bottom of it."""
    return _leaf(error.exceptions[0]) if isinstance(error, BaseExceptionGroup) else error


def _first(error: BaseException, kind: type[Exception]) -> BaseException | None:
    if isinstance(error, kind):
        return error
    inner = error.exceptions if isinstance(error, BaseExceptionGroup) else ()
    return next((found for each in inner if (found := _first(each, kind))), None)
