"""The nested form of a graph: what `schedule` puts out and `emit`, `forecast` and `printer` read.

A plan says when each node is visited and under which guard, not which states that takes.
Every node of the block stands in exactly one `Visit` or `ForEach`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, assert_never

from chalicelib.compiler.activation import Formula


@dataclass(frozen=True, slots=True)
class Visit:
    """One entry of a node that is no map."""

    node: str


@dataclass(frozen=True, slots=True)
class ForEach:
    """One entry of a map: `body` once per item."""

    node: str
    body: "Plan"


@dataclass(frozen=True, slots=True)
class Series:
    """Each item after the one before it has settled. At least two items, none of them a Series; none at all (`NOTHING`) where nothing is left to
    do."""

    items: "tuple[Plan, ...]"


@dataclass(frozen=True, slots=True)
class Parallel:
    """Independent branches; settled when all are. At least two branches, none of them a Parallel."""

    branches: "tuple[Plan, ...]"


@dataclass(frozen=True, slots=True)
class Arm:
    """What is visited when `guard` holds. Inside the body the guard is a fact."""

    guard: Formula
    body: "Plan"


@dataclass(frozen=True, slots=True)
class Choose:
    """At most one arm: their guards exclude each other. When none holds, every node inside is skipped."""

    arms: tuple[Arm, ...]


Plan = Visit | ForEach | Series | Parallel | Choose
NOTHING: Final = Series(())


def visited(plan: Plan) -> Iterator[str]:
    """The node ids of this block that the plan visits, in plan order; a map's own nodes are not among them."""
    match plan:
        case Visit(node) | ForEach(node):
            yield node
        case Series(items):
            for item in items:
                yield from visited(item)
        case Parallel(branches):
            for branch in branches:
                yield from visited(branch)
        case Choose(arms):
            for arm in arms:
                yield from visited(arm.body)
        case _:
            assert_never(plan)
