"""Tools and models that misbehave: a readable failure of their node, or a pointer, never a run that hangs.

A test tool takes the place of `http.get`; the real one speaks to a server on this machine that answers badly.
"""

import sys
import time
from collections.abc import Callable, Iterator
from typing import Any, Final

import pytest

from chalicelib.settings import settings
from chalicelib.tools.registry import tools
from chalicelib.tools.tool import Tool
from chalicelib.workers import agent
from infra.local.stack import LocalStack
from tests.factories.local_runs import LocalRuns
from tests.fixtures.http_server import Reply, Request, Server, serving

pytestmark = pytest.mark.scenario

MEGABYTE: Final = 1_000_000


def spec(name: str, **nodes: dict[str, Any]) -> dict[str, Any]:
    return {"sluice": 1, "name": name, "nodes": nodes, "output": {"seen": f"${next(reversed(nodes))}"}}


def call(**fields: Any) -> dict[str, Any]:
    return {"type": "tool_call", "tool": "http.get", "with": {"url": "https://tool.test/"}, **fields}


def failed(runs: LocalRuns, document: dict[str, Any], node: str = "work") -> dict[str, Any]:
    """Run it, and look at how it failed: the node's error, which the run's is too."""
    runs.publish(document)
    run = runs.ended(runs.start(document["name"]), seconds=30)
    events = runs.check_log(run["id"])
    error: dict[str, Any] = runs.nodes(run["id"])[node]["error"]
    assert (run["status"], run["failed_node"]) == ("failed", node)
    assert run["error"]["name"] == error["name"]
    assert any(event["type"] == "node_failed" and event["node"] == node for event in events)
    assert 10 < len(error["message"]) <= 400
    assert "Traceback" not in error["message"]
    return error


def succeeded(runs: LocalRuns, document: dict[str, Any]) -> dict[str, Any]:
    runs.publish(document)
    run = runs.ended(runs.start(document["name"]), seconds=30)
    assert (run["status"], run["error"]) == ("succeeded", None)
    runs.check_log(run["id"])
    return run


@pytest.fixture
def tool(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], Any]], None]:
    """Put a function in the place of the tool `http.get`."""

    def put(act: Callable[[], Any]) -> None:
        monkeypatch.setitem(tools(), "http.get", Tool("http.get", lambda arguments, surroundings: act()))

    return put


Put = Callable[[Callable[[], Any]], None]


def raising(error: BaseException) -> Callable[[], Any]:
    def act() -> Any:
        raise error

    return act


def around_itself() -> Any:
    inner: list[Any] = []
    inner.append(inner)
    return {"status": inner}


@pytest.mark.parametrize(
    ("act", "name", "words"),
    [
        pytest.param(lambda: 1 / 0, "NodeCrashed", "ZeroDivisionError: division by zero", id="raises"),
        pytest.param(raising(RecursionError("x" * 5000)), "NodeCrashed", "RecursionError: xxx", id="raises-a-long-text"),
        pytest.param(lambda: {"status": {1, 2}}, "OutputNotJson", "a set", id="set"),
        pytest.param(lambda: {"status": float("nan")}, "OutputNotJson", "not finite", id="nan"),
        pytest.param(lambda: {"body": b"bytes"}, "OutputNotJson", "a bytes", id="bytes"),
        pytest.param(lambda: {1: "one"}, "OutputNotJson", "named by a int", id="numbered"),
        pytest.param(around_itself, "OutputNotJson", "nested", id="circle"),
        pytest.param(lambda: {"Pointer": {"key": "org_other/secret"}}, "OutputNotJson", "Pointer", id="forged-pointer"),
        pytest.param(lambda: "x" * 40 * MEGABYTE, "OutputTooLarge", "are the most", id="40-megabytes"),
    ],
)
def test_it_tells_of_a_tool_that_misbehaves(runs: LocalRuns, tool: Put, act: Callable[[], Any], name: str, words: str) -> None:
    tool(act)
    error = failed(runs, spec("misbehaving", work=call()))
    assert error["name"] == name
    assert words in error["message"]


