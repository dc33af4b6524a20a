"""How long plans are expected to take, against what their graph allows and what levels would take.

In: a graph, a plan of one of its blocks. Out: whole microseconds. Everything is taken to run: the longest arm of a Choose counts. Nodes that the plan
does not visit (of a residual plan, they have settled before) take no time.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import assert_never

from chalicelib.compiler.durations import expected_duration
from chalicelib.compiler.graph import Block, WorkflowGraph
from chalicelib.compiler.plan import Choose, ForEach, Parallel, Plan, Series, Visit


@dataclass(frozen=True, slots=True)
class Timing:
    """Microseconds. `makespan` of the plan, `critical_path` of the graph, `by_level`: each level after the one before it."""

    makespan: int
    critical_path: int
    by_level: int


def timing(plan: Plan, *, graph: WorkflowGraph, path: tuple[str, ...] = ()) -> Timing:
    block = graph.blocks[path]
    durations = node_durations(plan, graph=graph, path=path)
    by_level = sum(max(durations.get(node, 0) for node in level) for level in block.levels)
    return Timing(_makespan(plan, durations), _critical_path(block, durations), by_level)


def node_durations(plan: Plan, *, graph: WorkflowGraph, path: tuple[str, ...]) -> Mapping[str, int]:
    """The expected duration of each node that the plan visits."""
    nodes = graph.blocks[path].nodes
    found: dict[str, int] = {}
    for part in entries(plan):
        body = timing(part.body, graph=graph, path=(*path, part.node)).makespan if isinstance(part, ForEach) else 0
        found[part.node] = expected_duration(nodes[part.node], body=body)
    return found


def entries(plan: Plan) -> "list[Visit | ForEach]":
    """The visits of this block, maps among them, in plan order."""
    match plan:
        case Visit() | ForEach():
            return [plan]
        case Series(parts) | Parallel(parts):
            return [entry for part in parts for entry in entries(part)]
        case Choose(arms):
            return [entry for arm in arms for entry in entries(arm.body)]
        case _ as unknown:
            assert_never(unknown)


def _makespan(plan: Plan, durations: Mapping[str, int]) -> int:
    match plan:
        case Visit(node) | ForEach(node):
            return durations[node]
        case Series(items):
            return sum(_makespan(item, durations) for item in items)
        case Parallel(branches):
            return max(_makespan(branch, durations) for branch in branches)
        case Choose(arms):
            return max(_makespan(arm.body, durations) for arm in arms)
        case _ as unknown:
            assert_never(unknown)


def _critical_path(block: Block, durations: Mapping[str, int]) -> int:
    ends: dict[str, int] = {}
    for node in block.order:
        ends[node] = durations.get(node, 0) + max((ends[edge.source] for edge in block.incoming[node]), default=0)
    return max(ends.values())
