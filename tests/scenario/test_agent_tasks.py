"""Tasks of agents elsewhere that a workflow waits for, on the local stack and against an agent of the official SDK."""

import json
from collections.abc import Iterator
from typing import Any

import a2a.client  # noqa: F401  (heavy: paid for here, not by the first test)
import boto3
import pytest
from starlette.types import Receive, Scope, Send

from chalicelib.settings import settings
from infra.local.stack import LocalStack
from tests.factories.local_runs import LocalRuns, eventually
from tests.fixtures.asgi_server import serving_app
from tests.unit.tools.test_a2a import Office

pytestmark = pytest.mark.scenario


@pytest.fixture(scope="module")
def office(stack: LocalStack) -> Iterator[Office]:
    found = Office(tells=True)

    async def late(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            await found(scope, receive, send)

    with serving_app(late) as host, pytest.MonkeyPatch.context() as patch:
        found.open_at(host)
        patch.setenv("SLUICE_A2A_AGENTS", json.dumps({"clerk": {"url": f"http://{host}"}}))
        settings.cache_clear()
        yield found
        found.clerk.go.set()
    settings.cache_clear()


def entered(run_id: str) -> list[str]:
    """The states of the run's execution, as they were entered."""
    engine = boto3.client("stepfunctions")
    machines = [machine["stateMachineArn"] for machine in engine.list_state_machines()["stateMachines"]]
    arns = [each["executionArn"] for arn in machines for each in engine.list_executions(stateMachineArn=arn)["executions"] if each["name"] == run_id]
    events = [event for arn in arns for event in engine.get_execution_history(executionArn=arn, maxResults=1000)["events"]]
    return [event["stateEnteredEventDetails"]["name"] for event in events if "stateEnteredEventDetails" in event]


def ended(runs: LocalRuns, name: str, text: str, **wait: int) -> dict[str, Any]:
    call = {"type": "tool_call", "tool": "a2a.send", "with": {"agent": "clerk", "text": text}, "wait": {"poll_seconds": 1, **wait}}
    told = {"type": "transform", "value": "$report.text", "after": ["report"]}
    runs.publish(json.dumps({"sluice": 1, "name": name, "nodes": {"report": call, "told": told}, "output": "$told"}))
    return runs.ended(runs.start(name))


def test_a_run_goes_on_with_what_the_task_gave(runs: LocalRuns, office: Office) -> None:
    office.clerk.heard.clear()
    run = ended(runs, "reported", "tides")
    assert (run["status"], run["output"]) == ("succeeded", "report on tides"), run["error"]
    assert len(office.clerk.heard) == 1
    node = runs.nodes(run["id"])["report"]
    assert node["details"]["state"] == "completed"
    runs.check_log(run["id"])


def test_a_run_goes_on_with_what_the_agent_asks(runs: LocalRuns, office: Office) -> None:
    run = ended(runs, "asked-back", "ask")
    assert (run["status"], run["output"]) == ("succeeded", "Which year?"), run["error"]


def test_a_run_fails_where_the_task_takes_too_long(runs: LocalRuns, office: Office) -> None:
    office.clerk.heard.clear()
    run = ended(runs, "too-long", "work", timeout_seconds=2)
    assert (run["status"], run["error"]["name"]) == ("failed", "AgentTaskTimedOut")
    assert len(office.clerk.heard) == 1
    assert runs.nodes(run["id"])["report"]["status"] == "failed"
    runs.check_log(run["id"])


CHILD: dict[str, Any] = {
    "sluice": 1,
    "name": "read-figures",
    "skills": ["extract figures from invoices"],
    "input": {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]},
    "nodes": {"read": {"type": "transform", "value": {"length": "{% $length($context.text) %}"}}},
    "output": "$read",
}
LENGTH = {"type": "object", "properties": {"length": {"type": "number"}}, "required": ["length"]}


def test_agent_nodes_land_on_a_workflow_by_skill_and_on_an_external_agent_by_name(runs: LocalRuns, office: Office) -> None:
    runs.publish(json.dumps(CHILD))
    nodes = {
        "figures": {"type": "agent_call", "agent": {"skill": "extract figures from invoices"}, "prompt": "seven: 7", "output": LENGTH},
        "report": {"type": "agent_call", "agent": "a2a:clerk", "prompt": "{{ $figures.length }}", "timeout_seconds": 1, "after": ["figures"]},
    }
    output = {"length": "$figures.length", "text": "$report.text"}
    runs.publish(json.dumps({"sluice": 1, "name": "elsewhere", "nodes": nodes, "output": output}))
    run = runs.ended(runs.start("elsewhere"))
    assert (run["status"], run["output"]) == ("succeeded", {"length": 8, "text": "report on 8"}), run["error"]
    told = {name: node["details"] for name, node in runs.nodes(run["id"]).items()}
    assert (told["figures"]["agent"], told["figures"]["agent_kind"], told["report"]["agent_kind"]) == ("read-figures", "workflow", "a2a")
    assert told["figures"]["agent_why"] == "the published workflow read-figures has the skill extract figures from invoices"
    runs.check_log(run["id"])


def test_a_workflow_that_breaks_the_promise_fails_its_node(runs: LocalRuns, office: Office) -> None:
    runs.publish(json.dumps(CHILD))
    asks = {
        "type": "agent_call",
        "agent": "workflow:read-figures",
        "prompt": "7",
        "output": {**LENGTH, "required": ["total"], "properties": {"total": {}}},
    }
    told = {"type": "message", "text": "Read it by hand."}
    edges = [{"from": "figures", "to": "tell", "when": "error"}]
    runs.publish(json.dumps({"sluice": 1, "name": "broken-promise", "nodes": {"figures": asks, "tell": told}, "edges": edges}))
    run = runs.ended(runs.start("broken-promise"))
    assert run["status"] == "succeeded", run["error"]
    found = runs.nodes(run["id"])
    assert (found["figures"]["error"]["name"], found["tell"]["status"]) == ("PromiseBroken", "succeeded")


def test_a_run_goes_on_as_soon_as_the_agent_says_so(stack: LocalStack, runs: LocalRuns, office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next asking would be in an hour: only the agent's word can end the wait."""
    monkeypatch.setenv("SLUICE_PUBLIC_URL", stack.url)
    settings.cache_clear()
    office.clerk.go.clear()
    call = {"type": "tool_call", "tool": "a2a.send", "with": {"agent": "clerk", "text": "later"}, "wait": {"poll_seconds": 3600}}
    told = {"type": "transform", "value": "$report.text", "after": ["report"]}
    runs.publish(json.dumps({"sluice": 1, "name": "woken", "nodes": {"report": call, "told": told}, "output": "$told"}))
    run_id = runs.start("woken")
    eventually(lambda: "report--wait" in entered(run_id), what="the wait for word")
    office.clerk.go.set()
    run = runs.ended(run_id)
    assert (run["status"], run["output"]) == ("succeeded", "at last"), run["error"]
    assert "report--pause" not in entered(run_id)
    runs.check_log(run_id)
    monkeypatch.undo()
    settings.cache_clear()
