"""A call of an imported operation as a call of an http tool.

In: an operation, arguments that satisfy its schema, headers. Out: the http tool's arguments, each parameter written in its place as OpenAPI says.
Pure. Never: a path that climbs out of its template.
"""

import json
import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

from chalicelib.spec.model import Json, JsonObject
from chalicelib.tools.failures import ArgumentsInvalid
from chalicelib.tools.openapi import BODY, Operation, Place

_HOLE: Final = re.compile(r"\{([^{}]+)\}")


def request_of(operation: Operation, arguments: JsonObject, headers: Mapping[str, Json]) -> JsonObject:
    """What the tool `http.<method>` takes, of arguments that satisfy the operation's schema. Raises ArgumentsInvalid."""
    holes: dict[str, str] = {}
    query: JsonObject = {}
    sent: JsonObject = dict(headers)
    for argument, place in operation.places.items():
        value = arguments.get(argument)
        if value is None:
            continue
        match place.where:
            case "path":
                holes[place.name] = _path_text(argument, value)
            case "query":
                query |= _query_members(place, value)
            case "header":
                sent[place.name] = _joined(value, ",")
    url = _HOLE.sub(lambda hole: holes.get(hole[1], ""), operation.url)
    request: JsonObject = {"url": url, "query": query, "headers": sent}
    if operation.body and BODY in arguments:
        request[operation.body] = arguments[BODY]
    return request


def _path_text(argument: str, value: Json) -> str:
    text = _joined(value, ",")
    if text in ("", ".", ".."):
        raise ArgumentsInvalid(f"{argument} is no part of a path")
    return quote(text, safe="")


def _query_members(place: Place, value: Json) -> JsonObject:
    match value:
        case dict() if place.style == "deepObject":
            return {f"{place.name}[{name}]": member for name, member in value.items()}
        case dict() if place.explode:
            return dict(value)
        case list() if not place.explode:
            separators = {"spaceDelimited": " ", "pipeDelimited": "|"}
            return {place.name: _joined(value, separators.get(place.style, ","))}
        case dict():
            return {place.name: ",".join(f"{name},{_plain(member)}" for name, member in value.items())}
        case _:
            return {place.name: value}


def _joined(value: Json, separator: str) -> str:
    return separator.join(_plain(member) for member in value) if isinstance(value, list) else _plain(value)


def _plain(value: Json) -> str:
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"), ensure_ascii=False)
