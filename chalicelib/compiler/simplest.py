"""The shortest way to ask a formula.

In: a formula, its block. Out: an equivalent one with fewer atoms, for people and for conditions of Choice states. An outcome tells that its node ran,
so what the node's own formula asks need not be asked again: where `recovered` only runs after `look` failed, `recovered = false` says both.
For printing and emitting alone: what is left out may be what shows that two formulas exclude each other.
"""

from collections.abc import Mapping

from chalicelib.compiler.activation import Formula, Term, conjoin, disjoin, implies
from chalicelib.compiler.graph import Block


def simplest(formula: Formula, *, block: Block) -> Formula:
    told = _told(block)
    position = {variable: index for index, variable in enumerate(told)}
    terms = frozenset(_shortened(term, formula, block, told, position) for term in formula.terms)
    return disjoin((Formula(terms),), block.domains) or formula


def _shortened(term: Term, formula: Formula, block: Block, told: Mapping[str, Formula], position: Mapping[str, int]) -> Term:
    """The term without the atoms that go without saying, the earliest decided first."""
    for atom in sorted(term, key=lambda each: (position.get(each.variable, -1), each.label)):
        shorter = term - {atom}
        if shorter and _says_enough(shorter, formula, block, told):
            term = shorter
    return term


def _says_enough(term: Term, formula: Formula, block: Block, told: Mapping[str, Formula]) -> bool:
    whole = conjoin((Formula(frozenset({term})), *(told[atom.variable] for atom in term if atom.variable in told)), block.domains)
    return whole is not None and implies(whole, formula, block.domains)


def _told(block: Block) -> Mapping[str, Formula]:
    """What each outcome tells beside itself, in the order in which outcomes are decided."""
    found: dict[str, Formula] = {}
    for name in block.order:
        found[name] = block.activation[name]
        found |= {edge.key: block.activation[name] for edge in block.outgoing[name]}
    return found
