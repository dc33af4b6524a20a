"""When a node runs, as a formula over the outcomes of other nodes.

In: atoms "node u came out as l". Out: `Formula`, a disjunction of conjunctions in a reduced canonical form, with the questions that the compiler asks of it:
is it certain, does it exclude another, does it imply another, what is left of it where some facts hold. It never reads a spec: `compiler.graph` builds the atoms.

An outcome variable has a closed domain of labels; exactly one holds when its node runs, none when it is skipped. A formula that outgrows `MAX_TERMS` is
`None` for the caller (`conjoin` and `disjoin` say so), which then names it by an outcome variable of its own.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from typing import Final

MAX_TERMS: Final = 32


@dataclass(frozen=True, order=True, slots=True)
class Atom:
    """`variable` came out as `label`."""

    variable: str
    label: str


Term = frozenset[Atom]
Domains = Mapping[str, tuple[str, ...]]  # variable -> all its labels
_TRUTH: Final[Term] = frozenset()


@dataclass(frozen=True, slots=True)
class Formula:
    """A disjunction of `terms`; no terms: never; the empty term: always."""

    terms: frozenset[Term]

    @property
    def is_always(self) -> bool:
        return _TRUTH in self.terms

    @property
    def is_never(self) -> bool:
        return not self.terms

    def variables(self) -> frozenset[str]:
        return frozenset(atom.variable for term in self.terms for atom in term)

    def sorted_terms(self) -> list[list[Atom]]:
        """Terms and atoms in one order, for printing and emitting."""
        return sorted(sorted(term) for term in self.terms)


ALWAYS: Final = Formula(frozenset({_TRUTH}))
NEVER: Final = Formula(frozenset())


def holds(variable: str, label: str) -> Formula:
    return Formula(frozenset({frozenset({Atom(variable, label)})}))


def conflict(left: Term, right: Term) -> bool:
    """Whether no run can satisfy both terms: one variable, two labels."""
    labels = {atom.variable: atom.label for atom in left}
    return any(labels.get(atom.variable, atom.label) != atom.label for atom in right)


def conjoin(formulas: Iterable[Formula], domains: Domains) -> Formula | None:
    """All of them, or None when the result outgrows MAX_TERMS."""
    terms: frozenset[Term] = frozenset({_TRUTH})
    for formula in formulas:
        pairs = (left | right for left, right in product(terms, formula.terms) if not conflict(left, right))
        reduced = _reduce(frozenset(pairs), domains)
        if len(reduced) > MAX_TERMS:
            return None
        terms = reduced
    return Formula(terms)


def disjoin(formulas: Iterable[Formula], domains: Domains) -> Formula | None:
    """Any of them, or None when the result outgrows MAX_TERMS."""
    terms = frozenset(term for formula in formulas for term in formula.terms)
    if len(terms) > MAX_TERMS * 4:
        return None
    reduced = _reduce(terms, domains)
    return Formula(reduced) if len(reduced) <= MAX_TERMS else None


def excludes(left: Formula, right: Formula) -> bool:
    """Whether both can never hold in one run."""
    return all(conflict(a, b) for a in left.terms for b in right.terms)


def implies(left: Formula, right: Formula, domains: Domains) -> bool:
    """Whether `right` holds in every run in which `left` does. May miss an implication, never invents one."""
    return all(_covered(term, right, domains) for term in left.terms)


def given(formula: Formula, facts: Formula, domains: Domains) -> Formula:
    """What is left to ask of `formula` where `facts` is known to hold."""
    if implies(facts, formula, domains):
        return ALWAYS
    if excludes(facts, formula):
        return NEVER
    common: Term = frozenset.intersection(*facts.terms) if facts.terms else _TRUTH
    possible = frozenset(term - common for term in formula.terms if not all(conflict(term, fact) for fact in facts.terms))
    return Formula(_reduce(possible, domains))


def _covered(term: Term, formula: Formula, domains: Domains, depth: int = 0) -> bool:
    """Whether every run that satisfies `term` satisfies `formula`: directly, or split over one variable's labels."""
    if any(candidate <= term for candidate in formula.terms):
        return True
    rest = [candidate - term for candidate in formula.terms if not conflict(candidate, term)]
    if not rest or depth >= 6:
        return False
    bound = {atom.variable for atom in term}
    for variable in sorted({atom.variable for candidate in rest for atom in candidate} - bound):
        asked = {atom.label for candidate in rest for atom in candidate if atom.variable == variable}
        if asked >= set(domains.get(variable, ("",))) and all(
            _covered(term | {Atom(variable, label)}, formula, domains, depth + 1) for label in domains[variable]
        ):
            return True
    return False


@lru_cache(maxsize=4096)
def _domain_of(variable: str, labels: tuple[str, ...]) -> frozenset[Atom]:
    return frozenset(Atom(variable, label) for label in labels)


def _reduce(terms: frozenset[Term], domains: Domains) -> frozenset[Term]:
    """Absorb longer terms into shorter ones and join terms that together cover a variable's whole domain, until nothing changes."""
    current = _absorb(terms)
    while True:
        joined = _join_complete(current, domains)
        if joined == current:
            return current
        current = _absorb(joined)


def _absorb(terms: frozenset[Term]) -> frozenset[Term]:
    kept: list[Term] = []
    for term in sorted(terms, key=lambda t: (len(t), sorted(t))):
        if not any(shorter <= term for shorter in kept):
            kept.append(term)
    return frozenset(kept)


def _join_complete(terms: frozenset[Term], domains: Domains) -> frozenset[Term]:
    rests: dict[tuple[Term, str], set[str]] = {}
    for term in terms:
        for atom in term:
            rests.setdefault((term - {atom}, atom.variable), set()).add(atom.label)
    whole = {rest for (rest, variable), labels in rests.items() if labels >= set(domains[variable])}
    return terms | frozenset(whole)
