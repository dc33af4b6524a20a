"""How long a node is expected to take, before there are runs to learn from.

In: a node; for a map, its body's makespan. Out: whole microseconds, so that sums are exact. A node's `expected_seconds` is the last word.
The defaults only have to be right relative to each other: they say which branch is worth starting early.
"""

from math import ceil
from typing import Final, assert_never

from chalicelib.spec.agent_landing import AsksAgent, CallsWorkflow
from chalicelib.spec.nodes import (
    AgentCall,
    Condition,
    HumanGate,
    Join,
    Map,
    Message,
    Node,
    Parallel,
    SubWorkflow,
    ToolCall,
    Transform,
    Wait,
)

MICROSECONDS: Final = 1_000_000
AGENT_SECONDS: Final = 10
TOOL_SECONDS: Final = 1
MESSAGE_SECONDS: Final = 1
PERSON_SECONDS: Final = 3_600  # a gate's decision, a message's reply
WORKFLOW_SECONDS: Final = 60
TASK_SECONDS: Final = 600  # of an agent elsewhere that is waited for
WAIT_SECONDS: Final = 60  # a wait whose length is computed
INLINE_CONCURRENCY: Final = 40


def expected_duration(node: Node, *, body: int = 0) -> int:
    """Microseconds. `body`: the makespan of a map's body for one item."""
    if node.expected_seconds is not None:
        return round(node.expected_seconds * MICROSECONDS)
    if isinstance(node, Map):
        return body * _waves(node)
    return _default_seconds(node) * MICROSECONDS


def _default_seconds(node: Node) -> int:
    match node:
        case CallsWorkflow():
            return WORKFLOW_SECONDS
        case AsksAgent():
            return TASK_SECONDS
        case AgentCall():
            return AGENT_SECONDS
        case ToolCall(wait=wait):
            return TOOL_SECONDS if wait is None else TASK_SECONDS
        case HumanGate():
            return PERSON_SECONDS
        case SubWorkflow():
            return WORKFLOW_SECONDS
        case Message(wait_for_reply=waits):
            return PERSON_SECONDS if waits else MESSAGE_SECONDS
        case Wait(seconds=seconds):
            return seconds if isinstance(seconds, int) else WAIT_SECONDS
        case Condition() | Parallel() | Join() | Transform() | Map():
            return 0
        case _ as unknown:
            assert_never(unknown)


def _waves(node: Map) -> int:
    """How often the body runs one after another when every item that is declared comes."""
    concurrency = node.concurrency or INLINE_CONCURRENCY
    return ceil((node.max_items or 1) / concurrency)
