"""Documents of the API as the command line reads them, whole: runs, node runs, events, gates, versions."""

from typing import Any, cast

from cli.api_client import Fence, Gate, NodeRun, PublishedVersion, RunEvent, RunWithValues, Usage
from cli.watch import Words

RUN = "run_1"
AT = "2026-11-21T10:00:00.000Z"
NOTHING_USED: Usage = {"input_tokens": 0, "output_tokens": 0, "cost": 0}
FENCE: Fence = {"resume": 0, "again": 0, "visit": 1, "entry": 0, "retry": 0}


def run(status: str = "queued", **more: Any) -> RunWithValues:
    known: RunWithValues = {
        "id": RUN,
        "workflow_id": "wf_1",
        "workflow_name": "greet",
        "version_id": "ver_1",
        "version": 1,
        "title": "Greet",
        "status": "queued",
        "machine_arn": "arn:m",
        "execution_name": RUN,
        "started_by": "ann",
        "trigger": {"type": "manual", "source": "ann", "depth": 0},
        "parent": None,
        "key": None,
        "priority": "normal",
        "slot": "none",
        "created_at": AT,
        "updated_at": AT,
        "admitted_at": None,
        "start_by_at": None,
        "started_at": AT,
        "ended_at": AT if status in ("succeeded", "failed") else None,
        "deadline_at": None,
        "cancel_requested_by": None,
        "cancel_reason": None,
        "lingers": False,
        "resume": 0,
        "again": {},
        "error": None,
        "failed_node": None,
        "event_count": 0,
        "invocation_count": 0,
        "usage": NOTHING_USED,
        "of_items": {"usage": NOTHING_USED, "invocation_count": 0},
        "write_count": 0,
        "queue": None,
        "input": {},
        "input_bytes": 2,
        "output": {"text": "hello"} if status == "succeeded" else None,
        "output_bytes": 4,
    }
    return cast("RunWithValues", {**known, "status": status, **more})


def node_run(node: str, **more: Any) -> NodeRun:
    known: NodeRun = {
        "run_id": RUN,
        "node": node,
        "item_path": "",
        "fence": FENCE,
        "status": "succeeded",
        "started_at": AT,
        "ended_at": AT,
        "error": None,
        "usage": NOTHING_USED,
        "visit_usage": NOTHING_USED,
        "earlier": [],
        "attempts": [],
        "attempt_count": 1,
        "is_container": False,
        "waiting_for": None,
        "reference": None,
        "until": None,
        "details": {},
        "input": None,
        "input_bytes": 4,
        "output": None,
        "output_bytes": 4,
    }
    return cast("NodeRun", {**known, **more})


def version() -> PublishedVersion:
    return {
        "id": "ver_1",
        "workflow_id": "wf_1",
        "workflow_name": "greet",
        "number": 1,
        "digest": "d" * 64,
        "spec_digest": "s" * 64,
        "title": "Greet",
        "note": "",
        "labels": {},
        "rollback_of": None,
        "machine_arn": "arn:m",
        "spec": {"nodes": {"write": {}, "ask": {}, "rows": {}, "late": {}}},
        "children": {},
        "agents": {},
        "context_fields": [],
        "warnings": [],
        "created_at": AT,
        "created_by": "ann",
        "is_new": True,
        "impact": {
            "workflow_id": "wf_1",
            "latest_version": 1,
            "in_flight_count": 0,
            "open_gate_count": 0,
            "versions": [],
            "callers": [],
            "triggers": [],
            "is_whole": True,
        },
    }


def event(number: int, kind: str, node: str | None = None, **data: Any) -> RunEvent:
    item_path = data.pop("item_path", "")
    known = {"number": number, "type": kind, "at": AT, "run_id": RUN, "workflow_id": "wf_1", "data": data}
    return cast("RunEvent", known | ({"node": node} if node else {}) | ({"item_path": item_path} if item_path else {}))


