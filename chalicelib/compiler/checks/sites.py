"""Every place of a workflow where something is read.

In: the graph. Out: `Site`s in authored order: the bindings of nodes, the `when` of edges, the outputs of maps and of the workflow.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from chalicelib.compiler.graph import Block, WhenKind, WorkflowGraph
from chalicelib.compiler.scope import Place
from chalicelib.spec.bindings import Binding, BindingKind, Items, Members, expressions, node_bindings, parse_binding, when_binding
from chalicelib.spec.expression import Expression, Reference
from chalicelib.spec.nodes import Map


@dataclass(frozen=True, slots=True)
class Site:
    """A binding and who reads it; `path` is where it is authored."""

    place: Place
    path: str
    kind: BindingKind
    binding: Binding

    def reads(self) -> "Iterator[Read]":
        for path, expression in _leaves(self.path, self.binding):
            for reference in expression.references:
                yield Read(self, path, expression, reference)

    @property
    def reader(self) -> str:
        """Who reads, in words."""
        if self.place.node is not None:
            return f"`{self.place.node}`"
        return f"the output of the map `{self.place.path[-1]}`" if self.place.path else "the output of the workflow"


@dataclass(frozen=True, slots=True)
class Read:
    """One reference at a site, in the string at `path`."""

    site: Site
    path: str
    expression: Expression
    reference: Reference

    @property
    def shown(self) -> str:
        steps = (f"[{part}]" if isinstance(part, int) else f".{part}" for part in self.reference.path)
        return f"${self.reference.root}{''.join(steps)}"


def _leaves(path: str, binding: Binding) -> Iterator[tuple[str, Expression]]:
    """The expressions with the path of the string that each stands in."""
    match binding:
        case Members(members):
            for name, member in members.items():
                yield from _leaves(f"{path}.{name}", member)
        case Items(items):
            for index, item in enumerate(items):
                yield from _leaves(f"{path}.{index}", item)
        case _:
            for expression in expressions(binding):
                yield path, expression


def sites(graph: WorkflowGraph) -> tuple[Site, ...]:
    output = Site(Place((), None), "output", BindingKind.VALUE, parse_binding(graph.spec.output))
    return (*(site for block in graph.blocks.values() for site in _of_block(block)), output)


def _of_block(block: Block) -> Iterator[Site]:
    for name, node in block.nodes.items():
        for bound in node_bindings(node):
            place = Place(block.path, name, settled=bound.path == "repeat.until")
            if isinstance(node, Map) and bound.path == "output":
                place = Place((*block.path, name), None)
            yield Site(place, f"{block.prefix}nodes.{name}.{bound.path}", bound.kind, bound.binding)
    for edge in block.edges:
        if edge.kind is WhenKind.EXPRESSION:
            place = Place(block.path, edge.source, settled=True)
            yield Site(place, f"{edge.path}.when", BindingKind.BOOLEAN, when_binding(edge.value))
