"""What an agent may reach: nothing that its author did not grant, whatever the model says; what people see at its gates is what runs."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import anthropic  # noqa: F401  (its second of import time belongs to no test)
import pytest

from chalicelib.access.secrets import forget_secrets, put_secret
from chalicelib.agents.failures import AgentUnknown
from chalicelib.agents.together import AT_ONCE
from chalicelib.errors import DecisionInvalid, RunEnded
from chalicelib.gates.decide import decide
from chalicelib.providers import select
from chalicelib.providers.failures import ModelFailure, ModelRequestInvalid
from chalicelib.runs.cancel import cancel
from chalicelib.spec.model import Json, JsonObject
from chalicelib.spec.nodes import AgentCall
from chalicelib.store import gates, transcripts
from chalicelib.store.run_records import NodeAttempt
from chalicelib.store.values import load
from chalicelib.store.workflow_records import Child
from chalicelib.tools.mcp import DiscoveredTool
from chalicelib.tools.registry import tools
from chalicelib.tools.tool import Surroundings, Tool
from chalicelib.workers import agent_tools
from chalicelib.workers import tool as tool_worker
from chalicelib.workers.payload import parse_payload
from chalicelib.workers.version_nodes import version_nodes
from chalicelib.workers.work import Work
from tests.factories.cloud import ANN, DAN, Cloud, cloud, published
from tests.factories.worker_runs import Story, story
from tests.fixtures.fake_claude import KEY, Claude, claude
from tests.fixtures.model_script import Calls, Failing, Say, Turn

TOKEN = "t0k3n-of-the-crm"
Act = Callable[[JsonObject, Surroundings], Any]


@contextmanager
def answering(*turns: Turn, **settings: str) -> Iterator[Claude]:
    """A deployment with a key, whose Claude is the fake."""
    with pytest.MonkeyPatch.context() as patch, claude(*turns) as fake, cloud(ANTHROPIC_API_KEY=KEY, **settings):
        patch.setenv("ANTHROPIC_BASE_URL", fake.url)
        select.forget_adapters()
        forget_secrets()
        put_secret("org_local", "crm", TOKEN)
        yield fake
        forget_secrets()


def agent(*grants: Json, **more: Json) -> JsonObject:
    return {"work": {"type": "agent_call", "prompt": "Do it.", "tools": list(grants), **more}}


@pytest.fixture
def tool(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, Act], None]:
    return lambda name, act: monkeypatch.setitem(tools(), name, Tool(name, act))


def test_a_fixed_secret_goes_with_what_the_model_says(tool: Callable[[str, Act], None]) -> None:
    seen: list[JsonObject] = []

    def act(arguments: JsonObject, _: Surroundings) -> Json:
        seen.append(arguments)
        return {"status": 200, "headers": {}, "body": arguments["headers"]}

    tool("http.get", act)
    grant: JsonObject = {
        "tool": "http.get",
        "with": {"url": "https://crm.test/", "headers": {"authorization": {"secret": "crm", "prefix": "Bearer "}}},
    }
    with answering(Say("", calls=(Calls("http_get", {"query": {"id": {"secret": "crm"}}}),)), Say("Done.")) as fake:
        tale = story(agent(grant))
        assert tale.serve("work") == {"Next": "done", "output": {"text": "Done."}}
        assert seen == [{"url": "https://crm.test/", "query": {"id": {"secret": "crm"}}, "headers": {"authorization": f"Bearer {TOKEN}"}}]
        assert TOKEN not in str(fake.requests)
        assert "Bearer (secret crm)" in str(fake.requests[1])


PAY: JsonObject = {
    "sluice": 1,
    "name": "pay",
    "input": {"type": "object", "properties": {"amount": {"type": "number"}, "to": {"type": "string"}}},
    "nodes": {},
}
PAYING: JsonObject = {"workflow": "pay", "with": {"amount": 1000}, "policy": "allow", "rules": [{"if": "amount > 100", "policy": "deny"}]}


def kept_calls(tale: Story) -> Any:
    attempt = NodeAttempt(organisation_id=tale.run.organisation_id, run_id=tale.run.id, node="work")
    found = transcripts.find(attempt)
    assert found is not None
    return found.body["records"] or found.body["calls"]


@pytest.mark.parametrize(("arguments", "came"), [({"amount": 1}, "refused"), ({"to": "ann"}, "denied")])
def test_rules_judge_what_is_fixed_and_the_model_cannot_name_it(arguments: JsonObject, came: str) -> None:
    """The workflow's schema takes any name, so the model could have had the rules judge an amount of its own."""
    with answering(Say("", calls=(Calls("pay", arguments),)), Say("Done.")) as fake:
        child = published(PAY)
        tale = story(agent(PAYING), children={"pay": Child(workflow_id=child.workflow_id, version_id=child.id, version=1)})
        assert tale.serve("work") == {"Next": "done", "output": {"text": "Done."}}
        assert [call["came"] for call in kept_calls(tale)] == [came]
        assert "amount" not in str(fake.requests[0]["tools"])


