"""Guards: nodes that may be skipped come under a Choose, as few of them as possible.

In: a plan without Choose, and its block's formulas. Out: the plan in which each node is visited exactly when its activation holds. It only groups
what already stands next to each other: the order and the nesting are `decompose`'s. Four things keep what is skipped at one state at most:

* Steps of a series whose guards imply one another share the widest of them; inside, it is a fact, and only the rest is asked.
* Branches with the same guard share it.
* Branches whose guards exclude each other are the arms of one Choose instead of branches.
* So are neighbours in a series, where all is known before the first.

A guard only asks what is known where it stands (see `guards`). A wider guard that spares no inner one is left out: it would cost a state whenever
something runs.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Final

from chalicelib.compiler.activation import ALWAYS, Formula, conjoin, excludes, given, implies
from chalicelib.compiler.graph import Block
from chalicelib.compiler.guards import Conditions, Item, annotate, series_item
from chalicelib.compiler.hoist import NONE, Instant, hoist
from chalicelib.compiler.plan import Arm, Choose, Parallel, Plan, Series

MAX_GUARDS_DEEP: Final = 50  # guards in one another that several steps share; further down each step has its own


def choose(plan: Plan, *, block: Block, instant: Instant = NONE) -> Plan:
    """The plan with its guards. `instant`: nodes that take no time, so that they never need a branch of their own."""
    item = hoist(annotate(plan, block), instant=instant, domains=block.domains)
    conditions = Conditions(block)
    return _Chooser(conditions).series(item.steps, _Place(ALWAYS, conditions.settled_before, 0))


@dataclass(frozen=True, slots=True)
class _Place:
    """What is known when a part of the plan is entered: facts, and the bits of the nodes that have settled. `depth` counts shared guards."""

    facts: Formula
    known: int
    depth: int


@dataclass(frozen=True, slots=True)
class _Run:
    """Steps up to `end` under one guard; `inside` is the place behind it. No guard: one step that is entered whatever holds."""

    end: int
    guard: Formula = ALWAYS
    inside: _Place | None = None


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of a series, and the bits of its nodes."""

    plan: Plan
    nodes: int


