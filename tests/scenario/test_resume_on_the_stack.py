"""Resumes, repeats and trials on the local stack: the emulator's engine runs the residual machines, and deletes them."""

from typing import Any, Final

import pytest

from chalicelib.store.clients import client
from cli.api_client import ResumePlan
from tests.factories.local_runs import LocalRuns

pytestmark = pytest.mark.scenario

SPEC: Final = """
sluice: 1
name: broken-here
input: {type: object, properties: {host: {type: string, default: nobody.invalid}}}
nodes:
  first: {type: tool_call, tool: kv.put, with: {key: seen, value: 1}}
  large: {type: condition, if: "$first.key = 'seen'", after: [first]}
  rows:
    type: map
    over: "{% [1, 2, 3] %}"
    as: row
    after: [large]
    nodes:
      twice: {type: tool_call, tool: math, with: {expression: r * 2, values: {r: $row}}}
    output: $twice.value
  look: {type: tool_call, tool: http.get, with: {url: "https://{{ $context.host }}/"}, after: [rows]}
  approve: {type: human_gate, ask: "Well? {{ $look.status }}", timeout_seconds: 600, after: [look]}
output: {rows: $rows, status: $look.status, by: $approve.by}
"""


def resumed(runs: LocalRuns, run_id: str, *, outputs: dict[str, Any]) -> ResumePlan:
    plan = runs.api.resume_plan_resume(run_id, {"outputs": outputs})
    runs.api.resume_resume_run(run_id, {"outputs": outputs, "plan": plan["plan"]})
    return plan


def test_a_broken_run_goes_on_with_its_map_and_its_gate(runs: LocalRuns) -> None:
    runs.publish(SPEC)
    run_id = runs.start("broken-here")
    broken = runs.ended(run_id)
    assert (broken["status"], broken["failed_node"]) == ("failed", "look")
    entered = runs.run(run_id, counts=True)["transition_count"]
    plan = resumed(runs, run_id, outputs={"look": {"status": 200}})
    assert {each["node"]: each["fate"] for each in plan["nodes"]} == {
        "first": "kept", "large": "kept", "rows": "replayed", "twice": "replayed", "look": "set", "approve": "first",
    }  # fmt: skip
    runs.decide(runs.gate(run_id), "approve", by="ann")
    ended = runs.ended(run_id)
    assert (ended["status"], ended["output"]) == ("succeeded", {"rows": [2, 4, 6], "status": 200, "by": "ann"})
    events = runs.events(run_id)
    assert [event["number"] for event in events] == list(range(1, len(events) + 1))
    assert [event["type"] for event in events if event["type"].startswith("run_r")] == ["run_resumed", "run_resumed"]  # by a person; after the gate
    assert {name: len(node["attempts"]) for name, node in runs.nodes(run_id).items() if name.startswith("twice")} == {
        "twice rows:0": 1, "twice rows:1": 1, "twice rows:2": 1,
    }  # fmt: skip
    assert runs.run(run_id, counts=True)["transition_count"] > entered
    machines = client("stepfunctions").list_state_machines()["stateMachines"]
    assert [machine["name"] for machine in machines if "_r" in machine["name"]] == []


def test_a_run_is_repeated_and_a_node_tried(runs: LocalRuns) -> None:
    runs.publish(SPEC)
    run_id = runs.start("broken-here")
    runs.ended(run_id)
    again = runs.api.resume_repeat_run(run_id, {})
    assert runs.ended(again["id"])["failed_node"] == "look"
    workflow_id = runs.workflow_ids["broken-here"]
    tried = runs.api.resume_try_one(workflow_id, "rows", {})
    assert runs.ended(tried["id"])["output"] == [2, 4, 6]
