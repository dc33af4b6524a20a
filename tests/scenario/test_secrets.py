"""A secret goes to the tool and nowhere else: runs whose tools echo it in every way, then a search through all that was written, told and logged."""

import base64
import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import quote, unquote

import boto3
import httpx2
import mcp.client.streamable_http  # noqa: F401  (heavy: paid for here, not by the first run)
import pytest
from mcp.server import MCPServer
from mcp.server.mcpserver import Context

from chalicelib.settings import settings
from infra.local.patches.storage import CHANGES
from infra.local.stack import LocalStack
from tests.factories.credentials import bearer, token
from tests.factories.local_runs import LocalRuns
from tests.factories.repository import ROOT
from tests.fixtures.asgi_server import serving_app
from tests.fixtures.http_server import Reply, Request, Server, serving

pytestmark = pytest.mark.scenario

TOKEN: Final = "plänted/s3cret+value=&7"
HEADER: Final = "planted-h3ader-value-42"
REMOTE: Final = "planted-r3mote-value-99"  # of a server that the settings name
FORMS: Final = (
    TOKEN,
    HEADER,
    quote(TOKEN, safe=""),
    json.dumps(TOKEN)[1:-1],
    HEADER.encode().hex(),
    *(base64.b64encode(secret.encode()).decode().rstrip("=")[:-1] for secret in (TOKEN, HEADER, REMOTE)),
    HEADER[:12],
    REMOTE,
    REMOTE.encode().hex(),
)


def answer(request: Request) -> Reply:
    """Everything that came, again: in the body, in a header, encoded; and as an error of 300 characters that ends within it."""
    sent = request.headers.get("authorization", "")
    asked = unquote(request.target)
    if asked.startswith("/refuse"):
        return Reply(401, {}, b"x" * 285 + HEADER.encode())
    if asked.startswith("/binary"):
        return Reply(200, {"content-type": "application/octet-stream"}, b"\xff\xfe" + HEADER.encode())
    body = {"sent": sent, "target": request.target, "asked": asked, "b64": base64.b64encode(sent.encode()).decode(), sent: request.body.decode()}
    return Reply(200, {"content-type": "application/json", "x-echo": sent}, json.dumps(body).encode())


def shop() -> MCPServer:
    """A server that tells everybody what it is sent."""
    told = MCPServer("shop")

    @told.tool()
    def look(context: Context[Any, Any]) -> dict[str, Any]:
        """Gives back what came."""
        request: Any = context.request_context.request
        sent = request.headers["x-shop-key"]
        return {"sent": sent, "encoded": base64.b64encode(sent.encode()).decode(), sent: len(sent)}

    @told.tool()
    def fall(context: Context[Any, Any]) -> str:
        """Fails, with what came."""
        request: Any = context.request_context.request
        raise ValueError(request.headers["x-shop-key"])

    return told


@pytest.fixture(scope="module")
def server(stack: LocalStack) -> Iterator[Server]:
    with serving(answer) as found, serving_app(shop().streamable_http_app()) as host, pytest.MonkeyPatch.context() as patch:
        patch.setenv("SLUICE_ALLOWED_HOSTS", found.host)
        patch.setenv("SLUICE_MCP_SERVERS", json.dumps({"shop": {"url": f"http://{host}/mcp", "headers": {"X-Shop-Key": {"secret": "shop_key"}}}}))
        settings.cache_clear()
        yield found
    settings.cache_clear()


def workflow(host: str) -> dict[str, Any]:
    def call(tool: str, path: str, **more: Any) -> dict[str, Any]:
        headers = {"authorization": {"secret": "crm_header", "prefix": "Bearer "}}
        return {"type": "tool_call", "tool": tool, "with": {"url": f"http://{host}/{path}", "headers": headers, **more}}

    return {
        "sluice": 1,
        "name": "secretive",
        "nodes": {
            "echo": call("http.post", "echo", query={"t": {"secret": "crm_token"}}, json=[{"deep": {"secret": "crm_token"}}]),
            "binary": call("http.get", "binary") | {"after": ["echo"]},
            "refused": call("http.get", "refuse") | {"on_error": "continue", "after": ["binary"]},
            "items": {"type": "map", "over": [1, 2], "nodes": {"one": call("http.get", "echo")}, "output": "$one.body", "after": ["refused"]},
            "kept": {"type": "tool_call", "tool": "kv.put", "with": {"key": "seen", "value": "$echo"}, "after": ["items"]},
            "looked": {"type": "tool_call", "tool": "mcp.call", "with": {"server": "shop", "tool": "look"}, "after": ["kept"]},
            "fell": {
                "type": "tool_call",
                "tool": "mcp.call",
                "with": {"server": "shop", "tool": "fall"},
                "on_error": "continue",
                "after": ["looked"],
            },
            "fails": call("http.get", "refuse") | {"after": ["fell"], "retry": {"max_attempts": 2, "jitter": "none"}},
        },
        "output": {"echo": "$echo", "why": "$refused.error.message"},
    }


