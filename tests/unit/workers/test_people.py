"""Nodes that wait for somebody: gates, messages, sub-workflows, on moto with the real store."""

import pytest

from chalicelib.errors import ChildRunTimedOut, GateTimedOut, InputInvalid, WorkflowNotFound
from chalicelib.gates.decide import decide
from chalicelib.spec.model import JsonObject
from chalicelib.store import gates, messages, runs
from chalicelib.store.statuses import NodeStatus
from chalicelib.store.values import load
from chalicelib.store.workflow_records import Child
from chalicelib.workers.payload import PayloadInvalid
from tests.factories.cloud import ANN, Cloud, published
from tests.factories.worker_runs import Story, story

GATE: JsonObject = {
    "type": "human_gate",
    "ask": "Book {{ $rank.name }}?",
    "details": {"price": "$rank.price"},
    "choices": ["approve", "reject", {"choice": "later", "title": "Not now", "approves": False}, {"choice": "no"}, {"choice": "swap_it"}],
    "who": {"any_of": ["role:approver"], "at_least": 2},
    "channels": ["whatsapp"],
    "form": {"type": "object"},
    "reason": "required",
}
VALUES: JsonObject = {"$rank.name": "Ritz", "$rank.price": 180}


def open_gate(tale: Story, **fields: object) -> JsonObject:
    found = tale.serve("ask", token="t-1", values=VALUES, deadline_seconds=600, **fields)  # type: ignore[arg-type]
    assert isinstance(found, dict)
    return found


def test_it_opens_a_gate_with_its_texts_rendered(aws: Cloud, caplog: pytest.LogCaptureFixture) -> None:
    tale = story({"ask": GATE})
    gate = gates.get("org_local", str(open_gate(tale)["gate_id"]))
    assert gate.ask == "Book Ritz?"
    assert load("org_local", gate.details) == {"price": 180}
    assert [(choice.choice, choice.title, choice.approves) for choice in gate.choices] == [
        ("approve", "Approve", True),
        ("reject", "Reject", False),
        ("later", "Not now", False),
        ("no", "No", False),
        ("swap_it", "Swap it", True),
    ]
    assert (gate.any_of, gate.at_least, gate.allow_self_approval, gate.reason_rule, gate.form) == (
        ("role:approver",),
        2,
        False,
        "required",
        {"type": "object"},
    )
    assert gate.channels == ("console",)
    assert "the channel whatsapp is not set up" in caplog.text
    assert tale.node_run("ask").status is NodeStatus.WAITING
    assert "gate_opened" in tale.events()


def test_it_answers_a_new_token_of_a_decided_gate(aws: Cloud) -> None:
    tale = story({"ask": {"type": "human_gate", "ask": "Sure?"}})
    gate_id = str(open_gate(tale)["gate_id"])
    decide(ANN, gate_id, choice="approve")
    tale.serve("ask", token="t-2", fence={"resume": 0, "visit": 0, "retry": 1})
    assert {sent.token for sent in aws.answers} >= {"t-2"}


def test_it_closes_a_gate_whose_time_is_over(aws: Cloud) -> None:
    tale = story({"ask": {"type": "human_gate", "ask": "Sure?", "on_timeout": "reject"}})
    open_gate(tale)
    closed = tale.serve("ask", close=True)
    assert isinstance(closed, dict)
    assert (closed["choice"], closed["channel"]) == ("reject", "engine")


def test_it_fails_at_a_gates_time_out_where_asked_to(aws: Cloud) -> None:
    tale = story({"ask": {"type": "human_gate", "ask": "Sure?", "on_timeout": "fail"}})
    open_gate(tale)
    with pytest.raises(GateTimedOut):
        tale.serve("ask", close=True)
    assert tale.events().count("node_failed") == 1


@pytest.mark.parametrize(
    "node",
    [
        {"type": "human_gate", "ask": "Sure?"},
        {"type": "message", "text": "Hi", "wait_for_reply": True},
        {"type": "workflow", "workflow": "child"},
    ],
)
def test_it_needs_a_token_where_it_waits(aws: Cloud, node: JsonObject) -> None:
    tale = story({"ask": node})
    with pytest.raises(PayloadInvalid, match="needs a task token"):
        tale.serve("ask")
    assert tale.node_run("ask").status is NodeStatus.FAILED


