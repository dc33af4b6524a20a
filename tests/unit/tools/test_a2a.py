"""The a2a tools, against an agent of the official SDK on loopback."""

import asyncio
import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import a2a.client  # noqa: F401  (heavy: paid for here, not by the first test)
import httpx
import pytest
from a2a.helpers import new_data_part, new_task, new_text_message, new_text_part
from a2a.server.agent_execution import AgentExecutor, RequestContext
from a2a.server.events import EventQueue
from a2a.server.request_handlers import DefaultRequestHandler
from a2a.server.routes import create_agent_card_routes, create_jsonrpc_routes, create_rest_routes
from a2a.server.tasks import BasePushNotificationSender, InMemoryPushNotificationConfigStore, InMemoryTaskStore, TaskUpdater
from a2a.types.a2a_pb2 import AgentCapabilities, AgentCard, AgentInterface, AgentSkill, TaskState
from starlette.applications import Starlette
from starlette.types import Receive, Scope, Send

from chalicelib.spec.model import JsonObject
from chalicelib.tools import a2a as tool
from chalicelib.tools.failures import AgentRefused, ArgumentsInvalid, HostUnreachable, HttpServerFailed, HttpThrottled, HttpTimedOut, UrlRefused
from chalicelib.tools.ports import Endpoint
from chalicelib.tools.registry import run_tool
from chalicelib.tools.tool import Surroundings
from tests.factories.tool_surroundings import surroundings
from tests.fixtures.asgi_server import serving_app
from tests.fixtures.http_server import Reply, serving


