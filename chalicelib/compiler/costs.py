"""What single states and nodes take, before anything decides.

In: a graph. Out: `Costs`: tallies of one visit of a node, of a map's beginning, of a run beside its states; how many items a map may have, how often
a node is visited.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from chalicelib.compiler.durations import MICROSECONDS, expected_duration
from chalicelib.compiler.graph import WorkflowGraph
from chalicelib.compiler.model_costs import ModelCosts
from chalicelib.compiler.model_rates import ModelFacts
from chalicelib.compiler.prices import EVENTS, LAMBDA, PRICES, WRITES
from chalicelib.compiler.tally import NOTHING, Counts, Tally, exactly
from chalicelib.spec.agent_landing import AsksAgent, CallsWorkflow
from chalicelib.spec.indexed import is_always_there
from chalicelib.spec.nodes import MOST_WOKEN, AgentCall, HumanGate, Map, Message, Node, Polling, SubWorkflow, ToolCall, Wait, WorkerNode, is_served

ASSUMED_ITEMS: Final = 40
ROLE: Final = "--"


@dataclass(frozen=True, slots=True)
class Spot:
    """Where something is visited: in a map's items, in those of a distributed map, and whether nothing else can run meanwhile."""

    in_items: bool = False
    is_distributed: bool = False
    is_alone: bool = True

    def in_branch(self) -> "Spot":
        return Spot(self.in_items, self.is_distributed, is_alone=False)

    def in_item(self, *, is_distributed: bool) -> "Spot":
        return Spot(in_items=True, is_distributed=self.is_distributed or is_distributed, is_alone=False)


ROOT: Final = Spot()


@dataclass(frozen=True)
class Costs:
    graph: WorkflowGraph
    facts: ModelFacts | None = None

    def visit(self, name: str, spot: Spot, *, announces: bool = False) -> Tally:
        """A Task that serves a node. `announces`: a Wait follows, and its worker says so. Another service's work is not counted."""
        node = self.nodes[name]
        if not is_served(node):
            return exactly(state(EVENTS.task))
        waits = waits_for_token(node)
        microseconds = 0 if waits or polls(node) else expected_duration(node)
        counts = self.task(microseconds=microseconds, events=EVENTS.token_task if waits else EVENTS.task)
        least, most = _visit_writes(node, spot)
        always = (WRITES.node_told if announces else 0) - self.untold_writes(spot)
        turns = WRITES.turns if waits or announces else 0
        told = Tally(written(least + (turns if spot.is_alone else 0)), written(most + turns))
        return exactly(counts + written(always)) + told + self._models(name)

    def _models(self, name: str) -> Tally:
        """What the models of one visit cost. What has no price is told by name, and counts as nothing."""
        visit = self.models.visits.get(name)
        if visit is None or visit.cost is None:
            return NOTHING
        cost = visit.cost
        return Tally(Counts(models=cost.least), Counts(models=cost.most or 0, unbounded=int(cost.most is None)))

    @cached_property
    def models(self) -> ModelCosts:
        return ModelCosts(self.graph, self.facts)

    @staticmethod
    def untold_writes(spot: Spot) -> int:
        """What the run's end writes of a worker's node that was never visited: it is taken off the first visit."""
        return 0 if spot.in_items else WRITES.node_told

    def visited_again(self, name: str, spot: Spot) -> Counts:
        """What a further visit writes that the first one had taken off."""
        return written(self.untold_writes(spot) if is_served(self.nodes[name]) else 0)

    def collecting(self, spot: Spot) -> Tally:
        """The Task that collects a map's results: it tells of the map's end, which is counted with the map, in a word for itself."""
        return exactly(self.task() + written(0 if spot.is_distributed else WRITES.map_collected))

    @staticmethod
    def task(*, microseconds: int = 0, events: int = EVENTS.task) -> Counts:
        """One invocation of the worker."""
        duration = LAMBDA.own_milliseconds * MICROSECONDS // 1_000 + microseconds
        price = PRICES.lambda_request + PRICES.lambda_gigabyte_second * LAMBDA.memory_gigabytes * duration // MICROSECONDS
        return state(events) + Counts(invocations=1, price=price)

    def entered_later(self, name: str, *, waits: bool) -> Tally:
        """All entries of a visit after the first, each with the Choice before it. Of a node that asks an agent elsewhere some may
        come after word instead of a pause."""
        choosing = exactly(state())
        found = (choosing + self._entered_again(name, waits=waits)).times(0, self.most_entries(name))
        if waits and polls(self.nodes[name]):
            found += (choosing + exactly(self.task() + self.task(events=EVENTS.token_task))).times(0, MOST_WOKEN)
        return found

    def _entered_again(self, name: str, *, waits: bool) -> Tally:
        """An agent's next entry; where it may wait, a wait may lie before it. The next asking of an agent elsewhere, after a pause: it writes
        nothing."""
        if polls(self.nodes[name]):
            return exactly(self.task() + state())
        once = self.task() + written(WRITES.entered)
        if not waits:
            return exactly(once)
        _, closed = WRITES.gate_closed
        return Tally(once, once + self.task(events=EVENTS.token_task) + written(WRITES.gate_opened + closed + WRITES.turns))

    def most_entries(self, name: str) -> int:
        """How often a node is entered after the first time, as far as can be assumed: an agent may leave after each turn."""
        match self.nodes[name]:
            case AsksAgent(wait=Polling(most_polls=most)):
                return most
            case AgentCall(max_turns=most) as agent if agent.is_entered_again(self.graph.spec.budget):
                return most
            case ToolCall(wait=Polling(most_polls=most)):
                return most
            case _:
                return 0

    def run(self) -> Tally:
        """What every run takes beside its states. Its first worker tells that it has begun, or the engine, by a word for itself."""
        whole = written(WRITES.run_created + WRITES.run_started + WRITES.run_ended) + Counts(events=EVENTS.execution)
        spoken = Tally(Counts(), written(WRITES.engines_word if begins_with_wait(self.graph) else 0))
        return exactly(whole) + spoken + self._marked()

    def _marked(self) -> Tally:
        """What the run is found by. A field without a value has no mark."""
        spec = self.graph.spec
        certain = sum(is_always_there(spec.input, path) for path in spec.indexed)
        least, most = len(spec.labels) + certain, len(spec.labels) + len(spec.indexed)
        return Tally(written(least * WRITES.run_marked), written(most * WRITES.run_marked))

    def told(self, names: Iterable[str], spot: Spot) -> Tally:
        """What is written of a block's nodes whether they are visited or not; nothing inside maps."""
        return exactly(written(0 if spot.in_items else WRITES.node_told * len(list(names))))

    @staticmethod
    def told_of_item(least: int, most: int, spot: Spot) -> Tally:
        """What a worker of an item writes of so many native nodes."""
        each = WRITES.distributed_told if spot.is_distributed else WRITES.node_told
        return Tally(written(least * each), written(most * each))

    def map_told(self, name: str, spot: Spot, item: Tally) -> Tally:
        """A map begins with the first word of a worker in it; a map in a map also ends by itself."""
        told = WRITES.node_told * (2 if spot.in_items else 1)
        least, most = self.items(name)
        return Tally(written(told if least and item.least.invocations else 0), written(told if most and item.most.invocations else 0))

    def items(self, name: str) -> tuple[int, int]:
        """How many items the map may have; as many as ASSUMED_ITEMS where nothing says."""
        found = self.map(name)
        if isinstance(found.over, list):
            return len(found.over), len(found.over)
        return 0, found.max_items or ASSUMED_ITEMS

    def map(self, name: str) -> Map:
        found = self.nodes[name]
        if not isinstance(found, Map):
            raise ValueError(f"{name} is no map")
        return found

    def visits(self, name: str) -> tuple[int, int]:
        """How often a run visits the node in its loop."""
        found = self.nodes[name]
        if isinstance(found, WorkerNode) and found.repeat is not None:
            return 1, found.repeat.max_times
        return 1, 1

    @cached_property
    def nodes(self) -> Mapping[str, Node]:
        """Of all blocks: ids are unique over the workflow."""
        return {name: node for block in self.graph.blocks.values() for name, node in block.nodes.items()}


