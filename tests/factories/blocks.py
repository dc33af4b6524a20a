"""Blocks of all kinds of activation, from a `random.Random`: gates, conditions, joins, errors, expressions, effects."""

from random import Random

from chalicelib.compiler.graph import Block
from chalicelib.spec.model import JsonObject
from tests.factories.graphs import graph_of

KINDS: tuple[str | JsonObject, ...] = (
    "transform",
    "transform",
    "condition",
    "condition",
    "human_gate",
    {"type": "human_gate", "on_error": "continue"},
    {"type": "tool_call", "on_error": "continue"},
    "join",
    {"type": "join", "require": "all"},
    {"type": "join", "require": {"at_least": 2}},
    {"type": "transform", "activate": "all"},
)
GATED_KINDS: tuple[str | JsonObject, ...] = (
    *KINDS,
    {"type": "tool_call", "effect": "money"},
    {"type": "tool_call", "effect": "write"},
    {"type": "human_gate", "on_timeout": "approve"},
    {"type": "human_gate", "on_timeout": "fail"},
    {"type": "human_gate", "choices": ["yes", {"choice": "maybe", "approves": False}, "no"]},
)


def random_block(random: Random, count: int, kinds: tuple[str | JsonObject, ...] = KINDS) -> Block:
    """`count` nodes; each edge waits for success, an outcome of its source, its error or an expression."""
    nodes = {f"n{index}": random.choice(kinds) for index in range(count)}
    edges: list[str | JsonObject] = []
    for target in range(1, count):
        for source in random.sample(range(target), k=min(target, random.randint(0, 3))):
            when = random.choice(_whens(nodes[f"n{source}"]))
            edges.append(f"n{source}>n{target}:{when}")
    return graph_of(nodes, edges).root


def _whens(source: str | JsonObject) -> list[str]:
    node: JsonObject = {"type": source} if isinstance(source, str) else source
    match node["type"]:
        case "condition":
            whens = ["true", "false", "", "error"]
        case "human_gate":
            whens = [*_labels(node), "", "error"]
        case _:
            whens = ["", "", "error", "$context.yes"]
    return [when for when in whens if when != "error" or node.get("on_error") != "continue"]


def _labels(gate: JsonObject) -> list[str]:
    choices = ["yes", "maybe", "no"] if "choices" in gate else ["approve", "reject"]
    return [*choices, *([] if "on_timeout" in gate else ["timed_out"])]