def test_it_sends_a_message_once(aws: Cloud) -> None:
    tale = story({"tell": {"type": "message", "to": "{{ $who }}", "text": "Booked: {{ $n }}\x07", "channels": ["email", "console"]}})
    sent = tale.serve("tell", values={"$who": "role:buyer", "$n": 3})
    assert isinstance(sent, dict)
    assert sent["reply"] is None
    message = messages.find("org_local", str(sent["message_id"]))
    assert message is not None
    assert (message.text, message.to) == ("Booked: 3", "role:buyer")
    assert tale.serve("tell", values={"$who": "role:buyer", "$n": 3}, fence={"resume": 0, "visit": 0, "retry": 1}) == sent
    details = tale.node_run("tell").details
    assert details["channels"] == ["console"]
    assert "email is not set up" in str(details["warnings"])
    assert tale.shown("tell") == {"text": "Booked: 3\x07", "to": "role:buyer", "channels": ["console"]}


def test_it_tells_of_no_warning_where_there_is_none(aws: Cloud) -> None:
    tale = story({"tell": {"type": "message", "text": "Hi"}})
    tale.serve("tell")
    assert tale.node_run("tell").details == {"channels": ["console"]}


def test_it_waits_for_a_reply(aws: Cloud) -> None:
    tale = story({"tell": {"type": "message", "text": "Which size?", "wait_for_reply": True}})
    sent = tale.serve("tell", token="t-1", deadline_seconds=60)
    assert isinstance(sent, dict)
    message = messages.find("org_local", str(sent["message_id"]))
    assert message is not None
    assert message.waits_for_reply
    node_run = tale.node_run("tell")
    assert (node_run.status, node_run.waiting_for) == (NodeStatus.WAITING, "reply")


def family() -> Story:
    child = published(
        {"sluice": 1, "name": "child", "input": {"type": "object", "required": ["n"]}, "nodes": {"a": {"type": "transform", "value": 1}}}
    )
    pinned = Child(workflow_id=child.workflow_id, version_id=child.id, version=child.number)
    return story({"sub": {"type": "workflow", "workflow": "child", "with": {"n": "$n"}}}, children={"child": pinned})


def test_it_starts_a_child_for_the_person_who_started_the_parent(aws: Cloud) -> None:
    tale = family()
    begun = tale.serve("sub", token="t-1", values={"$n": 4}, deadline_seconds=60)
    assert isinstance(begun, dict)
    child = runs.get("org_local", str(begun["run_id"]))
    assert (child.workflow_name, child.started_by, child.trigger.type, child.trigger.source) == ("child", "dan", "workflow", tale.run.id)
    assert runs.get_input("org_local", child.id) == {"n": 4}
    node_run = tale.node_run("sub")
    assert (node_run.status, node_run.waiting_for, node_run.reference) == (NodeStatus.WAITING, "child", child.id)
    again = tale.serve("sub", token="t-2", values={"$n": 4}, fence={"resume": 0, "visit": 0, "retry": 1})
    assert again == begun


def test_it_fails_when_the_child_refuses_its_input(aws: Cloud) -> None:
    child = published(
        {"sluice": 1, "name": "child", "input": {"type": "object", "required": ["m"]}, "nodes": {"a": {"type": "transform", "value": 1}}}
    )
    pinned = Child(workflow_id=child.workflow_id, version_id=child.id, version=child.number)
    tale = story({"sub": {"type": "workflow", "workflow": "child"}}, children={"child": pinned})
    with pytest.raises(InputInvalid):
        tale.serve("sub", token="t-1")
    assert tale.node_run("sub").status is NodeStatus.FAILED


def test_it_fails_for_a_child_that_the_version_does_not_name(aws: Cloud) -> None:
    tale = story({"sub": {"type": "workflow", "workflow": "child"}})
    with pytest.raises(WorkflowNotFound):
        tale.serve("sub", token="t-1")
    assert tale.node_run("sub").error is not None


def test_it_closes_a_child_whose_time_is_over(aws: Cloud) -> None:
    tale = family()
    tale.serve("sub", token="t-1", values={"$n": 4})
    with pytest.raises(ChildRunTimedOut):
        tale.serve("sub", close=True)
    assert tale.events().count("node_failed") == 1
