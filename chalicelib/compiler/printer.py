"""The plan as text for people: what runs when, at once with what, and under which condition.

In: a plan and its graph. Out: a text of lines, the same for the same plan; golden files and `sluice compile --plan` show it. It decides nothing.

    5 nodes in 5 levels, about 3,612 s; critical path 3,612 s
    search_hotels  tool_call   level 1      1 s
    rank           agent_call  level 2     10 s
    enough         condition   level 3
    when enough = true
      approve      human_gate  level 4  3,600 s
      when approve = approve
        book       tool_call   level 5      1 s
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, assert_never

from chalicelib.compiler.activation import Atom, Formula
from chalicelib.compiler.durations import MICROSECONDS
from chalicelib.compiler.graph import Block, Edge, WorkflowGraph
from chalicelib.compiler.outcomes import ran_variable
from chalicelib.compiler.plan import Arm, Choose, ForEach, Parallel, Plan, Series, Visit
from chalicelib.compiler.shortener import Shortener
from chalicelib.compiler.timing import Timing, entries, node_durations, timing

_STEP: Final = "  "
_BRANCH: Final = "| "
_MAX_EXPRESSION: Final = 60


def print_plan(plan: Plan, graph: WorkflowGraph) -> str:
    """The head, then a line a node. `at once` stands over branches, each marked by `-` where it begins and by `|` where it goes on."""
    rows = list(_BlockPrinter.of(plan, graph, ()).rows(plan))
    widths = [max((len(row.cells[column]) for row in rows if row.node_type), default=0) for column in range(4)]
    return "".join(f"{line}\n" for line in (_head(plan, graph), *(row.line(widths) for row in rows)))


def show_formula(formula: Formula, *, block: Block) -> str:
    """`enough = true and approve = approve, or rank = error`: what an outcome tells anyway is left out."""
    return _Guards(block).shown(formula)


def show_seconds(duration: int) -> str:
    """Microseconds as seconds, milliseconds at the finest."""
    return f"{duration / MICROSECONDS:,.3f}".rstrip("0").rstrip(".") + " s"


@dataclass(frozen=True, slots=True)
class _Row:
    """One line; the columns are empty where the line is no node's."""

    text: str
    node_type: str = ""
    level: int = 0
    seconds: str = ""

    @property
    def cells(self) -> tuple[str, str, str, str]:
        return self.text, self.node_type, str(self.level), self.seconds

    def line(self, widths: Sequence[int]) -> str:
        """Names to the left, numbers to the right."""
        if not self.node_type:
            return self.text
        text, node_type, level, seconds = widths
        return f"{self.text:<{text}}  {self.node_type:<{node_type}}  level {self.level:>{level}}  {self.seconds:>{seconds}}".rstrip()

    def under(self, mark: str) -> "_Row":
        return _Row(mark + self.text, self.node_type, self.level, self.seconds)


@dataclass(frozen=True)
class _BlockPrinter:
    graph: WorkflowGraph
    path: tuple[str, ...]
    durations: Mapping[str, int]
    levels: Mapping[str, int]
    guards: "_Guards"

    @classmethod
    def of(cls, plan: Plan, graph: WorkflowGraph, path: tuple[str, ...]) -> "_BlockPrinter":
        levels = {node: number for number, level in enumerate(graph.blocks[path].levels, start=1) for node in level}
        return cls(graph, path, node_durations(plan, graph=graph, path=path), levels, _Guards(graph.blocks[path]))

    @property
    def block(self) -> Block:
        return self.graph.blocks[self.path]

    def rows(self, plan: Plan) -> Iterator[_Row]:
        match plan:
            case Visit(node):
                yield self._node(node)
            case ForEach(node, body):
                yield self._node(node)
                inner = _BlockPrinter.of(body, self.graph, (*self.path, node))
                yield _Row("for each item").under(_STEP)
                yield from (row.under(_STEP * 2) for row in inner.rows(body))
            case Series(items):
                for item in items:
                    yield from self.rows(item)
            case Parallel(branches):
                yield _Row("at once")
                for branch in branches:
                    yield from (row.under(_BRANCH if position else "- ") for position, row in enumerate(self.rows(branch)))
            case Choose(arms):
                for position, arm in enumerate(arms):
                    yield from self._arm(arm, "or when" if position else "when")
            case _ as unknown:
                assert_never(unknown)

    def _arm(self, arm: Arm, word: str) -> Iterator[_Row]:
        yield _Row(f"{word} {self.guards.shown(arm.guard)}")
        yield from (row.under(_STEP) for row in self.rows(arm.body))

    def _node(self, node: str) -> _Row:
        duration = self.durations[node]
        return _Row(node, self.block.nodes[node].type, self.levels[node], show_seconds(duration) if duration else "")


def _head(plan: Plan, graph: WorkflowGraph) -> str:
    levels = len({number for number, level in enumerate(graph.root.levels) for entry in entries(plan) if entry.node in level})
    timed = timing(plan, graph=graph)
    return f"{_count(_nodes(plan), 'node')} in {_count(levels, 'level')}, about {show_seconds(timed.makespan)}; {_compared(timed)}"


def _compared(timed: Timing) -> str:
    path = f"critical path {show_seconds(timed.critical_path)}"
    return path if timed.by_level == timed.makespan else f"{path}, level by level {show_seconds(timed.by_level)}"


def _nodes(plan: Plan) -> int:
    """With those of maps."""
    return sum(1 + (_nodes(entry.body) if isinstance(entry, ForEach) else 0) for entry in entries(plan))


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


@dataclass(frozen=True)
class _Guards:
    """Formulas of a block as words."""

    block: Block

    def shown(self, formula: Formula) -> str:
        if formula.is_never:
            return "never"
        return ", or ".join(" and ".join(map(self._atom, term)) for term in self._shortener.shortest(formula).sorted_terms())

    def _atom(self, atom: Atom) -> str:
        """An expression edge shows its expression; a node whose formula outgrew the limit, that it ran."""
        edge = self._edges.get(atom.variable)
        if edge is None:
            large = {ran_variable(node): node for node in self.block.large}
            return f"{large[atom.variable]} runs" if atom.variable in large else f"{atom.variable} = {atom.label}"
        text = edge.value if len(edge.value) <= _MAX_EXPRESSION else f"{edge.value[:_MAX_EXPRESSION]}..."
        return f"{edge.source} > {edge.target}: {{% {text} %}}"

    @cached_property
    def _shortener(self) -> Shortener:
        return Shortener(self.block, edges_tell=True)

    @cached_property
    def _edges(self) -> Mapping[str, Edge]:
        return {edge.key: edge for edge in self.block.edges}