@dataclass(frozen=True)
class _Chooser:
    conditions: Conditions

    def series(self, steps: Sequence[Item], place: _Place) -> Plan:
        parts: list[_Part] = []
        known, start = place.known, 0
        while start < len(steps):
            here = replace(place, known=known)
            run = self._run(steps, start, here)
            taken = series_item(steps[start : run.end])
            part = _Part(self._entered(taken.steps, run, here), taken.nodes)
            joined = self._joined(parts[-1], part) if parts else None
            parts[-1 if joined else len(parts) :] = [joined or part]
            known |= taken.nodes
            start = run.end
        return as_series(part.plan for part in parts)

    def _run(self, steps: Sequence[Item], start: int, place: _Place) -> _Run:
        """The longest run of steps from `start` that share a guard, if that spares an inner one; else the first step alone."""
        first = wide = self._guard(steps[start], place)
        end = start + 1
        if place.depth < MAX_GUARDS_DEEP:
            while end < len(steps) and (wider := self._widest(wide, self._guard(steps[end], place))):
                wide, end = wider, end + 1
        for run in dict.fromkeys((_Run(end, wide), _Run(start + 1, first))):
            if shared := self._sparing(run, steps[start : run.end], place):
                return shared
        return _Run(start + 1)

    def _guard(self, item: Item, place: _Place) -> Formula:
        """What is left to ask before the item; ALWAYS: nothing."""
        if ALWAYS in item.formulas:
            return ALWAYS
        return given(self.conditions.need(item, place.known), place.facts, self.conditions.block.domains)

    def _widest(self, left: Formula, right: Formula) -> Formula | None:
        """The one that the other implies, if neither is certain."""
        domains = self.conditions.block.domains
        if left.is_always or right.is_always:
            return None
        if implies(right, left, domains):
            return left
        return right if implies(left, right, domains) else None

    def _sparing(self, run: _Run, steps: Sequence[Item], place: _Place) -> _Run | None:
        """The run with the place inside it, if it has a guard and some node inside needs none of its own then."""
        domains = self.conditions.block.domains
        if run.guard.is_always:
            return None
        if _is_leaf(steps):
            return run
        facts = conjoin((place.facts, run.guard), domains)
        if facts is None or place.depth >= MAX_GUARDS_DEEP:
            return None
        spares = any(implies(facts, formula, domains) for step in steps for formula in step.formulas)
        return replace(run, inside=_Place(facts, place.known, place.depth + 1)) if spares else None

    def _entered(self, steps: Sequence[Item], run: _Run, place: _Place) -> Plan:
        """The run's steps, under its guard if it has one."""
        if run.guard.is_always:
            return self._step(steps[0], place)
        return Choose((Arm(run.guard, self.series(steps, run.inside) if run.inside else steps[0].plan),))

    def _step(self, step: Item, place: _Place) -> Plan:
        if not isinstance(step.plan, Parallel):
            return step.plan
        return self._gathered([self.series(branch.steps, place) for branch in step.children])

    def _joined(self, before: _Part, part: _Part) -> _Part | None:
        """One Choose of both, if their guards exclude each other and nothing of the second waits for the first: then it asks nothing of it either."""
        if not isinstance(before.plan, Choose) or not isinstance(part.plan, Choose) or not exclusive(before.plan, part.plan):
            return None
        if self.conditions.depends(part.nodes, before.nodes):
            return None
        return _Part(Choose((*before.plan.arms, *part.plan.arms)), before.nodes | part.nodes)

    def _gathered(self, branches: Iterable[Plan]) -> Plan:
        """Branches at once, but for those that are arms of one Choose."""
        groups: list[Plan] = []
        for branch in _same_guards_shared(branches):
            if isinstance(branch, Choose):
                found = next((index for index, group in enumerate(groups) if isinstance(group, Choose) and exclusive(group, branch)), None)
                if found is not None:
                    groups[found] = Choose((*_arms(groups[found]), *branch.arms))
                    continue
            groups.append(branch)
        return as_parallel(groups)


def exclusive(left: Choose, right: Choose) -> bool:
    """Whether never both are entered."""
    return all(excludes(one.guard, other.guard) for one, other in product(left.arms, right.arms))


def as_series(parts: Iterable[Plan]) -> Plan:
    """Parts one after the other; a Series among them is opened, one alone stays itself."""
    items = tuple(item for part in parts for item in (part.items if isinstance(part, Series) else (part,)))
    return items[0] if len(items) == 1 else Series(items)


def as_parallel(parts: Iterable[Plan]) -> Plan:
    """Parts at once; a Parallel among them is opened, one alone stays itself."""
    branches = tuple(branch for part in parts for branch in (part.branches if isinstance(part, Parallel) else (part,)))
    return branches[0] if len(branches) == 1 else Parallel(branches)


def _arms(plan: Plan) -> tuple[Arm, ...]:
    return plan.arms if isinstance(plan, Choose) else ()


def _is_leaf(steps: Sequence[Item]) -> bool:
    return len(steps) == 1 and not steps[0].children


def _same_guards_shared(branches: Iterable[Plan]) -> list[Plan]:
    """Branches that stand under one and the same guard become one branch under it."""
    shared: dict[Formula, list[Plan]] = {}
    places: list[Plan | Formula] = []
    for branch in branches:
        if isinstance(branch, Choose) and len(branch.arms) == 1:
            guard = branch.arms[0].guard
            if guard not in shared:
                places.append(guard)
            shared.setdefault(guard, []).append(branch.arms[0].body)
        else:
            places.append(branch)
    return [Choose((Arm(place, as_parallel(shared[place])),)) if isinstance(place, Formula) else place for place in places]
