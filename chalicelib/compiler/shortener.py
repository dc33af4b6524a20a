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

from chalicelib.compiler.activation import Atom, Formula, Term, conjoin, disjoin, implies
from chalicelib.compiler.graph import Block

MAX_PROOFS: Final = 1_000  # proofs attempted for one block; then only what is plain is left out
MAX_CASES: Final = 64  # that one proof may have to tell apart


@dataclass
class Shortener:
    """`edges_tell`: whether what an edge's expression came to tells that its source ran and succeeded. So it does where it is kept in a variable;
    where a machine evaluates it anew, it may do so where the source was skipped."""

    block: Block
    edges_tell: bool = False
    _proofs: int = field(default=0, init=False)

    def last_decided(self, formula: Formula) -> Formula:
        """The formula asked by the outcome of each term that is decided last, where that says enough: one proof a way, however long the ways are."""
        left, asked = formula.sorted_terms(), list[Term]()
        while left:
            term = frozenset(left.pop())
            last: Term = frozenset({max(term, key=self._decided)}) if term else term
            asked.append(last if self._tells(last, formula) else self._without_plain(term))
            left = [each for each in left if not asked[-1] <= frozenset(each)]
        return disjoin((Formula(frozenset(asked)),), self.block.domains) or formula

    def shortest(self, formula: Formula) -> Formula:
        terms = frozenset(self._shortened(frozenset(term), formula) for term in formula.sorted_terms())  # in one order: the budget is spent in it
        return disjoin((Formula(terms),), self.block.domains) or formula

    def _shortened(self, term: Term, formula: Formula) -> Term:
        """The term without the atoms that go without saying, the earliest decided first."""
        term = self._without_plain(term)
        for atom in sorted(term, key=self._decided):
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
        return self._proofs <= MAX_PROOFS and self._tells(term, formula)

    def _tells(self, term: Term, formula: Formula) -> bool:
        """Whether the formula holds wherever the term does."""
        told = [self._told[atom.variable] for atom in term if atom.variable in self._told]
        if prod(len(each.terms) for each in told) > MAX_CASES:
            return False
        whole = conjoin((Formula(frozenset({term})), *told), self.block.domains)
        return whole is not None and implies(whole, formula, self.block.domains)

    @cached_property
    def _told(self) -> Mapping[str, Formula]:
        """What each outcome tells beside itself."""
        activation = self.block.activation
        if not self.edges_tell:
            return activation
        return {**activation, **{key: _without(key, self.block.edge_activation[key]) for key in self.edges_told}}

    @cached_property
    def edges_told(self) -> frozenset[str]:
        """The edges with an expression whose source is visited."""
        edges = (edge for edge in self.block.edges if edge.source in self.block.activation)
        return frozenset(edge.key for edge in edges if edge.key in self.block.domains)

    def _decided(self, atom: Atom) -> tuple[int, str]:
        """When the atom's outcome is decided, among those of the block."""
        return self._position.get(atom.variable, -1), atom.label

    @cached_property
    def _position(self) -> Mapping[str, int]:
        """The order in which outcomes are decided."""
        found: dict[str, int] = {}
        for name in self.block.order:
            for variable in (name, *(edge.key for edge in self.block.outgoing[name])):
                found[variable] = len(found)
        return found


def _without(variable: str, formula: Formula) -> Formula:
    return Formula(frozenset(frozenset(atom for atom in term if atom.variable != variable) for term in formula.terms))
