"""Payloads as machines send them to workers: builders with sound defaults, and the ones recorded from each release.

In: what a test cares about. Out: plain JSON, as Lambda would hand it over.
"""

import json
from pathlib import Path

from chalicelib.spec.model import Json, JsonObject

RECORDED = Path(__file__).parent.parent / "fixtures" / "payloads"
RUN = "run_01J0000000000000000000000"
VERSION = "ver_01J0000000000000000000000"


def machine_input(context: Json = None, **fields: Json) -> JsonObject:
    """What an execution is started with."""
    return {**_identity(), "context": {} if context is None else context, "trigger": {"type": "manual", "by": "local"}, **fields}


def task_payload(**fields: Json) -> JsonObject:
    """What a Task state sends for a node that works."""
    defaults: JsonObject = {**_identity(), "node": "search", "item_path": "", "fence": {"resume": 0, "visit": 0, "retry": 0}, "values": {}}
    return {**defaults, "keep": [], "inline_bytes": 24_576, "settled": {}, **fields}


def gate_payload(**fields: Json) -> JsonObject:
    """What a state sends that waits for people."""
    return task_payload() | {"node": "approve", "token": "AQBzdG9uZQ", "deadline_seconds": 86_400, "keep": ["choice"]} | fields


def close_payload(**fields: Json) -> JsonObject:
    """What the state sends that a gate's time-out leads to."""
    return task_payload() | {"node": "approve", "close": True} | fields


def pointer(**kept: Json) -> JsonObject:
    """A pointer record, with the fields of the value that stay in the state."""
    return {"Pointer": {"key": f"org_local/runs/{RUN}/search/0000.json", "bytes": 300_000, "sha256": "0" * 64, "count": 12}, **kept}


def recorded_payloads() -> list[JsonObject]:
    """Every payload that an earlier release sent, oldest release first."""
    lines = (line for path in sorted(RECORDED.glob("*.jsonl")) for line in path.read_text("utf-8").splitlines())
    return [json.loads(line) for line in lines if line]


def _identity() -> JsonObject:
    return {"contract": 1, "organisation_id": "org_local", "run_id": RUN, "version_id": VERSION}
