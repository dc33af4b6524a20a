"""The validated graph of one spec: normalised edges, levels, ancestors, activation.

In: a `WorkflowSpec` without load errors. Out: `WorkflowGraph`: one `Block` for the workflow and one for each map. No I/O.
A cyclic or dangling graph gives diagnostics instead (`build`); nothing after `build` needs to fear a cycle.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from chalicelib.compiler.activation import Domains, Formula
from chalicelib.compiler.edges import Draft, Edge, WhenKind, block_prefix, drafts, labels_of, normalise
from chalicelib.compiler.order import Ancestors, levels, topological
from chalicelib.compiler.outcomes import outcomes
from chalicelib.compiler.structure import structure_faults
from chalicelib.spec.diagnostic import Diagnostic
from chalicelib.spec.nodes import Node
from chalicelib.spec.positions import Positions
from chalicelib.spec.workflow import WorkflowSpec

__all__ = ["Block", "Edge", "WhenKind", "WorkflowGraph", "build", "labels_of"]


@dataclass(frozen=True)
class Block:
    """The nodes of one `nodes` block (the workflow's, or a map's).

    `order` is a topological order (authored order where free); `levels` are Kahn levels; `ancestors` is the transitive closure;
    `activation[n]` is the formula under which n runs, relative to its block's start; `domains` the labels of every outcome variable of formulas.

    Outcome variables: a condition or gate `c` is `c` with its labels; any node with an outgoing error edge `n` is `n` with
    ("succeeded", "error") if it has no labels of its own, else its labels plus "error"; an expression edge `e` is `e.key` with ("true", "false");
    a node whose formula outgrew the limit is `n?` with ("ran", "skipped"): its formula is then the one atom `n?` = "ran", its id stands in `large`,
    and what it really asks, of the incoming edges, is to be asked at run time. A labelled node with `on_error: continue` also has the label "error":
    its failure is none of its other labels, though its edges without `when` are active then.
    """

    path: tuple[str, ...]  # ids of the maps around it, outermost first; () for the workflow
    nodes: Mapping[str, Node]
    edges: tuple[Edge, ...]
    incoming: Mapping[str, tuple[Edge, ...]]
    outgoing: Mapping[str, tuple[Edge, ...]]
    order: tuple[str, ...]
    levels: tuple[tuple[str, ...], ...]
    ancestors: Ancestors
    domains: Domains
    activation: Mapping[str, Formula]
    edge_activation: Mapping[str, Formula]  # by edge key
    large: frozenset[str]

    @property
    def prefix(self) -> str:
        """Where the block is authored: `""`, or `nodes.questions.` for the block of the map `questions`."""
        return block_prefix(self.path)


@dataclass(frozen=True)
class WorkflowGraph:
    """`blocks` by path: `()` is the workflow, `("questions",)` the block of the map `questions`, `("questions", "inner")` a map in it."""

    spec: WorkflowSpec
    blocks: Mapping[tuple[str, ...], Block]

    @property
    def root(self) -> Block:
        return self.blocks[()]


def build(spec: WorkflowSpec, *, positions: Positions | None = None) -> WorkflowGraph | tuple[Diagnostic, ...]:
    """The graph, or what keeps the spec from having one: at least one error."""
    blocks = drafts(spec)
    if faults := structure_faults(blocks, positions):
        return faults
    return WorkflowGraph(spec, {draft.path: _block(draft) for draft in blocks})


def _block(draft: Draft) -> Block:
    names = tuple(draft.nodes)
    edges = normalise(draft)
    incoming, outgoing = _by_end(names, edges)
    predecessors = {name: tuple(dict.fromkeys(edge.source for edge in incoming[name])) for name in names}
    successors = {name: tuple(dict.fromkeys(edge.target for edge in outgoing[name])) for name in names}
    order = topological(names, successors)
    found = outcomes(draft.nodes, order, incoming, outgoing)
    return Block(
        path=draft.path,
        nodes=draft.nodes,
        edges=edges,
        incoming=incoming,
        outgoing=outgoing,
        order=order,
        levels=levels(order, predecessors, names),
        ancestors=Ancestors(order, predecessors),
        domains=found.domains,
        activation=found.activation,
        edge_activation=found.edge_activation,
        large=found.large,
    )


def _by_end(names: Iterable[str], edges: Iterable[Edge]) -> tuple[dict[str, tuple[Edge, ...]], dict[str, tuple[Edge, ...]]]:
    incoming: dict[str, list[Edge]] = {name: [] for name in names}
    outgoing: dict[str, list[Edge]] = {name: [] for name in names}
    for edge in edges:
        incoming[edge.target].append(edge)
        outgoing[edge.source].append(edge)
    return {name: tuple(found) for name, found in incoming.items()}, {name: tuple(found) for name, found in outgoing.items()}
