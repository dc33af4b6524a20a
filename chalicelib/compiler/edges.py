"""The edges of a workflow: as authored, block by block, and normalised.

In: a `WorkflowSpec`. Out: `drafts`, one `Draft` for each `nodes` block with its edges as they were written (`edges`, `after`, `on_error.goto`), and
`normalise`, which gives `Edge`s: labels told from expressions, duplicates folded, each with a stable key. It never judges: `compiler.structure` does.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from chalicelib.spec.edges import EdgeSpec
from chalicelib.spec.nodes import Choice, Condition, Goto, HumanGate, Map, Node
from chalicelib.spec.workflow import WorkflowSpec

ERROR: Final = "error"
TIMED_OUT: Final = "timed_out"


class WhenKind(Enum):
    SUCCEEDED = "succeeded"  # no `when`: active when the source succeeded
    LABEL = "label"  # an outcome label of a condition or a gate
    EXPRESSION = "expression"  # active when the source succeeded and the expression holds
    ERROR = "error"  # active when the source failed after its retries


@dataclass(frozen=True, slots=True)
class Edge:
    """`value` is the label or the expression's text (without `{% %}`), empty for the other kinds. `key` names the edge stably: `source>target#n`.

    `path` is where it was authored: `edges.3`, `nodes.rank.after.0`, `nodes.rank.on_error.goto`.
    """

    source: str
    target: str
    kind: WhenKind
    value: str
    key: str
    path: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class AuthoredEdge:
    source: str
    target: str
    when: str | bool | None
    path: str

    @property
    def is_goto(self) -> bool:
        return self.path.endswith(".on_error.goto")


@dataclass(frozen=True, slots=True)
class Draft:
    """One `nodes` block before it is judged; `path` holds the ids of the maps around it."""

    path: tuple[str, ...]
    nodes: Mapping[str, Node]
    edges: tuple[AuthoredEdge, ...]

    @property
    def prefix(self) -> str:
        return block_prefix(self.path)


def block_prefix(path: tuple[str, ...]) -> str:
    """Where a block is authored: `nodes.questions.` for the block of the map `questions`."""
    return "".join(f"nodes.{node}." for node in path)


def drafts(spec: WorkflowSpec) -> tuple[Draft, ...]:
    """All blocks, the workflow's first, each before the blocks of its maps."""
    return tuple(_drafts((), spec.nodes, spec.edges))


def _drafts(path: tuple[str, ...], nodes: Mapping[str, Node], edges: Sequence[EdgeSpec]) -> Iterator[Draft]:
    yield Draft(path, nodes, tuple(_authored(block_prefix(path), nodes, edges)))
    for name, node in nodes.items():
        if isinstance(node, Map):
            yield from _drafts((*path, name), node.nodes, node.edges)


def _authored(prefix: str, nodes: Mapping[str, Node], edges: Sequence[EdgeSpec]) -> Iterator[AuthoredEdge]:
    for name, node in nodes.items():
        for index, source in enumerate(node.after):
            yield AuthoredEdge(source, name, None, f"{prefix}nodes.{name}.after.{index}")
        if isinstance(node.on_error, Goto):
            yield AuthoredEdge(name, node.on_error.goto, ERROR, f"{prefix}nodes.{name}.on_error.goto")
    for index, edge in enumerate(edges):
        yield AuthoredEdge(edge.source, edge.target, edge.when, f"{prefix}edges.{index}")


def choices_of(gate: HumanGate) -> tuple[Choice, ...]:
    return tuple(Choice(choice=choice) if isinstance(choice, str) else choice for choice in gate.choices)


def labels_of(node: Node) -> tuple[str, ...]:
    """The outcome labels of a condition or a gate, `error` not among them; empty for the other types.

    A gate whose `on_timeout` takes a choice or fails never comes out as `timed_out`.
    """
    match node:
        case Condition():
            names = ("true", "false") if node.cases is None else (*node.cases, node.otherwise or "else")
        case HumanGate():
            names = (*(choice.choice for choice in choices_of(node)), *(() if node.on_timeout else (TIMED_OUT,)))
        case _:
            names = ()
    return tuple(dict.fromkeys(names))


def normalise(draft: Draft) -> tuple[Edge, ...]:
    """The block's edges in authored order, without duplicates. All ends must exist."""
    labels = {name: labels_of(node) for name, node in draft.nodes.items()}
    counts: Counter[tuple[str, str]] = Counter()
    found: dict[tuple[str, str, WhenKind, str], Edge] = {}
    for edge in draft.edges:
        kind, value = when_of(edge.when, labels[edge.source])
        identity = (edge.source, edge.target, kind, value)
        if identity not in found:
            counts[edge.source, edge.target] += 1
            key = f"{edge.source}>{edge.target}#{counts[edge.source, edge.target]}"
            found[identity] = Edge(*identity, key=key, path=edge.path)
    return tuple(found.values())


def when_of(when: str | bool | None, labels: Sequence[str]) -> tuple[WhenKind, str]:
    """What a `when` means on an edge whose source has these labels."""
    if when is None:
        return WhenKind.SUCCEEDED, ""
    text = str(when).lower() if isinstance(when, bool) else when.strip()
    if text == ERROR:
        return WhenKind.ERROR, ""
    if text in labels:
        return WhenKind.LABEL, text
    if text.startswith("{%") and text.endswith("%}"):
        text = text[2:-2].strip()
    return WhenKind.EXPRESSION, text
