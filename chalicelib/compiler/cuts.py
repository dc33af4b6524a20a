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
        latest, deepest = 0, -1
        for parent in order.before[node]:
            if parent in head:
                latest, deepest = max(latest, head[parent]), max(deepest, depth[parent])
        head[node], depth[node] = latest + order.durations[node], deepest + 1
    tail: dict[int, int] = {}
    height: dict[int, int] = {}
    for node in reversed(part):
        longest, highest = 0, -1
        for child in order.after[node]:
            if child in tail:
                longest, highest = max(longest, tail[child]), max(highest, height[child])
        tail[node], height[node] = longest + order.durations[node], highest + 1
    return Reach(head, tail, depth, height)


def levels(reached: Reach) -> tuple[Part, ...]:
    """The part level by level, from the front."""
    found: dict[int, list[int]] = {}
    for node, depth in reached.depth.items():
        found.setdefault(depth, []).append(node)
    return tuple(tuple(found[depth]) for depth in sorted(found))


def best_cuts(part: Part, *, reached: Reach, count: int, grain: int) -> tuple[Cut, ...]:
    """The `count` most promising cuts: by estimate in whole grains, then by evenness."""
    rankings = _rankings(part, reached)
    candidates = (
        (estimate // grain, uneven, family, size, estimate)
        for family, ranking in enumerate(rankings)
        for size, estimate, uneven in _boundaries(ranking, reached)
    )
    chosen: dict[Part, Cut] = {}
    for _, _, family, size, estimate in nsmallest(count * len(rankings), candidates):
        front = tuple(sorted(node for _, node in rankings[family][:size]))
        if front not in chosen and len(chosen) < count:
            back = tuple(sorted(node for _, node in rankings[family][size:]))
            chosen[front] = Cut(front, back, estimate)
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