def test_people_see_what_runs_without_credentials() -> None:
    headers: JsonObject = {"authorization": "Bearer written-out", "x-key": {"secret": "crm"}, "x-who": "sluice"}
    grant: JsonObject = {"tool": "http.post", "with": {"url": "https://crm.test/{{ $context.who }}", "headers": headers}}
    values: JsonObject = {"$context.who": "ann"}
    with answering(Say("", calls=(Calls("http_post", {"json": {"n": 1}}),))):
        tale = story(agent(grant))
        assert tale.serve("work", values=values) == {"Next": "wait", "output": None}
        told = tale.serve("work", wait=True, token="t" * 40, values=values)
        assert isinstance(told, dict)
        gate = gates.get(tale.run.organisation_id, str(told["gate_id"]))
        shown = load(tale.run.organisation_id, gate.details)
        assert isinstance(shown, dict)
        assert shown["arguments"] == {
            "json": {"n": 1},
            "url": "https://crm.test/ann",
            "headers": {"authorization": "(hidden)", "x-key": {"secret": "crm"}, "x-who": "sluice"},
        }
        assert gate.form is not None
        asked: Any = gate.form["properties"]
        assert {"url", "headers"}.isdisjoint(asked["arguments"]["properties"])


def test_an_agent_of_a_cancelled_run_does_nothing_more(tool: Callable[[str, Act], None]) -> None:
    done: list[Json] = []
    tales: list[Story] = []

    def act(arguments: JsonObject, _: Surroundings) -> Json:
        done.append(arguments["key"])
        cancel(DAN, tales[0].run.id)
        return None

    tool("kv.put", act)
    puts = tuple(Calls("kv_put", {"key": key, "value": 1}) for key in map(str, range(AT_ONCE + 1)))
    with answering(Say("", calls=puts), Say("Done.")) as fake:
        tales.append(story(agent({"tool": "kv.put", "policy": "allow"})))
        with pytest.raises(RunEnded):
            tales[0].serve("work")
        assert str(AT_ONCE) not in done  # what had begun with the first has ended, nothing begins after it
        assert len(fake.requests) == 1


ROUTE = '{"two": {"candidates": [{"model": "anthropic:claude-opus-5-5", "priority": 1}, {"model": "anthropic:claude-haiku-5-5", "priority": 2}]}}'


def test_what_another_model_said_in_the_place_of_one_that_failed_is_not_kept() -> None:
    asking: JsonObject = {"say": {"type": "agent_call", "model": "two", "prompt": "Hello", "cache": {"ttl_seconds": 60}}}
    with answering(Failing.SERVER_ERROR, Failing.SERVER_ERROR, Say("from the second"), Say("from the first"), SLUICE_MODELS=ROUTE) as fake:
        assert story(asking).serve("say") == {"text": "from the second"}
        tale = story(asking)
        assert tale.serve("say") == {"text": "from the first"}
        assert tale.node_run("say").details["cache"] == {"came": "miss", "saved_micro_dollars": 0}
        assert story(asking).serve("say") == {"text": "from the first"}
        assert [request["model"].split("-")[1] for request in fake.requests] == ["opus", "opus", "haiku", "opus"]


def served(monkeypatch: pytest.MonkeyPatch, schema: JsonObject | None = None, **names: list[str]) -> None:
    """What MCP servers say of themselves."""

    def discover(server: str, _: Surroundings, **__: object) -> list[DiscoveredTool]:
        return [DiscoveredTool(server, name, "", schema or {"type": "object"}) for name in names[server]]

    monkeypatch.setattr(tool_worker, "discover", discover)


def reach(grants: list[JsonObject]) -> dict[str, tuple[str | None, str]]:
    """What each name leads to."""
    node = AgentCall.model_validate({"type": "agent_call", "prompt": "Do it.", "tools": grants})
    tale = story(agent("math"))
    version = version_nodes(tale.run.organisation_id, tale.version.id)["work"]
    tools = agent_tools.NodeTools(Work(parse_payload(tale.payload("work")), version, lambda: 10.0), node, {})
    return {name: (granted.grant.mcp, granted.remote or str(granted.grant.tool)) for name, granted in tools.granted.items()}


