"""Routes: the tools that there are, and APIs imported as tools."""

from collections.abc import Mapping
from http import HTTPMethod
from typing import Annotated

from chalice.app import Blueprint
from pydantic import Field

from chalicelib.access.scopes import Scope
from chalicelib.api import tool_shapes
from chalicelib.api.endpoint import Answer, Call, Nothing, Wire, endpoint
from chalicelib.api.paging import Page
from chalicelib.api.room import Room
from chalicelib.api.shapes import NOTHING
from chalicelib.api.views import view
from chalicelib.errors import ApiNotFound, CursorInvalid, DocumentInvalid
from chalicelib.spec.model import Json, JsonObject
from chalicelib.store.imported_apis import ApiRecord
from chalicelib.tools.openapi import Operation
from chalicelib.workflows.imported_apis import Imported, delete_api, get_api, import_api, list_apis
from chalicelib.workflows.tool_list import ListedTool, Missing, list_tools

routes = Blueprint(__name__)


class NewApi(Wire):
    """`document` is OpenAPI 3.0 or 3.1, JSON or YAML; `base_url` stands in for its servers."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{1,62}$")]
    document: Annotated[str, Field(min_length=1, max_length=1_000_000)]
    base_url: Annotated[str, Field(max_length=2_000)] = ""


@endpoint(routes, HTTPMethod.GET, "/api/v1/tools", scope=Scope.WORKFLOW_READ, answers={200: tool_shapes.TOOLS})
def list_all(call: Call[Nothing, Nothing]) -> Answer:
    """Every tool with its schemas.

    Built in, of the configured MCP servers, of imported APIs. `arguments` and `output` are JSON Schemas, `call` is what a `tool_call` writes.
    `missing` are sources that could not be asked; an answer holds 5.5 MB, what does not fit is counted in `left_out_count`.
    """
    found, room = list_tools(call.principal), Room()
    shown = [_tool(tool) for tool in found.tools]
    fitting: list[Json] = [taken for tool in shown if (taken := room.take(tool)) is not None]
    return Answer({"tools": fitting, "left_out_count": len(shown) - len(fitting), "missing": [_missing(each) for each in found.missing]})


@endpoint(
    routes,
    HTTPMethod.POST,
    "/api/v1/tools/openapi",
    scope=Scope.WORKFLOW_WRITE,
    answers={201: tool_shapes.API_WITH_OPERATIONS},
    errors=(DocumentInvalid,),
)
def import_openapi(call: Call[NewApi, Nothing]) -> Answer:
    """Import a document under a name, in place of the one before.

    OpenAPI 3.0 or 3.1, JSON or YAML. `base_url` stands in for the document's servers. `document-invalid` names the faults by JSON pointer.
    """
    made = import_api(call.principal, name=call.body.name, text=call.body.document, base_url=call.body.base_url)
    return Answer(_imported(made), status=201, headers={"Location": f"/api/v1/tools/openapi/{made.record.name}"})


@endpoint(routes, HTTPMethod.GET, "/api/v1/tools/openapi", scope=Scope.WORKFLOW_READ, answers={200: tool_shapes.APIS}, errors=(CursorInvalid,))
def list_imported(call: Call[Nothing, Page]) -> Answer:
    """Imported APIs by name."""
    records, cursor = list_apis(call.principal, limit=call.query.limit, cursor=call.query.cursor)
    return Answer({"apis": [_api(record) for record in records], "cursor": cursor})


@endpoint(
    routes,
    HTTPMethod.GET,
    "/api/v1/tools/openapi/{name}",
    scope=Scope.WORKFLOW_READ,
    answers={200: tool_shapes.API_WITH_OPERATIONS},
    errors=(ApiNotFound,),
)
def get_imported(call: Call[Nothing, Nothing], name: str) -> Answer:
    """An imported API with its operations."""
    return Answer(_imported(get_api(call.principal, name)))


@endpoint(routes, HTTPMethod.DELETE, "/api/v1/tools/openapi/{name}", scope=Scope.WORKFLOW_WRITE, answers={204: NOTHING}, errors=(ApiNotFound,))
def delete_imported(call: Call[Nothing, Nothing], name: str) -> Answer:
    """Forget an imported API.

    Workflows that call it fail from then on.
    """
    delete_api(call.principal, name)
    return Answer(None, status=204)


def _tool(tool: ListedTool) -> JsonObject:
    source: JsonObject = {"kind": tool.kind, "name": tool.source}
    return {
        "name": tool.name,
        "source": source,
        "description": tool.description,
        "arguments": tool.arguments,
        "output": tool.output,
        "effect": tool.effect.value,
        "call": tool.call,
    }


def _missing(each: Missing) -> JsonObject:
    return {"source": {"kind": each.kind, "name": each.source}, "code": each.code, "message": each.message}


def _api(record: ApiRecord) -> JsonObject:
    return view(record, without=frozenset({"document"}))


def _imported(made: Imported) -> JsonObject:
    """With the operations, as far as they fit, and why others are none."""
    room = Room()
    operations: list[Json] = [taken for each in made.operations.values() if (taken := room.take(_operation(each))) is not None]
    return {**_api(made.record), "operations": operations, "skipped": _reasons(made.skipped)}


def _operation(operation: Operation) -> JsonObject:
    return {
        "name": operation.name,
        "description": operation.description,
        "method": operation.method,
        "url": operation.url,
        "arguments": operation.arguments,
        "auth": [*operation.auth],
    }


def _reasons(skipped: Mapping[str, str]) -> list[Json]:
    return [{"operation": operation, "reason": reason} for operation, reason in skipped.items()]
