"""Under which outcomes of which gates each node of a block may become active.

In: a block. Out: `GateOutcomes`. All outcomes of all gates are followed through the graph at once, as bits of an int, so that thousands of gates cost
one pass. The bits ignore what several conditions together exclude; `may_be_active` asks the formulas too. Neither ever misses a run.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from chalicelib.compiler.activation import Atom, Formula, conjoin, excludes, holds
from chalicelib.compiler.approvals import approving_choices
from chalicelib.compiler.edges import TIMED_OUT
from chalicelib.compiler.graph import Block, Edge
from chalicelib.compiler.outcomes import edges_wanted
from chalicelib.spec.nodes import HumanGate, Node


@dataclass(frozen=True, slots=True)
class GateOutcome:
    """The gate came out as `label`; `approved` if a person's choice approved. `meaning` finishes the sentence "the gate …"."""

    gate: str
    label: str
    approved: bool
    meaning: str
    by_time_out: bool = False  # the choice was not made: `on_timeout` took it


@dataclass(frozen=True)
class GateOutcomes:
    block: Block

    @cached_property
    def all(self) -> tuple[GateOutcome, ...]:
        return tuple(found for name, node in self.block.nodes.items() if isinstance(node, HumanGate) for found in _outcomes(self.block, name, node))

    def unapproved_at(self, node: str) -> Iterator[GateOutcome]:
        """The unapproved outcomes of gates before `node` under which it may become active, where an approval may lead to it as well."""
        bits = self._possible[node] & self._before[node] & ~self._approved
        while bits:
            lowest = bits & -bits
            outcome = self.all[lowest.bit_length() - 1]
            if self.may_be_active(node, outcome) and self._is_approved_by(outcome.gate, node):
                yield outcome
            bits ^= lowest

    def may_be_active(self, node: str, outcome: GateOutcome) -> bool:
        facts = self.facts(outcome)
        if excludes(facts, self.block.activation[node]):
            return False
        edges = self.block.incoming[node]
        possible = sum(not excludes(facts, self.block.edge_activation[edge.key]) for edge in edges)
        return node not in self.block.large or possible >= edges_wanted(self.block.nodes[node], len(edges))

    def facts(self, outcome: GateOutcome) -> Formula:
        """What holds in every run in which the gate came out so."""
        label = holds(outcome.gate, outcome.label)
        return conjoin((self.block.activation[outcome.gate], label), self.block.domains) or label

    def _is_approved_by(self, gate: str, node: str) -> bool:
        found = (outcome for index, outcome in enumerate(self.all) if outcome.gate == gate and outcome.approved and self._possible[node] >> index & 1)
        return any(self.may_be_active(node, outcome) for outcome in found)

    @cached_property
    def _approved(self) -> int:
        return sum(1 << index for index, outcome in enumerate(self.all) if outcome.approved)

    @cached_property
    def _of_gate(self) -> dict[str, int]:
        masks: dict[str, int] = {}
        for index, outcome in enumerate(self.all):
            masks[outcome.gate] = masks.get(outcome.gate, 0) | 1 << index
        return masks

    @cached_property
    def _before(self) -> dict[str, int]:
        """The outcomes of all gates before each node."""
        masks: dict[str, int] = {}
        for name in self.block.order:
            masks[name] = 0
            for edge in self.block.incoming[name]:
                masks[name] |= masks[edge.source] | self._of_gate.get(edge.source, 0)
        return masks

    @cached_property
    def _possible(self) -> dict[str, int]:
        """The outcomes under which each node may become active, as far as single labels tell."""
        everything = (1 << len(self.all)) - 1
        refuted = self._refuted()
        masks: dict[str, int] = {}
        for name in self.block.order:
            edges = [masks[edge.source] & ~self._ruled_out(edge, refuted) for edge in self.block.incoming[name]]
            masks[name] = _required(self.block.nodes[name], edges, everything)
        return masks

    def _ruled_out(self, edge: Edge, refuted: dict[str, dict[str, int]]) -> int:
        """The outcomes under which the edge's own label is another one."""
        said = refuted.get(edge.source)
        if said is None:
            return 0
        own = {atom.label for term in self.block.edge_activation[edge.key].terms for atom in term if atom.variable == edge.source}
        if not own:
            return 0
        return sum(mask for label, mask in said.items() if label not in own)

    def _refuted(self) -> dict[str, dict[str, int]]:
        """By variable and label: the outcomes in whose runs the variable certainly has that label."""
        known: dict[str, dict[str, int]] = {}
        for index, outcome in enumerate(self.all):
            for atom in _certain(self.facts(outcome)):
                labels = known.setdefault(atom.variable, {})
                labels[atom.label] = labels.get(atom.label, 0) | 1 << index
        return known


def _certain(facts: Formula) -> frozenset[Atom]:
    return frozenset.intersection(*facts.terms) if facts.terms else frozenset()


def _outcomes(block: Block, name: str, gate: HumanGate) -> Iterator[GateOutcome]:
    approving = approving_choices(gate)
    for label in block.domains[name]:
        yield GateOutcome(name, label, label in approving, _MEANINGS.get(label, f"is decided `{label}`"))
    if gate.on_timeout in approving:
        yield GateOutcome(name, str(gate.on_timeout), False, f"times out, which counts as `{gate.on_timeout}`", by_time_out=True)


_MEANINGS = {TIMED_OUT: "times out", "error": "fails"}


def _required(node: Node, edges: Sequence[int], everything: int) -> int:
    """The bits that enough of the edges have."""
    if not edges:
        return everything
    wanted = edges_wanted(node, len(edges))
    counted = [everything, *[0] * min(wanted, len(edges) + 1)]
    for mask in edges:
        for j in range(len(counted) - 1, 0, -1):
            counted[j] |= counted[j - 1] & mask
    return counted[-1]
