"""Which choices of a gate approve, and which nodes need an approval that is not silent.

In: nodes, the specs of known sub-workflows. Out: `approving_choices`, `effect_of`. The rules are those of docs/LANGUAGE.md, "Effects and silence".
"""

from collections.abc import Iterable, Mapping
from typing import Final

from chalicelib.compiler.edges import choices_of
from chalicelib.spec.agent_landing import AsksAgent, CallsWorkflow
from chalicelib.spec.effects import Effect
from chalicelib.spec.native_tools import signature_of
from chalicelib.spec.nodes import AgentCall, HumanGate, Map, Message, Node, SubWorkflow, ToolCall, WorkerNode
from chalicelib.spec.workflow import WorkflowSpec

REFUSING_WORDS: Final = frozenset({"reject", "decline", "deny", "no", "cancel"})
GUARDED_EFFECTS: Final = (Effect.EXTERNAL, Effect.WRITE, Effect.MONEY)  # the strongest last
_MAX_CHILD_DEPTH: Final = 5


def approving_choices(gate: HumanGate) -> frozenset[str]:
    """The choices that count as an approval: as authored, else all but reject, decline, deny, no and cancel."""
    return frozenset(
        choice.choice for choice in choices_of(gate) if (choice.choice.lower() not in REFUSING_WORDS if choice.approves is None else choice.approves)
    )


def effect_of(node: Node, children: Mapping[str, WorkflowSpec], depth: int = 0) -> Effect:
    """What a node does to the world outside: as authored, else its tool's default, else the strongest of what runs inside it."""
    match node:
        case Map():
            return node.effect or _strongest(node.nodes.values(), children, depth)
        case SubWorkflow() | CallsWorkflow() if node.effect is None and node.workflow in children and depth < _MAX_CHILD_DEPTH:
            return _strongest(children[node.workflow].nodes.values(), children, depth + 1)
        case ToolCall() if node.effect is None and (signature := signature_of(node.tool)) is not None:
            return signature.effect
        case AsksAgent() if node.effect is None:
            return Effect.EXTERNAL
        case AgentCall() if node.effect is None:
            return strongest(grant.effect for grant in node.grants if grant.policies != {"deny"})
        case Message():
            return node.effect or Effect.NOTIFY
        case WorkerNode():
            return node.effect or Effect.NONE
        case _:
            return Effect.NONE


def _strongest(nodes: Iterable[Node], children: Mapping[str, WorkflowSpec], depth: int) -> Effect:
    return strongest(effect_of(node, children, depth) for node in nodes)


def strongest(effects: Iterable[Effect]) -> Effect:
    order = (Effect.NONE, Effect.NOTIFY, *GUARDED_EFFECTS)
    return max(effects, key=order.index, default=Effect.NONE)
