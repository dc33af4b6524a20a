"""The tool `json.pick`: one value out of JSON.

In: `{value, path, default}`; a text that holds JSON is read first. Out: `{value, found}`. The path is fields and indexes, `items[0].name`, also
`["a field"]` and `[-1]` from the end; nothing else, so that it always ends.
"""

import json
import re
from typing import Final

from chalicelib.spec.model import Json, JsonObject
from chalicelib.tools.failures import ArgumentsInvalid
from chalicelib.tools.tool import Surroundings, Tool

MAX_STEPS: Final = 64
_STEP: Final = re.compile(r"\.?(?P<field>[^.\[\]\"]+)|\[(?P<index>-?\d{1,9})\]|\[(?P<quoted>\"(?:[^\"\\]|\\.)*\")\]")


def json_pick_tool() -> Tool:
    return Tool("json.pick", _run)


def _run(arguments: JsonObject, _surroundings: Surroundings) -> Json:
    value = _read(arguments["value"])
    for step in parse_path(str(arguments["path"])):
        match value, step:
            case dict(), str() if step in value:
                value = value[step]
            case list(), int() if -len(value) <= step < len(value):
                value = value[step]
            case _:
                return {"value": arguments.get("default"), "found": False}
    return {"value": value, "found": True}


def parse_path(text: str) -> tuple[str | int, ...]:
    """The steps of a path. Raises ArgumentsInvalid."""
    at = 1 if text.startswith("$") else 0
    steps: list[str | int] = []
    while at < len(text):
        found = _STEP.match(text, at)
        if found is None or len(steps) >= MAX_STEPS:
            raise ArgumentsInvalid(f"the path cannot be read at character {at + 1}: write fields and indexes, such as items[0].name")
        steps.append(_step(found))
        at = found.end()
    return tuple(steps)


def _step(found: re.Match[str]) -> str | int:
    if found["index"] is not None:
        return int(found["index"])
    if found["quoted"] is not None:
        return str(json.loads(found["quoted"]))
    return found["field"]


def _read(value: Json) -> Json:
    if not isinstance(value, str):
        return value
    try:
        read: Json = json.loads(value)
    except (ValueError, RecursionError):
        return value
    return read
