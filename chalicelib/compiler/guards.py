"""What a part of a plan asks for before it is worth entering.

In: a block and a plan of it. Out: `Item`, the plan with what its nodes ask (`annotate`), and `Conditions`, which answers under which formula anything
of an item runs, asked at a place where some nodes have settled. It decides nothing: `compiler.choose` does.

An outcome variable is known at a place when the nodes that decide it have settled there: for a node's outcome the node itself; for an expression edge
and for a formula that outgrew the limit, all that comes before the target. Known variables are closed: with an outcome, all is known that its node's
own formula names. So a term that loses its unknown atoms still says all that can be asked now, and is implied by what it was.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import assert_never

from chalicelib.compiler.activation import ALWAYS, Formula, disjoin
from chalicelib.compiler.graph import Block
from chalicelib.compiler.outcomes import ran_variable
from chalicelib.compiler.plan import Choose, ForEach, Parallel, Plan, Series, Visit


@dataclass(frozen=True, slots=True)
class Item:
    """A plan without Choose; `formulas` are the distinct activations of its nodes, `nodes` their bits, `children` the items of a Series or branches
    of a Parallel."""

    plan: Plan
    formulas: frozenset[Formula]
    nodes: int
    children: "tuple[Item, ...]" = ()

    @property
    def steps(self) -> "tuple[Item, ...]":
        """The item as a series."""
        return self.children if isinstance(self.plan, Series) else (self,)


def annotate(plan: Plan, block: Block) -> Item:
    match plan:
        case Visit(node) | ForEach(node):
            return Item(plan, frozenset({block.activation[node]}), 1 << block.ancestors.index[node])
        case Series(parts) | Parallel(parts):
            return _joined(plan, tuple(annotate(part, block) for part in parts))
        case Choose():
            raise ValueError("the plan has its guards already")
        case _ as unknown:
            assert_never(unknown)


def series_item(items: Iterable[Item]) -> Item:
    """Items one after the other; at least one."""
    steps = tuple(step for item in items for step in item.steps)
    return steps[0] if len(steps) == 1 else _joined(Series(tuple(step.plan for step in steps)), steps)


def parallel_item(items: Iterable[Item]) -> Item:
    """Items at once; at least one, none of them a Parallel if there are more."""
    branches = tuple(items)
    return branches[0] if len(branches) == 1 else _joined(Parallel(tuple(branch.plan for branch in branches)), branches)


def _joined(plan: Plan, children: tuple[Item, ...]) -> Item:
    nodes = 0
    for child in children:
        nodes |= child.nodes
    return Item(plan, frozenset().union(*(child.formulas for child in children)), nodes, children)


@dataclass(frozen=True)
class Conditions:
    """`block`'s formulas, asked at places."""

    block: Block

    def need(self, item: Item, known: int) -> Formula:
        """The strictest formula over known variables that holds whenever anything of the item runs; ALWAYS where it would outgrow the limit."""
        terms = (frozenset(atom for atom in term if self.is_known(atom.variable, known)) for formula in item.formulas for term in formula.terms)
        return disjoin((Formula(frozenset(terms)),), self.block.domains) or ALWAYS

    def is_known(self, variable: str, known: int) -> bool:
        deciders = self._deciders[variable]
        return deciders & known == deciders

    def depends(self, later: int, earlier: int) -> bool:
        """Whether a node of `later` comes after one of `earlier`."""
        masks, index = self.block.ancestors.masks, self.block.ancestors.index
        return any(masks[name] & earlier for name in self.block.order if later >> index[name] & 1)

    @property
    def settled_before(self) -> int:
        """The bits of the nodes that have settled before the block's first: those of a residual block that are kept."""
        left = set(self.block.order)
        return sum(1 << position for name, position in self.block.ancestors.index.items() if name not in left)

    @cached_property
    def _deciders(self) -> Mapping[str, int]:
        """For each outcome variable, the bits of the nodes that must have settled."""
        masks, index = self.block.ancestors.masks, self.block.ancestors.index
        nodes = {name: 1 << position for name, position in index.items()}
        edges = {edge.key: masks[edge.target] for edge in self.block.edges}
        large = {ran_variable(name): masks[name] for name in self.block.large}
        return nodes | edges | large
