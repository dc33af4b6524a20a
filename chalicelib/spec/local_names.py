"""Local names in an expression and how values are used.

In: names as `:=`, lambdas, `@` and `#` bind them. Out: `Place`, what a reader of the tree carries from node to node. It never sees the tree itself.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass(slots=True)
class Use:
    """How a value is used: as an operand here, or wherever the locals that it is bound to are (`flows_into`)."""

    operand: bool = False
    flows_into: "list[Use]" = field(default_factory=list)

    @property
    def is_operand(self) -> bool:
        seen: set[int] = set()
        waiting = [self]
        while waiting:
            use = waiting.pop()
            if use.operand:
                return True
            if id(use) not in seen:  # a name that is used twice in each of many binds would be followed 2^n times
                seen.add(id(use))
                waiting += use.flows_into
        return False


@dataclass(slots=True)
class Frame:
    """Local names of a block, lambda or path; `declared` are those that a block binds further down, which its lambdas may already name."""

    parent: "Frame | None" = None
    names: dict[str, Use] = field(default_factory=dict)
    declared: frozenset[str] = frozenset()

    def outwards(self) -> "Iterator[Frame]":
        frame: Frame | None = self
        while frame is not None:
            yield frame
            frame = frame.parent

    def lookup(self, name: str) -> Use | None:
        return next((frame.names[name] for frame in self.outwards() if name in frame.names), None)

    def for_lambda(self, parameters: list[str]) -> "Frame":
        later = {name for frame in self.outwards() for name in frame.declared if self.lookup(name) is None}
        return Frame(self, {name: Use() for name in (*sorted(later), *parameters)})


@dataclass(frozen=True, slots=True)
class Place:
    """Where a node stands: its local names, how its value is used, whether `$` and bare field names mean something here, how deep."""

    frame: Frame
    use: Use
    nested: bool = False
    depth: int = 1

    def inner(self, use: Use | None = None, *, nested: bool | None = None, frame: Frame | None = None) -> "Place":
        return Place(frame or self.frame, use or Use(), self.nested if nested is None else nested, self.depth + 1)
