"""From the graph to the plan: when each node is visited.

In: `WorkflowGraph`. Out: the `Plan` of the workflow's block, with the plan of each map's block inside its `ForEach`. Pure, deterministic, authored
order where free. The plan is never slower than level by level, and no node waits for one that it does not depend on unless the graph leaves no nested
form (see `decompose`).
"""

from collections.abc import Mapping
from dataclasses import replace

from chalicelib.compiler.choose import choose
from chalicelib.compiler.decompose import Timed, decompose
from chalicelib.compiler.durations import expected_duration
from chalicelib.compiler.graph import Block, WorkflowGraph
from chalicelib.compiler.hoist import Instant
from chalicelib.compiler.plan import ForEach, Plan, Visit
from chalicelib.compiler.precedence import Precedence, precedence
from chalicelib.spec.nodes import Condition, Join, Map, Parallel, Transform


def schedule(graph: WorkflowGraph) -> Plan:
    """The plan of the root block."""
    return _block_plan(graph, graph.root).plan


def block_precedence(block: Block, durations: dict[str, int]) -> Precedence:
    """The order of a block's nodes: every edge, whatever its `when`, orders its ends."""
    predecessors = {node: [edge.source for edge in block.incoming[node]] for node in block.order}
    return precedence(block.order, predecessors=predecessors, durations=durations)


def _block_plan(graph: WorkflowGraph, block: Block) -> Timed:
    maps = [node for node in block.order if isinstance(block.nodes[node], Map)]
    bodies = {node: _block_plan(graph, graph.blocks[(*block.path, node)]) for node in maps}
    durations = {node: expected_duration(block.nodes[node], body=bodies[node].duration if node in bodies else 0) for node in block.order}

    def leaf(node: str) -> Plan:
        return ForEach(node, bodies[node].plan) if node in bodies else Visit(node)

    timed = decompose(block_precedence(block, durations), leaf=leaf)
    return replace(timed, plan=choose(timed.plan, block=block, instant=_instant(block, durations)))


def _instant(block: Block, durations: Mapping[str, int]) -> Instant:
    """Nodes that the engine serves in no time. `parallel` and `join` take no state: what they put out is assigned on the way to the next."""
    nodes = [(name, block.nodes[name]) for name, seconds in durations.items() if not seconds]  # a residual block still knows what it left out
    return Instant(
        stateless=frozenset(name for name, node in nodes if isinstance(node, Parallel | Join)),
        deciding=frozenset(name for name, node in nodes if isinstance(node, Condition)),
        others=frozenset(name for name, node in nodes if isinstance(node, Transform)),
    )
