"""Random workflows for property tests, and what their runs do.

`graphs()` draws a `WorkflowGraph` with every way in which nodes depend on each other's outcomes. `Run` is one run of a block by the words of the
language alone: which edges are active, which nodes run. It knows no formulas, so that formulas and plans can be held against it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random

from hypothesis import strategies as st

from chalicelib.compiler.graph import Block, Edge, WhenKind, WorkflowGraph, build
from chalicelib.spec.model import Json, JsonObject
from chalicelib.spec.nodes import AtLeast, Join
from chalicelib.spec.workflow import WorkflowSpec

TYPES = ("tool_call", "tool_call", "condition", "cases", "human_gate", "join", "all", "parallel", "transform", "continue", "map")
LABELS: Mapping[str, tuple[str, ...]] = {
    "condition": ("true", "false"),
    "cases": ("a", "b", "else"),
    "human_gate": ("approve", "reject", "timed_out"),
}


@st.composite
def graphs(draw: st.DrawFn, max_nodes: int = 12) -> WorkflowGraph:
    """A valid graph. One number seeds it, so that shrinking finds small graphs quickly: fewer nodes first."""
    count = draw(st.integers(1, max_nodes))
    density = draw(st.sampled_from((0.15, 0.3, 0.5)))
    return random_graph(Random(draw(st.integers(0, 2**32))), count=count, density=density)


def random_graph(random: Random, *, count: int, density: float, deep: bool = True) -> WorkflowGraph:
    graph = build(WorkflowSpec.model_validate({"sluice": 1, "name": "random-graph", **_block(random, count, density, "n", deep)}))
    assert isinstance(graph, WorkflowGraph)
    return graph


def _block(random: Random, count: int, density: float, prefix: str, deep: bool) -> JsonObject:
    kinds = {f"{prefix}{index}": random.choice(TYPES if deep else TYPES[:-1]) for index in range(count)}
    names = list(kinds)
    nodes: JsonObject = {name: _node(random, kind, name) for name, kind in kinds.items()}
    pairs = [(source, target) for position, target in enumerate(names) for source in names[max(0, position - 8) : position]]
    return {"nodes": nodes, "edges": [_edge(random, source, target, kinds[source]) for source, target in pairs if random.random() < density]}


def _node(random: Random, kind: str, name: str) -> JsonObject:
    seconds = random.randint(0, 9)
    match kind:
        case "condition":
            return {"type": "condition", "if": "true", "expected_seconds": seconds}
        case "cases":
            return {"type": "condition", "cases": {"a": "true", "b": "true"}}
        case "human_gate":
            return {"type": "human_gate", "ask": "?", "activate": random.choice(["any", "all"])}
        case "join":
            require: tuple[Json, ...] = ("all", "any", {"at_least": 2})
            return {"type": "join", "require": random.choice(require)}
        case "all":
            return {"type": "tool_call", "tool": "http.get", "activate": "all", "expected_seconds": seconds}
        case "continue":
            return {"type": "tool_call", "tool": "http.get", "on_error": "continue", "expected_seconds": seconds}
        case "map":
            return {"type": "map", "over": [1, 2], **_block(random, random.randint(1, 4), 0.5, f"{name}_", deep=False)}
        case "parallel":
            return {"type": "parallel"}
        case "transform":
            return {"type": "transform", "value": 1}
        case _:
            return {"type": "tool_call", "tool": "http.get", "expected_seconds": seconds}


def _edge(random: Random, source: str, target: str, kind: str) -> JsonObject:
    choices = [*LABELS.get(kind, ()) * 2, None, "error" if random.random() < 0.4 else None, "1 < 2" if random.random() < 0.4 else None]
    when = random.choice(choices)
    return {"from": source, "to": target, "when": when}


@dataclass
class Run:
    """One run of a block: `ran` are the nodes that ran, `outcomes` the labels that came out, by outcome variable."""

    block: Block
    random: Random
    ran: set[str] = field(default_factory=set)
    outcomes: dict[str, str] = field(default_factory=dict)
    active: dict[str, bool] = field(default_factory=dict)

    @classmethod
    def of(cls, block: Block, seed: int) -> "Run":
        run = cls(block, Random(seed))
        for name in block.order:
            run._settle(name)
        return run

    def _settle(self, name: str) -> None:
        runs = self._is_activated(name)
        if name in self.block.large:
            self.outcomes[f"{name}?"] = "ran" if runs else "skipped"
        if runs:
            self.ran.add(name)
            if name in self.block.domains:
                self.outcomes[name] = self.random.choice(self.block.domains[name])
        for edge in self.block.outgoing[name]:
            self.active[edge.key] = runs and self._is_active(edge)

    def _is_activated(self, name: str) -> bool:
        incoming = self.block.incoming[name]
        if not incoming:
            return True
        count = sum(self.active[edge.key] for edge in incoming)
        node = self.block.nodes[name]
        require = node.require if isinstance(node, Join) else node.activate
        if node.activate == "all" or require == "all":
            return count == len(incoming)
        return count >= (require.at_least if isinstance(require, AtLeast) else 1)

    def _is_active(self, edge: Edge) -> bool:
        outcome = self.outcomes.get(edge.source)
        succeeded = outcome != "error" or self.block.nodes[edge.source].on_error == "continue"
        match edge.kind:
            case WhenKind.ERROR:
                return outcome == "error"
            case WhenKind.LABEL:
                return outcome == edge.value
            case WhenKind.SUCCEEDED:
                return succeeded
            case WhenKind.EXPRESSION:
                if succeeded:
                    self.outcomes[edge.key] = self.random.choice(("true", "false"))
                return succeeded and self.outcomes[edge.key] == "true"
