"""How large a workflow may be. In: `Authored`. Out: one diagnostic per limit. AWS's own limits (1 MB of definition, events) are the compiler's."""

from collections.abc import Iterator
from typing import Final

from chalicelib.spec.diagnostic import Diagnostic
from chalicelib.spec.rules.authored import Authored

MAX_NODES: Final = 10_000
MAX_EDGES: Final = 20_000


def too_many_nodes(authored: Authored) -> Iterator[Diagnostic]:
    count = len(authored.nodes)
    if count > MAX_NODES:
        yield authored.error("too-many-nodes", f"the workflow has {count:,} nodes; {MAX_NODES:,} are allowed", "nodes", "split it into sub-workflows")


def too_many_edges(authored: Authored) -> Iterator[Diagnostic]:
    """`after` counts as edges do."""
    count = len(authored.edges) + sum(len(part.node.after) for part in authored.nodes if part.node is not None)
    if count > MAX_EDGES:
        yield authored.error("too-many-edges", f"the workflow has {count:,} edges; {MAX_EDGES:,} are allowed", "edges", "let a join collect edges")
