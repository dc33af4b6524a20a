"""Commands on tools: tools."""

from typing import Any

from rich.console import Group

from cli import screen
from cli.api_client import Tool, ToolSource
from cli.session import AsOption, JsonOption, UrlOption, session, told

COLUMNS = {"name": "tool", "from": "from", "effect": "effect", "takes": "takes", "description": "does"}


def tools(url: UrlOption = None, person: AsOption = "", as_json: JsonOption = False) -> None:
    """Every tool: built in, of MCP servers, of imported APIs."""
    here = session(url, person, as_json)
    with told(here.err):
        found = here.api.tools_list_all()
        rows = [_row(tool) for tool in found["tools"]]
        notes = [f"{_source(each['source'])} is missing: {each['message']}" for each in found["missing"]]
        notes += [f"{found['left_out_count']} more do not fit the answer"] if found["left_out_count"] else []
        here.show(found, human=lambda: Group(screen.table_of(rows, COLUMNS), *notes))


def _row(tool: Tool) -> dict[str, Any]:
    """`takes` names the arguments, those that may be left out with a question mark."""
    arguments = tool["arguments"]
    needed = arguments.get("required", ())
    takes = [name if name in needed else f"{name}?" for name in arguments.get("properties", {})]
    first = tool["description"].partition("\n")[0]
    return {**tool, "from": _source(tool["source"]), "takes": ", ".join(takes), "description": first}


def _source(source: ToolSource) -> str:
    return "built in" if source["name"] is None else f"{source['kind']}:{source['name']}"
