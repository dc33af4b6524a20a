"""OpenAPI documents as tools, and calls of their operations."""

import json
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from chalicelib.spec.model import Json, JsonObject
from chalicelib.tools.failures import ArgumentsInvalid, NotAvailableHere, ToolUnknown, UrlRefused
from chalicelib.tools.openapi import ApiDescription, describe, read_text
from chalicelib.tools.openapi_request import request_of
from chalicelib.tools.openapi_schema import MAX_VALUES
from chalicelib.tools.ports import ImportedApi
from chalicelib.tools.registry import run_tool
from tests.factories.tool_surroundings import surroundings
from tests.fixtures.http_server import Reply, serving

PETS = """
openapi: 3.0.3
info: {title: Pets, version: "1.2"}
servers: [{url: "https://{region}.pets.example/v1/", variables: {region: {default: eu}}}]
security: [{key: []}]
paths:
  /pets/{id}:
    parameters:
      - {name: id, in: path, required: true, schema: {type: integer}}
    get:
      operationId: getPet
      summary: One pet
      parameters:
        - {name: fields, in: query, schema: {type: array, items: {type: string}}, explode: false}
        - {$ref: "#/components/parameters/Trace"}
    put:
      summary: Change a pet
      requestBody:
        required: true
        content: {application/json: {schema: {$ref: "#/components/schemas/Pet"}}}
  /pets:
    post:
      operationId: add pet!
      requestBody: {content: {application/x-www-form-urlencoded: {schema: {type: object, properties: {name: {type: string}}}}}}
      security: [{token: []}, {}]
  /photos:
    post:
      requestBody: {content: {multipart/form-data: {schema: {type: object}}}}
components:
  parameters:
    Trace: {name: X-Trace, in: header, description: For the log, schema: {type: string}}
  schemas:
    Pet:
      type: object
      required: [name, id]
      properties:
        id: {type: integer, readOnly: true}
        name: {type: string, nullable: true}
        weight: {type: number, minimum: 0, exclusiveMinimum: true}
        parent: {$ref: "#/components/schemas/Pet"}
  securitySchemes:
    key: {type: apiKey, in: header, name: X-Key}
    token: {type: http, scheme: bearer}
    login: {type: oauth2, flows: {}}
"""


def pets() -> ApiDescription:
    document, faults = read_text(PETS)
    assert faults == {}
    return describe(document)


def one(**more: Any) -> JsonObject:
    return {"openapi": "3.1.0", "info": {}, "servers": [{"url": "https://a.example"}], "paths": {"/a": {"get": {"operationId": "a"}}}, **more}


def operation(authored: JsonObject, path: str = "/a") -> JsonObject:
    return one(paths={path: {"post": {"operationId": "a", **authored}}})


def test_it_reads_the_operations_of_a_document() -> None:
    found = pets()
    assert (found.title, found.version, found.faults) == ("Pets", "1.2", {})
    assert list(found.operations) == ["getPet", "put_pets_id", "add_pet"]
    get = found.operations["getPet"]
    assert (get.method, get.url, get.description) == ("get", "https://eu.pets.example/v1/pets/{id}", "One pet")
    assert get.arguments["required"] == ["id"]
    properties: Any = get.arguments["properties"]
    assert list(properties) == ["id", "fields", "X-Trace"]
    assert get.auth == ("key: a key in the header X-Key",)
    assert found.operations["add_pet"].auth == ("token: the header Authorization, bearer",)
    assert found.skipped == {
        "POST /photos": "/paths/~1photos/post/requestBody/content: bodies of multipart/form-data cannot be sent; JSON, forms and texts can"
    }


def test_it_writes_schemas_out_as_json_schema() -> None:
    put = pets().operations["put_pets_id"]
    Draft202012Validator.check_schema(put.arguments)
    properties: Any = put.arguments["properties"]
    body = properties["body"]
    assert body["required"] == ["name"]
    assert body["properties"] == {
        "name": {"type": ["string", "null"]},
        "weight": {"type": "number", "exclusiveMinimum": 0},
        "parent": {"description": "as above"},
    }
    assert put.arguments["required"] == ["id", "body"]


