"""Published workflows as MCP tools (Model Context Protocol, streamable HTTP, stateless, JSON mode).

In: one JSON-RPC message. Out: one reply with its HTTP status, or none for a notification. Speaks 2026-07-28, where each request stands alone, and the
versions with a handshake back to 2025-03-26, of which it keeps no session. Each published workflow is a tool; `run_status` asks for a run that took
longer than a call may.
Never: a session, a stream, an error of a workflow as an error of the protocol: models are to see and mend those.
"""

from dataclasses import dataclass
from typing import Final

from chalicelib.access.principal import Principal
from chalicelib.errors import SluiceError
from chalicelib.spec.canonical import canonical_json
from chalicelib.spec.model import Json, JsonObject
from chalicelib.store.run_records import Run
from chalicelib.store.statuses import RunStatus
from chalicelib.triggers.called_workflows import WAIT_SECONDS, Offer, call, find_offer, list_offers, outcome, wait_for
from chalicelib.triggers.json_rpc import INVALID_PARAMS, INVALID_REQUEST, METHOD_NOT_FOUND, RpcCall, RpcError, reply

STATELESS: Final = ("2026-07-28",)
HANDSHAKE: Final = ("2025-11-25", "2025-06-18", "2025-03-26")  # newest first
UNSUPPORTED_VERSION: Final = -32022
HEADER_MISMATCH: Final = -32020
HEADERS: Final = ("mcp-protocol-version", "mcp-method", "mcp-name")  # say again what the body says, for those who route by them
KEY: Final = "sluice/idempotency-key"  # in a call's `_meta`
RUN_STATUS: Final = "run_status"  # no workflow can be called so: their names have no underscore
_VERSION: Final = "io.modelcontextprotocol/protocolVersion"
_ENCODED: Final = "=?base64?"  # a name that no header can hold as it is; none of ours is such
_HTTP: Final = {INVALID_REQUEST: 400, HEADER_MISMATCH: 400, INVALID_PARAMS: 400, UNSUPPORTED_VERSION: 400, METHOD_NOT_FOUND: 404}
_INSTRUCTIONS: Final = (
    "Each tool runs a workflow. A run that takes longer than about 20 seconds answers with its run_id and status; ask for it with run_status. "
    "Runs may wait for people."
)
_SERVER: Final[JsonObject] = {"name": "sluice", "title": "Sluice", "version": "1"}
_CAPABILITIES: Final[JsonObject] = {"tools": {}}
_ASK_RUN: Final[JsonObject] = {
    "name": RUN_STATUS,
    "title": "Status of a run",
    "description": "Asks how a run stands that a workflow's tool started, waiting up to 20 seconds for its end.",
    "inputSchema": {
        "type": "object",
        "properties": {
            "run_id": {"type": "string", "description": "as a workflow's tool answered it"},
            "wait_seconds": {"type": "number", "minimum": 0, "maximum": 20, "default": 10},
        },
        "required": ["run_id"],
        "additionalProperties": False,
    },
    "annotations": {"readOnlyHint": True},
}


@dataclass(frozen=True, slots=True)
class McpReply:
    body: JsonObject | None
    status: int = 200


def serve(principal: Principal, message: RpcCall) -> McpReply:
    """Answer one message."""
    if message.is_notification:
        return McpReply(None, 202)
    version = message.members("_meta").get(_VERSION)
    if version is None:
        return McpReply(reply(message, _answer(principal, message)))
    if (contradiction := _contradiction(message, str(version))) is not None:
        return McpReply(reply(message, RpcError(HEADER_MISMATCH, f"the header {contradiction} says something else than the body")), 400)
    if version not in STATELESS:
        data: JsonObject = {"supported": [*STATELESS], "requested": version}
        return McpReply(reply(message, RpcError(UNSUPPORTED_VERSION, "Unsupported protocol version", data)), 400)
    found = _answer(principal, message)
    if isinstance(found, RpcError):
        return McpReply(reply(message, found), _HTTP.get(found.code, 200))
    return McpReply(reply(message, {"resultType": "complete", **_uncached(message.method), **found}))