def test_it_tells_of_a_worker_that_dies(runs: LocalRuns, tool: Put) -> None:
    tool(lambda: sys.exit(137))
    error = failed(runs, spec("dying", work=call()))
    assert error["name"] == "Runtime.ExitError"


def test_it_tries_a_worker_that_died_again(runs: LocalRuns, tool: Put) -> None:
    deaths = iter([137])
    tool(lambda: sys.exit(code) if (code := next(deaths, None)) else {"status": 200})
    run = succeeded(runs, spec("dying-once", work=call(retry={"max_attempts": 2, "interval_seconds": 1, "jitter": "none"})))
    assert (runs.nodes(run["id"])["work"]["attempts"][0]["ended_at"] is None, run["output"]) == (True, {"seen": {"status": 200}})


def test_it_ends_a_tool_that_takes_too_long(runs: LocalRuns, tool: Put) -> None:
    tool(lambda: time.sleep(4))
    began = time.monotonic()
    error = failed(runs, spec("slow", work=call(timeout_seconds=1)))
    assert error["name"] == "States.Timeout"
    assert time.monotonic() - began < 4


def test_a_late_worker_changes_nothing(runs: LocalRuns, tool: Put) -> None:
    def act() -> Any:
        time.sleep(2)
        return {"status": 200}

    tool(act)
    document = spec("late", work=call(timeout_seconds=1, on_error={"goto": "after"}), after={"type": "wait", "seconds": 2})
    run = succeeded(runs, document)
    work = runs.nodes(run["id"])["work"]
    assert (work["status"], work["error"]["name"]) == ("failed", "CameTooLate")


@pytest.mark.parametrize("on_error", ["continue", {"goto": "rescue"}], ids=["continue", "goto"])
def test_it_goes_on_where_the_workflow_says_so(runs: LocalRuns, tool: Put, on_error: Any) -> None:
    tool(lambda: 1 / 0)
    rescue = {"type": "transform", "value": {"why": "{{ $work.error.message }}"}, "after": ["work"] if on_error == "continue" else []}
    run = succeeded(runs, spec("going-on", work=call(on_error=on_error), rescue=rescue))
    assert run["output"]["seen"] == {"why": "ZeroDivisionError: division by zero"}


def test_it_tells_of_the_item_that_failed_in_a_map(runs: LocalRuns, tool: Put) -> None:
    tool(lambda: 1 / 0)
    items = {"type": "map", "over": [1, 2, 3], "as": "item", "concurrency": 1, "nodes": {"work": call()}}
    runs.publish(spec("failing-items", items=items))
    run = runs.ended(runs.start("failing-items"))
    runs.check_log(run["id"])
    assert (run["status"], run["error"]["name"]) == ("failed", "NodeCrashed")
    assert runs.nodes(run["id"])["work items:0"]["error"]["message"] == "ZeroDivisionError: division by zero"


def test_it_puts_five_megabytes_into_s3(runs: LocalRuns, tool: Put) -> None:
    rows = [{"number": number, "text": "é" * 20} for number in range(75_000)]
    tool(lambda: {"status": 200, "body": {"rows": rows}})
    picked = {"type": "tool_call", "tool": "json.pick", "with": {"value": "$work.body", "path": "rows[74999].number"}, "after": ["work"]}
    run = succeeded(runs, spec("large", work=call(), picked=picked))
    assert run["output"]["seen"]["value"] == 74_999
    assert runs.nodes(run["id"])["work"]["output"] is None
    whole = runs.api.runs_list_nodes(run["id"], node="work")["nodes"][0]
    assert (whole["output"], whole["output_bytes"] > 5 * MEGABYTE) == (None, True)  # with its quotes escaped it is more than an answer holds


