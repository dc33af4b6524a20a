"""Newer versions of a workflow that come to the same: what a broken run may be resumed on.

In: a workflow's text. Out: `retold`, in which no node does anything else: each has another title, and one node more hangs on nothing. `changed`, in
which one node is another, though it puts out the same, and `dependents`, which nodes run again for that; `node_to_change` is one to take.
"""

import json
from collections.abc import Callable
from typing import Any, Final

from chalicelib.compiler.graph import Block, WorkflowGraph, build
from chalicelib.spec.canonical import dump
from chalicelib.spec.load import load
from chalicelib.spec.model import JsonObject
from chalicelib.spec.nodes import AgentCall, ToolCall
from chalicelib.spec.workflow import WorkflowSpec

ADDED: Final = "added_later"
_TOKENS: Final = 100_000


def retold(text: str) -> str:
    """Other titles, another description, and a node more that nothing reads."""
    document: Any = dump(_spec(text))
    document["description"] = "Told anew"
    document["nodes"] = _each(document["nodes"], lambda name, node: {**node, "title": f"{name}, told anew"})
    document["nodes"][ADDED] = {"type": "tool_call", "tool": "math", "with": {"expression": "1 + 1"}}
    return json.dumps(document)


def changed(text: str, name: str) -> str:
    """An agent's node with another limit, which its answer does not come near; a sum with nothing added to it."""
    document: Any = dump(_spec(text))
    document["nodes"] = _each(document["nodes"], lambda each, node: _another(node) if each == name else node)
    return json.dumps(document)


def _another(node: Any) -> JsonObject:
    if node["type"] == "agent_call":
        return {**node, "max_output_tokens": _TOKENS}
    return {**node, "with": {**node["with"], "expression": f"({node['with']['expression']}) + 0"}}


def node_to_change(text: str) -> str:
    """The first agent's node, else the first sum, of which no look at what the run itself has kept depends: that one would rightly see it. Those in
    maps come after the others."""
    blocks = sorted(_graph(text).blocks.values(), key=lambda block: len(block.path))
    nodes = {name: block.nodes[name] for block in blocks for name in block.order}
    looks = {name for name, node in nodes.items() if isinstance(node, ToolCall) and node.tool == "kv.get"}
    agents = [name for name, node in nodes.items() if isinstance(node, AgentCall)]
    sums = [name for name, node in nodes.items() if isinstance(node, ToolCall) and node.tool == "math"]
    return next(name for name in (*agents, *sums) if not dependents(text, name) & looks)


def dependents(text: str, name: str, *others: str) -> frozenset[str]:
    """The node, all that comes after it, and the maps around it with all that comes after those; what is in a map goes with it, and so do the nodes
    of those of the other workflows that one of these names."""
    graph = _graph(text)
    block = next(block for block in graph.blocks.values() if name in block.nodes)
    found = _from(graph, block, name)
    for depth in range(len(block.path), 0, -1):
        found |= _from(graph, graph.blocks[block.path[: depth - 1]], block.path[depth - 1], is_entered=True)
    nodes = {each: json.dumps(node.model_dump(mode="json")) for inside in graph.blocks.values() for each, node in inside.nodes.items()}
    begun = [other for other in others if any(f'"{_spec(other).name}"' in nodes[each] for each in found)]
    return frozenset(found).union(*(block.order for other in begun for block in _graph(other).blocks.values()))


def _from(graph: WorkflowGraph, block: Block, name: str, *, is_entered: bool = False) -> set[str]:
    after = {each for each in block.order if block.ancestors.is_before(name, each)}
    whole = after if is_entered else {name, *after}
    return {name, *whole, *(inner for path, inside in graph.blocks.items() if whole & set(path) for inner in inside.order)}


def _each(nodes: Any, tell: Callable[[str, Any], JsonObject]) -> JsonObject:
    """Every node, those in maps among them."""
    told: dict[str, Any] = {name: tell(name, node) for name, node in nodes.items()}
    return {name: {**node, "nodes": _each(node["nodes"], tell)} if "nodes" in node else node for name, node in told.items()}


def _graph(text: str) -> WorkflowGraph:
    found = build(_spec(text))
    assert isinstance(found, WorkflowGraph), found
    return found


def _spec(text: str) -> WorkflowSpec:
    found = load(text)
    assert found.spec is not None, found.diagnostics
    return found.spec
