"""What every rule is given: the parts of a workflow that can be read, and their places.

In: the composed value, its shape, its positions. Out: `Authored`, and how rules make diagnostics. It judges nothing.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from chalicelib.spec.diagnostic import Diagnostic, Severity
from chalicelib.spec.expression import Fault
from chalicelib.spec.model import Json, JsonObject
from chalicelib.spec.positions import Positions
from chalicelib.spec.shape import EdgePart, NodePart

_Node = TypeVar("_Node")


@dataclass(frozen=True)
class Authored:
    """`workflow` is the whole as authored; `nodes` and `edges` are its parts, those of maps included; `told` are paths with a fault already."""

    workflow: JsonObject
    nodes: tuple[NodePart, ...]
    edges: tuple[EdgePart, ...]
    positions: Positions
    told: frozenset[str] = field(default_factory=frozenset)

    def of_type(self, kind: type[_Node]) -> Iterator[tuple[str, _Node]]:
        """The readable nodes of one type, with their paths."""
        for part in self.nodes:
            if isinstance(part.node, kind):
                yield part.path, part.node

    def value(self, key: str) -> Json:
        """A key of the workflow, unless it has a fault already."""
        return None if key in self.told else self.workflow.get(key)

    def error(self, code: str, message: str, path: str, hint: str = "") -> Diagnostic:
        return Diagnostic(code, Severity.ERROR, message, self.positions.at(path), hint)

    def warning(self, code: str, message: str, path: str, hint: str = "") -> Diagnostic:
        return Diagnostic(code, Severity.WARNING, message, self.positions.at(path), hint)

    def key_error(self, code: str, message: str, path: str, hint: str = "") -> Diagnostic:
        """An error that is in the key, not in its value."""
        return Diagnostic(code, Severity.ERROR, message, self.positions.key(path), hint)

    def fault(self, code: str, fault: Fault, path: str, *, hint: str = "") -> Diagnostic:
        """A fault inside the string at `path`, with its column."""
        return Diagnostic(code, Severity.ERROR, fault.message, self.positions.inside(path, fault.position), hint or fault.hint)


Rule = Callable[[Authored], Iterator[Diagnostic]]