def gate(**more: Any) -> Gate:
    known: Gate = {
        "id": "gate_1",
        "run_id": RUN,
        "workflow_id": "wf_1",
        "workflow_name": "greet",
        "node": "ask",
        "item_path": "",
        "call": None,
        "status": "open",
        "ask": "Shall we?",
        "choices": [
            {"choice": "approve", "title": "Approve", "approves": True, "fields": None},
            {"choice": "reject", "title": "Reject", "approves": False, "fields": None},
        ],
        "any_of": ["role:approver"],
        "at_least": 1,
        "allow_self_approval": False,
        "started_by": "ann",
        "channels": [],
        "form": None,
        "reason_rule": "optional",
        "opened_at": AT,
        "deadline_at": None,
        "shown_sha256": "0" * 64,
        "votes": [],
        "decision": None,
        "delivered_at": None,
        "details": {"amount": 12, "to": "Ada"},
    }
    return cast("Gate", {**known, **more})


def story() -> list[RunEvent]:
    """A run with a retry, a gate, a map's item, a skipped node and a cost."""
    return [
        event(1, "run_queued"),
        event(2, "run_started"),
        event(3, "node_started", "write"),
        event(4, "node_retrying", "write", error={"name": "Busy", "message": "later"}),
        event(5, "node_started", "write"),
        event(6, "node_succeeded", "write", usage={"input_tokens": 5, "output_tokens": 6, "cost": 1500}, details={"offline": True}),
        event(7, "node_started", "work", item_path="rows:0"),
        event(8, "node_succeeded", "work", item_path="rows:0"),
        event(9, "node_started", "ask"),
        event(10, "gate_opened", "ask", gate_id="gate_1"),
        event(11, "run_waiting"),
        event(12, "gate_decided", "ask", choice="approve", by=["ben"]),
        event(13, "node_succeeded", "ask"),
        event(14, "node_failed", "stray", error={"name": "Odd", "message": "why"}),
        event(15, "node_skipped", "late"),
        event(16, "run_succeeded"),
    ]


def text(number: int, words: str, node: str = "write", call: str = "0/turn-1", **more: Any) -> Words:
    """A frame of a model's text."""
    return cast("Words", {"type": "text", "run_id": RUN, "node": node, "call": call, "number": number, "text": words, **more})


def call_gate(**more: Any) -> Gate:
    """The gate of an agent's call, as it is offered."""
    arguments = {"key": "answer", "value": 42}
    form = {
        "type": "object",
        "properties": {"arguments": {"type": "object", "title": "Arguments", "default": arguments}, "answer": {"type": "string", "title": "Answer"}},
        "additionalProperties": False,
    }
    choices = [
        {"choice": "approve", "title": "Approve", "approves": True, "fields": []},
        {"choice": "edit", "title": "Approve with other arguments", "approves": True, "fields": ["arguments"]},
        {"choice": "reject", "title": "Reject", "approves": False, "fields": []},
        {"choice": "answer", "title": "Answer in its place", "approves": False, "fields": ["answer"]},
    ]
    details = {"tool": "kv_put", "arguments": arguments, "effect": "write"}
    return gate(ask="work wants to call kv_put. May it?", details=details, choices=choices, form=form, **more)


def agent_details(**more: Any) -> dict[str, Any]:
    """What an agent's node run says of its work."""
    return {
        "provider": "anthropic",
        "model": "claude-x",
        "cost_micro_dollars": 1500,
        "turns": 2,
        "agent": "researcher",
        "agent_why": "named by the workflow",
        "why": "the alias smart",
        "calls": [
            {"number": 1, "turn": 1, "name": "math", "came": "ran", "policy": "allow"},
            {"number": 2, "turn": 1, "name": "kv_put", "came": "ran", "by": ["ann"], "edited": True, "policy": "ask", "why": "amount > 100"},
            {"number": 3, "turn": 2, "name": "http_post", "came": "denied", "policy": "deny"},
        ],
        "trail": [
            {"candidate": "openai:gpt-x", "outcome": "skipped", "why": "cooling down"},
            {"candidate": "google:g", "outcome": "failed", "why": "first", "milliseconds": 90, "kind": "overloaded", "fault": "try later"},
            {"candidate": "anthropic:claude-x", "outcome": "answered", "why": "next", "milliseconds": 812, "first_token_milliseconds": 300},
        ],
        "cache": {"came": "hit", "saved_micro_dollars": 700},
        **more,
    }
