"""How good and how quick schedules are: on real task graphs, and on the committed ones.

Makespan against the critical path (which no plan can beat) and against level by level; states entered: one a node, one a Parallel.
Seconds are of processor time, so that what else runs on the machine does not count.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from statistics import mean
from time import process_time
from typing import Final

from bench.table import Figure, Table, at_most
from bench.task_graphs import COMMITTED, TaskGraph, corpus_folder, read_folder
from chalicelib.compiler.graph import WorkflowGraph, build
from chalicelib.compiler.plan import Parallel, Plan, Series
from chalicelib.compiler.schedule import schedule
from chalicelib.compiler.timing import timing

REAL_GRAPHS: Final = 111


@dataclass(frozen=True)
class Scheduled:
    """One graph's figures; seconds of processor time on this machine."""

    name: str
    nodes: int
    over_critical_path: float
    levels_over_critical_path: float
    states_per_node: float
    seconds: float


def run() -> Table:
    folder = corpus_folder()
    graphs = read_folder(folder)
    if not graphs:
        found = [measure(graph) for graph in read_folder(COMMITTED)]
        absent = f"{folder} is absent: set SLUICE_BENCH_CORPUS to the folder of real task graphs."
        return _table("Schedule on the committed task graphs", found, notes=[absent, "These are harder on purpose; there is nothing to reach."])
    found = [measure(graph) for graph in graphs]
    return _table(f"Schedule on {len(found)} real task graphs", found, is_judged=True, notes=_missing(folder, len(found)))


def measure(graph: TaskGraph) -> Scheduled:
    started = process_time()
    built = build(graph.spec())
    if not isinstance(built, WorkflowGraph):
        raise ValueError(f"{graph.name}: {built}")
    plan = schedule(built)
    seconds = process_time() - started
    timed = timing(plan, graph=built)
    return Scheduled(
        name=graph.name,
        nodes=len(graph.parents),
        over_critical_path=timed.makespan / timed.critical_path,
        levels_over_critical_path=timed.by_level / timed.critical_path,
        states_per_node=1 + parallels(plan) / len(graph.parents),
        seconds=seconds,
    )


def parallels(plan: Plan) -> int:
    """The Parallel states of a plan without conditions."""
    match plan:
        case Series(parts):
            return sum(map(parallels, parts))
        case Parallel(parts):
            return 1 + sum(map(parallels, parts))
        case _:
            return 0


def _table(title: str, found: Sequence[Scheduled], *, is_judged: bool = False, notes: Sequence[str]) -> Table:
    slower = sum(each.over_critical_path > each.levels_over_critical_path for each in found)
    levels = [each.levels_over_critical_path for each in found]
    limited = (
        at_most("makespan over critical path, mean", mean(each.over_critical_path for each in found), 1.001),
        at_most("makespan over critical path, worst", max(each.over_critical_path for each in found), 1.01),
        at_most("states entered per node, mean", mean(each.states_per_node for each in found), 1.07),
        at_most("all planned, spec to plan", sum(each.seconds for each in found), 10, digits=2, unit=" s"),
    )
    figures = (
        *(limited if is_judged else (Figure(figure.what, figure.measured) for figure in limited)),
        Figure("slower than level by level", f"{slower} graphs", "0", slower == 0),
        Figure("level by level over critical path", f"{mean(levels):.3f} mean, {max(levels):.2f} worst"),
    )
    columns = ("family", "graphs", "nodes", "mean", "worst", "levels", "states", "seconds")
    return Table(title, figures, columns, [_family(name, list(group)) for name, group in groupby(found, key=_family_of)], notes)


def _family_of(each: Scheduled) -> str:
    """The first word of a real graph's name; a committed one's name without its width."""
    head, _, tail = each.name.rpartition("-")
    return head if tail.isdigit() and len(tail) < 3 else each.name.partition("-")[0]


def _family(name: str, group: list[Scheduled]) -> tuple[str, ...]:
    return (
        name,
        f"{len(group)}",
        f"{max(each.nodes for each in group)}",
        f"{mean(each.over_critical_path for each in group):.4f}",
        f"{max(each.over_critical_path for each in group):.4f}",
        f"{mean(each.levels_over_critical_path for each in group):.4f}",
        f"{mean(each.states_per_node for each in group):.3f}",
        f"{sum(each.seconds for each in group):.2f}",
    )


def _missing(folder: Path, count: int) -> list[str]:
    return [] if count == REAL_GRAPHS else [f"{folder} holds {count} graphs; the figures are meant for {REAL_GRAPHS}."]
