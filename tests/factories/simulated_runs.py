"""Runs of one block without an engine: the rules of activation applied node by node, the long way.

`simulate(block, choose)` asks `choose(variable, labels)` for the outcome of each node that runs and of each expression edge that is asked.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from chalicelib.compiler.activation import Formula
from chalicelib.compiler.graph import Block, Edge, WhenKind
from chalicelib.spec.nodes import AtLeast, Join

Choose = Callable[[str, tuple[str, ...]], str]


@dataclass
class SimulatedRun:
    """`outcomes` by variable, `ran` the nodes that ran, `active` the keys of active edges."""

    outcomes: dict[str, str] = field(default_factory=dict)
    ran: set[str] = field(default_factory=set)
    active: set[str] = field(default_factory=set)

    def holds(self, formula: Formula) -> bool:
        return any(all(self.outcomes.get(atom.variable) == atom.label for atom in term) for term in formula.terms)

    def succeeded(self, block: Block, node: str) -> bool:
        return node in self.ran and (self.outcomes.get(node) != "error" or block.nodes[node].on_error == "continue")


def simulate(block: Block, choose: Choose) -> SimulatedRun:
    run = SimulatedRun()
    for name in block.order:
        if _runs(block, name, [edge.key in run.active for edge in block.incoming[name]]):
            run.ran.add(name)
            if name in block.domains:
                run.outcomes[name] = choose(name, block.domains[name])
        if name in block.large:
            run.outcomes[f"{name}?"] = "ran" if name in run.ran else "skipped"
        for edge in block.outgoing[name]:
            if name in run.ran and _is_active(block, edge, run, choose):
                run.active.add(edge.key)
    return run


def _runs(block: Block, name: str, active: list[bool]) -> bool:
    node = block.nodes[name]
    if not active:
        return True
    if node.activate == "all" or (isinstance(node, Join) and node.require == "all"):
        return all(active)
    wanted = node.require.at_least if isinstance(node, Join) and isinstance(node.require, AtLeast) else 1
    return sum(active) >= wanted


def _is_active(block: Block, edge: Edge, run: SimulatedRun, choose: Choose) -> bool:
    match edge.kind:
        case WhenKind.ERROR:
            return run.outcomes[edge.source] == "error"
        case WhenKind.LABEL:
            return run.outcomes[edge.source] == edge.value
        case WhenKind.SUCCEEDED:
            return run.succeeded(block, edge.source)
        case WhenKind.EXPRESSION:
            if not run.succeeded(block, edge.source):
                return False
            run.outcomes[edge.key] = choose(edge.key, ("true", "false"))
            return run.outcomes[edge.key] == "true"


def all_runs(block: Block, *, limit: int = 3_000) -> list[SimulatedRun]:
    """Every run that the block can have; none if there are more than `limit`."""
    runs: list[SimulatedRun] = []
    open_prefixes: list[list[int]] = [[]]
    while open_prefixes:
        prefix = open_prefixes.pop()
        taken: list[tuple[int, int]] = []  # which label, of how many

        def choose(_: str, labels: tuple[str, ...], prefix: list[int] = prefix, taken: list[tuple[int, int]] = taken) -> str:
            chosen = prefix[len(taken)] if len(taken) < len(prefix) else 0
            taken.append((chosen, len(labels)))
            return labels[chosen]

        runs.append(simulate(block, choose))
        if len(runs) > limit:
            return []
        for place in range(len(prefix), len(taken)):
            before = [chosen for chosen, _ in taken[:place]]
            open_prefixes.extend([*before, other] for other in range(1, taken[place][1]))
    return runs
