"""The tool `text.template`: values into a text.

In: `{template, values}`. Out: `{text}`. `{name}` and `{name.field}` stand for values: strings verbatim, other values as JSON, null as nothing;
`{{` and `}}` stand for braces. A name that the values lack is an error, since a letter with a hole in it is worse than none.
"""

import json
import re
from typing import Final

from chalicelib.spec.model import Json, JsonObject
from chalicelib.tools.failures import ArgumentsInvalid, BodyTooLarge
from chalicelib.tools.tool import Surroundings, Tool

MAX_TEXT: Final = 1_048_576
_PART: Final = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")


def text_template_tool() -> Tool:
    return Tool("text.template", _run)


def _run(arguments: JsonObject, _surroundings: Surroundings) -> Json:
    template, values = str(arguments["template"]), arguments.get("values") or {}
    pieces: list[str] = []
    at = size = 0
    for found in _PART.finditer(template):
        pieces.extend((template[at : found.start()], _piece(found, values)))
        at = found.end()
        size += len(pieces[-1]) + len(pieces[-2])
        if size > MAX_TEXT:
            raise BodyTooLarge(f"the text is longer than {MAX_TEXT} characters")
    return {"text": "".join([*pieces, template[at:]])}


def _piece(found: re.Match[str], values: Json) -> str:
    match found.group():
        case "{{":
            return "{"
        case "}}":
            return "}"
        case "{" | "}":
            raise ArgumentsInvalid(f"the template has a single brace at character {found.start() + 1}; double it if it is meant as a brace")
        case _:
            return _as_text(_look_up(found[1].strip(), values))


def _look_up(path: str, values: Json) -> Json:
    value = values
    for name in path.split("."):
        if isinstance(value, dict) and name in value:
            value = value[name]
        elif isinstance(value, list) and name.isdecimal() and int(name) < len(value):
            value = value[int(name)]
        else:
            raise ArgumentsInvalid(f"the template names {path or 'nothing'}, which the values do not have")
    return value


def _as_text(value: Json) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
