"""Nodes that take no state, out of the way of branches that do.

In: an annotated plan. Out: the same with fewer Parallel states. Nobody waits longer for it: stateless nodes take no time, and what follows a branch
waits for the whole Parallel. Three things are moved:

* A branch of stateless nodes alone: before its Parallel.
* Stateless nodes around a Parallel that is a branch of another: before and behind the outer one, if they run whenever anything of it does. The two
become one.
* Stateless nodes at a branch's end that may run when nothing else of the branch does: behind the Parallel. Else they would keep the branch from
excluding another.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from chalicelib.compiler.activation import Domains, Formula, disjoin, implies
from chalicelib.compiler.guards import Item, parallel_item, series_item
from chalicelib.compiler.plan import Parallel, Series, Visit


def hoist(item: Item, *, stateless: frozenset[str], domains: Domains) -> Item:
    """At every depth, inner ones first."""
    return _Hoist(stateless, domains).lifted(item) if stateless else item


@dataclass(frozen=True, slots=True)
class _Split:
    """A branch: what goes before its Parallel, what stays, what goes behind."""

    before: tuple[Item, ...] = ()
    kept: tuple[Item, ...] = ()
    behind: tuple[Item, ...] = ()


@dataclass(frozen=True, slots=True)
class _Hoist:
    stateless: frozenset[str]
    domains: Domains

    def lifted(self, item: Item) -> Item:
        children = tuple(self.lifted(child) for child in item.children)
        match item.plan:
            case Series():
                return series_item(children)
            case Parallel():
                return self._parallel(tuple(_opened(children)), item.formulas)
            case _:
                return item

    def _parallel(self, branches: tuple[Item, ...], formulas: frozenset[Formula]) -> Item:
        splits = [self._split(branch.steps, formulas) for branch in branches]
        kept = tuple(_opened(series_item(split.kept) for split in splits if split.kept))
        before = [step for split in splits for step in split.before]
        behind = [step for split in splits for step in split.behind]
        return series_item([*before, *([parallel_item(kept)] if kept else []), *behind])

    def _split(self, steps: tuple[Item, ...], formulas: frozenset[Formula]) -> _Split:
        inner = [index for index, step in enumerate(steps) if not self._is_stateless(step)]
        if not inner:
            return _Split(before=steps)
        first, last = inner[0], inner[-1]
        around = (*steps[:first], *steps[last + 1 :])
        if first == last and isinstance(steps[first].plan, Parallel) and all(self._covers(step, formulas) for step in around):
            return _Split(steps[:first], steps[first : last + 1], steps[last + 1 :])
        size = self._kept_size(steps)
        return _Split(kept=steps[:size], behind=steps[size:])

    def _kept_size(self, steps: tuple[Item, ...]) -> int:
        """How many steps stay: without those at the end that are stateless and may run when none of the steps before them does."""
        size = len(steps)
        while self._is_stateless(steps[size - 1]):
            rest = disjoin((formula for step in steps[: size - 1] for formula in step.formulas), self.domains)
            if rest is None or all(implies(formula, rest, self.domains) for formula in steps[size - 1].formulas):
                break
            size -= 1
        return size

    def _covers(self, step: Item, formulas: frozenset[Formula]) -> bool:
        """Whether the step runs whenever anything under the formulas does."""
        return all(implies(formula, own, self.domains) for own in step.formulas for formula in formulas)

    def _is_stateless(self, item: Item) -> bool:
        return isinstance(item.plan, Visit) and item.plan.node in self.stateless


def _opened(items: Iterable[Item]) -> Iterable[Item]:
    """A Parallel among branches is opened."""
    for item in items:
        yield from item.children if isinstance(item.plan, Parallel) else (item,)
