"""Published workflows as others call them: the official clients of MCP and A2A against the local stack's gateway."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from queue import Queue
from typing import Any, Final, TypeVar

import httpx
import httpx2
import pytest
from a2a.client import ClientConfig, ClientFactory
from a2a.helpers import get_data_parts, new_data_message, new_text_message
from a2a.types.a2a_pb2 import (
    AuthenticationInfo,
    CancelTaskRequest,
    DeleteTaskPushNotificationConfigRequest,
    GetTaskPushNotificationConfigRequest,
    GetTaskRequest,
    ListTaskPushNotificationConfigsRequest,
    Role,
    SendMessageRequest,
    StreamResponse,
    Task,
    TaskPushNotificationConfig,
    TaskState,
)
from a2a.utils.errors import InvalidParamsError, TaskNotCancelableError, TaskNotFoundError, UnsupportedOperationError
from google.protobuf.json_format import ParseDict
from mcp import Client, MCPError
from mcp.client.streamable_http import streamable_http_client

from chalicelib.settings import settings
from chalicelib.triggers import called_workflows
from infra.local.stack import LocalStack
from tests.factories.credentials import bearer
from tests.factories.local_runs import LocalRuns
from tests.fixtures.http_server import Reply, Request, serving

pytestmark = pytest.mark.scenario

Result = TypeVar("Result")
NAME: Final = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"], "additionalProperties": False}
GREET: Final[dict[str, Any]] = {
    "sluice": 1,
    "name": "greet",
    "title": "Greet somebody",
    "description": "Says hello to a person.",
    "input": NAME,
    "nodes": {"say": {"type": "transform", "value": {"hello": "$context.name"}}},
    "output": "$say",
}
ASK: Final[dict[str, Any]] = {"sluice": 1, "name": "ask", "nodes": {"well": {"type": "human_gate", "ask": "Well?", "timeout_seconds": 600}}}
FAIL: Final[dict[str, Any]] = {
    "sluice": 1,
    "name": "fail",
    "nodes": {"divide": {"type": "tool_call", "tool": "math", "with": {"expression": "1 / 0"}}},
}


@pytest.fixture(scope="module", autouse=True)
def published(runs: LocalRuns) -> None:
    for spec in (GREET, ASK, FAIL):
        runs.publish(spec)


def with_mcp(stack: LocalStack, act: Callable[[Client], Awaitable[Result]], *, mode: str = "auto") -> Result:
    async def main() -> Result:
        async with httpx2.AsyncClient(headers=bearer("sam"), timeout=40) as http:
            transport = streamable_http_client(f"{stack.url}/mcp", http_client=http)
            async with Client(transport, mode=mode, read_timeout_seconds=40) as client:
                return await act(client)

    return asyncio.run(main())


@pytest.mark.parametrize("mode", ["auto", "2026-07-28", "legacy"])
def test_an_mcp_client_lists_and_calls_workflows(stack: LocalStack, mode: str) -> None:
    async def act(client: Client) -> Any:
        return await client.list_tools(), await client.call_tool("greet", {"name": "Ann"}), await client.call_tool("fail", {})

    listed, greeted, failed = with_mcp(stack, act, mode=mode)
    tools = {tool.name: tool for tool in listed.tools}
    assert set(tools) == {"run_status", "greet", "ask", "fail"}
    assert (tools["greet"].description, tools["greet"].input_schema) == ("Says hello to a person.", NAME)
    assert (greeted.is_error, json.loads(greeted.content[0].text)) == (False, {"hello": "Ann"})
    assert greeted.structured_content["status"] == "succeeded"
    assert (failed.is_error, failed.structured_content["error"]["message"]) == (True, "division by zero")


def test_an_mcp_client_is_told_what_was_wrong(stack: LocalStack) -> None:
    async def act(client: Client) -> Any:
        wrong = await client.call_tool("greet", {"nom": "Ann"})
        lost = await client.call_tool("run_status", {"run_id": "run_none"})
        with pytest.raises(MCPError, match="there is no tool nobody"):
            await client.call_tool("nobody", {})
        return wrong, lost

    wrong, lost = with_mcp(stack, act)
    assert (wrong.is_error, wrong.content[0].text.partition(":")[0]) == (True, "input-invalid")
    assert (lost.is_error, lost.content[0].text.partition(":")[0]) == (True, "run-not-found")


def test_an_mcp_call_that_takes_longer_is_asked_for_again(stack: LocalStack, runs: LocalRuns, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(called_workflows, "WAIT_SECONDS", 0.2)
    meta: Any = {"sluice/idempotency-key": "one"}

    async def start(client: Client) -> Any:
        return [(await client.call_tool("ask", {}, meta=meta)).structured_content for _ in range(2)]

    first, second = with_mcp(stack, start)
    assert first["run_id"] == second["run_id"]
    assert second["status"] in ("running", "waiting")
    runs.decide(runs.gate(first["run_id"]), "approve", by="ann")

    async def ask(client: Client) -> Any:
        return await client.call_tool("run_status", {"run_id": first["run_id"], "wait_seconds": 20})

    assert with_mcp(stack, ask).structured_content["status"] == "succeeded"


def test_mcp_speaks_its_own_errors(stack: LocalStack) -> None:
    with httpx2.Client(base_url=stack.url, headers=bearer("sam")) as http:

        def post(**fields: Any) -> httpx2.Response:
            return http.post("/mcp", json={"jsonrpc": "2.0", **fields})

        modern = {"_meta": {"io.modelcontextprotocol/protocolVersion": "2026-07-28"}}
        assert (post(method="notifications/initialized").status_code, http.get("/mcp").status_code) == (202, 405)
        unknown = post(id=1, method="prompts/list", params=modern)
        assert (unknown.status_code, unknown.json()["error"]["code"], unknown.json()["id"]) == (404, -32601, 1)
        later = post(id="a", method="tools/list", params={"_meta": {"io.modelcontextprotocol/protocolVersion": "2099-01-01"}})
        assert (later.status_code, later.json()["error"]["data"]["supported"]) == (400, ["2026-07-28"])
        assert post(id=2, method="initialize", params={"protocolVersion": "1999"}).json()["result"]["protocolVersion"] == "2025-11-25"
        assert post(id=3, method="ping").json() == {"jsonrpc": "2.0", "id": 3, "result": {}}
        assert post(id=4, method="tools/list", params={"cursor": "nonsense"}).json()["error"]["code"] == -32602
        assert http.post("/mcp", json=[]).json()["code"] == "body-invalid"


# --- A2A -------------------------------------------------------------------------------------------------------------


def with_a2a(base: str, act: Callable[[Any], Awaitable[Result]], *, polling: bool = False) -> Result:
    async def main() -> Result:
        async with httpx.AsyncClient(timeout=40, headers=bearer("sam")) as http:
            factory = ClientFactory(ClientConfig(streaming=False, polling=polling, httpx_client=http))
            async with await factory.create_from_url(base) as client:
                return await act(client)

    return asyncio.run(main())


async def send(client: Any, message: Any, *, skill: str = "") -> Task:
    request = SendMessageRequest(message=message)
    if skill:
        request.metadata.update({"skill": skill})
    async for event in client.send_message(request):
        assert event.WhichOneof("payload") == "task"
        found: Task = event.task
    return found


def test_an_a2a_client_sends_a_message_to_a_workflow(stack: LocalStack) -> None:
    async def act(client: Any) -> Any:
        message = new_data_message({"name": "Ann"}, role=Role.ROLE_USER)
        sent = [await send(client, message, skill="greet") for _ in range(2)]
        return *sent, await client.get_task(GetTaskRequest(id=sent[0].id))

    first, again, asked = with_a2a(stack.url, act)
    assert (first.status.state, again.id, asked.id) == (TaskState.TASK_STATE_COMPLETED, first.id, first.id)
    assert get_data_parts(asked.artifacts[0].parts) == [{"hello": "Ann"}]


def test_a_workflow_is_an_agent_of_its_own(stack: LocalStack) -> None:
    async def act(client: Any) -> Any:
        return await send(client, new_text_message("Bob", role=Role.ROLE_USER)), await send(
            client, new_text_message('{"name": "Cy"}', role=Role.ROLE_USER)
        )

    plain, json_text = with_a2a(f"{stack.url}/a2a/greet", act)
    assert [get_data_parts(each.artifacts[0].parts) for each in (plain, json_text)] == [[{"hello": "Bob"}], [{"hello": "Cy"}]]


def test_a_long_run_answers_with_its_task_and_can_be_cancelled(stack: LocalStack, runs: LocalRuns) -> None:
    async def act(client: Any) -> Any:
        task = await send(client, new_data_message({}, role=Role.ROLE_USER), skill="ask")
        runs.gate(task.id)
        waiting = await client.get_task(GetTaskRequest(id=task.id))
        cancelled = await client.cancel_task(CancelTaskRequest(id=task.id))
        return task, waiting, cancelled

    task, waiting, cancelled = with_a2a(stack.url, act, polling=True)
    assert task.id.startswith("run_")
    assert (waiting.status.state, waiting.metadata["status"]) == (TaskState.TASK_STATE_WORKING, "waiting")
    assert "waits" in waiting.status.message.parts[0].text
    assert cancelled.status.state == TaskState.TASK_STATE_CANCELED
    assert runs.run(task.id)["status"] == "cancelled"


def test_an_a2a_client_is_told_what_was_wrong(stack: LocalStack) -> None:
    async def act(client: Any) -> Any:
        for message, skill in ((new_data_message({"nom": 1}, role=Role.ROLE_USER), "greet"), (new_text_message("x", role=Role.ROLE_USER), "nobody")):
            with pytest.raises(InvalidParamsError):
                await send(client, message, skill=skill)
        with pytest.raises(InvalidParamsError, match="say which workflow"):
            await send(client, new_text_message("x", role=Role.ROLE_USER))
        with pytest.raises(InvalidParamsError, match="send it as a data part"):
            await send(client, new_text_message("{no json", role=Role.ROLE_USER), skill="fail")
        with pytest.raises(TaskNotFoundError):
            await client.get_task(GetTaskRequest(id="run_none"))
        failed = await send(client, new_data_message({}, role=Role.ROLE_USER), skill="fail")
        with pytest.raises(TaskNotCancelableError):
            await client.cancel_task(CancelTaskRequest(id=failed.id))
        more = new_text_message("and?", role=Role.ROLE_USER, task_id=failed.id)
        with pytest.raises(UnsupportedOperationError):
            await send(client, more)
        return failed

    failed = with_a2a(stack.url, act)
    assert (failed.status.state, failed.status.message.parts[0].text) == (TaskState.TASK_STATE_FAILED, "division by zero")


def test_a_card_is_of_what_is_published(stack: LocalStack) -> None:
    with httpx2.Client(base_url=stack.url, headers=bearer("sam")) as http:
        card = http.get("/.well-known/agent-card.json").json()
        assert [skill["id"] for skill in card["skills"]] == ["ask", "fail", "greet"]
        assert card["supportedInterfaces"] == [{"url": f"{stack.url}/a2a", "protocolBinding": "JSONRPC", "protocolVersion": "1.0"}]
        assert http.get("/a2a/nobody/.well-known/agent-card.json").json()["code"] == "workflow-not-found"

        def ask(method: str, version: str = "1.0", **params: Any) -> int:
            answer = http.post("/a2a", json={"jsonrpc": "2.0", "id": 1, "method": method, "params": params}, headers={"A2A-Version": version})
            assert answer.status_code == 200
            code: int = answer.json()["error"]["code"]
            return code

        assert (ask("SendMessage", "0.3"), ask("ListTasks"), ask("Dance")) == (-32009, -32004, -32601)
        task = http.post("/a2a", headers={"A2A-Version": "1.0"}, json={
            "jsonrpc": "2.0", "id": 1, "method": "SendMessage",
            "params": {"tenant": "fail", "message": {"messageId": "m", "role": "ROLE_USER", "parts": [{"data": {}}]}},
        }).json()["result"]["task"]  # fmt: skip
        assert ask("GetTask", id=task["id"], tenant="greet") == -32001


def test_an_a2a_client_is_told_at_the_end_where_it_asked_to_be(stack: LocalStack, runs: LocalRuns, monkeypatch: pytest.MonkeyPatch) -> None:
    words: Queue[Request] = Queue()

    def hear(request: Request) -> Reply:
        words.put(request)
        return Reply()

    with serving(hear) as inbox:
        monkeypatch.setenv("SLUICE_ALLOWED_HOSTS", inbox.host)
        settings.cache_clear()

        async def act(client: Any) -> Any:
            task = await send(client, new_data_message({}, role=Role.ROLE_USER), skill="ask")
            by = AuthenticationInfo(scheme="Bearer", credentials="planted-credential")
            wanted = TaskPushNotificationConfig(task_id=task.id, id="mine", url=f"http://{inbox.host}/hook", token="planted-token", authentication=by)
            made = await client.create_task_push_notification_config(wanted)
            found = await client.get_task_push_notification_config(GetTaskPushNotificationConfigRequest(task_id=task.id, id="mine"))
            gone = TaskPushNotificationConfig(task_id=task.id, id="gone", url=f"http://{inbox.host}/gone")
            await client.create_task_push_notification_config(gone)
            await client.delete_task_push_notification_config(DeleteTaskPushNotificationConfigRequest(task_id=task.id, id="gone"))
            listed = await client.list_task_push_notification_configs(ListTaskPushNotificationConfigsRequest(task_id=task.id))
            with pytest.raises(InvalidParamsError, match="url"):
                await client.create_task_push_notification_config(TaskPushNotificationConfig(task_id=task.id, url="http://169.254.169.254/latest"))
            await client.cancel_task(CancelTaskRequest(id=task.id))
            return task, made, found, listed

        task, made, found, listed = with_a2a(stack.url, act, polling=True)
        word = words.get(timeout=30)
    monkeypatch.undo()
    settings.cache_clear()
    assert (made, [each.id for each in listed.configs]) == (found, ["mine"])
    assert "planted" not in f"{made} {listed}"
    assert (word.target, word.headers["x-a2a-notification-token"]) == ("/hook", "planted-token")
    assert word.headers["authorization"] == "Bearer planted-credential"
    told = ParseDict(json.loads(word.body), StreamResponse()).status_update
    assert (told.task_id, told.status.state) == (task.id, TaskState.TASK_STATE_CANCELED)
    assert {again.target for again in [words.get() for _ in range(words.qsize())]} <= {"/hook"}  # at least once: never who took it back
