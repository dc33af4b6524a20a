"""The validated graph of one spec: normalised edges, levels, ancestors, activation.

In: a `WorkflowSpec` without load errors. Out: `WorkflowGraph`: one `Block` for the workflow and one for each map. No I/O.
A cyclic or dangling graph gives diagnostics instead (`build`); nothing after `build` needs to fear a cycle.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from chalicelib.compiler.activation import Domains, Formula
from chalicelib.spec.nodes import Node
from chalicelib.spec.workflow import WorkflowSpec


class WhenKind(Enum):
    SUCCEEDED = "succeeded"  # no `when`: active when the source succeeded
    LABEL = "label"  # an outcome label of a condition or a gate
    EXPRESSION = "expression"  # active when the source succeeded and the expression holds
    ERROR = "error"  # active when the source failed after its retries


@dataclass(frozen=True, slots=True)
class Edge:
    """`value` is the label or the expression's text (without `{% %}`), empty for the other kinds. `key` names the edge stably: `source>target#n`."""

    source: str
    target: str
    kind: WhenKind
    value: str
    key: str


@dataclass(frozen=True)
class Block:
    """The nodes of one `nodes` block (the workflow's, or a map's).

    `order` is a topological order (authored order where free); `levels` are Kahn levels; `ancestors` is the transitive closure;
    `activation[n]` is the formula under which n runs, relative to its block's start; `domains` the labels of every outcome variable that formulas use.

    Outcome variables: a condition or gate `c` is `c` with its labels; any node with an outgoing error edge `n` is `n` with
    ("succeeded", "error") if it has no labels of its own, else its labels plus "error"; an expression edge `e` is `e.key` with ("true", "false");
    a node whose formula outgrew the limit is `n?` with ("ran",): its formula is then that one atom and its real one is in `large[n]`
    as the incoming edges to be asked at run time.
    """

    path: tuple[str, ...]  # ids of the maps around it, outermost first; () for the workflow
    nodes: Mapping[str, Node]
    edges: tuple[Edge, ...]
    incoming: Mapping[str, tuple[Edge, ...]]
    outgoing: Mapping[str, tuple[Edge, ...]]
    order: tuple[str, ...]
    levels: tuple[tuple[str, ...], ...]
    ancestors: Mapping[str, frozenset[str]]
    domains: Domains
    activation: Mapping[str, Formula]
    edge_activation: Mapping[str, Formula]  # by edge key
    large: frozenset[str]


@dataclass(frozen=True)
class WorkflowGraph:
    """`blocks` by path: `()` is the workflow, `("questions",)` the block of the map `questions`, `("questions", "inner")` a map in it."""

    spec: WorkflowSpec
    blocks: Mapping[tuple[str, ...], Block]

    @property
    def root(self) -> Block:
        return self.blocks[()]
