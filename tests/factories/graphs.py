"""Small specs and their graphs, written as nodes and edges.

`spec_of({"a": "transform", "b": {"type": "join", "after": ["a"]}}, ["a>c", "g>b:approve"])`: a node may be its type alone, an edge `source>target` or
`source>target:when`. `random_spec` makes valid acyclic workflows of any size from a `random.Random`.
"""

from collections.abc import Mapping, Sequence
from random import Random

from chalicelib.compiler.graph import WorkflowGraph, build
from chalicelib.spec.model import JsonObject
from chalicelib.spec.workflow import WorkflowSpec

_NEEDED: Mapping[str, JsonObject] = {
    "agent_call": {"prompt": "Say something."},
    "tool_call": {"tool": "time.now"},
    "human_gate": {"ask": "Go on?"},
    "condition": {"if": "$context.yes"},
    "map": {"over": "$context.items", "nodes": {"inner": {"type": "transform", "value": 1}}},
    "workflow": {"workflow": "other"},
    "wait": {"seconds": 1},
    "transform": {"value": 1},
    "message": {"text": "Hello."},
}


def node_of(node: str | JsonObject) -> JsonObject:
    """The node with the fields that its type needs."""
    given: JsonObject = {"type": node} if isinstance(node, str) else node
    return {**_NEEDED.get(str(given["type"]), {}), **given}


def edge_of(edge: str | JsonObject) -> JsonObject:
    if not isinstance(edge, str):
        return edge
    ends, _, when = edge.partition(":")
    source, _, target = ends.partition(">")
    return {"from": source, "to": target, **({"when": when} if when else {})}


def spec_of(nodes: Mapping[str, str | JsonObject], edges: Sequence[str | JsonObject] = (), **more: object) -> WorkflowSpec:
    document = {
        "sluice": 1,
        "name": "under-test",
        "nodes": {name: node_of(node) for name, node in nodes.items()},
        "edges": [edge_of(edge) for edge in edges],
        **more,
    }
    return WorkflowSpec.model_validate(document)


def graph_of(nodes: Mapping[str, str | JsonObject], edges: Sequence[str | JsonObject] = (), **more: object) -> WorkflowGraph:
    """The graph of a spec that has one."""
    graph = build(spec_of(nodes, edges, **more))
    assert isinstance(graph, WorkflowGraph), graph
    return graph


def random_spec(
    random: Random, *, nodes: int, width: int = 30, edges_per_node: int = 3, kinds: Sequence[str] = ("transform", "condition")
) -> WorkflowSpec:
    """An acyclic workflow: each node after up to `edges_per_node` of the `width` nodes before it, label edges with labels of their source."""
    made: dict[str, str | JsonObject] = {}
    edges: list[str | JsonObject] = []
    labels = {"condition": ("true", "false", ""), "human_gate": ("approve", "reject", "timed_out", "error", "")}
    for index in range(nodes):
        made[f"n{index}"] = random.choice(kinds)
        for before in sorted({random.randrange(max(0, index - width), index) for _ in range(edges_per_node)}) if index else ():
            when = random.choice(labels.get(str(made[f"n{before}"]), ("",)))
            edges.append(f"n{before}>n{index}:{when}")
    return spec_of(made, edges)
