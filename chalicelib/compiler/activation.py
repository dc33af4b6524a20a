"""When a node runs, as a formula over the outcomes of other nodes.

In: atoms "node u came out as l". Out: `Formula`, a disjunction of conjunctions in a reduced form, with the questions that the compiler asks of it:
is it certain, does it exclude another, does it imply another, what is left of it where some facts hold. It never reads a spec: `compiler.outcomes`
builds the atoms.

An outcome variable has a closed domain of labels; exactly one holds when its node runs, none when it is skipped. A formula that outgrows `MAX_TERMS`
or `MAX_ATOMS` is `None` for the caller (`conjoin` and `disjoin` say so), which then names it by an outcome variable of its own.

Terms that together name all labels of a variable are joined into one without it. That is sound only because of an invariant that the maker of the
formulas keeps: a term that names a variable also holds a term of the activation of the variable's node.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from typing import Final, NamedTuple

MAX_TERMS: Final = 32
MAX_ATOMS: Final = 64  # of the longest term
_MAX_SPLITS: Final = 500  # terms that one implication may ask about


class Atom(NamedTuple):
    """`variable` came out as `label`."""

    variable: str
    label: str


Term = frozenset[Atom]
Domains = Mapping[str, tuple[str, ...]]  # variable -> all its labels
_TRUTH: Final[Term] = frozenset()
_Labels = tuple[tuple[str, tuple[str, ...]], ...]
_REMEMBERED: Final = 8_192  # answers: drawing and scheduling ask the same of the same formulas, five times on average


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
        return _variables(self.terms)

    def sorted_terms(self) -> list[list[Atom]]:
        """Terms and atoms in one order, for printing and emitting."""
        return sorted(sorted(term) for term in self.terms)


@lru_cache(_REMEMBERED)
def _variables(terms: frozenset[Term]) -> frozenset[str]:
    return frozenset(atom.variable for term in terms for atom in term)


ALWAYS: Final = Formula(frozenset({_TRUTH}))
NEVER: Final = Formula(frozenset())


def holds(variable: str, label: str) -> Formula:
    return Formula(frozenset({frozenset({Atom(variable, label)})}))


def conflict(left: Term, right: Term) -> bool:
    """Whether no run can satisfy both terms: one variable, two labels."""
    labels = {atom.variable: atom.label for atom in left}
    return any(labels.get(atom.variable, atom.label) != atom.label for atom in right)


def conjoin(formulas: Iterable[Formula], domains: Domains) -> Formula | None:
    """All of them, or None when the result outgrows the limits."""
    result = ALWAYS
    for formula in formulas:
        if result.is_always or formula.is_never:
            result = formula
        elif not formula.is_always and formula != result:
            result = _product(result, formula, domains)
            if _is_outgrown(result.terms):
                return None
    return result


def _product(left: Formula, right: Formula, domains: Domains) -> Formula:
    if len(right.terms) == 1 and left.variables().isdisjoint(right.variables()):
        (term,) = right.terms
        return Formula(frozenset(other | term for other in left.terms))  # as reduced as it was
    return Formula(_reduce(frozenset(a | b for a, b in product(left.terms, right.terms) if not conflict(a, b)), domains))


def disjoin(formulas: Iterable[Formula], domains: Domains) -> Formula | None:
    """Any of them, or None when the result outgrows the limits."""
    terms = frozenset(term for formula in formulas for term in formula.terms)
    if len(terms) > MAX_TERMS * 4:
        return None
    reduced = _reduce(terms, domains)
    return None if _is_outgrown(reduced) else Formula(reduced)


def _is_outgrown(terms: frozenset[Term]) -> bool:
    return len(terms) > MAX_TERMS or any(len(term) > MAX_ATOMS for term in terms)


def excludes(left: Formula, right: Formula) -> bool:
    """Whether both can never hold in one run."""
    return all(conflict(a, b) for a in left.terms for b in right.terms)


def implies(left: Formula, right: Formula, domains: Domains) -> bool:
    """Whether `right` holds in every run in which `left` does. May miss an implication, never invents one."""
    return _implies(left, right, _asked(right, domains))


@lru_cache(_REMEMBERED)
def _implies(left: Formula, right: Formula, labels: _Labels) -> bool:
    domains = dict(labels)
    return all(_covered(term, right, domains) for term in left.terms)


def given(formula: Formula, facts: Formula, domains: Domains) -> Formula:
    """What is left to ask of `formula` where `facts` is known to hold."""
    return _given(formula, facts, _asked(formula, domains))


@lru_cache(_REMEMBERED)
def _given(formula: Formula, facts: Formula, labels: _Labels) -> Formula:
    if _implies(facts, formula, labels):
        return ALWAYS
    if excludes(facts, formula):
        return NEVER
    common: Term = frozenset.intersection(*facts.terms) if facts.terms else _TRUTH
    possible = frozenset(term - common for term in formula.terms if not all(conflict(term, fact) for fact in facts.terms))
    return Formula(_reduce(possible, dict(labels)))


def _asked(formula: Formula, domains: Domains) -> _Labels:
    """The domains of what the formula asks: what an answer about it hangs on beside the formula."""
    return tuple(sorted((variable, domains[variable]) for variable in formula.variables()))


def _covered(term: Term, formula: Formula, domains: Domains) -> bool:
    """Whether every run that satisfies `term` satisfies `formula`: directly, or split over one variable's labels after the other.

    Which variable is split first does not matter: a disjunction without a variable of which all labels are asked is refuted by the others.
    """
    left = [term]
    for _ in range(_MAX_SPLITS):
        if not left:
            return True
        open_term = left.pop()
        if any(candidate <= open_term for candidate in formula.terms):
            continue
        rest = [candidate - open_term for candidate in formula.terms if not conflict(candidate, open_term)]
        variables = _splittable(rest, domains)
        if not variables:
            return False
        left.extend(open_term | {Atom(variables[0], label)} for label in domains[variables[0]])
    return False


def _splittable(rest: Iterable[Term], domains: Domains) -> list[str]:
    """The variables of which every label is asked for: only these can cover by a split."""
    asked: dict[str, set[str]] = {}
    for candidate in rest:
        for variable, label in candidate:
            asked.setdefault(variable, set()).add(label)
    return sorted(variable for variable, labels in asked.items() if labels.issuperset(domains[variable]))


def _reduce(terms: frozenset[Term], domains: Domains) -> frozenset[Term]:
    """Absorb longer terms into shorter ones and join terms that together cover a variable's whole domain, until nothing changes."""
    current = _absorb(terms)
    while len(current) > 1:
        joined = _join_complete(current, domains)
        if joined == current:
            break
        current = _absorb(joined)
    return current


def _absorb(terms: frozenset[Term]) -> frozenset[Term]:
    if len(terms) < 2:
        return terms
    if _TRUTH in terms:
        return frozenset({_TRUTH})
    kept: list[Term] = []
    for term in sorted(terms, key=len):  # equally long terms never absorb each other, so their order is free
        if not any(shorter <= term for shorter in kept):
            kept.append(term)
    return frozenset(kept)


def _join_complete(terms: frozenset[Term], domains: Domains) -> frozenset[Term]:
    """The terms with what follows from them: `{x, c=true}` and `{x, c=false}` give `{x}`, which then absorbs both."""
    complete = frozenset(_splittable(terms, domains))
    rests: dict[tuple[Term, str], set[str]] = {}
    for term in terms:
        for atom in term:
            if atom.variable in complete:
                rests.setdefault((term - {atom}, atom.variable), set()).add(atom.label)
    whole = {rest for (rest, variable), labels in rests.items() if labels.issuperset(domains[variable])}
    return terms | whole if whole else terms
