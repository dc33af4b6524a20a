"""What single states and nodes take, before anything decides.

In: a graph. Out: `Costs`: counts of one entry of a state, of a block's native nodes, of a run's beginning and end; how many items a map may have, how
often a node is visited.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from chalicelib.compiler.durations import MICROSECONDS, expected_duration
from chalicelib.compiler.graph import WorkflowGraph
from chalicelib.compiler.prices import EVENTS, LAMBDA, PRICES, WRITES
from chalicelib.compiler.tally import Counts
from chalicelib.spec.nodes import Condition, Map, Node, Transform, Wait, WorkerNode

ASSUMED_ITEMS = 40
ROLE = "--"


@dataclass(frozen=True)
class Costs:
    graph: WorkflowGraph

    def worker(self, node: str, *, waits: bool) -> Counts:
        """A Task that serves a node: `waits` for its token, so that nothing is paid for the time until it comes."""
        work = 0 if waits else expected_duration(self.nodes[node])
        writes = WRITES.node_started + WRITES.node_finished + (WRITES.wait_opened + WRITES.wait_closed if waits else 0)
        return self.task(writes=writes, microseconds=work, events=EVENTS.token_task if waits else EVENTS.task)

    def task(self, *, writes: int = 0, microseconds: int = 0, events: int = EVENTS.task) -> Counts:
        """One invocation of the worker."""
        duration = LAMBDA.own_milliseconds * MICROSECONDS // 1_000 + microseconds
        price = PRICES.lambda_request + PRICES.lambda_gigabyte_second * LAMBDA.memory_gigabytes * duration // MICROSECONDS
        return self.state(events) + Counts(invocations=1, price=price) + self.written(writes)

    @staticmethod
    def state(events: int = EVENTS.plain) -> Counts:
        """One state entered."""
        return Counts(transitions=1, events=events, price=PRICES.transition)

    @staticmethod
    def written(items: int) -> Counts:
        return Counts(writes=items, price=items * WRITES.units_per_item * PRICES.write_unit)

    def run(self) -> Counts:
        """What every run takes beside its states."""
        return self.written(WRITES.run_started + WRITES.run_first_told + WRITES.run_finished) + Counts(events=EVENTS.execution)

    def told(self, names: "list[str]") -> Counts:
        """What is written of the native nodes among these, once a run or an item, skipped or not."""
        return self.written(WRITES.native_told * sum(isinstance(self.nodes[name], Condition | Wait | Transform | Map) for name in names))

    def items(self, node: str) -> tuple[int, int]:
        """How many items the map may have; as many as ASSUMED_ITEMS where nothing says."""
        found = self.map(node)
        if isinstance(found.over, list):
            return len(found.over), len(found.over)
        return 0, found.max_items or ASSUMED_ITEMS

    def map(self, node: str) -> Map:
        found = self.nodes[node]
        if not isinstance(found, Map):
            raise ValueError(f"{node} is no map")
        return found

    def visits(self, node: str) -> tuple[int, int]:
        """How often a run visits the node in its loop."""
        found = self.nodes[node]
        if isinstance(found, WorkerNode) and found.repeat is not None:
            return 1, found.repeat.max_times
        return 1, 1

    @cached_property
    def nodes(self) -> Mapping[str, Node]:
        """Of all blocks: ids are unique over the workflow."""
        return {name: node for block in self.graph.blocks.values() for name, node in block.nodes.items()}


def node_of(state: str) -> tuple[str, str]:
    """The node and the role that a state's name tells; a Parallel that is named for its branches gives its name and no role."""
    node, _, role = state.partition(ROLE)
    return node, role
