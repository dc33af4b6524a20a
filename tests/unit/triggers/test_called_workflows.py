"""Published workflows as MCP tools and A2A agents, without an engine: what is listed, awaited and told."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from app import app
from chalicelib.errors import EngineUnavailable, KeyReused
from chalicelib.runs.query import get_input, get_run
from chalicelib.settings import settings
from chalicelib.spec.model import Json, JsonObject
from chalicelib.triggers import a2a_server, called_workflows, mcp_server
from chalicelib.triggers.called_workflows import MAX_OUTPUT_BYTES, call, find_offer, list_offers, outcome, wait_for
from chalicelib.triggers.json_rpc import RpcCall
from tests.factories.api_events import context, rest_event
from tests.factories.cloud import ANN, DAN, STRANGER, Cloud, cloud, published, unpublished
from tests.factories.credentials import bearer
from tests.factories.run_stories import ended, opened_gate, started_run

TEXT: JsonObject = {"type": "string"}


@pytest.fixture(autouse=True)
def aws() -> Iterator[Cloud]:
    with cloud() as found:
        yield found


def workflow(name: str, **fields: Json) -> JsonObject:
    return {"sluice": 1, "name": name, "nodes": {"a": {"type": "parallel"}}, **fields}


def mcp(method: str, principal: Any = ANN, **params: Any) -> JsonObject:
    body = mcp_server.serve(principal, RpcCall(method, params, 1)).body
    assert body is not None
    found = body.get("result") or body["error"]
    assert isinstance(found, dict)
    return found


def a2a(method: str, principal: Any = ANN, **params: Any) -> Any:
    body = a2a_server.serve(principal, RpcCall(method, params, 1), version="1.0")
    return body.get("result") or body["error"]


def sent(*parts: Json, **more: Json) -> JsonObject:
    return {"messageId": "m", "role": "ROLE_USER", "parts": [*parts], **more}


def test_it_offers_what_is_published_in_the_organisation_alone() -> None:
    published(workflow("greet", description="Says hello.", title="Greet"))
    unpublished("org_local", "draft")
    published(workflow("theirs"), organisation_id="org_other")
    assert [(offer.name, offer.title, offer.description, offer.input_schema) for offer in list_offers(ANN).offers] == [
        ("greet", "Greet", "Says hello.", {"type": "object"})
    ]
    assert (find_offer(ANN, "draft"), find_offer(ANN, "theirs"), find_offer(STRANGER, "greet")) == (None, None, None)


def test_it_lists_tools_page_by_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(called_workflows, "PAGE", 2)
    monkeypatch.setattr(a2a_server, "MAX_SKILLS", 4)
    names = [f"w{number}" for number in range(3)]
    for name in names:
        published(workflow(name))
    first = mcp("tools/list")
    second = mcp("tools/list", cursor=first["nextCursor"])
    listed = [tool["name"] for page in (first, second) for tool in page["tools"]]  # type: ignore[index,union-attr,call-overload]
    assert listed == ["run_status", *names]
    assert "nextCursor" not in second
    card = a2a_server.agent_card(ANN, "https://x/api")
    assert [skill["id"] for skill in card["skills"]] == names  # type: ignore[index,union-attr,call-overload]


def test_it_looks_until_the_run_has_ended_with_longer_pauses() -> None:
    run, pauses = started_run(), list[float]()

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 12:
            ended(run, "SUCCEEDED", output="done")

    assert wait_for(DAN, run.id, seconds=20, pause=pause).status == "succeeded"
    assert pauses == sorted(pauses)
    assert (pauses[0], pauses[-1]) == (0.05, 1.0)


def test_it_tells_how_a_run_stands() -> None:
    goes, waits, failed, large = (started_run() for _ in range(4))
    opened_gate(waits)
    ended(failed, "FAILED", error="NodeCrashed", cause="it broke")
    ended(large, "SUCCEEDED", output="x" * MAX_OUTPUT_BYTES)
    told = [outcome(DAN, get_run(DAN, run.id)) for run in (goes, waits, failed, large)]
    assert [(each["status"], sorted(each)) for each in told] == [
        ("queued", ["note", "run_id", "status", "workflow"]),
        ("waiting", ["note", "run_id", "status", "workflow"]),
        ("failed", ["error", "run_id", "status", "workflow"]),
        ("succeeded", ["note", "output", "run_id", "status", "workflow"]),
    ]
    assert told[3]["output"] is None
    texts = [mcp("tools/call", DAN, name="run_status", arguments={"run_id": run.id, "wait_seconds": 0})["content"] for run in (goes, large)]
    assert ["Ask again with run_status" in json.dumps(text) for text in texts] == [True, False]
    tasks = [a2a("GetTask", DAN, id=run.id) for run in (goes, waits, failed, large)]
    assert [(task["status"]["state"], "artifacts" in task, "message" in task["status"]) for task in tasks] == [
        ("TASK_STATE_SUBMITTED", False, True),
        ("TASK_STATE_WORKING", False, True),
        ("TASK_STATE_FAILED", False, True),
        ("TASK_STATE_COMPLETED", False, True),
    ]


def test_a_text_is_told_as_a_text() -> None:
    run = started_run()
    ended(run, "SUCCEEDED", output="Hello!")
    assert mcp("tools/call", DAN, name="run_status", arguments={"run_id": run.id})["content"] == [{"type": "text", "text": "Hello!"}]
    assert a2a("GetTask", DAN, id=run.id)["artifacts"][0]["parts"] == [{"text": "Hello!", "mediaType": "text/plain"}]


def test_one_key_of_one_person_is_one_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(called_workflows, "WAIT_SECONDS", 0)
    published(workflow("greet"))
    ask = {"name": "greet", "_meta": {"sluice/idempotency-key": "k"}}
    runs = [mcp("tools/call", person, **ask)["structuredContent"]["run_id"] for person in (ANN, ANN, DAN)]  # type: ignore[index,call-overload]
    header = mcp_server.serve(ANN, RpcCall("tools/call", {"name": "greet"}, 1, key="k")).body
    assert (len(set(runs)), str(runs[0]) in json.dumps(header)) == (2, True)
    offer = find_offer(ANN, "greet")
    assert offer is not None
    with pytest.raises(KeyReused):
        call(ANN, offer, {"other": 1}, key="mcp:ann:k")
    keyless = {mcp("tools/call", name="greet")["structuredContent"]["run_id"] for _ in range(2)}  # type: ignore[index,call-overload]
    assert len(keyless) == 2


@pytest.mark.parametrize(
    ("schema", "parts", "given"),
    [
        pytest.param({"type": "object", "properties": {"q": TEXT}}, [{"text": "a"}, {"text": "b"}], {"q": "a\nb"}, id="the-only-field"),
        pytest.param({"type": "object", "properties": {"q": TEXT, "r": TEXT}, "required": ["r"]}, [{"text": "a"}], {"r": "a"}, id="the-required-one"),
        pytest.param({"type": "object"}, [{"text": ' {"z": 1}'}], {"z": 1}, id="json"),
        pytest.param({"type": "object"}, [{"text": "x"}, 7, {"data": {"z": 2}}], {"z": 2}, id="data"),
        pytest.param({"type": "object", "properties": {"q": {"type": "number"}}}, [{"text": "{1}"}], None, id="a-number"),
        pytest.param({"type": "object", "properties": {"q": TEXT, "r": TEXT}}, [{"text": "a"}], None, id="two"),
    ],
)
def test_a_message_becomes_an_input(monkeypatch: pytest.MonkeyPatch, schema: JsonObject, parts: list[Json], given: Json) -> None:
    monkeypatch.setattr(called_workflows, "WAIT_SECONDS", 0)
    published(workflow("only", input=schema))
    found = a2a("SendMessage", message=sent(*parts))
    if given is None:
        assert (found["code"], found["data"]) == (-32602, {"schema": schema})
    else:
        assert get_input(ANN, found["task"]["id"]) == given


def test_a_skill_is_named_in_the_message_or_beside_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(called_workflows, "WAIT_SECONDS", 0)
    for name in ("one", "two"):
        published(workflow(name))
    told = [
        a2a("SendMessage", message=sent({"data": {}}, messageId="a", metadata={"skill": "one"})),
        a2a("SendMessage", message=sent({"data": {}}, messageId="b"), metadata={"skill": "two"}),
        a2a("SendMessage", message=sent({"data": {}}, messageId=""), tenant="one"),
    ]
    assert [each["task"]["metadata"]["skill"] for each in told] == ["one", "two", "one"]
    assert a2a("SendMessage", message=sent({"data": {}}, metadata={"skill": 1}))["code"] == -32602


def test_what_breaks_inside_is_told_by_its_code(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any, **__: Any) -> Any:
        raise EngineUnavailable("not now")

    monkeypatch.setattr(called_workflows, "start_manually", broken)
    published(workflow("greet"))
    assert a2a("SendMessage", message=sent({"data": {}})) == {"code": -32603, "message": "engine-unavailable: not now"}
    assert mcp("tools/call", name="greet") == {"content": [{"type": "text", "text": "engine-unavailable: not now"}], "isError": True}


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        pytest.param({}, 200, id="none"),
        pytest.param({"mcp-method": "tools/call", "mcp-name": "run_status", "mcp-protocol-version": "2026-07-28"}, 200, id="all"),
        pytest.param({"mcp-name": "=?base64?cnVuX3N0YXR1cw==?="}, 200, id="encoded"),
        pytest.param({"mcp-method": "tools/list"}, 400, id="another-method"),
        pytest.param({"mcp-name": "greet"}, 400, id="another-name"),
        pytest.param({"mcp-protocol-version": "2025-11-25"}, 400, id="another-version"),
    ],
)
def test_a_header_may_not_contradict_the_body(headers: dict[str, str], status: int) -> None:
    params: JsonObject = {"name": "run_status", "_meta": {"io.modelcontextprotocol/protocolVersion": "2026-07-28"}}
    assert mcp_server.serve(ANN, RpcCall("tools/call", params, 1, headers=headers)).status == status


def test_a_card_names_the_deployments_own_address(monkeypatch: pytest.MonkeyPatch) -> None:
    published(workflow("greet", labels={"team": "hr"}))
    monkeypatch.setenv("SLUICE_STAGE", "prod")
    settings.cache_clear()
    for resource, path in (("/.well-known/agent-card.json", {}), ("/a2a/{workflow}/.well-known/agent-card.json", {"workflow": "greet"})):
        event = rest_event("GET", resource, path=path, headers={"Host": "x.test", **bearer()})
        event["requestContext"] |= {"path": f"/api{resource.format(**path)}"}
        card = json.loads(app(event, context())["body"])
        assert card["supportedInterfaces"][0]["url"] == "https://x.test/api/a2a"
        assert [(skill["id"], skill["tags"]) for skill in card["skills"]] == [("greet", ["team=hr"])]