def test_it_says_which_credentials_an_operation_wants() -> None:
    schemes: JsonObject = {
        "q": {"type": "apiKey", "in": "query", "name": "api_key"},
        "o": {"type": "oauth2", "flows": {}},
        "m": {"type": "mutualTLS"},
    }
    document: JsonObject = {**operation({"security": [{"q": [], "o": []}, {"m": []}, {"n": []}]}), "components": {"securitySchemes": schemes}}
    found = describe(document).operations["a"]
    token = "o: the header Authorization with an OAuth 2 access token"
    assert found.auth == ("q: a key in the query api_key", token, "m", "n")
    assert request_of(found, {"api_key": "k"}, {})["query"] == {"api_key": "k"}


@pytest.mark.parametrize(
    ("document", "pointer"),
    [
        ({"swagger": "2.0"}, "/swagger"),
        (one(openapi="4.0.0"), "/openapi"),
        (one(paths=[]), "/paths"),
        (one(paths={}), "/paths"),
        (one(servers=[{"url": "/v1"}]), "/servers"),
        (one(servers=[]), "/servers"),
    ],
)
def test_it_says_where_a_document_is_wrong(document: JsonObject, pointer: str) -> None:
    found = describe(document)
    assert pointer in found.faults
    assert found.operations == {}


def test_it_takes_the_base_url_that_it_is_given() -> None:
    document = one(servers=[{"url": "/v1"}])
    assert describe(document, base_url="https://b.example/x/").operations["a"].url == "https://b.example/x/a"
    assert "base_url" in describe(document, base_url="b.example").faults
    assert "base_url" in describe(document, base_url="https://[").faults


def test_it_takes_the_nearest_server() -> None:
    nearest = {
        "/a": {"servers": [{"url": "https://path.example"}], "get": {"operationId": "a"}, "head": {"servers": [{"url": "https://op.example"}]}}
    }
    found = describe(one(servers=[], paths=nearest)).operations
    assert [each.url for each in found.values()] == ["https://path.example/a", "https://op.example/a"]
    half = describe(one(servers=[], paths={**nearest, "/b": {"get": {}}}))
    assert half.skipped == {"GET /b": "/paths/~1b/get/servers: no server has a whole URL; give base_url"}


@pytest.mark.parametrize(
    ("authored", "why"),
    [
        ({"parameters": [{"$ref": "other.yaml#/p"}]}, "leads out of the document"),
        ({"parameters": [{"$ref": "#/components/none"}]}, "leads nowhere"),
        ({"parameters": ["id"]}, "an object is needed"),
        ({"parameters": [{"in": "cookie", "name": "c", "required": True}]}, "a cookie is needed"),
        ({"requestBody": {"content": {"application/json": {"schema": {"$ref": "#/none"}}}}}, "leads nowhere"),
        ({"parameters": [{"in": "path", "name": "n", "style": "matrix"}]}, "matrix style"),
    ],
)
def test_it_leaves_out_an_operation_that_cannot_be_called(authored: JsonObject, why: str) -> None:
    found = describe(operation(authored))
    assert found.operations == {}
    assert why in found.skipped["POST /a"]


def test_it_leaves_out_a_path_that_lacks_a_parameter_or_leads_nowhere() -> None:
    found = describe(one(paths={"/a/{id}": {"get": {}}, "/b": {"$ref": "#/none"}, "/c": {"$ref": "#/paths/~1c"}}))
    assert found.skipped["GET /a/{id}"].endswith("the path's id is not among the parameters")
    assert "leads nowhere" in found.skipped["/b"]
    assert "in a circle" in found.skipped["/c"]


