"""Which line of the spec, which node and which state belong together.

In: an `Outline` and the positions of the authored text. Out: `SourceMap`, one entry for each state, in the order of the machine.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from chalicelib.compiler.graph import WorkflowGraph
from chalicelib.compiler.outline import inner_scopes
from chalicelib.compiler.sheet import Outline
from chalicelib.spec.model import Json, JsonObject
from chalicelib.spec.positions import Positions


@dataclass(frozen=True, slots=True)
class Mapped:
    """`role` is empty for the state of the node itself; a Parallel belongs to no node."""

    state: str
    node: str
    role: str
    line: int


def source_map(outline: Outline, graph: WorkflowGraph, positions: Positions, machine: JsonObject) -> tuple[Mapped, ...]:
    places = {name: f"{prefix(block.path)}nodes.{name}" for block in graph.blocks.values() for name in block.nodes}
    mapped = []
    for name in state_names(machine):
        state = outline.states[name]
        line = positions.at(places[state.node]).line if state.node in places else 0
        mapped.append(
            Mapped(
                name, state.node if state.node in places else "", state.role or ("parallel" if inner_scopes(state) and not state.node else ""), line
            )
        )
    return tuple(mapped)


def prefix(path: tuple[str, ...]) -> str:
    return "".join(f"nodes.{name}." for name in path)


def state_names(scope: Mapping[str, Json]) -> Iterator[str]:
    """All states of a machine, in its order, outer before inner."""
    states = scope["States"]
    assert isinstance(states, dict)
    for name, state in states.items():
        assert isinstance(state, dict)
        yield name
        for inner in scopes_of(state):
            yield from state_names(inner)


def scopes_of(state: Mapping[str, Json]) -> Iterator[Mapping[str, Json]]:
    branches, processor = state.get("Branches"), state.get("ItemProcessor")
    yield from (branch for branch in (branches if isinstance(branches, list) else []) if isinstance(branch, dict))
    if isinstance(processor, dict):
        yield processor
