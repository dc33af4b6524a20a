"""The tool `openapi.call`: an operation of an imported API, by way of the http tools.

In: an API's name, an operation's, its arguments, headers such as credentials. Out: what the http tool gives. Everything that holds for http tools
holds here: where it may connect, the size and the time, the key of the effect. Never: a request that the operation's schema refuses.
"""

import hashlib
import json
from typing import Final

from chalicelib.spec.model import Json, JsonObject
from chalicelib.tools.failures import ArgumentsInvalid, ToolUnknown
from chalicelib.tools.http import http_tools
from chalicelib.tools.openapi import BODY, ApiDescription, describe
from chalicelib.tools.openapi_request import request_of
from chalicelib.tools.ports import ImportedApi
from chalicelib.tools.schema_check import faults
from chalicelib.tools.tool import Surroundings, Tool
from chalicelib.tools.ttl_cache import TtlCache

_READ: Final[TtlCache[ApiDescription]] = TtlCache(seconds=300.0, size=16)


def openapi_tools() -> tuple[Tool, ...]:
    return (Tool("openapi.call", _run),)


def _run(arguments: JsonObject, surroundings: Surroundings) -> Json:
    name, wanted = str(arguments["api"]), str(arguments["operation"])
    api = surroundings.apis.find(name)
    if api is None:
        raise ArgumentsInvalid(f"there is no imported API called {name}")
    operations = _description(api).operations
    operation = operations.get(wanted)
    if operation is None:
        raise ToolUnknown(f"{name} has no operation {wanted}: it has {', '.join(sorted(operations)[:20])}")
    given, headers = arguments.get("arguments"), arguments.get("headers")
    values = {argument: value for argument, value in (given if isinstance(given, dict) else {}).items() if value is not None or argument == BODY}
    wrong = faults(operation.arguments, values)
    if wrong:
        raise ArgumentsInvalid(f"{wanted}: {'; '.join(wrong)}")
    request = request_of(operation, values, headers if isinstance(headers, dict) else {})
    if "timeout_seconds" in arguments:
        request["timeout_seconds"] = arguments["timeout_seconds"]
    tool = next(tool for tool in http_tools() if tool.name == f"http.{operation.method}")
    return tool.run(request, surroundings)


def _description(api: ImportedApi) -> ApiDescription:
    """Read once per document and container."""
    key = hashlib.sha256(json.dumps([api.document, api.base_url], sort_keys=True).encode()).hexdigest()
    kept = _READ.get(key)
    if kept is None:
        kept = describe(api.document, base_url=api.base_url)
        _READ.put(key, kept)
    return kept
