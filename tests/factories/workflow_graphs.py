"""Random graphs for property tests of the scheduler.

`graphs()` draws a `WorkflowGraph` with every way in which nodes depend on each other's outcomes, sensible or not.
`specs` draws what authors write.
"""

from collections.abc import Mapping
from random import Random

from hypothesis import strategies as st

from chalicelib.compiler.graph import WorkflowGraph, build
from chalicelib.spec.model import Json, JsonObject
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
