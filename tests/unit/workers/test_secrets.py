"""A tool gets the values of its secrets; nothing that it gives back, raises or keeps holds them."""

import logging
import traceback
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from chalicelib.access.secrets import forget_secrets, put_secret
from chalicelib.errors import SecretMissing
from chalicelib.spec.model import Json, JsonObject
from chalicelib.store import memory
from chalicelib.tools.failures import HttpRejected
from chalicelib.tools.registry import tools
from chalicelib.tools.tool import Surroundings, Tool
from chalicelib.workers.failures import NodeCrashed, OutputNotJson
from chalicelib.workers.secrets import armed
from tests.factories.cloud import Cloud
from tests.factories.worker_runs import Story, story

TOKEN = "t0k3n-of-the-crm"
HEADERS: JsonObject = {"authorization": {"secret": "crm", "prefix": "Bearer "}, "x-who": "$context.who"}
CALL: JsonObject = {"type": "tool_call", "tool": "http.get", "with": {"url": "https://crm.test/", "headers": HEADERS}}
VALUES: dict[str, Json] = {"$context.who": {"secret": "crm"}}
Act = Callable[[JsonObject, Surroundings], Any]


@pytest.fixture(autouse=True)
def secret(aws: Cloud) -> Iterator[None]:
    forget_secrets()
    put_secret("org_local", "crm", TOKEN)
    yield
    forget_secrets()


@pytest.fixture
def tool(monkeypatch: pytest.MonkeyPatch) -> Callable[[Act], None]:
    return lambda act: monkeypatch.setitem(tools(), "http.get", Tool("http.get", act))


def serve(tale: Story) -> Json:
    return tale.serve("call", values=VALUES)


def test_it_gives_the_tool_the_value_and_shows_the_reference(aws: Cloud, tool: Callable[[Act], None]) -> None:
    seen: list[JsonObject] = []

    def act(arguments: JsonObject, _: Surroundings) -> Json:
        seen.append(arguments)
        return {"status": 200}

    tool(act)
    tale = story({"call": CALL})
    assert serve(tale) == {"status": 200}
    assert seen[0]["headers"] == {"authorization": f"Bearer {TOKEN}", "x-who": {"secret": "crm"}}
    assert tale.shown("call") == {
        "tool": "http.get",
        "arguments": {"url": "https://crm.test/", "headers": {"authorization": HEADERS["authorization"], "x-who": {"secret": "crm"}}},
    }


def test_it_takes_the_value_out_of_the_output(aws: Cloud, tool: Callable[[Act], None]) -> None:
    tool(lambda arguments, _: {"status": 200, "headers": {}, "body": {"you sent": arguments["headers"]["authorization"]}})  # type: ignore[index,call-overload]
    tale = story({"call": CALL})
    told = {"status": 200, "headers": {}, "body": {"you sent": "Bearer (secret crm)"}}
    assert serve(tale) == told
    assert tale.result("call") == told


@pytest.mark.parametrize("raised", [HttpRejected, RuntimeError])
def test_it_takes_the_value_out_of_an_error(
    aws: Cloud, tool: Callable[[Act], None], caplog: pytest.LogCaptureFixture, raised: type[Exception]
) -> None:
    def act(arguments: JsonObject, _: Surroundings) -> Json:
        try:
            raise ValueError(TOKEN)
        except ValueError as error:
            raise raised(f"no: {TOKEN} and {TOKEN[:8]}") from error

    tool(act)
    tale = story({"call": CALL})
    with caplog.at_level(logging.DEBUG), pytest.raises(HttpRejected if raised is HttpRejected else NodeCrashed) as told:
        serve(tale)
    assert "no: (secret crm) and (secret crm)" in str(told.value)
    fault = tale.node_run("call").error
    assert fault is not None
    assert fault.message == str(told.value)
    shown = "".join(traceback.format_exception(told.value))
    assert "in act" in shown
    assert TOKEN not in shown + caplog.text


def test_a_secret_that_is_not_there_fails_the_node(aws: Cloud) -> None:
    tale = story({"call": {"type": "tool_call", "tool": "http.get", "retry": {"max_attempts": 3}, "with": {"url": {"secret": "hook"}}}})
    with pytest.raises(SecretMissing, match="sluice secrets put hook"):
        tale.serve("call")
    fault = tale.node_run("call").error
    assert fault is not None
    assert (fault.name, fault.code, fault.retryable) == ("SecretMissing", "secret-missing", False)


def test_it_keeps_no_value_in_a_workflows_memory(aws: Cloud, tool: Callable[[Act], None]) -> None:
    def act(arguments: JsonObject, surroundings: Surroundings) -> Json:
        surroundings.key_values.put(f"k {TOKEN}", {"v": TOKEN})
        kept = surroundings.key_values.get(f"k {TOKEN}")
        return {"body": kept.value if kept else None}

    tool(act)
    tale = story({"call": CALL})
    assert serve(tale) == {"body": {"v": "(secret crm)"}}
    assert memory.recall("org_local", tale.version.workflow_id, "k (secret crm)") == {"v": "(secret crm)"}


def test_it_still_refuses_an_output_that_is_no_json(aws: Cloud, tool: Callable[[Act], None]) -> None:
    around: list[Any] = []
    around.append(around)
    tool(lambda arguments, _: {"body": around})
    with pytest.raises(OutputNotJson):
        serve(story({"call": CALL}))


def test_it_fills_lists_and_leaves_what_bindings_gave() -> None:
    found = armed(
        {"a": [{"secret": "x"}, "$b", "c"], "d": "$e"}, {"a": [{"secret": "x"}, {"secret": "x"}, "c"], "d": {"secret": "x"}}, lambda name: "v" * 8
    )
    assert found.arguments == {"a": ["vvvvvvvv", {"secret": "x"}, "c"], "d": {"secret": "x"}}
    assert "vvv" not in repr(found)


def test_it_resolves_nothing_where_nothing_is_asked() -> None:
    def never(name: str) -> str:
        raise AssertionError(name)

    assert armed({"a": "$b"}, {"a": {"secret": "x"}}, never).arguments == {"a": {"secret": "x"}}