def test_it_ends_with_schemas_that_grow_without_end() -> None:
    schemas: JsonObject = {"s0": {"type": "string"}}
    for level in range(1, 20):
        schemas[f"s{level}"] = {"properties": {name: {"$ref": f"#/components/schemas/s{level - 1}"} for name in "abcd"}}
    body: JsonObject = {"requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/s19"}}}}}
    found = describe({**operation(body), "components": {"schemas": schemas}})
    assert found.faults == {"/components/schemas": "the schemas, written out, are too large"}
    assert MAX_VALUES == 50_000


def test_it_takes_no_more_operations_than_it_may() -> None:
    found = describe(one(paths={f"/a{number}": {"get": {}} for number in range(503)}))
    assert (len(found.operations), len(found.skipped)) == (500, 3)


def test_it_names_operations_and_arguments_apart() -> None:
    parameters: Json = [
        {"in": "query", "name": "id"},
        {"in": "header", "name": "id"},
        {"in": "query", "name": "body"},
        {"in": "header", "name": "Accept"},
    ]
    found = describe(one(paths={"/a": {"get": {"operationId": "x"}}, "/b": {"post": {"operationId": "x", "parameters": parameters}}})).operations
    assert list(found) == ["x", "x_2"]
    assert set(found["x_2"].places) == {"id", "header_id", "query_body"}


@pytest.mark.parametrize(
    ("parameter", "value", "query"),
    [
        ({"schema": {}}, [1, 2], {"q": [1, 2]}),
        ({"explode": False}, [1, "b"], {"q": "1,b"}),
        ({"explode": False, "style": "pipeDelimited"}, ["a", "b"], {"q": "a|b"}),
        ({"explode": False, "style": "spaceDelimited"}, ["a", "b"], {"q": "a b"}),
        ({"style": "deepObject", "explode": True}, {"a": 1}, {"q[a]": 1}),
        ({}, {"a": 1, "b": 2}, {"a": 1, "b": 2}),
        ({"explode": False}, {"a": 1}, {"q": "a,1"}),
        ({"content": {"application/json": {"schema": {}}}}, "x", {"q": "x"}),
        ({}, None, {}),
    ],
)
def test_it_writes_query_parameters_as_openapi_says(parameter: JsonObject, value: Json, query: JsonObject) -> None:
    found = describe(operation({"parameters": [{"in": "query", "name": "q", **parameter}]})).operations["a"]
    assert request_of(found, {"q": value}, {})["query"] == query


def test_it_writes_paths_headers_and_bodies() -> None:
    found = pets().operations
    got = request_of(found["getPet"], {"id": 7, "fields": ["a", "b"], "X-Trace": "t"}, {"X-Key": "k"})
    assert got == {"url": "https://eu.pets.example/v1/pets/7", "query": {"fields": "a,b"}, "headers": {"X-Key": "k", "X-Trace": "t"}}
    assert request_of(found["put_pets_id"], {"id": 7, "body": {"name": None}}, {})["json"] == {"name": None}
    assert request_of(found["add_pet"], {"body": {"name": "Rex"}}, {})["form"] == {"name": "Rex"}


def test_it_writes_schemas_of_maps_and_choices_out() -> None:
    authored: JsonObject = {
        "type": "object",
        "nullable": True,
        "required": "no list",
        "additionalProperties": {"oneOf": [{"type": "string", "enum": ["a"], "nullable": True}, {"x-own": 1, "const": 2}, True]},
        "maximum": 9,
        "exclusiveMaximum": False,
    }
    found = describe(operation({"requestBody": {"content": {"application/json": {"schema": authored}}}})).operations["a"]
    properties: Any = found.arguments["properties"]
    members = {"oneOf": [{"type": ["string", "null"], "enum": ["a", None]}, {"const": 2}, True]}
    assert properties["body"] == {"type": ["object", "null"], "required": "no list", "additionalProperties": members, "maximum": 9}


