"""From edges to formulas: under which outcomes each node of a block runs.

In: the nodes and normalised edges of one block, in topological order. Out: `Outcomes`. It relies on an acyclic block and never looks at expressions.

Every term that names an outcome of a node contains a term of that node's own activation. So a term from which the compiler drops a whole domain
still says that the deciding node ran, and formulas after an if/else collapse to the activation of the condition.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, assert_never

from chalicelib.compiler.activation import ALWAYS, NEVER, Atom, Formula, conjoin, disjoin, holds
from chalicelib.compiler.edges import ERROR, Edge, WhenKind, labels_of
from chalicelib.spec.nodes import AtLeast, Join, Node

SUCCEEDED: Final = "succeeded"
RAN: Final = "ran"
_TRUTH_LABELS: Final = ("true", "false")
_RAN_LABELS: Final = (RAN, "skipped")  # closed, so that `ran` alone never reads as always


@dataclass(frozen=True)
class Outcomes:
    """See `graph.Block`, whose fields these are."""

    domains: Mapping[str, tuple[str, ...]]
    activation: Mapping[str, Formula]
    edge_activation: Mapping[str, Formula]
    large: frozenset[str]


def ran_variable(node: str) -> str:
    """The outcome variable of a node whose formula outgrew the limit."""
    return f"{node}?"


def edges_wanted(node: Node, count: int) -> int:
    """How many of its `count` incoming edges have to be active for a node to run."""
    if node.activate == "all" or (isinstance(node, Join) and node.require == "all"):
        return count
    return node.require.at_least if isinstance(node, Join) and isinstance(node.require, AtLeast) else 1


def may_fail_on(node: Node, outgoing: Sequence[Edge]) -> bool:
    """Whether a failure of the node is an outcome that the run goes on with."""
    return any(edge.kind is WhenKind.ERROR for edge in outgoing) or (node.on_error == "continue" and bool(labels_of(node)))


def domain_of(node: Node, outgoing: Sequence[Edge]) -> tuple[str, ...]:
    """The labels of the node's outcome variable; empty where nothing can depend on its outcome."""
    labels = labels_of(node)
    if may_fail_on(node, outgoing):
        return (*(labels or (SUCCEEDED,)), ERROR)
    return labels


EdgesOf = Mapping[str, Sequence[Edge]]


def outcomes(nodes: Mapping[str, Node], order: Sequence[str], incoming: EdgesOf, outgoing: EdgesOf) -> Outcomes:
    builder = _Builder(nodes)
    for name in order:
        if domain := domain_of(nodes[name], outgoing[name]):
            builder.domains[name] = domain
        builder.visit(name, incoming[name], outgoing[name])
    return Outcomes(builder.domains, builder.activation, builder.edge_activation, frozenset(builder.large))


@dataclass
class _Builder:
    nodes: Mapping[str, Node]
    domains: dict[str, tuple[str, ...]] = field(default_factory=dict)
    activation: dict[str, Formula] = field(default_factory=dict)
    edge_activation: dict[str, Formula] = field(default_factory=dict)
    large: set[str] = field(default_factory=set)

    def visit(self, name: str, incoming: Sequence[Edge], outgoing: Sequence[Edge]) -> None:
        self.domains.update({edge.key: _TRUTH_LABELS for edge in outgoing if edge.kind is WhenKind.EXPRESSION})
        own = {edge.key: self._own(edge) for edge in outgoing}
        formula = self._required(self.nodes[name], [self.edge_activation[edge.key] for edge in incoming])
        if formula is None or not self._settle(name, formula, own):
            variable = ran_variable(name)
            self.domains[variable] = _RAN_LABELS
            self.large.add(name)
            self._settle(name, holds(variable, RAN), own)

    def _settle(self, name: str, formula: Formula, own: Mapping[str, Formula]) -> bool:
        """Note the node's formula and its edges'; false when an edge's outgrows the limit."""
        edges = {key: conjoin((formula, atom), self.domains) for key, atom in own.items()}
        known = {key: edge for key, edge in edges.items() if edge is not None}
        self.activation[name] = formula
        self.edge_activation.update(known)
        return len(known) == len(own)

    def _own(self, edge: Edge) -> Formula:
        """What the edge itself asks of its source's outcome."""
        match edge.kind:
            case WhenKind.LABEL:
                return holds(edge.source, edge.value)
            case WhenKind.ERROR:
                return holds(edge.source, ERROR)
            case WhenKind.SUCCEEDED:
                return self._succeeded(edge.source)
            case WhenKind.EXPRESSION:
                truth = Atom(edge.key, "true")
                return Formula(frozenset(term | {truth} for term in self._succeeded(edge.source).terms))
            case _ as unknown:
                assert_never(unknown)

    def _succeeded(self, source: str) -> Formula:
        """Not failed; a failure that the run continues with counts as succeeded."""
        domain = self.domains.get(source, ())
        if ERROR not in domain or self.nodes[source].on_error == "continue":
            return ALWAYS
        return Formula(frozenset(frozenset({Atom(source, label)}) for label in domain if label != ERROR))

    def _required(self, node: Node, edges: Sequence[Formula]) -> Formula | None:
        if not edges:
            return ALWAYS
        distinct = tuple(dict.fromkeys(edges))
        match edges_wanted(node, len(edges)):
            case 1:
                return disjoin(distinct, self.domains)
            case wanted if wanted == len(edges):
                return conjoin(distinct, self.domains)
            case wanted:
                return self._at_least(wanted, edges)

    def _at_least(self, count: int, edges: Sequence[Formula]) -> Formula | None:
        """At least `count` of the edges: counted[j] is "at least j of the edges so far"."""
        certain = sum(edge.is_always for edge in edges)
        count = max(0, count - certain)
        counted = [ALWAYS, *(NEVER for _ in range(min(count, len(edges) + 1)))]
        for edge in edges:
            if not edge.is_always:
                for j in range(len(counted) - 1, 0, -1):
                    with_edge = conjoin((counted[j - 1], edge), self.domains)
                    grown = None if with_edge is None else disjoin((counted[j], with_edge), self.domains)
                    if grown is None:
                        return None
                    counted[j] = grown
        return counted[-1]
