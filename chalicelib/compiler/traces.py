"""Who tells of native nodes: which settled nodes each worker's payload reports, so that their trace costs no state.

In: the plan of one block and its nodes. Out: `Traces`: for each worker node the native nodes to report, and what is left for the end.
A node in an arm that may not be taken is reported by the arm's worker and again after it; recording twice is harmless.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final, assert_never

from chalicelib.compiler.code import Key, Read, Template, code
from chalicelib.compiler.collecting import is_collected
from chalicelib.compiler.graph import Block
from chalicelib.compiler.plan import Choose, ForEach, Parallel, Plan, Series, Visit
from chalicelib.spec.nodes import Condition, Join, Map, Node, ToolCall, Transform, Wait, is_served
from chalicelib.spec.nodes import Parallel as FanOut

MAX_TOLD: Final = 16  # by one worker: what is older waits for another one, or for the end
Pending = tuple[str, ...]


@dataclass
class Traces:
    by_worker: dict[str, Pending] = field(default_factory=dict)
    at_end: Pending = ()


def traces(plan: Plan, nodes: Mapping[str, Node]) -> Traces:
    found = Traces()
    found.at_end = _walk(plan, (), nodes, found.by_worker)
    return found


def told_inside(plan: Plan, nodes: Mapping[str, Node]) -> dict[str, Pending]:
    """Who tells of the native nodes of a map's item. What no worker of the item comes after is told by nobody; maps end by themselves."""
    told = traces(plan, nodes).by_worker
    return {
        worker: tuple(name for name in names if isinstance(nodes[name], Condition | ToolCall | Transform | Wait)) for worker, names in told.items()
    }


def _walk(plan: Plan, pending: Pending, nodes: Mapping[str, Node], told: dict[str, Pending]) -> Pending:
    """What is still untold after the plan."""
    match plan:
        case Visit(node):
            if not is_served(nodes[node]):
                return (*pending, node)
            told[node] = pending[-MAX_TOLD:]
            return pending[:-MAX_TOLD]
        case ForEach(node):
            return (*pending, node)
        case Series(items):
            for item in items:
                pending = _walk(item, pending, nodes, told)
            return pending
        case Parallel(branches):
            return _walk_branches(branches, pending, nodes, told)
        case Choose(arms):
            left = [_walk(arm.body, pending, nodes, told) for arm in arms]
            return tuple(dict.fromkeys((*pending, *(node for rest in left for node in rest))))
        case _:
            assert_never(plan)


def _walk_branches(branches: tuple[Plan, ...], pending: Pending, nodes: Mapping[str, Node], told: dict[str, Pending]) -> Pending:
    """The first branch with a worker that surely runs tells what was pending."""
    left: list[str] = []
    for branch in branches:
        rest = _walk(branch, pending, nodes, told)
        if not set(pending) <= set(rest):
            pending = ()
        left.extend(node for node in rest if node not in pending)
    return (*pending, *left)


def waits_after(plan: Plan, nodes: Mapping[str, Node]) -> dict[str, str]:
    """Workers whose successor is surely a native Wait, by that Wait: they announce it."""
    found: dict[str, str] = {}
    match plan:
        case Visit() | ForEach():
            pass
        case Series(items):
            for item, follower in pairwise(items):
                if isinstance(item, Visit) and isinstance(follower, Visit) and isinstance(nodes[follower.node], Wait):
                    found[item.node] = follower.node
            for item in items:
                found |= waits_after(item, nodes)
        case Parallel(branches):
            for branch in branches:
                found |= waits_after(branch, nodes)
        case Choose(arms):
            for arm in arms:
                found |= waits_after(arm.body, nodes)
        case _:
            assert_never(plan)
    return found


def settled(names: Pending, block: Block) -> dict[str, Template]:
    """What is told of native nodes: a condition's label, a map's count of items, another's output; null where it was skipped.

    `parallel` and `join` are told of by nobody: whether they ran follows from the others.
    """
    told: dict[str, Template] = {}
    for name in names:
        output = code(Read(Key("output", name)))
        match block.nodes[name]:
            case FanOut() | Join():
                continue
            case Map() as node if is_collected(node):
                told[name] = code(output, ".Pointer ? ", output, ".Pointer.count : $type(", output, ") = 'array' ? $count(", output, ") : null")
            case Map():
                told[name] = code("$type(", output, ") = 'array' ? $count(", output, ") : null")
            case _:
                told[name] = output
    return told
