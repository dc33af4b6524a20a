"""The shortest way to ask a formula.

In: a block, a formula of it. Out: an equivalent formula with fewer atoms, for people and for conditions of Choice states. An outcome tells that its
node ran, so what the node's own formula asks need not be asked again: where `recovered` only runs after `look` failed, `recovered = false` says both.
For printing and emitting alone: what is left out may be what shows that two formulas exclude each other.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from math import prod
from typing import Final

from chalicelib.compiler.activation import Formula, Term, conjoin, disjoin, implies
from chalicelib.compiler.graph import Block

MAX_PROOFS: Final = 1_000  # proofs attempted for one block; then only what is plain is left out
MAX_CASES: Final = 64  # that one proof may have to tell apart


@dataclass
class Shortener:
    """`edges_tell`: whether an edge's expression that holds tells that its source ran. A machine may evaluate it where the source was skipped."""

    block: Block
    edges_tell: bool = False
    _proofs: int = field(default=0, init=False)

    def shortest(self, formula: Formula) -> Formula:
        terms = frozenset(self._shortened(frozenset(term), formula) for term in formula.sorted_terms())  # in one order: the budget is spent in it
        return disjoin((Formula(terms),), self.block.domains) or formula

    def _shortened(self, term: Term, formula: Formula) -> Term:
        """The term without the atoms that go without saying, the earliest decided first."""
        term = self._without_plain(term)
        for atom in sorted(term, key=lambda each: (self._position.get(each.variable, -1), each.label)):
            shorter = term - {atom}
            if shorter and self._says_enough(shorter, formula):
                term = shorter
        return term

    def _without_plain(self, term: Term) -> Term:
        """The term without what an atom of it tells by itself: its node runs under these outcomes alone."""
        only = (self._told[atom.variable].terms for atom in term if atom.variable in self._told)
        return term.difference(*(next(iter(terms)) for terms in only if len(terms) == 1))

    def _says_enough(self, term: Term, formula: Formula) -> bool:
        self._proofs += 1
        if self._proofs > MAX_PROOFS:
            return False
        told = [self._told[atom.variable] for atom in term if atom.variable in self._told]
        if prod(len(each.terms) for each in told) > MAX_CASES:
            return False
        whole = conjoin((Formula(frozenset({term})), *told), self.block.domains)
        return whole is not None and implies(whole, formula, self.block.domains)

    @cached_property
    def _told(self) -> Mapping[str, Formula]:
        """What each outcome tells beside itself."""
        activation = self.block.activation
        edges = {edge.key: activation[edge.source] for edge in self.block.edges if edge.source in activation}
        return {**activation, **(edges if self.edges_tell else {})}

    @cached_property
    def _position(self) -> Mapping[str, int]:
        """The order in which outcomes are decided."""
        found: dict[str, int] = {}
        for name in self.block.order:
            for variable in (name, *(edge.key for edge in self.block.outgoing[name])):
                found[variable] = len(found)
        return found
