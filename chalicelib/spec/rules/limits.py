"""How large a workflow may be: as large as compiles in seconds, a graph of which every edge decides something.

In: `Authored`. Out: one diagnostic per limit. AWS's own limits (1 MB of definition, events) and those of single nodes and maps are the compiler's.
"""

from collections.abc import Iterator
from typing import Final

from chalicelib.spec.diagnostic import Diagnostic
from chalicelib.spec.nodes import Goto, Node
from chalicelib.spec.rules.authored import Authored

_SPLIT: Final = "split it into workflows that call each other with a `workflow` node"
_COLLECT: Final = "let a join collect edges"
MAX_NODES: Final = 3_000
MAX_EDGES: Final = 10_000


def too_many_nodes(authored: Authored) -> Iterator[Diagnostic]:
    count = len(authored.nodes)
    if count > MAX_NODES:
        yield authored.error("too-many-nodes", f"the workflow has {count:,} nodes; {MAX_NODES:,} are allowed", "nodes", _SPLIT)


def too_many_edges(authored: Authored) -> Iterator[Diagnostic]:
    """`after` and `goto` count as edges do."""
    count = len(authored.edges) + sum(_own_edges(part.node) for part in authored.nodes if part.node is not None)
    if count > MAX_EDGES:
        yield authored.error("too-many-edges", f"the workflow has {count:,} edges; {MAX_EDGES:,} are allowed", "edges", _COLLECT)


def _own_edges(node: Node) -> int:
    return len(node.after) + isinstance(node.on_error, Goto)
