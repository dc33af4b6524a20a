"""What of a workflow differs from what a run has run on so far: its nodes in a newer version, what they read of an edited input.

In: the graphs of both versions, both inputs. Out: `Differences`, which says of a node why it cannot keep what it put out, or that it can. Pure.
What a node does when it fails, how long it may take and what it is called change nothing about what it put out.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from chalicelib.compiler.graph import Block, Edge, WhenKind, WorkflowGraph
from chalicelib.spec.agent_landing import AsksAgent
from chalicelib.spec.agent_task import task_of
from chalicelib.spec.bindings import expressions, node_bindings, when_binding
from chalicelib.spec.expression import Expression
from chalicelib.spec.model import Json, JsonObject
from chalicelib.spec.nodes import AgentCall, Map, Node
from chalicelib.store.walk import walk

CONTEXT: Final = "context"
_POLICY: Final = frozenset(
    ("title", "after", "on_error", "retry", "timeout_seconds", "expected_seconds", "nodes", "edges", "output", "concurrency", "mode", "max_items")
)
_OUTPUT_SCHEMAS: Final = frozenset(("agent_call",))  # whose `output` is part of what they do; a map's is what the engine makes of its items


@dataclass(frozen=True)
class Differences:
    old: WorkflowGraph
    new: WorkflowGraph
    old_input: Json
    new_input: Json

    def own(self, block: Block, name: str) -> str | None:
        """Why the node itself is another than it was; None where it is the same."""
        before = self._old_blocks.get(name)
        if before is None:
            return "it is new in this version"
        if before.path != block.path or authored(before.nodes[name]) != authored(block.nodes[name]):
            return "this version has it changed"
        if _edges(before, name) != _edges(block, name):
            return "this version has other edges lead to it"
        return None

    def goes_on(self, block: Block, name: str) -> bool:
        """Whether an agent that has not finished is asked the same: then limits, policies and models that are others hold from here on."""
        before, node = self._old_blocks.get(name), block.nodes[name]
        old = None if before is None or before.path != block.path else before.nodes[name]
        if not isinstance(node, AgentCall) or type(old) is not type(node) or not isinstance(old, AgentCall):
            return False
        return before is not None and task_of(old) == task_of(node) and _edges(before, name) == _edges(block, name)

    def reads(self, block: Block, name: str) -> Iterator[Expression]:
        """What the node and the edges to it read."""
        yield from read_by(block.nodes[name])
        for edge in block.incoming[name]:
            if edge.kind is WhenKind.EXPRESSION:
                yield from expressions(when_binding(edge.value))

    def input_of(self, block: Block, name: str) -> str | None:
        """Which field of the input it reads that is another now."""
        for expression in self.reads(block, name):
            for reference in expression.references:
                if reference.root == CONTEXT and walk(self.old_input, reference.path) != walk(self.new_input, reference.path):
                    return ".".join(("input", *map(str, reference.path)))
        return None

    @cached_property
    def _old_blocks(self) -> Mapping[str, Block]:
        return {name: block for block in self.old.blocks.values() for name in block.nodes}


def read_by(node: Node) -> Iterator[Expression]:
    """All expressions of a node, also those that the engine asks."""
    for bound in node_bindings(node):
        yield from expressions(bound.binding)


def authored(node: Node) -> JsonObject:
    """What a node does, as authored, without what is policy or a name."""
    document: JsonObject = node.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    kept = {"output"} if node.type in _OUTPUT_SCHEMAS else set()
    left_out = _POLICY | {"wait"} if isinstance(node, AsksAgent) else _POLICY  # how long the agent's task may take
    return {name: value for name, value in document.items() if name not in left_out or name in kept}


def nested(graph: WorkflowGraph, path: tuple[str, ...]) -> Iterator[Block]:
    """The blocks of the maps in a block, each before those within it."""
    for name in graph.blocks[path].order:
        if isinstance(graph.blocks[path].nodes[name], Map):
            yield graph.blocks[(*path, name)]
            yield from nested(graph, (*path, name))


def _edges(block: Block, name: str) -> frozenset[tuple[str, WhenKind, str]]:
    return frozenset(_edge(edge) for edge in block.incoming[name])


def _edge(edge: Edge) -> tuple[str, WhenKind, str]:
    return (edge.source, edge.kind, edge.value)
