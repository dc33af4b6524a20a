"""Where to place a barrier in an indivisible core.

In: a part of the order that neither falls into independent components nor has a total cut. Out: cuts into a front and a back, the most promising
first. Pure. A front holds all predecessors of its nodes. Four families are looked at: levels counted from the front and from the back, and moments in
time, likewise: all that can have finished by then, and all that must have started before. A cut is estimated by what it costs at least: the longest
path of the front plus that of the back.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from heapq import nsmallest
from itertools import accumulate

from chalicelib.compiler.precedence import Part, Precedence


@dataclass(frozen=True, slots=True)
class Cut:
    """`estimate`: microseconds that front and back take at least, one after the other."""

    front: Part
    back: Part
    estimate: int


@dataclass(frozen=True)
class Reach:
    """For each node of a part: the longest path that ends there and that starts there (itself included), in time and in nodes."""

    head: dict[int, int]
    tail: dict[int, int]
    depth: dict[int, int]
    height: dict[int, int]

    @property
    def critical(self) -> int:
        return max(self.head.values())


def reach(order: Precedence, part: Part) -> Reach:
    head: dict[int, int] = {}
    depth: dict[int, int] = {}
    for node in part:
        parents = [parent for parent in order.before[node] if parent in head]
        head[node] = order.durations[node] + max((head[parent] for parent in parents), default=0)
        depth[node] = 1 + max((depth[parent] for parent in parents), default=-1)
    tail: dict[int, int] = {}
    height: dict[int, int] = {}
    for node in reversed(part):
        children = [child for child in order.after[node] if child in tail]
        tail[node] = order.durations[node] + max((tail[child] for child in children), default=0)
        height[node] = 1 + max((height[child] for child in children), default=-1)
    return Reach(head, tail, depth, height)


def levels(reached: Reach) -> tuple[Part, ...]:
    """The part level by level, from the front."""
    found: dict[int, list[int]] = {}
    for node, depth in reached.depth.items():
        found.setdefault(depth, []).append(node)
    return tuple(tuple(found[depth]) for depth in sorted(found))


def best_cuts(part: Part, *, reached: Reach, count: int, balanced: bool) -> tuple[Cut, ...]:
    """The `count` most promising cuts: by estimate, then by evenness; with `balanced` by evenness first, which bounds how deep cutting can go."""
    rankings = _rankings(part, reached)
    candidates = [
        (uneven, estimate, family, size) if balanced else (estimate, uneven, family, size)
        for family, ranking in enumerate(rankings)
        for size, estimate, uneven in _boundaries(ranking, reached)
    ]
    chosen: dict[Part, Cut] = {}
    for first, second, family, size in nsmallest(count * len(rankings), candidates):
        front = tuple(sorted(node for _, node in rankings[family][:size]))
        if front not in chosen and len(chosen) < count:
            back = tuple(sorted(node for _, node in rankings[family][size:]))
            chosen[front] = Cut(front, back, second if balanced else first)
    return tuple(chosen.values())


def _rankings(part: Part, reached: Reach) -> tuple[list[tuple[int, int]], ...]:
    """The nodes with their rank, four times: all nodes up to some rank are a front."""
    return (
        sorted((reached.head[node], node) for node in part),
        sorted((-reached.tail[node], node) for node in part),
        sorted((reached.depth[node], node) for node in part),
        sorted((-reached.height[node], node) for node in part),
    )


def _boundaries(ranking: Sequence[tuple[int, int]], reached: Reach) -> Iterator[tuple[int, int, int]]:
    """(size of the front, estimate, unevenness) of each cut between two ranks."""
    fronts = list(accumulate((reached.head[node] for _, node in ranking), max))
    backs = list(accumulate((reached.tail[node] for _, node in reversed(ranking)), max))
    count = len(ranking)
    for size in range(1, count):
        if ranking[size - 1][0] != ranking[size][0]:
            yield size, fronts[size - 1] + backs[count - size - 1], abs(2 * size - count)
