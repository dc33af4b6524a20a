"""What every check is given: the graph, the places of its parts in the authored text, and questions that several checks ask.

In: graph, positions, the specs of known sub-workflows. Out: `Subject`. It caches what is costly and never judges.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from chalicelib.compiler.absence import Absences
from chalicelib.compiler.checks.sites import Read, Site, sites
from chalicelib.compiler.finding import error, warning
from chalicelib.compiler.graph import Block, Edge, WhenKind, WorkflowGraph
from chalicelib.compiler.outside import NOTHING_KNOWN, Outside
from chalicelib.compiler.scope import Place, Scope
from chalicelib.spec.canonical import dump
from chalicelib.spec.diagnostic import Diagnostic
from chalicelib.spec.model import Json, JsonObject
from chalicelib.spec.nodes import Node
from chalicelib.spec.positions import Positions
from chalicelib.spec.workflow import WorkflowSpec

_MAX_EDGES_SHOWN: Final = 10
_MAX_TEXT_SHOWN: Final = 40


@dataclass(frozen=True)
class Subject:
    graph: WorkflowGraph
    positions: Positions | None = None
    children: Mapping[str, WorkflowSpec] = field(default_factory=dict)
    outside: Outside = NOTHING_KNOWN

    def error(self, code: str, message: str, path: str, hint: str = "") -> Diagnostic:
        return error(code, message, path, self.positions, hint)

    def warning(self, code: str, message: str, path: str, hint: str = "") -> Diagnostic:
        return warning(code, message, path, self.positions, hint)

    def fault(self, code: str, message: str, read: Read, hint: str = "") -> Diagnostic:
        """An error that is in a reference."""
        return error(code, message, read.path, self.positions, hint, offset=self._offset(read))

    def doubt(self, code: str, message: str, read: Read, hint: str = "") -> Diagnostic:
        """A warning that is about a reference."""
        return warning(code, message, read.path, self.positions, hint, offset=self._offset(read))

    def _offset(self, read: Read) -> int:
        """Where the reference starts in the authored string."""
        written = self._authored(read.path)
        return max(0, written.find(read.expression.text)) + read.reference.start if isinstance(written, str) else 0

    def nodes(self) -> Iterator[tuple[Block, str, Node]]:
        """Every node of every block, in authored order."""
        for block in self.graph.blocks.values():
            for name, node in block.nodes.items():
                yield block, name, node

    def _authored(self, path: str) -> Json:
        """The authored value at a dotted path; null where nothing was authored."""
        value: Json = self._document
        for part in path.split("."):
            if isinstance(value, list) and part.isdecimal() and int(part) < len(value):
                value = value[int(part)]
            else:
                value = value.get(part) if isinstance(value, dict) else None
        return value

    @cached_property
    def _document(self) -> JsonObject:
        return dump(self.graph.spec)

    @cached_property
    def sites(self) -> Sequence[Site]:
        return sites(self.graph)

    @cached_property
    def known(self) -> Absences:
        """What is known of the values that are read."""
        return Absences(self.graph, self.children)

    @property
    def scope(self) -> Scope:
        return self.known.scope

    def node_at(self, place: Place) -> Node | None:
        """The node that reads; None for an output."""
        return None if place.node is None else self.graph.blocks[place.path].nodes[place.node]

    @cached_property
    def read_nodes(self) -> frozenset[str]:
        """The nodes whose output is read somewhere."""
        return frozenset(read.reference.root for site in self.sites for read in site.reads())

    @cached_property
    def read_by_outputs(self) -> frozenset[str]:
        """The nodes whose output the output of a map or of the workflow reads."""
        return frozenset(read.reference.root for site in self.sites if site.place.node is None for read in site.reads())


Check = Callable[[Subject], Iterator[Diagnostic]]


def node_path(block: Block, node: str, *rest: str) -> str:
    """The dotted path of a node or of a part of it."""
    return ".".join((f"{block.prefix}nodes.{node}", *rest))


def shown_edge(edge: Edge) -> str:
    """`approve -(timed_out)-> book`."""
    if edge.kind is WhenKind.SUCCEEDED:
        return f"{edge.source} -> {edge.target}"
    text = edge.value or edge.kind.value
    short = text if len(text) <= _MAX_TEXT_SHOWN else f"{text[: _MAX_TEXT_SHOWN - 3]}..."
    return f"{edge.source} -({short})-> {edge.target}"


def shown_path(edges: Sequence[Edge]) -> str:
    """The edges in a row, each end said once; long ones are shortened before their end."""
    shown = [shown_edge(edges[0]), *(shown_edge(edge).removeprefix(edge.source) for edge in edges[1:])]
    if len(shown) > _MAX_EDGES_SHOWN:
        shown = [*shown[: _MAX_EDGES_SHOWN - 2], " -> ...", shown[-1]]
    return "".join(shown)


def shown_names(names: Sequence[str]) -> str:
    """`a -> b -> c`, shortened before its end."""
    return " -> ".join(names if len(names) <= _MAX_EDGES_SHOWN else [*names[: _MAX_EDGES_SHOWN - 2], "...", names[-1]])
