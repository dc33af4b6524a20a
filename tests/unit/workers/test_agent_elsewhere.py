"""Agent nodes that land on a published workflow or on an external agent: they put out what agent nodes promise, whoever does it."""

import json
from collections.abc import Iterator
from typing import Any

import a2a.client  # noqa: F401  (heavy: paid for here, not by the first test)
import pytest

from chalicelib.agents.failures import AgentUnknown
from chalicelib.errors import WorkflowNotFound
from chalicelib.runs.start import start
from chalicelib.settings import settings
from chalicelib.spec.model import Json, JsonObject
from chalicelib.store import keys, runs, table
from chalicelib.store.clients import client
from chalicelib.store.statuses import NodeStatus
from chalicelib.tools import a2a as tool
from chalicelib.tools.failures import AgentRefused, AgentTaskTimedOut
from chalicelib.workers.failures import PromiseBroken
from chalicelib.workflows.create import create
from chalicelib.workflows.delete import delete
from chalicelib.workflows.external_agents import add_agent, remove_agent
from tests.factories.cloud import ANN, DAN, Cloud, cloud
from tests.factories.publishing import publish
from tests.factories.run_stories import ended
from tests.factories.scripted_models import ScriptedVendor, answered_by
from tests.factories.worker_runs import Story
from tests.fixtures.asgi_server import serving_app
from tests.unit.tools.test_a2a import Office

TOKEN = "t" * 40
TOTAL: JsonObject = {"type": "object", "properties": {"total": {"type": "number"}}, "required": ["total"]}
PAGES: JsonObject = {"type": "object", "properties": {"pages": {"type": "integer"}}, "required": ["pages"]}
CHILD: JsonObject = {
    "sluice": 1,
    "name": "read-invoice",
    "skills": ["extract figures from invoices"],
    "input": {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]},
    "nodes": {"a": {"type": "parallel"}},
}


