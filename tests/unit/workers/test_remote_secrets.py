"""Secrets that the settings of servers, agents and databases name: they reach what they are for, and nothing that it gives back holds them."""

import io
import json
from collections.abc import Iterator
from typing import Any

import mcp.client.streamable_http  # noqa: F401  (heavy: paid for here, not by the first test)
import pytest
from mcp.server import MCPServer
from mcp.server.mcpserver import Context

from chalicelib.access.secrets import _HELD, CACHE_SECONDS, DEPLOYMENT, forget_secrets, put_secret
from chalicelib.errors import SecretMissing
from chalicelib.spec.model import JsonObject
from chalicelib.tools import postgres
from chalicelib.tools.failures import McpFailed, QueryFailed
from chalicelib.tools.mcp import forget_servers
from chalicelib.tools.statement import Found
from chalicelib.workers.errands import handle
from chalicelib.workers.payload import parse_payload
from chalicelib.workers.tool import offered_by
from chalicelib.workers.version_nodes import version_nodes
from chalicelib.workers.work import Work
from chalicelib.workflows.tool_list import list_tools
from tests.factories.cloud import ANN, Cloud, cloud
from tests.factories.worker_runs import Story, story
from tests.fixtures.asgi_server import serving_app

TOKEN = "t0k3n-of-the-shop"
ROTATED = "n3w-one-of-the-shop"


def echo() -> MCPServer:
    """It tells everybody what it is sent."""
    server = MCPServer("shop")

    def sent(context: Context[Any, Any]) -> str:
        headers: Any = context.request_context.request.headers  # type: ignore[union-attr]
        return str(headers["authorization"])

    @server.tool(description=f"Echoes {TOKEN}.")
    def told(context: Context[Any, Any]) -> dict[str, str]:
        return {"sent": sent(context)}

    @server.tool()
    def broken(context: Context[Any, Any]) -> str:
        """Fails."""
        raise ValueError(sent(context))

    return server


@pytest.fixture(scope="module")
def host() -> Iterator[str]:
    with serving_app(echo().streamable_http_app()) as found:
        yield found


@pytest.fixture(autouse=True)
def aws(host: str) -> Iterator[Cloud]:
    forget_secrets()
    forget_servers()
    header = {"Authorization": {"secret": "shop", "prefix": "Bearer "}}
    servers = {"shop": header, "lost": {"X-Key": {"secret": "nobody_put_it"}}}
    known = {name: {"url": f"http://{host}/mcp", "headers": headers} for name, headers in servers.items()}
    databases = {"shop": {"url": {"secret": "shop"}}}
    with cloud(SLUICE_MCP_SERVERS=json.dumps(known), SLUICE_DATABASES=json.dumps(databases)) as it:
        put_secret(DEPLOYMENT, "shop", TOKEN)
        yield it
    forget_secrets()


def calling(name: str, arguments: JsonObject) -> Story:
    return story({"call": {"type": "tool_call", "tool": name, "with": arguments}})


def of_shop(tool: str) -> Story:
    return calling("mcp.call", {"server": "shop", "tool": tool})


def test_a_server_gets_the_value_and_its_answer_comes_without_it() -> None:
    tale = of_shop("told")
    output = tale.serve("call")
    assert isinstance(output, dict)
    assert output["structured"] == {"sent": "Bearer (secret shop of the deployment)"}
    assert tale.shown("call") == {"tool": "mcp.call", "arguments": {"server": "shop", "tool": "told"}}


def test_its_failure_comes_without_it() -> None:
    tale = of_shop("broken")
    with pytest.raises(McpFailed) as failed:
        tale.serve("call")
    fault = tale.node_run("call").error
    assert fault is not None
    assert TOKEN not in f"{failed.value} {fault}"


def test_what_it_says_of_its_tools_comes_without_it() -> None:
    tale = story({"call": {"type": "tool_call", "tool": "mcp.call", "with": {"server": "shop", "tool": "told"}}})
    work = Work(parse_payload(tale.payload("call")), version_nodes("org_local", tale.version.id)["call"], lambda: 10.0)
    assert {tool.name: tool.description for tool in offered_by(work, "shop")} == {
        "told": "Echoes (secret shop of the deployment).",
        "broken": "Fails.",
    }


def test_the_api_has_its_tools_listed_by_who_may_read_secrets(aws: Cloud) -> None:
    asked: list[Any] = []

    def by_errand() -> Any:
        return {"Payload": io.BytesIO(json.dumps(handle(asked[-1], lambda: 60.0)).encode())}

    aws.before.append(lambda operation: asked.append({"errand": "list_tools", "server": "shop"}) if operation == "lambda:Invoke" else None)
    aws.reply("lambda:Invoke", by_errand)
    found = list_tools(ANN)
    told = {tool.name: tool.description for tool in found.tools if tool.kind == "mcp"}
    assert told["shop.told"] == "Echoes (secret shop of the deployment)."
    assert handle({"errand": "list_tools", "server": "lost"}, lambda: 60.0)["error"] == {
        "code": "secret-missing",
        "message": "there is no secret nobody_put_it; put it with `sluice secrets put nobody_put_it --deployment`",
    }


def test_a_new_value_is_taken_up_without_a_new_container(monkeypatch: pytest.MonkeyPatch) -> None:
    of_shop("told").serve("call")
    (name,) = _HELD
    put_secret(DEPLOYMENT, "shop", ROTATED)  # here it is forgotten at once; what another container holds, for five minutes at most:
    _HELD[name] = (0.0, TOKEN)
    output = of_shop("told").serve("call")
    assert isinstance(output, dict)
    assert output["structured"] == {"sent": "Bearer (secret shop of the deployment)"}
    assert _HELD[name][1] == ROTATED
    assert CACHE_SECONDS <= 300


def test_a_secret_that_is_not_there_fails_the_node_by_its_name() -> None:
    with pytest.raises(SecretMissing, match="sluice secrets put nobody_put_it --deployment"):
        calling("mcp.call", {"server": "lost", "tool": "told"}).serve("call")


def test_a_database_gets_its_url_and_its_answer_comes_without_it(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def query(url: str, *_: object, **__: object) -> Found:
        asked.append(url)
        return Found(["a"], [(f"it was {url}",)])

    monkeypatch.setattr(postgres, "query", query)
    output = calling("sql.query", {"source": "shop", "query": "SELECT 1"}).serve("call")
    assert isinstance(output, dict)
    assert (asked, output["rows"]) == ([TOKEN], [{"a": "it was (secret shop of the deployment)"}])


def test_a_database_that_refuses_tells_nothing_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def query(url: str, *_: object, **__: object) -> Found:
        raise QueryFailed(f"no login with {url}")

    monkeypatch.setattr(postgres, "query", query)
    with pytest.raises(QueryFailed, match=r"no login with \(secret shop of the deployment\)"):
        calling("sql.query", {"source": "shop", "query": "SELECT 1"}).serve("call")
