"""How large definitions grow where nearly every edge has a condition: bytes per node, over random layered workflows from 100 to 1,000 nodes.

AWS takes 1 MB. A larger one is refused with a diagnostic, but measured here all the same. Beside it the processor time from spec to machine, which
ends with the rules of AWS, and what the same number of nodes takes without conditions.
"""

from math import log
from typing import Final

from bench.clock import busy, spent
from bench.conditional import conditional_text
from bench.layered import layered_text
from bench.table import Table, at_most
from chalicelib.compiler import asl
from chalicelib.compiler.absence import absences
from chalicelib.compiler.compile import Compilation, Refused, compile_workflow
from chalicelib.compiler.draw import draw
from chalicelib.compiler.emit import emit
from chalicelib.compiler.graph import WorkflowGraph, build
from chalicelib.compiler.names import name_variables
from chalicelib.compiler.schedule import schedule
from chalicelib.spec.load import load
from chalicelib.spec.workflow import WorkflowSpec

SIZES: Final = (100, 300, 400, 1_000)
BYTES_PER_NODE: Final = 2_700  # four hundred nodes in AWS's 1 MB
ROUNDS: Final = 2


def run() -> Table:
    bytes_per_node: dict[int, float] = {}
    seconds: dict[int, float] = {}
    details = []
    for size in SIZES:
        spec = _spec(conditional_text(size))
        compiling = spent(lambda spec=spec: compile_workflow(spec), rounds=ROUNDS)  # type: ignore[misc]
        whole, plain = _bytes(spec), _bytes(_spec(layered_text(size)))
        bytes_per_node[size], seconds[size] = whole / size, compiling.processor
        sizes = (f"{size:,}", f"{len(spec.edges):,}", f"{whole:,}", f"{whole / size:,.0f}", f"{plain / size:,.0f}")
        details.append((*sizes, f"{seconds[size]:.2f}", _outcome(compiling.result)))
    first, last = SIZES[0], SIZES[-1]
    growth = log(seconds[last] / seconds[first]) / log(last / first)
    figures = (
        *(at_most(f"definition bytes per node, {size:,} nodes", bytes_per_node[size], BYTES_PER_NODE, digits=0) for size in SIZES),
        at_most(f"growth of compile time from {first} to {last:,} nodes, exponent", growth, 1.3, digits=2),
    )
    columns = ("nodes", "edges", "bytes", "per node", "without conditions", "seconds", "outcome")
    return Table("Definitions with a condition on nearly every edge", figures, columns, details, [f"{busy()}."])


def _outcome(compiled: Compilation | Refused) -> str:
    if isinstance(compiled, Compilation):
        return "compiled"
    return f"refused: {next(found.code for found in compiled.diagnostics if found.is_error)}"


def _bytes(spec: WorkflowSpec) -> int:
    graph = build(spec)
    if not isinstance(graph, WorkflowGraph):
        raise ValueError(f"the generated workflow has no graph: {graph}")
    outline = draw(graph, schedule(graph), absences(graph).may_be_absent)
    return len(asl.canonical(asl.to_json(emit(outline, name_variables(outline, {}), spec))).encode())


def _spec(text: str) -> WorkflowSpec:
    loaded = load(text)
    if loaded.spec is None:
        raise ValueError(f"the generated workflow does not load: {loaded.diagnostics}")
    return loaded.spec
