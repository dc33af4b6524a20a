"""Nodes that take no state, out of the way of branches that do.

In: an annotated plan. Out: the same with fewer branches: a branch of stateless nodes alone stands before its Parallel, and stateless nodes at a
branch's end that would run when nothing else of it does stand behind the Parallel. Nobody waits longer for it: what follows a branch waits for the
whole Parallel, and stateless nodes take no time.
"""

from chalicelib.compiler.activation import Domains, disjoin, implies
from chalicelib.compiler.guards import Item, parallel_item, series_item
from chalicelib.compiler.plan import Parallel, Series, Visit


def hoist(item: Item, *, stateless: frozenset[str], domains: Domains) -> Item:
    """At every depth, inner ones first."""
    if not stateless or not item.children:
        return item
    children = tuple(hoist(child, stateless=stateless, domains=domains) for child in item.children)
    if isinstance(item.plan, Series):
        return series_item(children)
    return _lifted(_branches(children), stateless, domains)


def _branches(children: tuple[Item, ...]) -> tuple[Item, ...]:
    """A child that became a Parallel is opened."""
    return tuple(branch for child in children for branch in (child.children if isinstance(child.plan, Parallel) else (child,)))


def _lifted(branches: tuple[Item, ...], stateless: frozenset[str], domains: Domains) -> Item:
    before: list[Item] = []
    behind: list[Item] = []
    kept: list[Item] = []
    for branch in branches:
        if all(_is_stateless(step, stateless) for step in branch.steps):
            before.extend(branch.steps)
            continue
        size = _kept_size(branch.steps, stateless, domains)
        kept.append(series_item(branch.steps[:size]))
        behind.extend(branch.steps[size:])
    middle = [parallel_item(_branches(tuple(kept)))] if kept else []
    return series_item([*before, *middle, *behind])


def _kept_size(steps: tuple[Item, ...], stateless: frozenset[str], domains: Domains) -> int:
    """How many steps stay: without those at the end that are stateless and may run when none of the steps before them does."""
    size = len(steps)
    while _is_stateless(steps[size - 1], stateless):
        rest = disjoin((formula for step in steps[: size - 1] for formula in step.formulas), domains)
        if rest is None or all(implies(formula, rest, domains) for formula in steps[size - 1].formulas):
            break
        size -= 1
    return size


def _is_stateless(item: Item, stateless: frozenset[str]) -> bool:
    return isinstance(item.plan, Visit) and item.plan.node in stateless