def begins_with_wait(graph: WorkflowGraph) -> bool:
    """Whether a native Wait may come before any worker, so that the engine tells that the run has begun."""
    root = graph.root
    workers = {name for name, node in root.nodes.items() if is_served(node) or isinstance(node, Map)}
    return any(isinstance(node, Wait) and not workers & root.ancestors[name] for name, node in root.nodes.items())


def state(events: int = EVENTS.plain) -> Counts:
    """One state entered."""
    return Counts(transitions=1, events=events, price=PRICES.transition)


def written(items: int) -> Counts:
    return Counts(writes=items, price=items * WRITES.units_per_item * PRICES.write_unit)


def waits_for_token(node: Node) -> bool:
    return isinstance(node, HumanGate | SubWorkflow | CallsWorkflow) or (isinstance(node, Message) and node.wait_for_reply)


def polls(node: Node) -> bool:
    """Whether its worker asks again and again how something stands."""
    return isinstance(node, AsksAgent) or (isinstance(node, ToolCall) and node.wait is not None)


def node_of(state_name: str) -> tuple[str, str]:
    """The node and the role that a state's name tells; a Parallel that is named for its branches gives its name and no role."""
    node, _, role = state_name.partition(ROLE)
    return node, role


def _visit_writes(node: Node, spot: Spot) -> tuple[int, int]:
    match node:
        case HumanGate():
            least, most = WRITES.gate_closed
            return WRITES.gate_opened + least, WRITES.gate_opened + most
        case Message(wait_for_reply=True):
            return WRITES.reply_visited, WRITES.reply_visited
        case SubWorkflow() | CallsWorkflow():
            return WRITES.child_visited, WRITES.child_visited
        case _:
            if spot.is_distributed:
                return WRITES.distributed_visited, WRITES.distributed_visited
            return WRITES.node_visited, WRITES.node_visited + (WRITES.continued if node.on_error == "continue" else 0)
