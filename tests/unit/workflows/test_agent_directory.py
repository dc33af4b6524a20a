"""The directory of agents, and who is chosen from it when a workflow is published."""

import json
from collections.abc import Iterator
from typing import Any

import a2a.client  # noqa: F401  (heavy: paid for here, not by the first test)
import pytest

from chalicelib.errors import AgentInvalid, AgentNameTaken, AgentNotFound, SpecInvalid
from chalicelib.settings import settings
from chalicelib.spec.model import Json, JsonObject
from chalicelib.store import external_agents
from chalicelib.store.external_agents import KeptCard
from chalicelib.store.workflow_records import Version
from chalicelib.tools import a2a as tool
from chalicelib.workflows import publish as publishing
from chalicelib.workflows.agent_directory import find_by_skill, get_agent, list_agents
from chalicelib.workflows.compilation import Pins
from chalicelib.workflows.create import create
from chalicelib.workflows.delete import delete
from chalicelib.workflows.external_agents import add_agent, known_agents, remove_agent
from chalicelib.workflows.publish import Wish
from chalicelib.workflows.query import find_workflow
from chalicelib.workflows.validate import validate
from tests.factories.cloud import ANN, STRANGER, cloud
from tests.factories.publishing import publish
from tests.fixtures.asgi_server import serving_app
from tests.unit.tools.test_a2a import Office

LONG_AGO = "2026-01-01T00:00:00.000Z"
TEXT_INPUT: JsonObject = {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}