class Clerk(AgentExecutor):
    """Answers "hello" at once, works on "later" until it may `go`, asks back on "ask", and fails on "fail"."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.go = threading.Event()

    async def execute(self, context: RequestContext, event_queue: EventQueue) -> None:
        assert context.message is not None
        assert context.task_id is not None
        assert context.context_id is not None
        self.heard.append(context.message.message_id)
        said = context.get_user_input()
        if said == "hello":
            await event_queue.enqueue_event(new_text_message("good day"))
            return
        if context.current_task is None:
            await event_queue.enqueue_event(new_task(context.task_id, context.context_id, TaskState.TASK_STATE_SUBMITTED))
        updater = TaskUpdater(event_queue, context.task_id, context.context_id)
        match said:
            case "ask":
                await updater.requires_input(updater.new_agent_message([new_text_part("Which year?")]))
            case "fail":
                await updater.failed(updater.new_agent_message([new_text_part("no such year")]))
            case "work":
                await updater.start_work()
                await _until_cancelled()
            case "later":
                await updater.start_work()
                await asyncio.to_thread(self.go.wait, 60)
                await updater.add_artifact([new_text_part("at last")])
                await updater.complete()
            case "":
                await updater.add_artifact([*context.message.parts])
                await updater.complete()
            case _:
                await updater.add_artifact([new_text_part(f"report on {said}"), new_data_part({"pages": 3})])
                await updater.complete()

    async def cancel(self, context: RequestContext, event_queue: EventQueue) -> None:
        assert context.task_id is not None
        assert context.context_id is not None
        await TaskUpdater(event_queue, context.task_id, context.context_id).cancel()


async def _until_cancelled() -> None:
    await asyncio.Event().wait()


class Office:
    """The running agent, and the requests that came."""

    def __init__(self, *, binding: str = "JSONRPC", tells: bool = False) -> None:
        self.clerk = Clerk()
        self.requests: list[tuple[str, dict[str, str]]] = []
        self.app: Starlette | None = None
        self.binding = binding
        self.tells = tells
        self.configs = InMemoryPushNotificationConfigStore()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            self.requests.append((scope["path"], {name.decode(): value.decode() for name, value in scope["headers"]}))
        assert self.app is not None
        await self.app(scope, receive, send)

    def open_at(self, host: str) -> None:
        card = AgentCard(
            name="clerk",
            description="Writes reports.",
            version="1",
            supported_interfaces=[AgentInterface(url=f"http://{host}/rpc", protocol_binding=self.binding, protocol_version="1.0")],
            capabilities=AgentCapabilities(streaming=False, push_notifications=self.tells),
            default_input_modes=["text/plain"],
            default_output_modes=["text/plain"],
            skills=[AgentSkill(id="report", name="Report", description="Writes a report.", tags=["writing"])],
        )
        sender = (
            BasePushNotificationSender(httpx.AsyncClient(trust_env=False, limits=httpx.Limits(max_keepalive_connections=0)), self.configs)
            if self.tells
            else None
        )
        kept = self.configs if self.tells else None
        handler = DefaultRequestHandler(
            agent_executor=self.clerk, task_store=InMemoryTaskStore(), agent_card=card, push_config_store=kept, push_sender=sender
        )
        served = create_jsonrpc_routes(handler, "/rpc") if self.binding == "JSONRPC" else create_rest_routes(handler, path_prefix="/rpc")
        self.app = Starlette(routes=[*create_agent_card_routes(card), *served])


@pytest.fixture(autouse=True)
def fresh() -> None:
    tool.forget_agents()


def _opened(office: Office) -> Iterator[tuple[Office, str]]:
    async def late(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            await office(scope, receive, send)

    with serving_app(late) as host:
        office.open_at(host)
        yield office, host


@pytest.fixture(scope="module")
def running() -> Iterator[tuple[Office, str]]:
    yield from _opened(Office())


@pytest.fixture(scope="module")
def running_rest() -> Iterator[tuple[Office, str]]:
    yield from _opened(Office(binding="HTTP+JSON"))


def around(host: str, *, seconds: float = 60.0) -> Surroundings:
    endpoint = Endpoint(f"http://{host}", {"Authorization": "Bearer s3cret"})
    return replace(surroundings(seconds_left=lambda: seconds), a2a_agents={"clerk": endpoint})


def call(host: str, name: str, **arguments: Any) -> Any:
    return run_tool(f"a2a.{name}", {"agent": "clerk", **arguments}, around(host))


def test_it_gives_a_message_that_comes_at_once(running: tuple[Office, str]) -> None:
    said = call(running[1], "send", text="hello")
    assert (said["text"], said["state"], said["is_final"], said["task_id"]) == ("good day", "completed", True, None)


@pytest.mark.parametrize("kind", ["running", "running_rest"])
def test_it_gives_a_task_with_its_parts(kind: str, request: pytest.FixtureRequest) -> None:
    host = request.getfixturevalue(kind)[1]
    sent = call(host, "send", text="1984")
    said = _final(host, sent["task_id"])
    assert (said["state"], said["text"], said["data"]) == ("completed", "report on 1984", [{"pages": 3}])
    assert said["context_id"] == sent["context_id"]


def _final(host: str, task_id: str) -> Any:
    for _ in range(1000):
        said = call(host, "get", task_id=task_id)
        if said["is_final"]:
            return said
    raise AssertionError("the task does not end")


def test_it_sends_json_with_or_without_a_text(running: tuple[Office, str]) -> None:
    sent = call(running[1], "send", data={"year": 1984, "tags": ["a"]})
    assert _final(running[1], sent["task_id"])["data"] == [{"year": 1984, "tags": ["a"]}]


def test_it_does_not_wait_for_a_long_task_and_cancels_it(running: tuple[Office, str]) -> None:
    host = running[1]
    sent = call(host, "send", text="work")
    assert sent["state"] in {"submitted", "working"}
    assert not sent["is_final"]
    assert call(host, "cancel", task_id=sent["task_id"])["state"] == "cancelled"
    again = call(host, "cancel", task_id=sent["task_id"])
    assert (again["state"], again["is_final"]) == ("cancelled", True)


def test_it_answers_an_agent_that_asks_back(running: tuple[Office, str]) -> None:
    host = running[1]
    sent = call(host, "send", text="ask")
    asked = next(said for _ in range(1000) if (said := call(host, "get", task_id=sent["task_id"]))["state"] == "input_required")
    assert (asked["text"], asked["is_final"]) == ("Which year?", False)
    call(host, "send", text="1985", task_id=sent["task_id"], context_id=sent["context_id"])
    assert _final(host, sent["task_id"])["text"] == "report on 1985"


def test_it_tells_of_a_task_that_failed(running: tuple[Office, str]) -> None:
    sent = call(running[1], "send", text="fail")
    said = _final(running[1], sent["task_id"])
    assert (said["state"], said["text"]) == ("failed", "no such year")


def test_it_makes_the_messages_id_from_the_key_of_the_effect(running: tuple[Office, str]) -> None:
    office, host = running
    office.clerk.heard.clear()
    call(host, "send", text="hello")
    call(host, "send", text="hello")
    assert len(set(office.clerk.heard)) == 1


def test_it_fetches_a_card_once_and_sends_the_endpoints_headers(running: tuple[Office, str]) -> None:
    office, host = running
    office.requests.clear()
    call(host, "send", text="hello")
    call(host, "send", text="hello")
    assert [path for path, _ in office.requests] == ["/.well-known/agent-card.json", "/rpc", "/rpc"]
    assert {headers["authorization"] for _, headers in office.requests} == {"Bearer s3cret"}


def test_it_sends_no_credential_to_where_a_card_points(running: tuple[Office, str]) -> None:
    office, host = running
    port = host.partition(":")[2]
    elsewhere = (
        f'{{"name": "x", "supportedInterfaces": [{{"url": "http://localhost:{port}/rpc", "protocolBinding": "JSONRPC", "protocolVersion": "1.0"}}]}}'
    )
    office.requests.clear()
    with serving(lambda _: Reply(200, {"content-type": "application/json"}, elsewhere.encode())) as server:
        endpoint = Endpoint(f"http://{server.host}", {"Authorization": "Bearer s3cret"})
        allowed = replace(surroundings(f"localhost:{port}"), a2a_agents={"clerk": endpoint})
        assert run_tool("a2a.send", {"agent": "clerk", "text": "hello"}, allowed)["text"] == "good day"  # type: ignore[index,call-overload]
        tool.forget_agents()
        with pytest.raises(UrlRefused):
            run_tool("a2a.send", {"agent": "clerk", "text": "hello"}, replace(surroundings(), a2a_agents={"clerk": endpoint}))
    assert [("authorization" in headers) for _, headers in office.requests] == [False]
    assert server.requests[0].headers["authorization"] == "Bearer s3cret"


def test_it_logs_nothing_of_what_is_said(running: tuple[Office, str], caplog: pytest.LogCaptureFixture) -> None:
    host = running[1]
    with caplog.at_level("INFO"):
        call(host, "get", task_id=call(host, "send", text="1984")["task_id"])
    assert host not in caplog.text


def test_it_describes_an_agent_by_its_card(running: tuple[Office, str]) -> None:
    found = tool.describe("clerk", around(running[1]))
    assert (found.agent, found.name, found.description) == ("clerk", "clerk", "Writes reports.")
    assert found.skills == (tool.AgentSkill("report", "Report", "Writes a report.", ("writing",)),)


def test_it_tells_of_a_task_that_is_not_there(running: tuple[Office, str]) -> None:
    with pytest.raises(AgentRefused, match="not found"):
        call(running[1], "get", task_id="task-0")


def test_it_needs_something_to_say() -> None:
    with pytest.raises(ArgumentsInvalid, match="text or data is needed"):
        call("127.0.0.1:1", "send")


@pytest.mark.parametrize(
    ("reply", "failure"),
    [
        (Reply(404), AgentRefused),
        (Reply(429), HttpThrottled),
        (Reply(502), HttpServerFailed),
        (Reply(302, {"location": "http://127.0.0.1:1"}), UrlRefused),
        (Reply(200, {}, b"<html>"), AgentRefused),
        (Reply(200, {}, b'{"name": "no interfaces"}'), AgentRefused),
        (Reply(200, {}, b"[]"), AgentRefused),
    ],
)
def test_it_tells_how_an_agent_refused(reply: Reply, failure: type[Exception]) -> None:
    with serving(lambda _: reply) as server, pytest.raises(failure):
        call(server.host, "send", text="hello")


def test_it_ends_at_the_time_limit() -> None:
    with serving(lambda _: Reply(200, {}, b"x" * 9999), drip_seconds=0.05) as server, pytest.raises(HttpTimedOut):
        call(server.host, "send", text="hello", timeout_seconds=0.2)


def test_it_tells_of_an_agent_that_is_not_there() -> None:
    with pytest.raises(HostUnreachable):
        call("127.0.0.1:1", "send", text="hello")


def test_it_goes_to_no_address_that_is_not_allowed(running: tuple[Office, str]) -> None:
    arguments: JsonObject = {"agent": f"http://{running[1]}", "text": "hello"}
    with pytest.raises(UrlRefused):
        run_tool("a2a.send", arguments, surroundings())
