"""How long compiling takes: spec text to state machine, over random layered workflows from 100 to 3,000 nodes, and which stage takes it.

Seconds of processor time, so that what else runs on the machine does not count.
"""

from collections.abc import Callable, Iterator
from itertools import pairwise
from math import log
from time import process_time
from typing import Final, TypeVar

from bench.layered import layered_text
from bench.table import Figure, Table, at_most
from chalicelib.compiler.compile import Refused, compile_workflow
from chalicelib.compiler.graph import WorkflowGraph, build
from chalicelib.compiler.schedule import schedule
from chalicelib.spec.load import Loaded, load
from chalicelib.spec.workflow import WorkflowSpec

SIZES: Final = (100, 300, 1_000, 3_000)
JUDGED: Final = 1_000
ROUNDS: Final = 2

_T = TypeVar("_T")


def run() -> Table:
    whole: dict[int, float] = {}
    details = []
    for size in SIZES:
        whole[size], row = _measured(size)
        details.append(row)
    growth = log(whole[SIZES[-1]] / whole[SIZES[0]]) / log(SIZES[-1] / SIZES[0])
    figures = (
        at_most(f"{JUDGED:,} nodes, spec text to ASL", whole[JUDGED], 2, digits=2, unit=" s"),
        at_most(f"growth from {SIZES[0]} to {SIZES[-1]:,} nodes, exponent", growth, 1.3, digits=2),
        *_steps(whole),
    )
    return Table("Compile time", figures, ("nodes", "edges", "load", "graph", "schedule", "whole", "outcome"), details)


def _steps(whole: dict[int, float]) -> Iterator[Figure]:
    for small, large in pairwise(whole):
        yield Figure(f"growth from {small:,} to {large:,}", f"{log(whole[large] / whole[small]) / log(large / small):.2f}")


def _measured(size: int) -> tuple[float, tuple[str, ...]]:
    text = layered_text(size)
    loading, loaded = _timed(lambda: load(text))
    spec = _spec(loaded)
    building, graph = _timed(lambda: build(spec))
    if not isinstance(graph, WorkflowGraph):
        raise ValueError(f"{size} nodes: {graph}")
    scheduling, _ = _timed(lambda: schedule(graph))
    compiling, compiled = _timed(lambda: compile_workflow(spec, loaded.positions))
    outcome = f"refused: {compiled.diagnostics[0].code}" if isinstance(compiled, Refused) else "compiled"
    whole = loading + compiling
    times = (f"{seconds:.3f}" for seconds in (loading, building, scheduling, whole))
    return whole, (f"{size:,}", f"{len(graph.root.edges):,}", *times, outcome)


def _spec(loaded: Loaded) -> WorkflowSpec:
    if loaded.spec is None:
        raise ValueError(f"the generated workflow does not load: {loaded.diagnostics}")
    return loaded.spec


def _timed(work: Callable[[], _T]) -> tuple[float, _T]:
    """The shortest of some rounds, in seconds, and the result."""
    times = []
    for _ in range(ROUNDS):
        started = process_time()
        result = work()
        times.append(process_time() - started)
    return min(times), result
