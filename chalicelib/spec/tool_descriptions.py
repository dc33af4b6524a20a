"""What each tool does, in a sentence or two: for agents, for the palette, for lists.

In: nothing. Out: `TOOL_DESCRIPTIONS` by tool name; a test holds it against `TOOL_SIGNATURES`.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

_ASKS: Final = "Makes one HTTP request and gives status, headers and body"
TOOL_DESCRIPTIONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "http.get": f"{_ASKS} (GET: reads).",
        "http.head": f"{_ASKS} (HEAD: the headers alone).",
        "http.options": f"{_ASKS} (OPTIONS).",
        "http.post": f"{_ASKS} (POST: creates or triggers something).",
        "http.put": f"{_ASKS} (PUT: replaces something).",
        "http.patch": f"{_ASKS} (PATCH: changes something).",
        "http.delete": f"{_ASKS} (DELETE: removes something).",
        "json.pick": "Picks a value out of JSON by its path.",
        "text.template": "Fills values into a text.",
        "math": "Calculates an arithmetic expression exactly.",
        "time.now": "Tells the date and time, in any time zone, or a time before or after now.",
        "kv.get": "Reads a value that was kept under a key before.",
        "kv.put": "Keeps a value under a key, in place of what was there.",
        "csv.parse": "Reads comma-separated text as rows.",
        "mcp.call": "Calls a tool of an MCP server.",
        "a2a.send": "Sends a message to another agent, and gives its answer or the task that it has begun.",
        "a2a.get": "Asks another agent how a task stands.",
        "a2a.cancel": "Asks another agent to stop a task.",
        "sql.query": "Reads rows from a database.",
        "sql.execute": "Changes rows of a database.",
        "channel.send": "Sends a text to people.",
        "memory.search": "Searches what was remembered before, best fit first.",
        "memory.put": "Remembers a text, to be found by search later.",
        "memory.delete": "Forgets a remembered text.",
        "openapi.call": "Calls an operation of an imported API.",
    }
)
