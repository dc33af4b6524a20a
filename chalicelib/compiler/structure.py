"""What keeps a spec from having a graph: dangling edges, cycles, maps nested too deeply, conditions with too many cases.

In: the drafts of all blocks. Out: diagnostics in order of location; none means that `graph.build` cannot fail. Limits come first and alone; how many
nodes and edges there may be is judged when a spec is loaded.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from chalicelib.compiler.edges import AuthoredEdge, Draft
from chalicelib.compiler.finding import error, sort_diagnostics
from chalicelib.compiler.nearest import did_you_mean
from chalicelib.compiler.order import find_cycle
from chalicelib.spec.diagnostic import Diagnostic
from chalicelib.spec.nodes import Condition
from chalicelib.spec.positions import Positions

MAX_MAP_DEPTH: Final = 5
MAX_CASES: Final = 24  # keeps a condition's labels well below what a formula may hold
_MAX_REPORTED: Final = 50
_MAX_SHOWN: Final = 12


def structure_faults(drafts: Sequence[Draft], positions: Positions | None) -> tuple[Diagnostic, ...]:
    limits = [fault for check in _LIMITS for fault in check(drafts, positions)]
    faults = limits or [fault for check in _FAULTS for fault in check(drafts, positions)]
    faults = faults or list(_cycles(drafts, positions))
    return sort_diagnostics(faults)[:_MAX_REPORTED]


def _too_deep(drafts: Sequence[Draft], positions: Positions | None) -> Iterator[Diagnostic]:
    for draft in drafts:
        if len(draft.path) == MAX_MAP_DEPTH + 1:
            message = f"the maps {' > '.join(draft.path)} are nested {len(draft.path)} deep; {MAX_MAP_DEPTH} are allowed"
            yield error("too-deep", message, draft.prefix[:-1], positions, "move the inner maps into a workflow of their own")


def _too_many_cases(drafts: Sequence[Draft], positions: Positions | None) -> Iterator[Diagnostic]:
    for draft in drafts:
        for name, node in draft.nodes.items():
            if isinstance(node, Condition) and len(node.cases or ()) > MAX_CASES:
                message = f"the condition `{name}` has {len(node.cases or ())} cases; {MAX_CASES} are allowed"
                yield error("too-many-cases", message, f"{draft.prefix}nodes.{name}.cases", positions, "group the cases in two conditions")


def _empty_maps(drafts: Sequence[Draft], positions: Positions | None) -> Iterator[Diagnostic]:
    for draft in drafts:
        if not draft.nodes and draft.path:
            message = f"the map `{draft.path[-1]}` has no nodes"
            yield error("empty-map", message, f"{draft.prefix}nodes", positions, "give it the nodes that run once per item")


def _unknown_nodes(drafts: Sequence[Draft], positions: Positions | None) -> Iterator[Diagnostic]:
    homes = _homes(drafts)
    for draft in drafts:
        for edge in draft.edges:
            for name, path in _ends(edge):
                if name not in homes:
                    hint = did_you_mean(name, draft.nodes, otherwise="name a node of the same `nodes` block")
                    yield error("unknown-node", f"there is no node `{name}`", path, positions, hint)


def _crossing_edges(drafts: Sequence[Draft], positions: Positions | None) -> Iterator[Diagnostic]:
    homes = _homes(drafts)
    for draft in drafts:
        for edge in draft.edges:
            for name, path in _ends(edge):
                if name not in draft.nodes and name in homes:
                    message = (
                        f"`{name}` stands in {_block_name(homes[name])}, this edge in {_block_name(draft.path)}: edges stay in one `nodes` block"
                    )
                    hint = "connect the map itself; what was settled before the map may be read inside it without an edge"
                    yield error("edge-crosses-blocks", message, path, positions, hint)


def _self_edges(drafts: Sequence[Draft], positions: Positions | None) -> Iterator[Diagnostic]:
    for draft in drafts:
        for edge in draft.edges:
            if edge.source == edge.target:
                hint = "to run a node again, give it `repeat: {until, max_times}`"
                yield error("self-edge", f"an edge leads from `{edge.source}` to itself", edge.path, positions, hint)


def _cycles(drafts: Sequence[Draft], positions: Positions | None) -> Iterator[Diagnostic]:
    """One cycle a block: without the gotos first, so that a goto is blamed only when it alone closes the circle."""
    for draft in drafts:
        plain = [edge for edge in draft.edges if not edge.is_goto]
        if cycle := find_cycle(tuple(draft.nodes), _successors(draft, plain)):
            closing = next(edge for edge in plain if edge.source == cycle[-1] and edge.target == cycle[0])
            hint = "remove one of these edges; one node runs again by `repeat`, several as a sub-workflow"
            yield error("cycle", f"the edges form a cycle: {_show(cycle)}", closing.path, positions, hint)
        elif cycle := find_cycle(tuple(draft.nodes), _successors(draft, draft.edges)):
            closing = next(edge for edge in draft.edges if edge.is_goto and edge.target in _following(cycle, edge.source))
            message = f"`{closing.target}` is settled before `{closing.source}` fails: {_show(cycle)}"
            yield error("goto-backwards", message, closing.path, positions, "`goto` leads forward; to try again use `retry` or `repeat`")


def _homes(drafts: Sequence[Draft]) -> dict[str, tuple[str, ...]]:
    return {name: draft.path for draft in reversed(drafts) for name in draft.nodes}


def _ends(edge: AuthoredEdge) -> Iterator[tuple[str, str]]:
    """Both ends with where each is authored; an end that its own node implies is never wrong, so its place does not matter."""
    listed = ".edges." in f".{edge.path}"
    yield edge.source, f"{edge.path}.from" if listed else edge.path
    yield edge.target, f"{edge.path}.to" if listed else edge.path


def _block_name(path: tuple[str, ...]) -> str:
    return f"the map `{path[-1]}`" if path else "the workflow"


def _successors(draft: Draft, edges: Sequence[AuthoredEdge]) -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = {name: [] for name in draft.nodes}
    for edge in edges:
        found[edge.source].append(edge.target)
    return found


def _following(cycle: Sequence[str], name: str) -> Sequence[str]:
    """The successor of `name` on the cycle, if it is on it."""
    return (cycle[(cycle.index(name) + 1) % len(cycle)],) if name in cycle else ()


def _show(cycle: Sequence[str]) -> str:
    names = [*cycle, cycle[0]]
    if len(names) > _MAX_SHOWN:
        names = [*names[: _MAX_SHOWN - 2], "...", *names[-2:]]
    return " -> ".join(names)


_LIMITS: Final = (_too_deep, _too_many_cases)
_FAULTS: Final = (_empty_maps, _unknown_nodes, _crossing_edges, _self_edges)