def test_a_servers_tool_takes_no_other_tools_place(aws: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    served(monkeypatch, kv=["put", "see"], crm=["x_y", "see", "see"], crm_x=["y", "z"])
    assert reach([{"tool": "kv.put"}, {"mcp": "kv", "policy": "allow"}, {"mcp": "crm"}, {"mcp": "crm_x"}]) == {
        "kv_put": (None, "kv.put"),
        "kv_see": ("kv", "see"),
        "crm_see": ("crm", "see"),
        "crm_x_z": ("crm_x", "z"),
    }


def test_names_that_would_come_out_alike_are_told_apart(aws: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    served(monkeypatch, crm=["a.b", "a/b", "a_b", "c" * 80, "c" * 81])
    found = reach([{"mcp": "crm"}])
    assert sorted(remote for _, remote in found.values()) == sorted(["a.b", "a/b", "a_b", "c" * 80, "c" * 81])
    assert found["crm_a_b"] == ("crm", "a_b")
    assert all(len(name) <= 64 for name in found)


def test_what_another_agent_spends_counts_for_the_limit_and_for_the_node() -> None:
    script = (Say("", calls=(Calls("reviewer", {"task": "Is it right?"}),)), Say("It is."), Say("Right."))
    with answering(*script) as fake:
        tale = story(agent({"agent": "reviewer"}, model="smart", max_cost=900))
        assert tale.serve("work") == {"Next": "done", "output": {"text": "Right."}}
        assert ["tools" in request for request in fake.requests] == [True, False, False]
        node_run = tale.node_run("work")
        assert (node_run.details["stopped"], node_run.usage.input_tokens) == ("cost", 300)
        assert node_run.usage.cost > 900
        assert node_run.details["model"] == "claude-opus-5-5"


def test_what_another_agent_spent_is_in_the_failure_of_the_node() -> None:
    script = (Say("", calls=(Calls("reviewer", {"task": "Is it right?"}),)), Say("It is."), Failing.BAD_REQUEST)
    with answering(*script):
        tale = story(agent({"agent": "reviewer"}, model="smart"))
        with pytest.raises(ModelRequestInvalid):
            tale.serve("work")
        assert tale.node_run("work").usage.input_tokens == 200


def test_people_may_edit_arguments_whose_schema_refers_to_itself() -> None:
    schema: JsonObject = {"type": "object", "properties": {"who": {"$ref": "#/$defs/who"}}, "$defs": {"who": {"type": "string"}}}
    with answering(Say("", calls=(Calls("greet", {"who": "ann"}),))):
        child = published({"sluice": 1, "name": "greet", "input": schema, "nodes": {}})
        tale = story(agent({"workflow": "greet"}), children={"greet": Child(workflow_id=child.workflow_id, version_id=child.id, version=1)})
        tale.serve("work")
        told = tale.serve("work", wait=True, token="t" * 40)
        assert isinstance(told, dict)
        gate_id = str(told["gate_id"])
        with pytest.raises(DecisionInvalid):
            decide(ANN, gate_id, choice="edit", form={"arguments": {"who": 7}})
        assert decide(ANN, gate_id, choice="edit", form={"arguments": {"who": "bob"}}).is_final


def test_a_node_that_failed_says_who_was_asked_in_vain() -> None:
    with answering(Failing.SERVER_ERROR, SLUICE_MODELS=ROUTE):
        tale = story({"say": {"type": "agent_call", "model": "two", "prompt": "Hello"}})
        with pytest.raises(ModelFailure):
            tale.serve("say")
        trail: Any = tale.node_run("say").details["trail"]
        assert {step["candidate"] for step in trail} == {"anthropic:claude-opus-5-5", "anthropic:claude-haiku-5-5"}
        assert {step["outcome"] for step in trail} == {"failed"}


def test_an_agent_that_there_is_not_is_the_authors_slip(aws: Cloud) -> None:
    with pytest.raises(AgentUnknown):
        story(agent({"agent": "nobody"})).serve("work")


def test_people_are_asked_whatever_a_server_says_of_its_tool(monkeypatch: pytest.MonkeyPatch) -> None:
    """A schema of half a megabyte has no place in a gate."""
    vast: JsonObject = {"type": "object", "properties": {f"p{place}": {"type": "string", "description": "x" * 300} for place in range(1500)}}
    served(monkeypatch, vast, crm=["delete"])
    with answering(Say("", calls=(Calls("crm_delete", {"p1": "all"}),))):
        tale = story(agent({"mcp": "crm"}))
        assert tale.serve("work") == {"Next": "wait", "output": None}
        told = tale.serve("work", wait=True, token="t" * 40)
        assert isinstance(told, dict)
        shown = load(tale.run.organisation_id, gates.get(tale.run.organisation_id, str(told["gate_id"])).details)
        assert isinstance(shown, dict)
        assert (shown["server"], shown["remote_tool"], shown["arguments"]) == ("crm", "delete", {"p1": "all"})


def test_what_people_approve_is_what_runs_where_a_fixed_value_comes_out_otherwise_each_time(tool: Callable[[str, Act], None]) -> None:
    done: list[JsonObject] = []
    tool("kv.put", lambda arguments, _: done.append(arguments))
    grant: JsonObject = {"tool": "kv.put", "with": {"key": "{% $uuid() %}"}}
    with answering(Say("", calls=(Calls("kv_put", {"value": 1}),)), Say("Done.")):
        tale = story(agent(grant))
        tale.serve("work", values={"$uuid()": "first"})
        told = tale.serve("work", wait=True, token="t" * 40, values={"$uuid()": "second"}, fence={"resume": 0, "visit": 0, "retry": 0, "entry": 1})
        assert isinstance(told, dict)
        gate = gates.get(tale.run.organisation_id, str(told["gate_id"]))
        shown = load(tale.run.organisation_id, gate.details)
        assert isinstance(shown, dict)
        assert shown["arguments"] == {"key": "first", "value": 1}
        decide(ANN, gate.id, choice="approve", form={})
        tale.serve("work", values={"$uuid()": "third"}, fence={"resume": 0, "visit": 0, "retry": 0, "entry": 2})
        assert done == [{"key": "first", "value": 1}]
