"""Which node comes before which, and how long each takes: all that the decomposition needs of a graph.

In: names in a topological order, their predecessors, their durations. Out: `Precedence`, transitively reduced. It knows nothing of node types,
outcomes or specs. Nodes are positions in the order; sets of them are bits of an int, so that the closure of 3,000 nodes costs milliseconds. Durations
are whole microseconds: sums are exact, so that the same graph gives the same plan everywhere.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Precedence:
    """`before` and `after` hold direct neighbours after the transitive reduction; `below` is, for each node, the bits of all its successors."""

    names: tuple[str, ...]
    durations: tuple[int, ...]  # microseconds
    before: tuple[tuple[int, ...], ...]
    after: tuple[tuple[int, ...], ...]
    below: tuple[int, ...]

    @property
    def everything(self) -> "Part":
        return tuple(range(len(self.names)))


Part = tuple[int, ...]  # some nodes, ascending; convex: with two nodes it has all that lies between them


def precedence(names: Sequence[str], *, predecessors: Mapping[str, Iterable[str]], durations: Mapping[str, int]) -> Precedence:
    """The reduced order. `names` must be topological: each name after its predecessors."""
    position = {name: index for index, name in enumerate(names)}
    before = _reduced([sorted({position[name] for name in predecessors[each]}) for each in names])
    after: list[list[int]] = [[] for _ in names]
    for node, parents in enumerate(before):
        for parent in parents:
            after[parent].append(node)
    return Precedence(
        names=tuple(names),
        durations=tuple(durations[name] for name in names),
        before=tuple(before),
        after=tuple(map(tuple, after)),
        below=tuple(_closure(after)),
    )


def mask(part: Part) -> int:
    """The part as bits."""
    bits = bytearray(part[-1] // 8 + 1)
    for node in part:
        bits[node >> 3] |= 1 << (node & 7)
    return int.from_bytes(bits, "little")


def _reduced(parents: list[list[int]]) -> list[tuple[int, ...]]:
    """Without the edges that a longer way already implies: taken from the latest, a parent that is above a kept parent adds nothing."""
    above: list[int] = []
    reduced: list[tuple[int, ...]] = []
    for each in parents:
        seen = 0
        kept: list[int] = []
        for parent in reversed(each):
            if not seen >> parent & 1:
                kept.append(parent)
                seen |= above[parent] | 1 << parent
        above.append(seen)
        reduced.append(tuple(reversed(kept)))
    return reduced


def _closure(after: list[list[int]]) -> list[int]:
    below = [0] * len(after)
    for node in reversed(range(len(after))):
        for child in after[node]:
            below[node] |= below[child] | 1 << child
    return below
