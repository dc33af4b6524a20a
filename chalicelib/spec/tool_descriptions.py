"""What each built-in tool does, in a sentence for people and for models.

In: nothing. Out: `TOOL_DESCRIPTIONS` by tool name; the names are those of `tool_signatures` (a test compares them).
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

_REQUEST: Final = "Sends a {} request to an allowed https URL and gives status, headers and body."

TOOL_DESCRIPTIONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        **{f"http.{method}": _REQUEST.format(method.upper()) for method in ("get", "head", "options", "post", "put", "patch", "delete")},
        "json.pick": "Picks one value out of JSON by its path.",
        "text.template": "Fills values into a text.",
        "math": "Calculates an expression exactly as written.",
        "time.now": "Tells the date and the time, now or some seconds from now, in a time zone.",
        "kv.get": "Reads a value that the workflow kept under a key.",
        "kv.put": "Keeps a value under a key for later runs of the workflow.",
        "csv.parse": "Reads a table out of CSV text.",
        "mcp.call": "Calls a tool of an MCP server.",
        "a2a.send": "Says something to an agent elsewhere; gives its message, or a task to ask for later.",
        "a2a.get": "Asks an agent elsewhere how a task of its stands.",
        "a2a.cancel": "Asks an agent elsewhere to give a task up.",
        "sql.query": "Reads rows from a configured database with one SQL query.",
        "sql.execute": "Changes rows of a configured database with one SQL statement.",
        "channel.send": "Sends a text to people.",
        "memory.search": "Finds what was remembered in words, best first.",
        "memory.put": "Remembers a text, with JSON beside it, for later.",
        "memory.delete": "Forgets what was remembered under a key.",
        "openapi.call": "Calls an operation of an imported API.",
    }
)