def _contradiction(message: RpcCall, version: str) -> str | None:
    """A header that came and says something else than the body."""
    body = dict(zip(HEADERS, (version, message.method, message.text("name")), strict=True))
    given = {name: message.headers[name] for name in HEADERS if message.headers.get(name)}
    return next((name for name, value in given.items() if value != body[name] and not value.startswith(_ENCODED)), None)


def _answer(principal: Principal, message: RpcCall) -> JsonObject | RpcError:
    match message.method:
        case "initialize":
            return _initialize(message)
        case "server/discover":
            return {"supportedVersions": [*STATELESS], "capabilities": _CAPABILITIES, "instructions": _INSTRUCTIONS}
        case "ping":
            return {}
        case "tools/list":
            return _list_tools(principal, message)
        case "tools/call":
            return _call_tool(principal, message)
        case other:
            return RpcError(METHOD_NOT_FOUND, f"there is no method {other}")


def _uncached(method: str) -> JsonObject:
    """What lists say on how long they may be kept."""
    return {"ttlMs": 0, "cacheScope": "private"} if method in ("server/discover", "tools/list") else {}


def _initialize(message: RpcCall) -> JsonObject:
    """The version that the client asks for, if it is spoken here, else the newest."""
    asked = message.text("protocolVersion")
    version = asked if asked in HANDSHAKE else HANDSHAKE[0]
    return {"protocolVersion": version, "capabilities": _CAPABILITIES, "serverInfo": _SERVER, "instructions": _INSTRUCTIONS}


def _list_tools(principal: Principal, message: RpcCall) -> JsonObject | RpcError:
    try:
        page = list_offers(principal, cursor=message.text("cursor") or None)
    except SluiceError as error:
        return RpcError(INVALID_PARAMS, str(error))
    first: list[Json] = [] if message.text("cursor") else [_ASK_RUN]
    tools: list[Json] = [*first, *(_tool(offer) for offer in page.offers)]
    return {"tools": tools} | ({"nextCursor": page.cursor} if page.cursor else {})


def _tool(offer: Offer) -> JsonObject:
    return {"name": offer.name, "title": offer.title, "description": offer.description, "inputSchema": offer.input_schema}


def _call_tool(principal: Principal, message: RpcCall) -> JsonObject | RpcError:
    name, arguments = message.text("name"), message.members("arguments")
    try:
        if name == RUN_STATUS:
            return _told(principal, wait_for(principal, str(arguments.get("run_id", "")), seconds=_seconds(arguments.get("wait_seconds"))))
        offer = find_offer(principal, name)
        if offer is None:
            return RpcError(INVALID_PARAMS, f"there is no tool {name}; tools/list names them")
        return _told(principal, call(principal, offer, arguments, key=_key(principal, message)))
    except SluiceError as error:
        return {"content": [{"type": "text", "text": f"{error.code}: {error}"}], "isError": True}


def _seconds(asked: Json) -> float:
    return min(max(float(asked), 0.0), WAIT_SECONDS) if isinstance(asked, int | float) else WAIT_SECONDS / 2


def _key(principal: Principal, message: RpcCall) -> str | None:
    """One run for one key of one person, from the call's `_meta` or the header `Idempotency-Key`."""
    given = message.members("_meta").get(KEY) or message.key
    return f"mcp:{principal.person}:{given}" if given else None


def _told(principal: Principal, run: Run) -> JsonObject:
    told = outcome(principal, run)
    has_failed = run.status.is_terminal and run.status is not RunStatus.SUCCEEDED
    return {"content": [{"type": "text", "text": _text(told)}], "structuredContent": told, "isError": has_failed}


def _text(told: JsonObject) -> str:
    """What a model reads: the output itself, else all that is known of the run."""
    output = told.get("output")
    if output is None:
        again = f" Ask again with {RUN_STATUS}." if told["status"] in ("queued", "running", "waiting") else ""
        return canonical_json(told) + again
    return output if isinstance(output, str) else canonical_json(output)
