"""A chain of 200 states on the local stack: from the request that starts a run of it to the run's end in the table.

Once of states of the engine's own (transforms, each reading the one before), once of workers (each invoked, each node run recorded with its events).
The first shows the interpreter; what the second adds is the workers and the emulated table.
"""

from collections.abc import Callable
from typing import Final

from bench.clock import Spent, busy, spent
from bench.counted_runs import Stage, stage
from bench.table import Figure, Table, at_most

NODES: Final = 200
LIMIT_SECONDS: Final = 4.0


def run() -> Table:
    with stage() as here:
        engine = _run(here, "engine", _transform)
        workers = _run(here, "workers", _worker)
    figures = (
        at_most(f"{NODES} states of the engine", engine.wall, LIMIT_SECONDS, digits=2, unit=" s"),
        at_most(f"{NODES} workers, each node run recorded", workers.wall, LIMIT_SECONDS, digits=2, unit=" s"),
        Figure("the same in processor time", f"{engine.processor:.2f} s, {workers.processor:.2f} s"),
    )
    return Table(f"A chain of {NODES} states on the local stack", figures, notes=[f"{busy()}."])


def chain(node: Callable[[int], str]) -> str:
    """The workflow as text."""
    return f"sluice: 1\nname: measured-chain\nnodes:\n{''.join(f'  n{index}: {node(index)}' for index in range(NODES))}"


def _transform(index: int) -> str:
    return f'{{type: transform, value: "{{% $n{index - 1} + 1 %}}", after: [n{index - 1}]}}\n' if index else "{type: transform, value: 1}\n"


def _worker(index: int) -> str:
    values, after = (f"$n{index - 1}.value", f", after: [n{index - 1}]") if index else ("0", "")
    return f"{{type: tool_call, tool: math, with: {{expression: a + 1, values: {{a: {values}}}}}{after}}}\n"


def _run(here: Stage, name: str, node: Callable[[int], str]) -> Spent[None]:
    workflow_id = here.publish(chain(node), name=f"chain of {name}")

    def whole() -> None:
        ended = here.ended(here.start(workflow_id, {}))
        if ended["status"] != "succeeded":
            raise ValueError(f"the chain of {name} ended as {ended['status']}: {ended['error']}")

    return spent(whole)
