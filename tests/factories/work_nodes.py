"""Nodes that work, one builder for each kind, with bindings to what they may read.

In: a `random.Random`, what can be read. Out: plain nodes without their features.
"""

from collections.abc import Callable, Mapping
from random import Random

from chalicelib.spec.model import JsonObject
from tests.factories.bindings import Readable, boolean, json_of, number, text

_AGENT_OUTPUT: JsonObject = {
    "type": "object",
    "properties": {
        "score": {"type": "number"},
        "name": {"type": "string"},
        "done": {"type": "boolean"},
        "tags": {"type": "array", "items": {"type": "string"}},
        "best": {"type": "object", "properties": {"name": {"type": "string"}, "price": {"type": "number"}}, "required": ["name"]},
        "note": {"type": "string"},
    },
    "required": ["score", "name", "done", "tags", "best"],
}


def _agent(random: Random, readable: list[Readable]) -> JsonObject:
    agent: JsonObject = {"type": "agent_call", "prompt": text(random, readable)}
    return agent | ({"output": _AGENT_OUTPUT} if random.random() < 0.7 else {})


def _tool(random: Random, readable: list[Readable]) -> JsonObject:
    url: JsonObject = {"url": "https://example.com/search", "query": {"about": json_of(random, readable), "city": "$context.city"}}
    tools: list[JsonObject] = [
        {"tool": "http.get", "with": url},
        {"tool": "time.now"},
        {"tool": "math", "with": {"expression": "a * 2", "values": {"a": "$context.count"}}},
        {"tool": "json.pick", "with": {"value": json_of(random, readable), "path": "items[0].name", "default": None}},
        {"tool": "text.template", "with": {"template": "Dear {name}", "values": {"name": json_of(random, readable)}}},
    ]
    return {"type": "tool_call", **random.choice(tools)}


def _transform(random: Random, readable: list[Readable]) -> JsonObject:
    value: JsonObject = {"total": number(random, readable), "label": text(random, readable), "flag": boolean(random, readable)}
    return {"type": "transform", "value": random.choice([value, json_of(random, readable)])}


def _wait(random: Random, _readable: list[Readable]) -> JsonObject:
    delays: list[JsonObject] = [{"seconds": random.randint(0, 3)}, {"seconds": "$context.count"}, {"until": "2026-01-31T12:00:00Z"}]
    return {"type": "wait", **random.choice(delays)}


def _message(random: Random, readable: list[Readable]) -> JsonObject:
    return {"type": "message", "text": text(random, readable)}


def _reply(random: Random, readable: list[Readable]) -> JsonObject:
    return {"type": "message", "text": text(random, readable), "wait_for_reply": True, "timeout_seconds": 3600}


def _sub_workflow(random: Random, readable: list[Readable]) -> JsonObject:
    return {"type": "workflow", "workflow": "child-workflow", "with": {"about": json_of(random, readable)}, "effect": "none"}


WORK: Mapping[str, Callable[[Random, list[Readable]], JsonObject]] = {
    "agent": _agent,
    "tool": _tool,
    "transform": _transform,
    "wait": _wait,
    "message": _message,
    "reply": _reply,
    "sub_workflow": _sub_workflow,
}