@pytest.fixture(scope="module")
def running() -> Iterator[tuple[Office, str]]:
    found = Office()

    async def late(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "lifespan":
            await found(scope, receive, send)

    with serving_app(late) as host:
        found.open_at(host)
        yield found, host


@pytest.fixture(autouse=True)
def aws(running: tuple[Office, str]) -> Iterator[Cloud]:
    tool.forget_agents()
    running[0].clerk.heard.clear()
    with cloud(SLUICE_ALLOWED_HOSTS=running[1]) as found:
        yield found


def published(spec: JsonObject) -> Any:
    text = json.dumps(spec)
    return publish(ANN, create(ANN, text=text).id, text=text)


def told(agent: Json, prompt: str = "Read it.", **more: Json) -> Story:
    version = published({"sluice": 1, "name": "asks", "nodes": {"do": {"type": "agent_call", "agent": agent, "prompt": prompt, **more}}})
    return Story(start(DAN, workflow_id=version.workflow_id, input={}), version)


def enter(tale: Story, entry: int = 0) -> JsonObject:
    said = tale.serve("do", fence={"resume": 0, "visit": 0, "entry": entry, "retry": 0})
    assert isinstance(said, dict)
    return said


def until_done(tale: Story) -> Json:
    for entry in range(1, 1000):
        said = enter(tale, entry)
        if said["Next"] == "done":
            return said["output"]
    raise AssertionError("the task does not end")


def child_of(tale: Story) -> Any:
    said = tale.serve("do", token=TOKEN)
    assert isinstance(said, dict)
    return runs.get("org_local", str(said["run_id"]))


def test_a_run_of_the_workflow_is_handed_the_prompt_and_its_output_becomes_a_text(aws: Cloud) -> None:
    published(CHILD)
    tale = told("workflow:read-invoice")
    child = child_of(tale)
    assert runs.get_input("org_local", child.id) == {"text": "Read it."}
    assert (child.started_by, tale.node_run("do").status) == ("dan", NodeStatus.WAITING)
    assert tale.shown("do") == {"agent": "workflow:read-invoice", "prompt": "Read it."}
    ended(child, "SUCCEEDED", output={"total": 42})
    assert tale.result("do") == {"text": '{"total":42}'}
    assert aws.answers[-1].output == {"text": '{"total":42}'}
    assert tale.node_run("do").details == {"agent": "read-invoice", "agent_kind": "workflow", "agent_why": "named: workflow:read-invoice"}


@pytest.mark.parametrize(
    ("output", "result"), [("done", {"text": "done"}), ({"text": "done", "more": 1}, {"text": "done", "more": 1}), (None, {"text": "null"})]
)
def test_without_a_schema_it_puts_out_a_text(output: Json, result: Json) -> None:
    published(CHILD)
    tale = told("workflow:read-invoice")
    ended(child_of(tale), "SUCCEEDED", output=output)
    assert tale.result("do") == result


def test_with_a_schema_it_puts_out_what_the_schema_takes(aws: Cloud) -> None:
    published(CHILD)
    tale = told("workflow:read-invoice", output=TOTAL)
    ended(child_of(tale), "SUCCEEDED", output={"total": 42})
    assert tale.result("do") == {"total": 42}
    assert aws.answers[-1].output == {"total": 42}


def test_an_output_that_breaks_the_schema_fails_the_node(aws: Cloud) -> None:
    published(CHILD)
    tale = told("workflow:read-invoice", output=TOTAL)
    ended(child_of(tale), "SUCCEEDED", output={"sum": 42})
    assert (tale.node_run("do").status, aws.answers[-1].error) == (NodeStatus.FAILED, PromiseBroken.__name__)
    assert "'total' is a required property" in str(aws.answers[-1].cause)


def test_started_twice_it_is_one_run_that_keeps_its_promise(aws: Cloud) -> None:
    published(CHILD)
    tale = told("workflow:read-invoice", output=TOTAL)
    first = child_of(tale)
    again = tale.serve("do", token="n" * 40, fence={"resume": 0, "visit": 0, "retry": 1})
    assert again == {"run_id": first.id}
    ended(runs.get("org_local", first.id), "SUCCEEDED", output={"sum": 1})
    assert (aws.answers[-1].token, aws.answers[-1].error) == ("n" * 40, "PromiseBroken")


def test_a_workflow_that_was_deleted_since_fails_the_node_plainly() -> None:
    child = published(CHILD)
    tale = told("workflow:read-invoice")
    delete(ANN, child.workflow_id)
    with pytest.raises(WorkflowNotFound):
        tale.serve("do", token=TOKEN)
    assert tale.node_run("do").status is NodeStatus.FAILED


def test_a_skill_tells_who_was_weighed() -> None:
    published(CHILD)
    tale = told({"skill": "extract figures from invoices"})
    child_of(tale)
    details: Any = tale.node_run("do").details
    assert (details["agent"], details["agent_kind"], details["agent_skill"]) == ("read-invoice", "workflow", "extract figures from invoices")
    assert details["agent_candidates"][0] == {"kind": "workflow", "name": "read-invoice", "score": 1.0, "fit": "has the skill"}


def test_a_preset_that_a_skill_chose_tells_so_too() -> None:
    tale = told({"skill": "read a document"})
    tale.serve("do")
    details: Any = tale.node_run("do").details
    assert (details["agent"], details["agent_kind"], details["agent_candidates"][0]["fit"]) == ("extractor", "preset", "has the skill")


def clerk(running: tuple[Office, str], prompt: str, **more: Json) -> Story:
    add_agent(ANN, name="clerk", url=f"http://{running[1]}")
    return told("a2a:clerk", prompt, **more)


def test_an_external_agent_that_answers_at_once_is_done(running: tuple[Office, str]) -> None:
    tale = clerk(running, "hello")
    assert enter(tale) == {"Next": "done", "output": {"text": "good day", "data": []}, "seconds": 0}
    assert tale.node_run("do").details["agent_why"] == "named: a2a:clerk"


def test_a_long_task_is_sent_once_and_waited_for(running: tuple[Office, str]) -> None:
    tale = clerk(running, "1984", timeout_seconds=600)
    assert enter(tale) == {"Next": "again", "output": None, "seconds": 5}
    assert until_done(tale) == {"text": "report on 1984", "data": [{"pages": 3}]}
    assert len(running[0].clerk.heard) == 1


def test_with_a_schema_its_data_are_the_output(running: tuple[Office, str]) -> None:
    tale = clerk(running, "1984", output=PAGES)
    enter(tale)
    assert until_done(tale) == {"pages": 3}


@pytest.mark.parametrize(("prompt", "schema"), [("1984", TOTAL), ("hello", PAGES)])
def test_an_answer_that_breaks_the_schema_fails(prompt: str, schema: JsonObject, running: tuple[Office, str]) -> None:
    tale = clerk(running, prompt, output=schema)
    with pytest.raises(PromiseBroken, match="is not the output that the node promises"):
        enter(tale) and until_done(tale)


@pytest.mark.parametrize(("prompt", "why"), [("fail", "failed: no such year"), ("ask", "input_required: Which year")])
def test_a_task_that_does_not_end_well_fails(prompt: str, why: str, running: tuple[Office, str]) -> None:
    tale = clerk(running, prompt)
    with pytest.raises(AgentRefused, match=why):
        enter(tale) and until_done(tale)
    assert tale.node_run("do").details["agent"] == "clerk"


def test_its_time_limit_is_that_of_the_whole_task(running: tuple[Office, str]) -> None:
    tale = clerk(running, "work", timeout_seconds=1)
    assert enter(tale)["seconds"] == 1
    table.write(table.assign(keys.agent_task("org_local", tale.run.id, "do", "#0"), {"began_at": "2026-01-01T00:00:00.000Z"}))
    with pytest.raises(AgentTaskTimedOut):
        enter(tale, 1)


def test_an_agent_that_is_registered_no_more_fails_the_node_plainly(running: tuple[Office, str]) -> None:
    tale = clerk(running, "hello")
    remove_agent(ANN, "clerk")
    with pytest.raises(AgentUnknown, match="register it again, or publish"):
        enter(tale)


def test_an_agent_hands_tasks_to_an_external_agent_and_asks_how_they_stand(running: tuple[Office, str]) -> None:
    add_agent(ANN, name="clerk", url=f"http://{running[1]}")
    spec: JsonObject = {"type": "agent_call", "prompt": "Have it done.", "model": "anthropic:m", "tools": [{"agent": "a2a:clerk", "policy": "allow"}]}
    vendor = ScriptedVendor([[("clerk", {"text": "hello"})], [("clerk_status", {"task_id": "none"})], "Done."])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ANTHROPIC_API_KEY", "a-key")
        settings.cache_clear()
        with answered_by(vendor):
            version = published({"sluice": 1, "name": "team", "nodes": {"do": spec}})
            tale = Story(start(DAN, workflow_id=version.workflow_id, input={}), version)
            assert tale.serve("do") == {"Next": "done", "output": {"text": "Done."}}
    settings.cache_clear()
    calls: Any = tale.node_run("do").details["calls"]
    assert [(call["name"], call["came"]) for call in calls] == [("clerk", "ran"), ("clerk_status", "failed")]
    assert "good day" in str(vendor.requests[1])
    told_of = {offered.name: offered.description for offered in vendor.requests[0].tools}
    assert "Writes reports" not in str(told_of)  # its card is text from outside


def test_an_agent_that_is_a_workflow_is_granted_as_that_workflow() -> None:
    published(CHILD)
    spec: JsonObject = {"type": "agent_call", "prompt": "Have it done.", "tools": [{"agent": "workflow:read-invoice"}]}
    version = published({"sluice": 1, "name": "team", "nodes": {"do": spec}})
    assert list(version.children) == ["read-invoice"]
    machine = json.loads(client("stepfunctions").describe_state_machine(stateMachineArn=version.machine_arn)["definition"])
    assert "do--wait" in json.dumps(machine)