def test_a_secret_is_nowhere_but_with_the_tool(
    stack: LocalStack, runs: LocalRuns, server: Server, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    told: list[str] = []  # everything that anybody could read
    CHANGES.listeners.append(lambda changes: told.extend(map(_images, changes)))
    with caplog.at_level(logging.DEBUG):
        told += [sluice(stack, "secrets", "put", name, "--json", typed=value) for name, value in (("crm_token", TOKEN), ("crm_header", HEADER))]
        told.append(sluice(stack, "secrets", "put", "shop_key", "--deployment", "--json", typed=REMOTE))
        runs.publish(workflow(server.host))
        run = runs.ended(runs.start("secretive"))
        assert (run["status"], run["failed_node"], run["error"]["name"]) == ("failed", "fails", "HttpRejected")
        assert run["error"]["message"].endswith("x(secret crm_header)")
        told += [*table_items(), *objects(), *machines()]
        told += answers(stack, run)
        told += [sluice(stack, *command, "--json") for command in (("show", run["id"]), ("runs",), ("secrets", "list"))]
    told += [caplog.text, *capfd.readouterr()]

    received = server.requests[0]
    assert (received.headers["authorization"], json.loads(received.body)) == (f"Bearer {HEADER}", [{"deep": TOKEN}])
    assert quote(TOKEN, safe="") in received.target
    assert any("(secret crm_token)" in text for text in told)
    assert any('"sent":"(secret shop_key of the deployment)"' in text for text in told)
    assert any("fall failed: " in text and "(secret shop_key of the deployment)" in text for text in told)
    assert any("'secret': {'S': 'crm_header'}" in text or '"secret":"crm_header"' in text for text in told)
    assert len(told) > 100
    assert [(form, text[max(0, text.find(form) - 200) :][:400]) for text in told for form in FORMS if form in text] == []


def test_a_missing_secret_is_a_named_error(stack: LocalStack, runs: LocalRuns, server: Server) -> None:
    call = {"type": "tool_call", "tool": "http.get", "retry": {"max_attempts": 5}, "with": {"url": {"secret": "nobody_put_it"}}}
    runs.publish({"sluice": 1, "name": "forgetful", "nodes": {"call": call}})
    run = runs.ended(runs.start("forgetful"))
    assert (run["error"]["name"], run["error"]["code"], run["error"]["retryable"]) == ("SecretMissing", "secret-missing", False)
    assert "sluice secrets put nobody_put_it" in run["error"]["message"]
    sluice(stack, "secrets", "put", "nobody_put_it", typed=f"http://{server.host}/echo")
    assert runs.ended(runs.start("forgetful"))["status"] == "succeeded"
    assert server.requests[-1].target == "/echo"


# --- where to look ---------------------------------------------------------------------------------------------------


def sluice(stack: LocalStack, *command: str, typed: str = "") -> str:
    whole = [sys.executable, "-m", "cli.main", *command, "--url", stack.url]
    env = {**os.environ, "SLUICE_TOKEN": token()}
    done = subprocess.run(whole, input=typed, capture_output=True, text=True, check=False, cwd=ROOT, env=env)
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def _images(change: Any) -> str:
    return json.dumps([image.to_json() if image is not None else None for image in (change.before, change.after)], default=str, ensure_ascii=False)


def table_items() -> Iterator[str]:
    dynamodb = boto3.client("dynamodb")
    for page in dynamodb.get_paginator("scan").paginate(TableName=settings().table):
        yield from map(repr, page["Items"])


def objects() -> Iterator[str]:
    s3 = boto3.client("s3")
    for entry in s3.list_objects_v2(Bucket=settings().bucket).get("Contents", []):
        stored = s3.get_object(Bucket=settings().bucket, Key=entry["Key"])
        yield f"{entry['Key']} {stored['Metadata']} {stored['Body'].read().decode('utf-8', 'replace')}"


def machines() -> Iterator[str]:
    engine = boto3.client("stepfunctions")
    for machine in engine.list_state_machines()["stateMachines"]:
        arn = machine["stateMachineArn"]
        yield engine.describe_state_machine(stateMachineArn=arn)["definition"]
        for execution in engine.list_executions(stateMachineArn=arn)["executions"]:
            found = engine.describe_execution(executionArn=execution["executionArn"])
            yield repr({name: found.get(name) for name in ("input", "output", "error", "cause")})
            yield from map(repr, engine.get_execution_history(executionArn=execution["executionArn"], maxResults=1000)["events"])


def answers(stack: LocalStack, run: dict[str, Any]) -> Iterator[str]:
    version = f"workflows/{run['workflow_id']}/versions/{run['version']}"
    a_run = f"workflows/runs/{run['id']}"
    paths = [
        "secrets",
        "tools",
        "workflows",
        f"workflows/{run['workflow_id']}",
        version,
        "workflows/runs",
        a_run,
        f"{a_run}/events",
        f"{a_run}/nodes",
    ]
    paths += [f"{version}/{part}" for part in ("asl", "plan", "forecast", "map")]
    paths += [f"{a_run}/nodes?node={node}" for node in ("echo", "binary", "refused", "kept", "looked", "fell", "fails", "one")]
    with httpx2.Client(base_url=stack.url, headers=bearer()) as http:
        for path in paths:
            answer = http.get(f"/api/v1/{path}")
            assert answer.status_code == 200
            yield f"{answer.headers} {answer.text}"
            if "json" in answer.headers["content-type"]:
                yield json.dumps(answer.json(), ensure_ascii=False)
