"""The shapes that graphs come in, as data: nodes of four kinds and the links between them, not yet a workflow.

In: a `random.Random`, a shape's name, about how many nodes. Out: `Skeleton`, its nodes in a topological order. `specs` makes nodes of it; which types
and features they get is not decided here.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from itertools import pairwise
from random import Random


class Kind(Enum):
    WORK = "work"
    SPLIT = "split"  # a condition or a gate; the links that leave it have arms
    MERGE = "merge"
    EACH = "each"  # a map; its block is in `inner`


@dataclass(frozen=True, slots=True)
class Link:
    """`arm`: which of a split's outcomes it waits for; None for an edge without `when`."""

    source: str
    target: str
    arm: int | None = None


@dataclass(slots=True)
class Skeleton:
    nodes: dict[str, Kind] = field(default_factory=dict)
    links: list[Link] = field(default_factory=list)
    inner: "dict[str, Skeleton]" = field(default_factory=dict)


Ends = list[tuple[str, int | None]]


@dataclass(frozen=True, slots=True)
class Fragment:
    """Where a part of a skeleton begins, and what what follows it has to wait for."""

    entries: list[str]
    exits: Ends


class Builder:
    """Adds nodes and links to one block; names are unique over all blocks that share `names`."""

    def __init__(self, random: Random, names: list[int] | None = None) -> None:
        self.random = random
        self.skeleton = Skeleton()
        self._names = names if names is not None else [0]

    def add(self, kind: Kind = Kind.WORK, after: Iterable[tuple[str, int | None]] = ()) -> str:
        name = f"n{self._names[0]}"
        self._names[0] += 1
        self.skeleton.nodes[name] = kind
        self.skeleton.links += [Link(source, name, arm) for source, arm in after]
        return name

    def each(self, shape: "Shape", size: int, after: Ends) -> str:
        name = self.add(Kind.EACH, after)
        inner = Builder(self.random, self._names)
        shape(inner, max(1, size), [])
        self.skeleton.inner[name] = inner.skeleton
        return name

    def shares(self, size: int, parts: int) -> list[int]:
        """The size cut into parts of at least one."""
        cuts = sorted(self.random.randint(0, max(0, size - parts)) for _ in range(parts - 1))
        edges = [0, *cuts, max(0, size - parts)]
        return [1 + after - before for before, after in pairwise(edges)]


Shape = Callable[[Builder, int, Ends], Ends]  # (builder, size, what it waits for) -> what follows waits for


def linear(build: Builder, size: int, after: Ends) -> Ends:
    for _ in range(size):
        after = [(build.add(after=after), None)]
    return after


def branch(build: Builder, size: int, after: Ends) -> Ends:
    return _branches(build, size, after, (linear,))


def nested_branches(build: Builder, size: int, after: Ends) -> Ends:
    return _branches(build, size, after, (linear, nested_branches) if size > 6 else (linear,))


def diamond(build: Builder, size: int, after: Ends) -> Ends:
    for _ in range(max(1, size // 4)):
        top = [(build.add(after=after), None)]
        sides: Ends = [(build.add(after=top), None) for _ in range(2)]
        after = [(build.add(Kind.MERGE, sides), None)]
    return after


def n_shape(build: Builder, size: int, after: Ends) -> Ends:
    """`c` after `a` and `b`, `d` after `b` alone: no nested form without a barrier or a wait."""
    for _ in range(max(1, size // 4)):
        a, b = build.add(after=after), build.add(after=after)
        after = [(build.add(after=[(a, None), (b, None)]), None), (build.add(after=[(b, None)]), None)]
    return after


def wide(build: Builder, size: int, after: Ends) -> Ends:
    top: Ends = [(build.add(after=after), None)]
    rows: Ends = [(build.add(after=top), None) for _ in range(max(2, size - 2))]
    return [(build.add(Kind.MERGE, rows), None)]


def each(build: Builder, size: int, after: Ends) -> Ends:
    before: Ends = [(build.add(after=after), None)]
    body = build.random.choice((linear, branch, condition))
    return [(build.add(after=[(build.each(body, size - 3, before), None)]), None)]


def nested_each(build: Builder, size: int, after: Ends) -> Ends:
    return [(build.each(each, size - 1, after), None)]


def condition(build: Builder, size: int, after: Ends) -> Ends:
    return _arms(build, size, after, (linear,))


def condition_in_branch(build: Builder, size: int, after: Ends) -> Ends:
    return _branches(build, size, after, (condition, linear))


def branch_in_condition(build: Builder, size: int, after: Ends) -> Ends:
    return _arms(build, size, after, (branch, linear))


def layered(build: Builder, size: int, after: Ends) -> Ends:
    """A random layered DAG with splits in it; every node hangs on one to three of the last two layers."""
    random = build.random
    layers: list[Ends] = [after]
    while size > 0:
        width = min(size, random.randint(1, 6))
        before = [end for layer in layers[-2:] for end in layer]
        made = [build.add(random.choices((Kind.WORK, Kind.SPLIT), (5, 1))[0], _sample(random, before)) for _ in range(width)]
        layers.append([(name, random.choice((0, 1, None)) if build.skeleton.nodes[name] is Kind.SPLIT else None) for name in made])
        size -= width
    return layers[-1]


def mixed(build: Builder, size: int, after: Ends) -> Ends:
    """Any of the others, one after the other."""
    while size > 0:
        share = min(size, build.random.randint(1, max(2, size)))
        after = build.random.choice(list(SHAPES.values()))(build, share, after)
        size -= share
    return after


SHAPES: Mapping[str, Shape] = {
    "linear": linear,
    "branch": branch,
    "nested-branches": nested_branches,
    "diamond": diamond,
    "n-shape": n_shape,
    "wide": wide,
    "map": each,
    "nested-map": nested_each,
    "condition": condition,
    "condition-in-branch": condition_in_branch,
    "branch-in-condition": branch_in_condition,
    "layered": layered,
}


def skeleton(random: Random, shape: str, size: int) -> Skeleton:
    """A skeleton of the shape (`mixed` is one too) with about `size` nodes, at least one."""
    build = Builder(random)
    (mixed if shape == "mixed" else SHAPES[shape])(build, max(1, size), [])
    return build.skeleton


def _branches(build: Builder, size: int, after: Ends, shapes: tuple[Shape, ...]) -> Ends:
    top: Ends = [(build.add(after=after), None)]
    count = build.random.randint(2, 4)
    ends = [end for share in build.shares(size - 2, count) for end in build.random.choice(shapes)(build, share, top)]
    return [(build.add(Kind.MERGE, ends), None)]


def _arms(build: Builder, size: int, after: Ends, shapes: tuple[Shape, ...]) -> Ends:
    """A split with two or three arms, the last of them perhaps empty, that come together again."""
    split = build.add(Kind.SPLIT, after)
    count = build.random.randint(2, 3)
    ends: Ends = []
    for arm, share in enumerate(build.shares(size - 2, count)):
        empty = arm == count - 1 and build.random.random() < 0.3
        ends += [(split, arm)] if empty else build.random.choice(shapes)(build, share, [(split, arm)])
    return [(build.add(Kind.MERGE, ends), None)]


def _sample(random: Random, ends: Ends) -> Ends:
    return random.sample(ends, min(len(ends), random.randint(1, 3)))
