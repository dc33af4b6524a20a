"""What an execution's history tells of a run that did not succeed: which node failed, and which native nodes were settled.

In: the history's events, oldest first, and the places of the version's nodes. Out: `Told`. A state is named by its node; `<node>--<role>` is an
invented state
of that node. Never: a value of a state taken from the history.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from chalicelib.store.node_places import NodePlace
from chalicelib.store.run_records import Fault

NATIVE_TYPES = frozenset({"condition", "parallel", "join", "map", "wait", "transform"})
_FAILURES = {
    "TaskFailed": "taskFailedEventDetails",
    "TaskTimedOut": "taskTimedOutEventDetails",
    "LambdaFunctionFailed": "lambdaFunctionFailedEventDetails",
    "LambdaFunctionTimedOut": "lambdaFunctionTimedOutEventDetails",
    "TaskStartFailed": "taskStartFailedEventDetails",
    "TaskSubmitFailed": "taskSubmitFailedEventDetails",
    "EvaluationFailed": "evaluationFailedEventDetails",
    "FailStateEntered": "",
}
# What the engine itself says without a cause.
_PLAIN_WORDS = {
    "States.Timeout": "it took longer than its time limit",
    "States.HeartbeatTimeout": "it gave no sign of life for too long",
    "Lambda.Unknown": "the worker died without a word",
}


@dataclass
class Told:
    """`faults`: the latest failure by node. `left`: native nodes whose state was left. `open`: nodes whose state was entered and not left."""

    faults: dict[str, Fault] = field(default_factory=dict)
    left: set[str] = field(default_factory=set)
    open: set[str] = field(default_factory=set)
    last_failed: str | None = None


def read_history(events: Iterable[Mapping[str, Any]], places: Mapping[str, NodePlace]) -> Told:
    """Read a history once. Each event belongs to the state that its chain of previous events entered."""
    told = Told()
    state_of: dict[int, str] = {}
    for event in events:
        entered = event.get("stateEnteredEventDetails", {}).get("name")
        state = entered or state_of.get(event.get("previousEventId", 0), "")
        state_of[event["id"]] = state
        node = state.partition("--")[0]
        if node in places:
            _read(event, node, places[node], told)
    return told


def _read(event: Mapping[str, Any], node: str, place: NodePlace, told: Told) -> None:
    kind = event["type"]
    if kind.endswith("StateEntered"):
        told.open.add(node)
    elif kind.endswith("StateExited"):
        told.open.discard(node)
        if (place.type in NATIVE_TYPES or place.is_native_call) and not place.maps:
            told.left.add(node)
    elif kind in _FAILURES:
        details = event.get(_FAILURES[kind], {})
        told.faults[node] = fault_of(details.get("error"), details.get("cause"))
        told.last_failed = node


def fault_of(error: str | None, cause: str | None) -> Fault:
    """An error of the engine in our words. A Lambda's cause is JSON with `errorType` and `errorMessage`."""
    name, message = error or "Unknown", cause or ""
    try:
        told = json.loads(message) if message.startswith("{") else None
    except ValueError:
        told = None
    if isinstance(told, dict) and isinstance(told.get("errorMessage"), str):
        message = told["errorMessage"]
    return Fault(name=name, message=(message or _PLAIN_WORDS.get(name, ""))[:2000])
