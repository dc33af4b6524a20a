"""The nested form of a partial order: recursive series-parallel decomposition, with barriers only where no nested form exists.

In: `Precedence` and what stands for a node. Out: `Timed`: a plan, its makespan, its number of Parallel states. Pure; the same order gives the same
plan.

Theorem: the makespan never exceeds that of the plan level by level. Components and total cuts keep it (a component's levels lie within the whole's;
the levels of the back of a total cut start after those of the front), and in an indivisible core, the level plan is among the candidates.
Valdes, Tarjan and Lawler (1982) name the decomposition; where to place barriers is the nesting of González-Escribano et al. (VECPAR 2002), here by
search.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from chalicelib.compiler.cuts import Reach, best_cuts, levels, reach
from chalicelib.compiler.plan import Parallel, Plan, Series
from chalicelib.compiler.precedence import Part, Precedence, mask


@dataclass(frozen=True, slots=True)
class Limits:
    """What keeps plans readable and the search short."""

    nesting: int = 40  # Parallel states in one another; deeper parts go level by level (JSON readers stop at some depth)
    cuts_deep: int = 60  # cuts within cuts; deeper ones halve the part
    cuts_tried: int = 8  # in one core
    effort: int = 40  # nodes looked at per node of the graph; after that, each core takes one cut
    coarse: int = 10  # parts of the critical path within which estimates then count as equal


LIMITS: Final = Limits()


@dataclass(frozen=True, slots=True)
class Timed:
    """`duration` in microseconds when everything in it runs."""

    plan: Plan
    duration: int
    parallels: int

    @property
    def cost(self) -> tuple[int, int]:
        return self.duration, self.parallels


def decompose(order: Precedence, *, leaf: Callable[[str], Plan], limits: Limits = LIMITS) -> Timed:
    """The best plan found for all nodes of the order (at least one)."""
    if not order.names:
        raise ValueError("a block without nodes has no plan")
    return _Search(order, leaf, limits, limits.effort * len(order.names)).solve(order.everything, _ROOT)


def components(order: Precedence, part: Part) -> tuple[Part, ...]:
    """The weakly connected components, by their first node."""
    label = {node: node for node in part}

    def find(node: int) -> int:
        while label[node] != node:
            label[node] = label[label[node]]
            node = label[node]
        return node

    for node in part:
        for parent in order.before[node]:
            if parent in label:
                left, right = find(parent), find(node)
                label[max(left, right)] = min(left, right)
    found: dict[int, list[int]] = {}
    for node in part:
        found.setdefault(find(node), []).append(node)
    return tuple(map(tuple, found.values()))


def total_cuts(order: Precedence, part: Part) -> tuple[Part, ...]:
    """The part cut wherever every node so far comes before every node from there on.

    In a topological order, that is where no node so far has a later node that is not below it.
    """
    whole = mask(part)
    pieces: list[list[int]] = [[]]
    furthest = -1
    for node in part:
        if pieces[-1] and furthest < node:
            pieces.append([])
        pieces[-1].append(node)
        furthest = max(furthest, (whole & ~order.below[node]).bit_length() - 1)
    return tuple(map(tuple, pieces))


@dataclass(frozen=True, slots=True)
class _Depth:
    nesting: int
    cuts: int


_ROOT: Final = _Depth(0, 0)


@dataclass
class _Search:
    """One decomposition: remembers solved parts and counts its effort, in nodes looked at, so that it ends at the same place on every machine."""

    order: Precedence
    leaf: Callable[[str], Plan]
    limits: Limits
    effort: int
    solved: dict[tuple[Part, int], Timed] = field(default_factory=dict)

    def solve(self, part: Part, depth: _Depth) -> Timed:
        key = (part, depth.nesting)
        if key not in self.solved:
            self.effort -= len(part)
            self.solved[key] = self._divide(part, depth)
        return self.solved[key]

    def _divide(self, part: Part, depth: _Depth) -> Timed:
        if len(part) == 1:
            return Timed(self.leaf(self.order.names[part[0]]), self.order.durations[part[0]], 0)
        branches = components(self.order, part)
        if len(branches) > 1:
            if depth.nesting >= self.limits.nesting:
                return self._level_by_level(reach(self.order, part))
            deeper = _Depth(depth.nesting + 1, depth.cuts)
            return _parallel(self.solve(branch, deeper) for branch in branches)
        pieces = total_cuts(self.order, part)
        if len(pieces) > 1:
            return _series(self.solve(piece, depth) for piece in pieces)
        return self._core(part, depth)

    def _core(self, part: Part, depth: _Depth) -> Timed:
        """The best of level by level and a few cuts."""
        reached = reach(self.order, part)
        best = self._level_by_level(reached)
        deeper = _Depth(depth.nesting, depth.cuts + 1)
        for tried, cut in enumerate(best_cuts(part, reached=reached, count=self.limits.cuts_tried, grain=self._grain(reached, depth))):
            if cut.estimate > best.duration or best.duration == reached.critical or (tried and self.effort < 0):
                break
            best = min(best, _series((self.solve(cut.front, deeper), self.solve(cut.back, deeper))), key=lambda timed: timed.cost)
        return best

    def _grain(self, reached: Reach, depth: _Depth) -> int:
        """How coarsely to compare estimates: exactly while effort lasts, then so that even cuts win, which end sooner; far down only evenness
        counts."""
        if depth.cuts >= self.limits.cuts_deep:
            return reached.critical * 2 + 1
        return 1 if self.effort > 0 else reached.critical // self.limits.coarse + 1

    def _level_by_level(self, reached: Reach) -> Timed:
        return _series(_parallel(map(self._single, level)) for level in levels(reached))

    def _single(self, node: int) -> Timed:
        return Timed(self.leaf(self.order.names[node]), self.order.durations[node], 0)


def _series(parts: Iterable[Timed]) -> Timed:
    """One after the other; a Series inside is opened."""
    timed = tuple(parts)
    if len(timed) == 1:
        return timed[0]
    items = tuple(item for each in timed for item in (each.plan.items if isinstance(each.plan, Series) else (each.plan,)))
    return Timed(Series(items), sum(each.duration for each in timed), sum(each.parallels for each in timed))


def _parallel(parts: Iterable[Timed]) -> Timed:
    """At once; one alone stays itself."""
    timed: Sequence[Timed] = tuple(parts)
    if len(timed) == 1:
        return timed[0]
    return Timed(Parallel(tuple(each.plan for each in timed)), max(each.duration for each in timed), 1 + sum(each.parallels for each in timed))