def test_it_gives_five_megabytes_as_the_runs_output(runs: LocalRuns, tool: Put) -> None:
    tool(lambda: {"status": 200, "body": "x" * 5 * MEGABYTE})
    run = succeeded(runs, {**spec("large-output", work=call()), "output": {"seen": "$work"}})
    assert len(run["output"]["seen"]["body"]) == 5 * MEGABYTE
    assert runs.nodes(run["id"])["work"]["output"] is None
    whole = runs.api.runs_list_nodes(run["id"], node="work")["nodes"][0]
    assert whole["output"] == run["output"]["seen"]


def test_it_shows_a_run_whose_output_is_more_than_an_answer_holds(runs: LocalRuns, tool: Put) -> None:
    tool(lambda: {"status": 200, "body": "x" * 8 * MEGABYTE})
    run = succeeded(runs, {**spec("larger-output", work=call()), "output": {"seen": "$work"}})
    assert (run["output"], run["output_bytes"] > 8 * MEGABYTE) == (None, True)


def test_it_says_when_the_machine_cannot_hold_what_it_must_read(runs: LocalRuns, tool: Put) -> None:
    tool(lambda: {"status": 200, "body": "x" * 5 * MEGABYTE})
    big = {"type": "condition", "if": "$length($work.body) > 10", "after": ["work"]}
    error = failed(runs, spec("too-large-to-read", work=call(), big=big))
    assert error["name"] == "OutputTooLarge"


def test_it_tells_of_a_model_call_that_crashes(runs: LocalRuns, monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(*_args: object, **_kwargs: object) -> Any:
        raise RuntimeError("the adapter has a hole")

    monkeypatch.setattr(agent, "call_agent", crash)
    error = failed(runs, spec("crashing-agent", work={"type": "agent_call", "prompt": "Say something."}))
    assert (error["name"], error["message"]) == ("NodeCrashed", "RuntimeError: the adapter has a hole")


# --- a server that answers badly -----------------------------------------------------------------------------------


def answer(request: Request) -> Reply | bytes:
    match request.target:
        case "/garbage":
            return b"\x00\xff\x00 this is no HTTP\r\n\r\n"
        case "/nothing":
            return b""
        case "/half":
            return b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf"
        case "/large":
            return Reply(body=b"x" * 5 * MEGABYTE)
        case "/slow":
            time.sleep(2)
            return Reply()
        case "/broken-json":
            return Reply(headers={"content-type": "application/json"}, body=b'{"a": ')
        case _:
            return Reply(status=int(request.target.strip("/")), body=b"no")


@pytest.fixture(scope="module")
def server(stack: LocalStack) -> Iterator[Server]:
    with serving(answer) as found, pytest.MonkeyPatch.context() as patch:
        patch.setenv("SLUICE_ALLOWED_HOSTS", found.host)
        settings.cache_clear()
        yield found
    settings.cache_clear()


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("500", "HttpServerFailed"),
        ("429", "HttpThrottled"),
        ("404", "HttpRejected"),
        ("garbage", "HostUnreachable"),
        ("nothing", "HostUnreachable"),
        ("half", "HostUnreachable"),
        ("large", "BodyTooLarge"),
        ("slow", "HttpTimedOut"),
    ],
)
def test_it_tells_of_a_server_that_answers_badly(runs: LocalRuns, server: Server, path: str, name: str) -> None:
    arguments = {"url": f"http://{server.host}/{path}", "timeout_seconds": 1}
    error = failed(runs, spec("bad-answers", work={"type": "tool_call", "tool": "http.get", "with": arguments}))
    assert error["name"] == name


def test_it_takes_broken_json_for_text(runs: LocalRuns, server: Server) -> None:
    arguments = {"url": f"http://{server.host}/broken-json"}
    run = succeeded(runs, spec("broken-json", work={"type": "tool_call", "tool": "http.get", "with": arguments}))
    assert run["output"]["seen"]["body"] == '{"a": '
