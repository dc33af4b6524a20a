"""Order in a directed graph of names: topological order, levels, ancestors, a cycle.

In: names and their successors or predecessors. Out: tuples of names. It knows nothing of workflows. All functions are linear in edges, but for
ancestors, which are bit sets: an `int` a name, one `or` an edge.
"""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from heapq import heapify, heappop, heappush

Neighbours = Mapping[str, Sequence[str]]


def topological(names: Sequence[str], successors: Neighbours) -> tuple[str, ...]:
    """Kahn's algorithm; among free names the one that stands first in `names`. Names on or behind a cycle are missing from the answer."""
    position = {name: index for index, name in enumerate(names)}
    waiting = dict.fromkeys(names, 0)
    for name in names:
        for successor in successors[name]:
            waiting[successor] += 1
    free = [position[name] for name in names if not waiting[name]]
    heapify(free)
    order = []
    while free:
        name = names[heappop(free)]
        order.append(name)
        for successor in successors[name]:
            waiting[successor] -= 1
            if not waiting[successor]:
                heappush(free, position[successor])
    return tuple(order)


def levels(order: Sequence[str], predecessors: Neighbours, names: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    """Kahn levels: a name stands one level below its lowest predecessor; inside a level in the order of `names`."""
    level: dict[str, int] = {}
    for name in order:
        level[name] = max((level[source] + 1 for source in predecessors[name]), default=0)
    rows: list[list[str]] = [[] for _ in range(max(level.values(), default=-1) + 1)]
    for name in names:
        rows[level[name]].append(name)
    return tuple(tuple(row) for row in rows)


def find_cycle(names: Sequence[str], successors: Neighbours) -> tuple[str, ...]:
    """A cycle, the shortest through one of its names: its names, the first of `names` leading and not repeated; empty if there is none."""
    left = dict.fromkeys(names)
    for name in topological(names, successors):
        del left[name]
    if not left:
        return ()
    cycle = _shortest_cycle(_on_a_cycle(left, successors), successors)
    first = min(range(len(cycle)), key=lambda index: names.index(cycle[index]))
    return cycle[first:] + cycle[:first]


def _on_a_cycle(left: Mapping[str, None], successors: Neighbours) -> str:
    """Every name of `left` has a predecessor in `left`: going back from any of them ends on a cycle."""
    back = {successor: name for name in left for successor in successors[name]}
    name, seen = next(iter(left)), set[str]()
    while name not in seen:
        seen.add(name)
        name = back[name]
    return name


def _shortest_cycle(start: str, successors: Neighbours) -> tuple[str, ...]:
    return min((path for name in successors[start] if (path := shortest_path(name, start, successors))), key=len)


def _walk_back(end: str, start: str, came_from: Mapping[str, str]) -> tuple[str, ...]:
    path = [end]
    while path[-1] != start:
        path.append(came_from[path[-1]])
    return tuple(reversed(path))


def shortest_path(start: str, end: str, successors: Neighbours) -> tuple[str, ...]:
    """Names from `start` to `end`, both included; empty if there is no way."""
    came_from = {start: start}
    queue = deque([start])
    while queue:
        name = queue.popleft()
        if name == end:
            return _walk_back(end, start, came_from)
        for successor in successors[name]:
            if successor not in came_from:
                came_from[successor] = name
                queue.append(successor)
    return ()


class Ancestors(Mapping[str, frozenset[str]]):
    """The transitive closure as a mapping from a name to all names before it. Sets are made when asked for; `masks` and `is_before` cost nothing."""

    def __init__(self, order: Sequence[str], predecessors: Neighbours) -> None:
        self.order = tuple(order)
        self.index: Mapping[str, int] = {name: index for index, name in enumerate(order)}
        self.masks: Mapping[str, int] = self._closure(predecessors)
        self._sets: dict[str, frozenset[str]] = {}

    def _closure(self, predecessors: Neighbours) -> dict[str, int]:
        masks: dict[str, int] = {}
        for name in self.order:
            mask = 0
            for source in predecessors[name]:
                mask |= masks[source] | 1 << self.index[source]
            masks[name] = mask
        return masks

    def is_before(self, earlier: str, later: str) -> bool:
        """Whether `earlier` is an ancestor of `later`."""
        return bool(self.masks[later] >> self.index[earlier] & 1)

    def __getitem__(self, name: str) -> frozenset[str]:
        if name not in self._sets:
            self._sets[name] = frozenset(self._names(self.masks[name]))
        return self._sets[name]

    def _names(self, mask: int) -> Iterator[str]:
        while mask:
            lowest = mask & -mask
            yield self.order[lowest.bit_length() - 1]
            mask ^= lowest

    def __iter__(self) -> Iterator[str]:
        return iter(self.order)

    def __len__(self) -> int:
        return len(self.order)
