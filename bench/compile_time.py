"""How long compiling takes: spec text to state machine, over random layered workflows from 100 to 3,000 nodes, and which stage takes it.

Seconds of processor time, so that what else runs on the machine does not count: it is one thread, and waits for nothing. The wall's stand beside it.
"""

from collections.abc import Iterator
from itertools import pairwise
from math import log
from typing import Final

from bench.clock import busy, spent
from bench.conditional import conditional_text
from bench.layered import layered_text
from bench.table import Figure, Table, at_most
from chalicelib.compiler.compile import Refused, compile_workflow
from chalicelib.compiler.graph import WorkflowGraph, build
from chalicelib.compiler.schedule import schedule
from chalicelib.spec.load import Loaded, load
from chalicelib.spec.workflow import WorkflowSpec

SIZES: Final = (100, 300, 1_000, 3_000)
JUDGED: Final = 1_000
DENSE: Final = ((1_000, 19), (3_000, 5))  # nodes, edges into a node at most: some 10,000 edges, as many as a workflow may have
DENSE_SECONDS: Final = 5.0
CONDITIONS_SECONDS: Final = 8.0  # where each of them has a condition
ROUNDS: Final = 3


def run() -> Table:
    whole: dict[int, float] = {}
    details = []
    for size in SIZES:
        whole[size], row = _measured(layered_text(size))
        details.append(row)
    dense = []
    for size, most in DENSE:
        seconds, row = _measured(layered_text(size, most=most))
        details.append(row)
        dense.append(at_most(f"{size:,} nodes with {row[1]} edges, compiled or refused", seconds, DENSE_SECONDS, digits=2, unit=" s"))
    seconds, row = _measured(conditional_text(DENSE[0][0], most=DENSE[0][1]))
    details.append(row)
    dense.append(at_most(f"{row[0]} nodes with {row[1]} edges, nearly each with a condition", seconds, CONDITIONS_SECONDS, digits=2, unit=" s"))
    growth = log(whole[SIZES[-1]] / whole[SIZES[0]]) / log(SIZES[-1] / SIZES[0])
    figures = (
        at_most(f"{JUDGED:,} nodes, spec text to ASL", whole[JUDGED], 2, digits=2, unit=" s"),
        at_most(f"growth from {SIZES[0]} to {SIZES[-1]:,} nodes, exponent", growth, 1.3, digits=2),
        *_steps(whole),
        *dense,
    )
    columns = ("nodes", "edges", "load", "graph", "schedule", "whole", "wall", "outcome")
    return Table("Compile time", figures, columns, details, [f"Processor time, the best of {ROUNDS}; {busy()}."])


def _steps(whole: dict[int, float]) -> Iterator[Figure]:
    for small, large in pairwise(whole):
        yield Figure(f"growth from {small:,} to {large:,}", f"{log(whole[large] / whole[small]) / log(large / small):.2f}")


def _measured(text: str) -> tuple[float, tuple[str, ...]]:
    loading = spent(lambda: load(text), rounds=ROUNDS)
    spec = _spec(loading.result)
    building = spent(lambda: _graph(spec), rounds=ROUNDS)
    scheduling = spent(lambda: schedule(building.result), rounds=ROUNDS)
    compiling = spent(lambda: compile_workflow(spec, loading.result.positions), rounds=ROUNDS)
    compiled = compiling.result
    errors = [found.code for found in compiled.diagnostics if found.is_error]
    outcome = f"refused: {errors[0]}" if isinstance(compiled, Refused) else "compiled"
    whole = loading.processor + compiling.processor
    times = (loading.processor, building.processor, scheduling.processor, whole, loading.wall + compiling.wall)
    return whole, (f"{len(spec.nodes):,}", f"{len(building.result.root.edges):,}", *(f"{seconds:.3f}" for seconds in times), outcome)


def _graph(spec: WorkflowSpec) -> WorkflowGraph:
    graph = build(spec)
    if not isinstance(graph, WorkflowGraph):
        raise ValueError(f"the generated workflow has no graph: {graph}")
    return graph


def _spec(loaded: Loaded) -> WorkflowSpec:
    if loaded.spec is None:
        raise ValueError(f"the generated workflow does not load: {loaded.diagnostics}")
    return loaded.spec