def test_it_takes_a_body_without_content_for_none() -> None:
    assert describe(operation({"requestBody": {}})).operations["a"].body == ""


def test_it_lets_nothing_climb_out_of_a_path() -> None:
    found = describe(operation({"parameters": [{"in": "path", "name": "n"}]}, "/a/{n}/b")).operations["a"]
    assert request_of(found, {"n": "../x?y#z"}, {})["url"] == "https://a.example/a/..%2Fx%3Fy%23z/b"
    for climbing in ("..", ".", ""):
        with pytest.raises(ArgumentsInvalid, match="n is no part of a path"):
            request_of(found, {"n": climbing}, {})


def test_it_tells_where_a_text_is_no_document() -> None:
    assert read_text("a: b: c")[1].keys() == {"line 1"}
    assert read_text("- a")[1] == {"": "the document is no object"}


WORDS = ["$ref", "get", "parameters", "in", "name", "schema", "content", "requestBody", "servers", "url", "security", "type", "properties"]
PLAIN = st.none() | st.booleans() | st.integers() | st.text(max_size=5)
ANYTHING = st.recursive(PLAIN, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=4), max_leaves=20)


@settings(max_examples=40)
@given(ANYTHING)
def test_it_takes_any_paths_without_falling(paths: Any) -> None:
    document = one(paths={"/a": paths, "/{b}": {"get": paths}})
    found = describe(json.loads(json.dumps(document)))
    assert isinstance(found, ApiDescription)


@dataclass
class Imported:
    """APIs by name, for as long as a test lasts."""

    apis: dict[str, ImportedApi] = field(default_factory=dict)

    def find(self, name: str) -> ImportedApi | None:
        return self.apis.get(name)


def call(host: str, operation: str, arguments: JsonObject, **more: Any) -> Any:
    document, _ = read_text(PETS)
    apis = Imported({"pets": ImportedApi("pets", document, f"http://{host}/v1")})
    around = replace(surroundings(host), apis=apis)
    return run_tool("openapi.call", {"api": "pets", "operation": operation, "arguments": arguments, **more}, around)


def test_it_calls_an_operation_through_the_http_tool() -> None:
    with serving(lambda _: Reply(200, {"content-type": "application/json"}, b'{"name": "Rex"}')) as server:
        output = call(server.host, "put_pets_id", {"id": 7, "body": {"name": "Rex"}}, headers={"X-Key": "k"}, timeout_seconds=5)
    assert output["body"] == {"name": "Rex"}
    sent = server.requests[0]
    assert (sent.method, sent.target, sent.body) == ("PUT", "/v1/pets/7", b'{"name": "Rex"}')
    assert (sent.headers["x-key"], sent.headers["idempotency-key"]) == ("k", "run_1/book//0")


def test_it_refuses_what_the_operation_does_not_take() -> None:
    with pytest.raises(ArgumentsInvalid, match="getPet: id is no integer"):
        call("127.0.0.1:1", "getPet", {"id": "x"})
    with pytest.raises(ToolUnknown, match="pets has no operation dropPet: it has add_pet, getPet, put_pets_id"):
        call("127.0.0.1:1", "dropPet", {})
    with pytest.raises(ArgumentsInvalid, match="no imported API called cats"):
        run_tool("openapi.call", {"api": "cats", "operation": "x"}, replace(surroundings(), apis=Imported()))
    with pytest.raises(NotAvailableHere):
        run_tool("openapi.call", {"api": "cats", "operation": "x"}, surroundings())


def test_it_connects_where_http_tools_may_alone() -> None:
    document, _ = read_text(PETS)
    apis = Imported({"pets": ImportedApi("pets", document, "http://127.0.0.1:1")})
    with pytest.raises(UrlRefused):
        run_tool("openapi.call", {"api": "pets", "operation": "getPet", "arguments": {"id": 1}}, replace(surroundings(), apis=apis))
