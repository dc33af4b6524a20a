"""What is left of a graph when some of its nodes are kept: the ground of a residual machine, by which a broken run goes on.

In: a graph and `Kept`: which nodes of the workflow's own block have settled, and how. Out: the block of the others, and where the machine finds
what the kept ones put out. Nodes in maps and repeats are never left out; their workers replay what is recorded.

The residual machine's input is the first one's with `resume` (its number, from 1) and `kept` (outputs by node id). Outputs that do
not fit there are fetched by Tasks `resume--load-<n>`, each for the node ids of one of `loads`.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final

from chalicelib.compiler.activation import ALWAYS, Atom, Formula, Term
from chalicelib.compiler.asl import canonical
from chalicelib.compiler.code import Key
from chalicelib.compiler.edges import ERROR
from chalicelib.compiler.graph import Block, Edge, WorkflowGraph
from chalicelib.compiler.outcomes import RAN, SUCCEEDED, ran_variable
from chalicelib.compiler.sheet import MACHINE_INPUT
from chalicelib.spec.model import JsonObject
from chalicelib.spec.nodes import HumanGate

KEPT_INPUT: Final = f"{MACHINE_INPUT}.kept"
_READ: Final = re.compile(re.escape(KEPT_INPUT.rpartition("$states.")[2]) + r"\.([a-z][a-z0-9_]*)")


class KeptStatus(StrEnum):
    """How a kept node settled; `continued`: it failed, and the run went on."""

    SUCCEEDED = "succeeded"
    SKIPPED = "skipped"
    CONTINUED = "continued"


@dataclass(frozen=True)
class Kept:
    """`again`: nodes, also those in maps, that run again although they had begun, with the number of the resume that had them do so. `entered`:
    nodes that run whatever their edges say, as one does that is tried by itself."""

    statuses: Mapping[str, KeptStatus]
    loads: tuple[tuple[str, ...], ...] = ()
    again: Mapping[str, int] = field(default_factory=dict)
    entered: frozenset[str] = frozenset()

    @property
    def loaded(self) -> frozenset[str]:
        return frozenset(name for load in self.loads for name in load)


def settled_with(graph: WorkflowGraph, kept: Kept) -> Kept:
    """With those nodes that what is kept rules out: they are skipped, though nothing was recorded of them."""
    statuses = dict(kept.statuses)
    for name in graph.root.order:
        is_asked = name not in statuses and name not in kept.entered
        if is_asked and _simplified(graph.root.activation[name], Kept(statuses)).is_never:
            statuses[name] = KeptStatus.SKIPPED
    return replace(kept, statuses=statuses)


def residual_graph(graph: WorkflowGraph, kept: Kept) -> WorkflowGraph:
    """The graph whose root block orders and activates only what is not kept. Kept nodes stay readable: `nodes` still has them."""
    root = graph.root
    left = {name for name in root.order if name not in kept.statuses}
    block = replace(
        root,
        incoming=_incoming(root, left),
        order=tuple(name for name in root.order if name in left),
        levels=tuple(level for level in (tuple(name for name in level if name in left) for level in root.levels) if level),
        activation={name: ALWAYS if name in kept.entered else _simplified(root.activation[name], kept) for name in left},
        edge_activation={key: _simplified(formula, kept) for key, formula in root.edge_activation.items()},
    )
    return replace(graph, blocks={**graph.blocks, (): block})


def _incoming(root: Block, left: set[str]) -> dict[str, tuple[Edge, ...]]:
    """What orders the nodes that are left: their edges, and past those that are kept and stand between, as behind a map that is entered again."""
    before: dict[str, dict[str, Edge]] = {}
    for name in root.order:
        found: dict[str, Edge] = {}
        for edge in root.incoming[name]:
            found |= {edge.source: edge} if edge.source in left else before[edge.source]
        before[name] = found
    return {name: tuple(replace(edge, target=name) for edge in before[name].values()) for name in left}


def kept_paths(graph: WorkflowGraph, kept: Kept) -> dict[Key, str]:
    """Where the machine's input has what kept nodes put out, by key."""
    paths: dict[Key, str] = {}
    for name, status in kept.statuses.items():
        if status is KeptStatus.SKIPPED:
            paths |= {Key("output", name): "(null)", Key("outcome", name): "(null)"}
            continue
        if name not in kept.loaded:
            paths[Key("output", name)] = f"{KEPT_INPUT}.{name}"
        label = ".choice" if isinstance(graph.root.nodes[name], HumanGate) else ""
        paths[Key("outcome", name)] = f"{KEPT_INPUT}.{name}{label}"
    return paths


def _simplified(formula: Formula, kept: Kept) -> Formula:
    """Atoms of kept nodes that are known without their output: decided now. A label is only known from the output."""
    terms = {term for term in (_decided(term, kept) for term in formula.terms) if term is not None}
    return Formula(_absorbed(terms))


def _decided(term: Term, kept: Kept) -> Term | None:
    """The term without what certainly holds; None where something of it certainly does not."""
    left = set()
    for atom in term:
        holds = _holds(atom, kept)
        if holds is False:
            return None
        if holds is None:
            left.add(atom)
    return frozenset(left)


def _holds(atom: Atom, kept: Kept) -> bool | None:
    name = atom.variable.split(">")[0].removesuffix("?")
    status = kept.statuses.get(name)
    if status is None:
        return None
    if atom.variable == ran_variable(name):
        return (status is not KeptStatus.SKIPPED) == (atom.label == RAN)
    if status is KeptStatus.SKIPPED:
        return False
    if atom.variable != name:
        return None
    if status is KeptStatus.CONTINUED:
        return atom.label == ERROR
    return True if atom.label == SUCCEEDED else False if atom.label == ERROR else None


def _absorbed(terms: Iterable[Term]) -> frozenset[Term]:
    found = list(terms)
    return frozenset(term for term in found if not any(other < term for other in found))


def read_outputs(machine: JsonObject, kept: Kept) -> tuple[str, ...]:
    """The kept nodes whose output the residual machine reads, or loads."""
    read = set(_READ.findall(canonical(machine))) | kept.loaded
    return tuple(sorted(name for name, status in kept.statuses.items() if status is not KeptStatus.SKIPPED and name in read))
