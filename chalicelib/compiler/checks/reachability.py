"""Nodes that can never run, or that nothing connects.

In: a `Subject`. Out: diagnostics, from the activation formulas alone.
"""

from collections.abc import Iterator

from chalicelib.compiler.activation import excludes
from chalicelib.compiler.checks.subject import Subject, node_path, shown_edge
from chalicelib.compiler.graph import Block, Edge
from chalicelib.spec.diagnostic import Diagnostic
from chalicelib.spec.nodes import AtLeast, Join


def unmeetable_joins(subject: Subject) -> Iterator[Diagnostic]:
    """A join that asks for more active edges than lead to it."""
    for block, name, node in subject.nodes():
        if isinstance(node, Join) and (missing := _missing_edges(block, name, node)):
            message = f"the join `{name}` asks for {missing} more active edges than lead to it"
            yield subject.error("unmeetable-join", message, node_path(block, name, "require"), "lower `at_least` or connect more nodes to it")


def unreachable_nodes(subject: Subject) -> Iterator[Diagnostic]:
    """A node whose formula no run can satisfy; only the first such node of a row, since the others follow from it."""
    for block, name, node in subject.nodes():
        if block.activation[name].is_never and not (isinstance(node, Join) and _missing_edges(block, name, node)):
            edges = block.incoming[name]
            if any(not block.activation[edge.source].is_never for edge in edges):
                hint = "ask for any of its edges, or for outcomes that can come together"
                yield subject.error("unreachable", f"`{name}` can never run: {_reason(block, edges)}", node_path(block, name), hint)


def isolated_nodes(subject: Subject) -> Iterator[Diagnostic]:
    """A node among others that no edge touches and whose output its block's output does not read."""
    for block, name, _ in subject.nodes():
        if len(block.nodes) > 1 and not block.incoming[name] and not block.outgoing[name] and name not in subject.read_by_outputs:
            message = f"no edge leads to `{name}` or away from it: it runs at once, and nothing waits for it"
            yield subject.warning("isolated", message, node_path(block, name), "connect it with `after`, or remove it")


def _missing_edges(block: Block, name: str, join: Join) -> int:
    wanted = join.require.at_least if isinstance(join.require, AtLeast) else 0
    return max(0, wanted - len(block.incoming[name]))


def _reason(block: Block, edges: tuple[Edge, ...]) -> str:
    for index, left in enumerate(edges):
        for right in edges[:index]:
            if excludes(block.edge_activation[left.key], block.edge_activation[right.key]):
                return f"{shown_edge(right)} and {shown_edge(left)} are never active together"
    return "its edges are never active together"
