"""The routes of tools and imported APIs, over the emulator's table."""

import json
from collections.abc import Iterator
from typing import Any

import mcp.client.streamable_http  # noqa: F401  (heavy: paid for here, not by the first test)
import pytest
from jsonschema import Draft202012Validator
from mcp.server import MCPServer

from app import app
from chalicelib.api import room
from chalicelib.spec.tool_descriptions import TOOL_DESCRIPTIONS
from chalicelib.spec.tool_signatures import TOOL_SIGNATURES
from chalicelib.store import keys, table
from chalicelib.tools.mcp import forget_servers
from tests.factories.api_events import context, rest_event
from tests.factories.cloud import cloud
from tests.factories.credentials import bearer
from tests.fixtures.asgi_server import serving_app
from tests.unit.tools.test_openapi import PETS


def shop() -> MCPServer:
    server = MCPServer("shop")

    @server.tool()
    def price(article: str) -> int:
        """What an article costs."""
        return len(article)

    return server


@pytest.fixture(scope="module")
def host() -> Iterator[str]:
    with serving_app(shop().streamable_http_app()) as found:
        yield found


@pytest.fixture(autouse=True)
def servers(host: str) -> Iterator[None]:
    forget_servers()
    known = {"shop": {"url": f"http://{host}/mcp", "headers": {"Authorization": "s3cret"}}, "gone": {"url": "http://127.0.0.1:1/mcp"}}
    with cloud(SLUICE_MCP_SERVERS=json.dumps(known)):
        yield


def api(request: str, **more: Any) -> tuple[int, Any]:
    method, _, resource = request.partition(" ")
    response = app(rest_event(method, f"/api/v1/tools{resource}", headers=bearer("ann"), **more), context())
    assert "s3cret" not in response["body"]
    return response["statusCode"], json.loads(response["body"] or "null")


def put_pets(**more: Any) -> tuple[int, Any]:
    return api("POST /openapi", body={"name": "pets", "document": PETS, **more})


def test_it_lists_every_tool_with_schemas_effect_and_source() -> None:
    put_pets()
    status, document = api("GET ")
    assert status == 200
    found = {tool["name"]: tool for tool in document["tools"]}
    assert set(TOOL_SIGNATURES) < set(found)
    for tool in found.values():
        Draft202012Validator.check_schema(tool["arguments"])
        assert tool["description"]
    assert found["kv.put"]["effect"] == "write"
    assert (found["kv.put"]["source"], found["kv.put"]["call"]) == ({"kind": "built_in", "name": None}, {"tool": "kv.put"})
    price = found["shop.price"]
    assert (price["description"], price["source"], price["effect"]) == ("What an article costs.", {"kind": "mcp", "name": "shop"}, "external")
    assert price["call"] == {"tool": "mcp.call", "with": {"server": "shop", "tool": "price"}}
    assert (found["pets.getPet"]["effect"], found["pets.put_pets_id"]["effect"]) == ("none", "external")
    assert found["pets.getPet"]["call"] == {"tool": "openapi.call", "with": {"api": "pets", "operation": "getPet"}}
    assert "Needs key: a key in the header X-Key" in found["pets.getPet"]["description"]
    assert [(each["source"], each["code"]) for each in document["missing"]] == [({"kind": "mcp", "name": "gone"}, "host-unreachable")]
    assert document["left_out_count"] == 0


def test_it_counts_what_does_not_fit_the_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "MAX_BYTES", 5_000)
    document = api("GET ")[1]
    assert document["left_out_count"] > 0
    assert len(document["tools"]) + document["left_out_count"] == len(TOOL_SIGNATURES) + 1


def test_it_tells_of_an_import_that_can_no_longer_be_read() -> None:
    put_pets()
    table.write(table.assign(keys.imported_api("org_local", "pets"), {"document": {"blob": {"key": "org_local/x", "bytes": 1, "sha256": "y"}}}))
    missing = {each["source"]["name"]: each["code"] for each in api("GET ")[1]["missing"]}
    assert missing["pets"] == "blob-missing"


def test_it_imports_shows_lists_and_deletes_an_api() -> None:
    status, made = put_pets(base_url="https://pets.example")
    assert status == 201
    assert (made["name"], made["title"], made["version"], made["operation_count"], made["imported_by"]) == ("pets", "Pets", "1.2", 3, "ann")
    assert [operation["name"] for operation in made["operations"]] == ["getPet", "put_pets_id", "add_pet"]
    assert made["operations"][0]["url"] == "https://pets.example/pets/{id}"
    assert made["skipped"][0]["operation"] == "POST /photos"
    assert not {"document", "schema_version"} & set(made)
    one = {"path": {"name": "pets"}}
    assert api("GET /openapi/{name}", **one) == (200, made)
    listed = api("GET /openapi")[1]
    assert [record["name"] for record in listed["apis"]] == ["pets"]
    assert (listed["cursor"], "operations" in listed["apis"][0]) == (None, False)
    assert api("DELETE /openapi/{name}", **one) == (204, None)
    assert api("DELETE /openapi/{name}", **one)[1]["code"] == "api-not-found"
    assert api("GET /openapi/{name}", **one)[1]["code"] == "api-not-found"


def test_it_replaces_an_import_of_the_same_name() -> None:
    put_pets()
    put_pets(base_url="https://b.example")
    listed = api("GET /openapi")[1]["apis"]
    assert [record["base_url"] for record in listed] == ["https://b.example"]


@pytest.mark.parametrize(
    ("document", "field"),
    [
        ("a: b: c", "line 1"),
        ("openapi: 2.0", "/openapi"),
        ("{openapi: 3.1.0, servers: [{url: 'https://a.example'}], paths: {/a: {$ref: '#/none'}}}", "/a"),
    ],
)
def test_it_says_where_a_document_is_wrong_and_keeps_nothing(document: str, field: str) -> None:
    status, problem = api("POST /openapi", body={"name": "bad", "document": document})
    assert (status, problem["code"]) == (422, "document-invalid")
    assert field in {error["field"] for error in problem["errors"]}
    assert api("GET /openapi")[1]["apis"] == []


def test_it_refuses_a_name_that_is_none() -> None:
    assert api("POST /openapi", body={"name": "No Name", "document": PETS})[1]["code"] == "body-invalid"


def test_it_describes_every_built_in_tool() -> None:
    assert set(TOOL_DESCRIPTIONS) == set(TOOL_SIGNATURES)
