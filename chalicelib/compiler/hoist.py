"""Nodes that take no time, out of the way of branches that do.

In: an annotated plan. Out: the same with fewer states. Nobody waits longer for it: what follows a branch waits for the whole Parallel. Four things
are moved:

* A branch of such nodes alone: behind its Parallel, next to what depends on it.
* Conditions at a branch's end that run whenever anything of the Parallel does: behind it, where they lead straight to what they decide. At the
branch's end they would cost a state to end it, and another to ask again outside.
* Stateless nodes at a branch's end that may run when nothing else of the branch does: behind the Parallel. Else they would keep the branch from
excluding another.
* Nodes around a Parallel that is a branch of another, if they run whenever anything of the outer one does: around both, which become one. A condition
before it stays.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from chalicelib.compiler.activation import Domains, Formula, disjoin, implies
from chalicelib.compiler.guards import Item, parallel_item, series_item
from chalicelib.compiler.plan import Parallel, Series, Visit


@dataclass(frozen=True, slots=True)
class Instant:
    """Nodes that take no time: `stateless` ones take no state either, `deciding` ones are conditions, `others` just take a state."""

    stateless: frozenset[str] = frozenset()
    deciding: frozenset[str] = frozenset()
    others: frozenset[str] = frozenset()

    @property
    def every(self) -> frozenset[str]:
        return self.stateless | self.deciding | self.others


NONE: Final = Instant()


def hoist(item: Item, *, instant: Instant, domains: Domains) -> Item:
    """At every depth, inner ones first."""
    return _Hoist(instant, instant.every, domains).lifted(item) if instant.every else item


@dataclass(frozen=True, slots=True)
class _Split:
    """A branch: what goes before its Parallel, what stays, what goes behind."""

    before: tuple[Item, ...] = ()
    kept: tuple[Item, ...] = ()
    behind: tuple[Item, ...] = ()


@dataclass(frozen=True, slots=True)
class _Hoist:
    instant: Instant
    every: frozenset[str]
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
        slow = [index for index, step in enumerate(steps) if not _is_one_of(step, self.every)]
        if not slow:
            return _Split(behind=steps)
        first, last = slow[0], slow[-1]
        if first == last and isinstance(steps[first].plan, Parallel) and self._can_go_around(steps[:first], steps[first + 1 :], formulas):
            return _Split(steps[:first], steps[first : first + 1], steps[first + 1 :])
        size = self._kept_size(steps, formulas)
        return _Split(kept=steps[:size], behind=steps[size:])

    def _can_go_around(self, before: tuple[Item, ...], behind: tuple[Item, ...], formulas: frozenset[Formula]) -> bool:
        deciding = any(_is_one_of(step, self.instant.deciding) for step in before)
        return not deciding and all(self._covers(step, formulas) for step in (*before, *behind))

    def _kept_size(self, steps: tuple[Item, ...], formulas: frozenset[Formula]) -> int:
        """How many steps stay: without those at the end that are better off behind the Parallel. One step at least takes time, so some stay."""
        size = len(steps)
        while self._goes_behind(steps[size - 1], steps[: size - 1], formulas):
            size -= 1
        return size

    def _goes_behind(self, step: Item, rest: tuple[Item, ...], formulas: frozenset[Formula]) -> bool:
        if _is_one_of(step, self.instant.deciding):
            return self._covers(step, formulas)
        if not _is_one_of(step, self.instant.stateless):
            return False
        asked = disjoin((formula for each in rest for formula in each.formulas), self.domains)
        return asked is not None and not all(implies(formula, asked, self.domains) for formula in step.formulas)

    def _covers(self, step: Item, formulas: frozenset[Formula]) -> bool:
        """Whether the step runs whenever anything under the formulas does."""
        return all(implies(formula, own, self.domains) for own in step.formulas for formula in formulas)


def _is_one_of(item: Item, names: frozenset[str]) -> bool:
    return isinstance(item.plan, Visit) and item.plan.node in names


def _opened(items: Iterable[Item]) -> Iterable[Item]:
    """A Parallel among branches is opened."""
    for item in items:
        yield from item.children if isinstance(item.plan, Parallel) else (item,)
