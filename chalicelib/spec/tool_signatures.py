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
    description: str = ""  # what an agent is told of it


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
    }
)