@pytest.fixture(scope="module")
def office() -> Iterator[str]:
    found = Office()

    async def late(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "lifespan":
            await found(scope, receive, send)

    with serving_app(late) as host:
        found.open_at(host)
        yield host


@pytest.fixture(autouse=True)
def aws(office: str) -> Iterator[None]:
    tool.forget_agents()
    with cloud(SLUICE_ALLOWED_HOSTS=office):
        yield


def document(name: str, nodes: JsonObject, **more: Json) -> str:
    return json.dumps({"sluice": 1, "name": name, "nodes": nodes, **more})


def published(name: str, **more: Json) -> Version:
    found = find_workflow(ANN, name)
    text = document(name, {"a": {"type": "parallel"}}, **more)
    return publish(ANN, (found or create(ANN, text=text)).id, text=text)


def asking(agent: Json, **more: Json) -> str:
    return document("asks", {"do": {"type": "agent_call", "agent": agent, "prompt": "Read it.", **more}})


def told(text: str) -> list[tuple[str, str]]:
    return [(each.code, each.location.path) for each in validate(ANN, text=text).diagnostics]


def publish_asking(agent: Json, **more: Json) -> Version:
    found = find_workflow(ANN, "asks")
    text = asking(agent, **more)
    return publish(ANN, (found or create(ANN, text=text)).id, text=text)


def test_it_lists_presets_published_workflows_and_external_agents(office: str) -> None:
    published("read-invoice", skills=["extract figures from invoices"], input=TEXT_INPUT, title="Reads invoices")
    create(ANN, text=document("draft-only", {"a": {"type": "parallel"}}))
    add_agent(ANN, name="clerk", url=f"http://{office}")
    listed = {agent.named: agent for agent in list_agents(ANN)}
    assert {"researcher", "workflow:read-invoice", "a2a:clerk"} <= set(listed)
    assert "workflow:draft-only" not in listed
    clerk, invoice = listed["a2a:clerk"], listed["workflow:read-invoice"]
    assert (clerk.source, clerk.is_from_outside, clerk.card_url) == ("registered", True, f"http://{office}/.well-known/agent-card.json")
    assert (invoice.source, invoice.takes_text, invoice.version, [skill.name for skill in invoice.skills]) == (
        "published",
        True,
        1,
        ["extract figures from invoices"],
    )
    assert [agent.named for agent in list_agents(STRANGER) if agent.card.kind != "preset"] == []
    assert get_agent(ANN, "clerk", kind="a2a") == clerk
    with pytest.raises(AgentNotFound):
        get_agent(ANN, "clerk", kind="workflow")


def test_it_registers_an_agent_once_and_forgets_it(office: str) -> None:
    first = add_agent(ANN, name="clerk", url=f"http://{office}")
    assert add_agent(ANN, name="clerk", url=f"http://{office}").registration == first.registration
    with pytest.raises(AgentNameTaken):
        add_agent(ANN, name="clerk", url=f"http://{office}/other/..")
    remove_agent(ANN, "clerk")
    assert known_agents(ANN.organisation_id) == ()
    with pytest.raises(AgentNotFound):
        remove_agent(ANN, "clerk")


def test_it_reaches_a_registered_agent_only_where_any_url_may_be_reached(monkeypatch: pytest.MonkeyPatch, office: str) -> None:
    """Who registers an agent is not who runs the deployment: its name opens no way into the house."""
    monkeypatch.setenv("SLUICE_ALLOWED_HOSTS", "example.com")
    settings.cache_clear()
    with pytest.raises(AgentInvalid, match="cannot be read"):
        add_agent(ANN, name="clerk", url=f"http://{office}")
    assert external_agents.list_all(ANN.organisation_id) == ()


def test_the_settings_name_an_agent_before_anybody(monkeypatch: pytest.MonkeyPatch, office: str) -> None:
    monkeypatch.setenv("SLUICE_A2A_AGENTS", json.dumps({"clerk": {"url": f"http://{office}"}}))
    settings.cache_clear()
    assert get_agent(ANN, "clerk").source == "setting"
    with pytest.raises(AgentNameTaken):
        add_agent(ANN, name="clerk", url=f"http://{office}")
    with pytest.raises(AgentInvalid, match="SLUICE_A2A_AGENTS"):
        remove_agent(ANN, "clerk")


def test_a_card_is_kept_refreshed_and_survives_an_agent_that_is_gone(office: str) -> None:
    add_agent(ANN, name="clerk", url=f"http://{office}")
    kept = external_agents.cards("org_local", ["clerk"])["clerk"]
    external_agents.keep_card("org_local", kept.model_copy(update={"title": "Old", "asked_at": LONG_AGO}))
    assert get_agent(ANN, "clerk").title == "clerk"  # an hour is over: it was asked again
    gone = KeptCard(name="gone", url="http://127.0.0.1:1", title="Gone", asked_at=LONG_AGO, fetched_at=LONG_AGO)
    external_agents.register("org_local", external_agents.ExternalAgent(name="gone", url=gone.url, registered_at=LONG_AGO, registered_by="ann"))
    external_agents.keep_card("org_local", gone)
    found = get_agent(ANN, "gone")
    assert (found.title, found.fetched_at) == ("Gone", LONG_AGO)
    assert found.fault
    asked_at = external_agents.cards("org_local", ["gone"])["gone"].asked_at
    get_agent(ANN, "gone")  # within the minute nobody asks again
    assert external_agents.cards("org_local", ["gone"])["gone"].asked_at == asked_at != LONG_AGO


@pytest.mark.parametrize(
    ("agent", "code"),
    [
        ("reseacher", "unknown-agent"),
        ("workflow:nobody", "unknown-agent"),
        ("a2a:nobody", "unknown-agent"),
        ({"skill": "xylophone"}, "no-agent-for-skill"),
    ],
)
def test_an_agent_that_nobody_is_shows_at_publishing(agent: Json, code: str) -> None:
    found = [each for each in validate(ANN, text=asking(agent)).diagnostics if each.is_error]
    assert [(each.code, each.location.path) for each in found] == [(code, "nodes.do.agent")]
    assert found[0].hint
    with pytest.raises(SpecInvalid):
        publish_asking(agent)


@pytest.mark.parametrize(("model", "faulty"), [("smrt", True), ("vllm:qwen", True), ("smart", False), ("openai:gpt-9", False), ("house", False)])
def test_a_model_that_nobody_has_shows_at_publishing(model: str, faulty: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLUICE_MODELS", '{"house": "anthropic:claude-opus-5-5", "broken": "nobody:model"}')
    settings.cache_clear()
    text = document("asks", {"do": {"type": "agent_call", "model": model, "prompt": "Hello."}})
    assert told(text) == ([("unknown-model", "nodes.do.model")] if faulty else [])
    assert told(text.replace(f'"{model}"', '"broken"')) == [("unknown-model", "nodes.do.model")]  # an alias that leads nowhere


def test_nothing_is_said_of_providers_where_compatible_servers_are_not_known(monkeypatch: pytest.MonkeyPatch) -> None:
    text = document("asks", {"do": {"type": "agent_call", "model": "vllm:qwen", "prompt": "Hello."}})
    monkeypatch.setenv("SLUICE_STAGE", "prod")
    settings.cache_clear()
    assert told(text) == []
    monkeypatch.setenv("SLUICE_COMPATIBLE", '{"house": {"url": "http://10.0.0.7/v1"}}')
    settings.cache_clear()
    assert told(text) == [("unknown-model", "nodes.do.model")]


def test_servers_and_external_agents_that_tools_name_show_at_publishing() -> None:
    text = document(
        "asks",
        {
            "price": {"type": "tool_call", "tool": "mcp.call", "with": {"server": "shop", "tool": "price"}},
            "ask": {"type": "tool_call", "tool": "a2a.send", "with": {"agent": "clerk", "text": "Hello"}},
            "work": {"type": "agent_call", "prompt": "Work.", "tools": [{"mcp": "shop"}, {"agent": "a2a:clerk"}]},
        },
    )
    assert sorted(each for each in told(text) if each[0].startswith("unknown")) == [
        ("unknown-a2a-agent", "nodes.ask.with.agent"),
        ("unknown-agent", "nodes.work.tools.1.agent"),
        ("unknown-mcp-server", "nodes.price.with.server"),
        ("unknown-mcp-server", "nodes.work.tools.0.mcp"),
    ]


def test_a_skill_lands_on_the_workflow_that_has_it_word_for_word() -> None:
    child = published("read-invoice", skills=["extract figures from invoices"], input=TEXT_INPUT)
    version = publish_asking({"skill": "Extract figures from invoices"})
    pinned = version.agents["do"]
    assert (pinned.kind, pinned.name, pinned.skill) == ("workflow", "read-invoice", "Extract figures from invoices")
    assert pinned.why == "the published workflow read-invoice has the skill Extract figures from invoices"
    assert next((each["name"], each["score"]) for each in pinned.candidates) == ("read-invoice", 1.0)
    assert {each["name"] for each in pinned.candidates} >= {"read-invoice", "extractor"}
    assert version.children["read-invoice"].version_id == child.id


def test_a_node_that_tells_its_model_more_lands_on_a_preset() -> None:
    published("read-invoice", skills=["read a document"], input=TEXT_INPUT)
    version = publish_asking({"skill": "read a document"}, model="smart")
    assert (version.agents["do"].kind, version.agents["do"].name) == ("preset", "extractor")
    assert version.agents["do"].passed_over == {"workflow:read-invoice": "takes no `model`"}


def test_a_workflow_that_takes_no_single_text_is_passed_over_and_cannot_be_named() -> None:
    two: JsonObject = {"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "string"}}, "required": ["a", "b"]}
    published("read-invoice", skills=["read a document"], input=two)
    assert publish_asking({"skill": "read a document"}).agents["do"].passed_over == {"workflow:read-invoice": "takes no single text"}
    assert told(asking("workflow:read-invoice")) == [("agent-takes-no-text", "nodes.do.agent")]
    assert told(asking({"skill": "read a document", "kind": "workflow"})) == [("no-agent-for-skill", "nodes.do.agent")]


def test_a_skill_that_is_found_outside_is_warned_of_unless_it_is_meant(office: str) -> None:
    add_agent(ANN, name="clerk", url=f"http://{office}")
    [(best, candidate), *_] = find_by_skill(ANN, "report", kind="a2a")
    assert (best.named, candidate.score) == ("a2a:clerk", 1.0)
    assert ("agent-outside", "nodes.do.agent") in told(asking({"skill": "report"}))
    assert told(asking({"skill": "report", "kind": "a2a"})) == []
    pinned = publish_asking({"skill": "report", "kind": "a2a"}).agents["do"]
    assert (pinned.named, pinned.url) == ("a2a:clerk", f"http://{office}")


def test_a_version_keeps_its_choice_and_the_next_publishing_chooses_anew() -> None:
    first = publish_asking({"skill": "read a document"})
    assert first.agents["do"].named == "extractor"
    assert publish_asking({"skill": "read a document"}).id == first.id
    invoice = published("read-invoice", skills=["read a document"], input=TEXT_INPUT)
    second = publish_asking({"skill": "read a document"})
    assert (second.number, second.agents["do"].named) == (2, "workflow:read-invoice")
    delete(ANN, invoice.workflow_id)
    third = publish_asking({"skill": "read a document"})
    assert (third.number, third.digest, third.agents["do"].named) == (3, first.digest, "extractor")


def test_a_version_that_comes_back_has_its_agents_again_or_says_who_is_gone() -> None:
    text = asking({"skill": "read a document"})
    first = publish_asking({"skill": "read a document"})
    invoice = published("read-invoice", skills=["read a document"], input=TEXT_INPUT)
    second = publish_asking({"skill": "read a document"})
    back = publishing.publish(ANN, first.workflow_id, Wish(text=text, pins=Pins(agents=first.agents))).version
    assert (back.number, back.digest, back.agents) == (3, first.digest, first.agents)
    delete(ANN, invoice.workflow_id)
    with pytest.raises(SpecInvalid) as refused:
        publishing.publish(ANN, first.workflow_id, Wish(text=text, pins=Pins(agents=second.agents)))
    assert [each.code for each in refused.value.diagnostics] == ["no-agent-for-skill"]
    assert "workflow:read-invoice" in refused.value.diagnostics[0].message


def test_a_name_says_where_it_lands() -> None:
    published("read-invoice", input=TEXT_INPUT)
    assert publish_asking("workflow:read-invoice").agents["do"].why == "named: workflow:read-invoice"
    assert publish_asking("preset:writer").agents["do"].why == "named: the preset writer"
