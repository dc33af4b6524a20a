"""Formulas as code: what a Choice state asks.

In: a formula over a block's outcome variables. Out: `Code` that is true exactly where the formula holds.

An outcome is asked of a condition's output (its label), of a gate's `choice`, of a compiler variable where a failure is an outcome, of an edge's
own expression. The last three are derived keys: computed where their node is in scope, carried out of a Parallel as one small flag; an edge's that a
long formula asks is settled with its source (see `truths`).
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from chalicelib.compiler.activation import Atom, Formula
from chalicelib.compiler.code import Code, Key, Part, Read, code, joined
from chalicelib.compiler.graph import Block, Edge, WhenKind, WorkflowGraph
from chalicelib.compiler.outcomes import RAN
from chalicelib.compiler.reads import Reader
from chalicelib.compiler.shortener import Shortener
from chalicelib.spec.nodes import AtLeast, Condition, HumanGate, Join

_ERROR: Final = "error"
MAX_ATOMS_ASKED_ANEW: Final = 8  # of a formula whose edges' expressions may be computed where it stands


@dataclass
class Questions:
    graph: WorkflowGraph
    derived: dict[Key, Code]
    settled: dict[Key, None]
    reader: Callable[[tuple[str, ...], str | None], Reader]
    shorteners: dict[tuple[int, bool], Shortener] = field(default_factory=dict)
    expressed: dict[tuple[str, ...], dict[str, Edge]] = field(default_factory=dict)  # by block and edge

    def _shortener(self, block: Block, *, edges_tell: bool) -> Shortener:
        return self.shorteners.setdefault((id(block), edges_tell), Shortener(block, edges_tell=edges_tell))

    def formula(self, asked: Formula, block: Block, *, deciding: frozenset[str] = frozenset(), is_part: bool = False) -> Code:
        """`deciding`: nodes that the Choice decides on; their large formulas are computed here, not read. `is_part`: of a long question."""
        asked = self._shortest(asked, block, is_long=is_part or sum(map(len, asked.terms)) > MAX_ATOMS_ASKED_ANEW)
        if asked.is_always or asked.is_never:
            return code("true" if asked.is_always else "false")
        terms = [self._term(term, block, deciding) for term in asked.sorted_terms()]
        return terms[0] if len(terms) == 1 else joined(" or ", [code("(", term, ")") for term in terms])

    def _shortest(self, asked: Formula, block: Block, *, is_long: bool) -> Formula:
        """A long formula is asked by what its edges came to, kept from when their sources settled: then each tells that its source ran."""
        if not is_long:
            return self._shortener(block, edges_tell=False).shortest(asked)
        telling = self._shortener(block, edges_tell=True)
        asked = telling.shortest(telling.last_decided(asked))
        edges = [atom.variable for term in asked.sorted_terms() for atom in term if atom.variable in telling.edges_told]
        self.settled.update({Key("active", self._expressed(edge, block).key): None for edge in edges})
        return asked

    def _term(self, atoms: list[Atom], block: Block, deciding: frozenset[str]) -> Code:
        return joined(" and ", [self._atom(atom, block, deciding) for atom in atoms])

    def _atom(self, atom: Atom, block: Block, deciding: frozenset[str]) -> Code:
        if atom.variable.endswith("?"):
            return self._ran(atom, block, deciding)
        if atom.variable in block.nodes:
            return code(self.outcome(atom.variable, block), f" = '{atom.label}'")
        return code(self._active(atom.variable, block), f" = {atom.label}")

    def _active(self, edge_key: str, block: Block) -> Code:
        edge = self._expressed(edge_key, block)
        key = Key("active", edge.key)
        if key not in self.derived:
            self.derived[key] = self.reader(block.path, edge.source).boolean(edge.value)
        return code(Read(key))

    def _expressed(self, edge_key: str, block: Block) -> Edge:
        """The edge that stands for all that ask the same of the same source."""
        if block.path not in self.expressed:
            edges = [edge for edge in self.graph.blocks[block.path].edges if edge.kind is WhenKind.EXPRESSION]
            first = {(edge.source, edge.value): edge for edge in reversed(edges)}
            self.expressed[block.path] = {edge.key: first[edge.source, edge.value] for edge in edges}
        return self.expressed[block.path][edge_key]

    def outcome(self, node: str, block: Block) -> Code:
        """The label of the node's outcome, or null or nothing where it was skipped."""
        match block.nodes[node]:
            case Condition() if _ERROR not in block.domains[node]:
                return code(Read(Key("output", node)))
            case HumanGate() if _ERROR not in block.domains[node]:
                key = Key("outcome", node)
                self.derived[key] = code(Read(Key("output", node)), ".choice")
                return code(Read(key))
            case _:
                return code(Read(Key("outcome", node)))

    def _ran(self, atom: Atom, block: Block, deciding: frozenset[str]) -> Code:
        node = atom.variable[:-1]
        if node not in deciding:
            return code(Read(Key("ran", node)), f" = {'true' if atom.label == RAN else 'false'}")
        return self.requirement(node, block)

    def requirement(self, node: str, block: Block) -> Code:
        """The node's own demand on its incoming edges, computed from them."""
        edges = self.graph.blocks[block.path].incoming[node]
        asked = block.nodes[node]
        active = [self.formula(block.edge_activation[edge.key], block, is_part=True) for edge in edges]
        listed: list[Part | Code] = []
        for index, each in enumerate(active):
            listed.extend((", " if index else "", "(", each, ") ? 1"))
        require = asked.require if isinstance(asked, Join) else asked.activate
        least = len(edges) if "all" in (require, asked.activate) else require.at_least if isinstance(require, AtLeast) else 1
        return code("$count([", *listed, f"]) >= {least}")
