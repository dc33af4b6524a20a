"""What each tool takes, gives and does: JSON Schemas of arguments and output, and the default effect.

In: nothing. Out: `TOOL_SIGNATURES` by tool name. `tools` runs them under these schemas, the compiler reads outputs and effects from them.
A schema `{}` is any JSON: what lies below is unknown.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from chalicelib.spec.effects import Effect
from chalicelib.spec.model import Json, JsonObject


@dataclass(frozen=True, slots=True)
class ToolSignature:
    """`arguments` and `output` are JSON Schemas (Draft 2020-12) of objects; `effect` is what a node has that declares none."""

    arguments: JsonObject
    output: JsonObject
    effect: Effect


_TEXT: Final[JsonObject] = {"type": "string"}
_ANY: Final[JsonObject] = {}


def _object(properties: JsonObject, *, required: str = "") -> JsonObject:
    names: list[Json] = list(required.split())
    return {"type": "object", "properties": properties, "required": names, "additionalProperties": False}


_REQUEST: Final[JsonObject] = {
    "url": {"type": "string", "description": "https, without user info"},
    "query": {"type": "object", "description": "added to the URL; null is left out, a list repeats its name"},
    "headers": {"type": "object", "description": "null is left out"},
    "timeout_seconds": {"type": "number", "exclusiveMinimum": 0, "maximum": 10},
}
_REQUEST_BODY: Final[JsonObject] = {
    "json": {"description": "sent as application/json"},
    "text": {"type": "string", "description": "sent as text/plain"},
    "form": {"type": "object", "description": "sent as application/x-www-form-urlencoded"},
}
_RESPONSE: Final = _object(
    {
        "status": {"type": "integer"},
        "headers": {"type": "object", "additionalProperties": _TEXT},
        "body": {"description": "parsed where it is JSON, else the text, or {base64} where it is neither"},
    },
    required="status headers body",
)


def _http(*, changes: bool) -> ToolSignature:
    body = _REQUEST_BODY if changes else {}
    return ToolSignature(_object({**_REQUEST, **body}, required="url"), _RESPONSE, Effect.EXTERNAL if changes else Effect.NONE)


_SECONDS: Final[JsonObject] = {"type": "number", "exclusiveMinimum": 0, "maximum": 120}
_SCOPE: Final[JsonObject] = {"enum": ["workflow", "organisation"], "type": "string", "description": "whose memory; the workflow's if left out"}
_MEMORY_KEY: Final[JsonObject] = {"type": "string", "minLength": 1, "maxLength": 200}
_AGENT: Final[JsonObject] = {"type": "string", "minLength": 1, "description": "the name of a configured agent, or its URL"}
_AGENT_SAYS: Final = _object(
    {
        "task_id": {"type": ["string", "null"], "description": "null where the agent answered with a message at once"},
        "context_id": {"type": ["string", "null"]},
        "state": {
            "type": "string",
            "description": "submitted, working, input_required, auth_required, completed, failed, cancelled, rejected or unknown",
        },
        "is_final": {"type": "boolean", "description": "whether asking again would give nothing new"},
        "text": _TEXT,
        "data": {"type": "array", "description": "the JSON parts of the answer"},
    },
    required="task_id context_id state is_final text data",
)
_STATEMENT: Final[JsonObject] = {
    "source": {"type": "string", "minLength": 1, "description": "the name of a configured database"},
    "query": {"type": "string", "minLength": 1, "maxLength": 100_000, "description": "one statement; `:name` stands for a parameter"},
    "parameters": {"type": "object", "description": "values by name; `:idempotency_key` is bound by itself"},
    "timeout_seconds": {"type": "number", "exclusiveMinimum": 0, "maximum": 60},
}

TOOL_SIGNATURES: Final[Mapping[str, ToolSignature]] = MappingProxyType(
    {
        **{f"http.{method}": _http(changes=False) for method in ("get", "head", "options")},
        **{f"http.{method}": _http(changes=True) for method in ("post", "put", "patch", "delete")},
        "json.pick": ToolSignature(
            _object(
                {
                    "value": {"description": "what to pick from; a text that holds JSON is read first"},
                    "path": {"type": "string", "description": "fields and indexes: `items[0].name`"},
                    "default": {"description": "what to give where the path leads nowhere; null if left out"},
                },
                required="value path",
            ),
            _object({"value": _ANY, "found": {"type": "boolean"}}, required="value found"),
            Effect.NONE,
        ),
        "text.template": ToolSignature(
            _object(
                {
                    "template": {"type": "string", "description": "`{name}` and `{name.field}` stand for values; `{{` and `}}` for braces"},
                    "values": {"type": "object"},
                },
                required="template",
            ),
            _object({"text": _TEXT}, required="text"),
            Effect.NONE,
        ),
        "math": ToolSignature(
            _object(
                {
                    "expression": {
                        "type": "string",
                        "description": "numbers, names of values, + - * / % **, min, max, abs, round, floor, ceil, sqrt",
                    },
                    "values": {"type": "object", "additionalProperties": {"type": "number"}},
                },
                required="expression",
            ),
            _object({"value": {"type": "number"}}, required="value"),
            Effect.NONE,
        ),
        "time.now": ToolSignature(
            _object(
                {
                    "timezone": {"type": "string", "description": "an IANA name; UTC if left out"},
                    "plus_seconds": {"type": "number", "description": "a time from now, or before now if negative"},
                }
            ),
            _object(
                {
                    "at": {"type": "string", "format": "date-time"},
                    "date": {"type": "string", "format": "date"},
                    "time": {"type": "string", "description": "hh:mm:ss"},
                    "weekday": {"type": "string", "description": "monday to sunday"},
                    "epoch_seconds": {"type": "integer"},
                },
                required="at date time weekday epoch_seconds",
            ),
            Effect.NONE,
        ),
        "kv.get": ToolSignature(
            _object({"key": {"type": "string", "minLength": 1, "maxLength": 200}, "default": _ANY}, required="key"),
            _object({"key": _TEXT, "value": _ANY, "found": {"type": "boolean"}}, required="key value found"),
            Effect.NONE,
        ),
        "kv.put": ToolSignature(
            _object({"key": {"type": "string", "minLength": 1, "maxLength": 200}, "value": _ANY}, required="key value"),
            _object({"key": _TEXT}, required="key"),
            Effect.WRITE,
        ),
        "csv.parse": ToolSignature(
            _object(
                {
                    "text": _TEXT,
                    "delimiter": {"type": "string", "minLength": 1, "maxLength": 1, "description": "found out if left out"},
                    "header": {"type": "boolean", "default": True, "description": "whether the first row names the columns"},
                    "numbers": {"type": "boolean", "default": True, "description": "whether cells that read as numbers become numbers"},
                },
                required="text",
            ),
            _object(
                {
                    "columns": {"type": "array", "items": _TEXT},
                    "rows": {"type": "array", "items": {"type": "object"}, "description": "objects by column; without a header c1, c2, …"},
                    "count": {"type": "integer"},
                },
                required="columns rows count",
            ),
            Effect.NONE,
        ),
        "mcp.call": ToolSignature(
            _object(
                {
                    "server": {"type": "string", "minLength": 1, "description": "the name of a configured MCP server, or its URL"},
                    "tool": {"type": "string", "minLength": 1, "maxLength": 256},
                    "arguments": {"type": "object"},
                    "timeout_seconds": _SECONDS,
                },
                required="server tool",
            ),
            _object(
                {
                    "text": _TEXT,
                    "structured": {"description": "what the tool gives as JSON, else null"},
                    "content": {"type": "array", "items": {"type": "object"}, "description": "the blocks of the answer, by `type`"},
                },
                required="text structured content",
            ),
            Effect.EXTERNAL,
        ),
        "a2a.send": ToolSignature(
            _object(
                {
                    "agent": _AGENT,
                    "text": _TEXT,
                    "data": {"description": "JSON beside the text"},
                    "task_id": {"type": "string", "description": "a task that waits for this"},
                    "context_id": {"type": "string", "description": "the conversation that this belongs to"},
                    "timeout_seconds": _SECONDS,
                },
                required="agent",
            ),
            _AGENT_SAYS,
            Effect.EXTERNAL,
        ),
        "a2a.get": ToolSignature(
            _object({"agent": _AGENT, "task_id": _TEXT, "timeout_seconds": _SECONDS}, required="agent task_id"), _AGENT_SAYS, Effect.NONE
        ),
        "a2a.cancel": ToolSignature(
            _object({"agent": _AGENT, "task_id": _TEXT, "timeout_seconds": _SECONDS}, required="agent task_id"), _AGENT_SAYS, Effect.EXTERNAL
        ),
        "sql.query": ToolSignature(
            _object(
                {**_STATEMENT, "max_rows": {"type": "integer", "minimum": 1, "maximum": 1000, "description": "100 if left out"}},
                required="source query",
            ),
            _object(
                {
                    "columns": {"type": "array", "items": _TEXT},
                    "rows": {"type": "array", "items": {"type": "object"}, "description": "objects by column"},
                    "count": {"type": "integer"},
                    "truncated": {"type": "boolean", "description": "whether there are more rows"},
                    "limit": {"type": ["string", "null"], "description": "what cut the rows off"},
                },
                required="columns rows count truncated limit",
            ),
            Effect.NONE,
        ),
        "sql.execute": ToolSignature(
            _object(_STATEMENT, required="source query"),
            _object({"count": {"type": "integer", "description": "rows that changed"}}, required="count"),
            Effect.WRITE,
        ),
        "channel.send": ToolSignature(
            _object(
                {
                    "text": {"type": "string", "minLength": 1, "maxLength": 20_000},
                    "to": {"type": "string", "description": "an address, a person or a role; whoever watches, if left out"},
                    "channels": {"type": "array", "items": _TEXT, "maxItems": 5},
                },
                required="text",
            ),
            _object({"message_id": _TEXT}, required="message_id"),
            Effect.NOTIFY,
        ),
        "memory.search": ToolSignature(
            _object(
                {
                    "query": {"type": "string", "minLength": 1, "maxLength": 2_000},
                    "scope": _SCOPE,
                    "limit": {"type": "integer", "minimum": 1, "maximum": 20, "description": "5 if left out"},
                },
                required="query",
            ),
            _object(
                {"entries": {"type": "array", "items": {"type": "object"}, "description": "key, text, data, tags, score, put_at; best first"}},
                required="entries",
            ),
            Effect.NONE,
        ),
        "memory.put": ToolSignature(
            _object(
                {
                    "text": {"type": "string", "minLength": 1, "maxLength": 4_000},
                    "tags": {"type": "array", "maxItems": 16, "items": {"type": "string", "minLength": 1, "maxLength": 64}},
                    "key": {**_MEMORY_KEY, "description": "what it replaces, if it is there; made from the text if left out"},
                    "data": {"description": "JSON beside the text, 8,000 characters at most"},
                    "scope": _SCOPE,
                },
                required="text",
            ),
            _object({"key": _TEXT}, required="key"),
            Effect.WRITE,
        ),
        "memory.delete": ToolSignature(
            _object({"key": _MEMORY_KEY, "scope": _SCOPE}, required="key"),
            _object({"key": _TEXT, "deleted": {"type": "boolean"}}, required="key deleted"),
            Effect.WRITE,
        ),
        "openapi.call": ToolSignature(
            _object(
                {
                    "api": {"type": "string", "minLength": 1, "description": "the name of an imported API"},
                    "operation": {"type": "string", "minLength": 1, "maxLength": 256},
                    "arguments": {"type": "object", "description": "parameters by name; `body` is the request's body"},
                    "headers": {"type": "object", "description": "such as credentials"},
                    "timeout_seconds": {"type": "number", "exclusiveMinimum": 0, "maximum": 10},
                },
                required="api operation",
            ),
            _RESPONSE,
            Effect.EXTERNAL,
        ),
    }
)
