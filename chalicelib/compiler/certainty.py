"""What is certain of a node where another one of its block runs: that it ran, and how it ended.

In: a block. Out: `Certainty`. A node that is before the reader on every way that may lead to it is found by one pass over the edges; what only the
outcomes together tell is asked of the formulas. It may miss a certainty, it never invents one.
"""

from enum import Enum
from functools import cached_property, reduce
from operator import and_, or_

from chalicelib.compiler.activation import ALWAYS, NEVER, Atom, Formula, conjoin, implies
from chalicelib.compiler.edges import ERROR, Edge
from chalicelib.compiler.graph import Block
from chalicelib.compiler.outcomes import edges_wanted


class Ending(Enum):
    """How a node that ran came to its output: by success, by a failure that the run went on with, or by either."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    EITHER = "either"


class Certainty:
    """`reader` is a node of the block, or None for the block's end."""

    def __init__(self, block: Block) -> None:
        self._block = block
        self._answers: dict[tuple[str | None, str, str], bool] = {}

    def ran(self, source: str, reader: str | None) -> bool:
        """Whether `source` ran in every run in which `reader` runs."""
        if reader is not None and self._certain[reader] >> self._block.ancestors.index[source] & 1:
            return True
        return self._implied(reader, source, "ran")

    def ending(self, source: str, reader: str | None) -> Ending:
        """How `source` ended, where both ran."""
        can_fail = self._block.nodes[source].on_error == "continue" or ERROR in self._block.domains.get(source, ())
        if not can_fail:
            return Ending.SUCCEEDED
        if ERROR not in self._block.domains.get(source, ()):
            return Ending.EITHER
        if self._implied(reader, source, "succeeded"):
            return Ending.SUCCEEDED
        return Ending.FAILED if self._implied(reader, source, "failed") else Ending.EITHER

    def _implied(self, reader: str | None, source: str, question: str) -> bool:
        key = (reader, source, question)
        if key not in self._answers:
            facts = ALWAYS if reader is None else self._block.activation[reader]
            self._answers[key] = implies(facts, self._formula(source, question), self._block.domains)
        return self._answers[key]

    def _formula(self, source: str, question: str) -> Formula:
        ran = self._block.activation[source]
        if question == "ran":
            return ran
        labels = [label for label in self._block.domains[source] if (label == ERROR) == (question == "failed")]
        outcome = Formula(frozenset(frozenset({Atom(source, label)}) for label in labels))
        both = conjoin((ran, outcome), self._block.domains)
        return NEVER if both is None else both

    @cached_property
    def _certain(self) -> dict[str, int]:
        """The nodes that ran whenever a node runs, as bits by the block's order."""
        masks: dict[str, int] = {}
        for name in self._block.order:
            masks[name] = self._by_edges(name, [self._by_edge(edge, masks) for edge in self._block.incoming[name]])
        return masks

    def _by_edge(self, edge: Edge, masks: dict[str, int]) -> int:
        return masks[edge.source] | 1 << self._block.ancestors.index[edge.source]

    def _by_edges(self, name: str, edges: list[int]) -> int:
        asks_all = edges_wanted(self._block.nodes[name], len(edges)) >= len(edges)
        return reduce(or_ if asks_all else and_, edges) if edges else 0
