"""All tools that there are, wherever they come from.

In: who asks. Out: `ToolList`: built-in tools, those of the configured MCP servers and those of imported APIs, each with its schemas, its default
effect and how a `tool_call` calls it; and for each source that could not be asked, why. Servers are asked side by side, and not for long.
What a server or a document says of its tools is text from outside.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final, Literal

from pydantic import TypeAdapter

from chalicelib.access.principal import Principal
from chalicelib.errors import SluiceError
from chalicelib.settings import settings
from chalicelib.spec.effects import Effect
from chalicelib.spec.model import JsonObject
from chalicelib.spec.native_tools import NATIVE_DESCRIPTIONS, NATIVE_SIGNATURES
from chalicelib.spec.tool_descriptions import TOOL_DESCRIPTIONS
from chalicelib.spec.tool_signatures import TOOL_SIGNATURES
from chalicelib.tools import mcp
from chalicelib.tools.openapi import Operation
from chalicelib.workflows import errands, imported_apis, tool_reach

DISCOVERY_SECONDS: Final = 6.0
MAX_APIS: Final = 50
_LISTED: Final[TypeAdapter[tuple[mcp.DiscoveredTool, ...]]] = TypeAdapter(tuple[mcp.DiscoveredTool, ...])
_SAFE: Final = frozenset(("get", "head", "options"))

Kind = Literal["built_in", "mcp", "openapi"]


@dataclass(frozen=True, slots=True)
class ListedTool:
    """`call` is what a node writes to call it: `{tool, with}`; what is left to fill in is in `arguments`."""

    name: str
    kind: Kind
    source: str | None
    description: str
    arguments: JsonObject
    output: JsonObject | None
    effect: Effect
    call: JsonObject


@dataclass(frozen=True, slots=True)
class Missing:
    """A source whose tools are not listed."""

    kind: Kind
    source: str
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class ToolList:
    tools: tuple[ListedTool, ...]
    missing: tuple[Missing, ...] = ()


def list_tools(principal: Principal) -> ToolList:
    """Built-in ones first, then by source."""
    found: list[ListedTool | Missing] = [*_built_in(), *_native(), *_of_servers(), *_of_apis(principal)]
    tools = tuple(each for each in found if isinstance(each, ListedTool))
    return ToolList(tools, tuple(each for each in found if isinstance(each, Missing)))


def _built_in() -> Iterator[ListedTool]:
    for name, signature in TOOL_SIGNATURES.items():
        call: JsonObject = {"tool": name}
        yield ListedTool(name, "built_in", None, TOOL_DESCRIPTIONS[name], signature.arguments, signature.output, signature.effect, call)


def _native() -> Iterator[ListedTool]:
    """What the engine calls itself, where that is switched on."""
    for name, signature in NATIVE_SIGNATURES.items() if settings().native_tools else ():
        call: JsonObject = {"tool": name}
        yield ListedTool(name, "built_in", None, NATIVE_DESCRIPTIONS[name], signature.arguments, None, signature.effect, call)


def _of_servers() -> Iterator[ListedTool | Missing]:
    names = sorted(tool_reach.mcp_servers())
    if not names:
        return
    with ThreadPoolExecutor(len(names[:16]), thread_name_prefix="discovery") as pool:
        for found in pool.map(_of_server, names):
            yield from found


def _of_server(name: str) -> list[ListedTool | Missing]:
    try:
        if settings().mcp_servers[name].names_secrets:
            return _by_errand(name)
        return [_mcp_tool(tool) for tool in mcp.discover(name, tool_reach.outlook(DISCOVERY_SECONDS + 1))]
    except SluiceError as error:
        return [Missing("mcp", name, error.code, str(error))]


def _by_errand(name: str) -> list[ListedTool | Missing]:
    """Of a server that is asked with secrets: by who may read them."""
    answer = errands.ask(errands.ListTools(server=name))
    error = answer.get("error")
    if isinstance(error, dict):
        return [Missing("mcp", name, str(error.get("code")), str(error.get("message")))]
    return [_mcp_tool(tool) for tool in _LISTED.validate_python(answer.get("result") or ())]


def _mcp_tool(tool: mcp.DiscoveredTool) -> ListedTool:
    """A server's word that a tool only reads is no promise: its effect stays what `mcp.call` has."""
    call: JsonObject = {"tool": "mcp.call", "with": {"server": tool.server, "tool": tool.name}}
    name = f"{tool.server}.{tool.name}"
    return ListedTool(name, "mcp", tool.server, tool.description, tool.input_schema, tool.output_schema, Effect.EXTERNAL, call)


def _of_apis(principal: Principal) -> Iterator[ListedTool | Missing]:
    records, _ = imported_apis.list_apis(principal, limit=MAX_APIS)
    for record in records:
        try:
            operations = imported_apis.get_api(principal, record.name).operations
        except SluiceError as error:
            yield Missing("openapi", record.name, error.code, str(error))
        else:
            yield from (_operation(record.name, operation) for operation in operations.values())


def _operation(api: str, operation: Operation) -> ListedTool:
    call: JsonObject = {"tool": "openapi.call", "with": {"api": api, "operation": operation.name}}
    effect = Effect.NONE if operation.method in _SAFE else Effect.EXTERNAL
    said = "\n".join((operation.description, *(f"Needs {each}" for each in operation.auth)))
    name = f"{api}.{operation.name}"
    return ListedTool(name, "openapi", api, said, operation.arguments, TOOL_SIGNATURES["openapi.call"].output, effect, call)
