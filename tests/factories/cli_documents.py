"""Documents of the API as the command line reads them: runs, events, gates, versions."""

from typing import Any

RUN = "run_1"
AT = "2026-11-21T10:00:00.000Z"


def run(status: str = "queued", **more: Any) -> dict[str, Any]:
    return {
        "id": RUN,
        "workflow_id": "wf_1",
        "workflow_name": "greet",
        "version": 1,
        "status": status,
        "created_at": AT,
        "started_at": AT,
        "ended_at": AT if status in ("succeeded", "failed") else None,
        "started_by": "ann",
        "error": None,
        "failed_node": None,
        "output": {"text": "hello"} if status == "succeeded" else None,
        **more,
    }


def version() -> dict[str, Any]:
    return {
        "id": "ver_1",
        "workflow_name": "greet",
        "number": 1,
        "machine_arn": "arn:m",
        "spec": {"nodes": {"write": {}, "ask": {}, "rows": {}, "late": {}}},
    }


def event(number: int, kind: str, node: str | None = None, **data: Any) -> dict[str, Any]:
    item_path = data.pop("item_path", "")
    return (
        {"number": number, "type": kind, "at": AT, "run_id": RUN, "data": data}
        | ({"node": node} if node else {})
        | ({"item_path": item_path} if item_path else {})
    )


def gate(**more: Any) -> dict[str, Any]:
    choices = [{"choice": "approve", "approves": True}, {"choice": "reject", "approves": False}]
    return {
        "id": "gate_1",
        "workflow_name": "greet",
        "node": "ask",
        "ask": "Shall we?",
        "choices": choices,
        "details": {"amount": 12, "to": "Ada"},
        "at_least": 1,
        "votes": [],
        "reason_rule": "optional",
        "form": None,
        "opened_at": AT,
        **more,
    }


def story() -> list[dict[str, Any]]:
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


def text(number: int, words: str, node: str = "write", call: str = "0/turn-1", **more: Any) -> dict[str, Any]:
    """A frame of a model's text."""
    return {"type": "text", "run_id": RUN, "workflow_id": "wf_1", "node": node, "call": call, "number": number, "text": words, **more}


def call_gate(**more: Any) -> dict[str, Any]:
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
