"""The plan of any graph, walked over random outcomes: each node once, after its predecessors, exactly when it runs."""

from dataclasses import dataclass, field
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.compiler.activation import Formula, excludes
from chalicelib.compiler.cuts import levels, reach
from chalicelib.compiler.decompose import decompose
from chalicelib.compiler.durations import expected_duration
from chalicelib.compiler.graph import Block, WorkflowGraph
from chalicelib.compiler.guards import Conditions
from chalicelib.compiler.plan import Choose, ForEach, Parallel, Plan, Series, Visit, visited
from chalicelib.compiler.precedence import Precedence
from chalicelib.compiler.schedule import block_precedence, schedule
from chalicelib.compiler.shortener import Shortener
from tests.factories.simulated_runs import Choose as Outcome
from tests.factories.simulated_runs import SimulatedRun, simulate
from tests.factories.workflow_graphs import graphs


@dataclass
class Walk:
    """One walk of a plan. What a guard asks must be known where it stands; what a node depends on must have settled where it is visited."""

    block: Block
    run: SimulatedRun
    seen: list[str] = field(default_factory=list)

    def walk(self, plan: Plan, settled: frozenset[str]) -> frozenset[str]:
        """All that has settled after the plan, skipped nodes included."""
        match plan:
            case Visit(node) | ForEach(node):
                assert self.block.ancestors[node] <= settled
                self.seen.append(node)
                return settled | {node}
            case Series(items):
                for item in items:
                    settled = self.walk(item, settled)
                return settled
            case Parallel(branches):
                return settled.union(*(self.walk(branch, settled) for branch in branches))
            case Choose(arms):
                taken = [arm for arm in arms if self.holds(arm.guard, settled)]
                assert len(taken) <= 1
                for arm in taken:
                    self.walk(arm.body, settled)
                return settled.union(visited(plan))

    def holds(self, guard: Formula, settled: frozenset[str]) -> bool:
        conditions = Conditions(self.block)
        known = sum(1 << self.block.ancestors.index[name] for name in settled)
        assert all(conditions.is_known(variable, known) for variable in guard.variables())
        for edges_tell in (False, True):
            shortener = Shortener(self.block, edges_tell=edges_tell)
            assert self.run.holds(shortener.shortest(guard)) == self.run.holds(guard)
            assert self.run.holds(shortener.last_decided(guard)) == self.run.holds(guard)
        return self.run.holds(guard)


def by_chance(seed: int) -> Outcome:
    random = Random(seed)
    return lambda _, labels: random.choice(labels)


def plans(graph: WorkflowGraph) -> list[tuple[Block, Plan]]:
    """Each block with its plan."""
    found: list[tuple[Block, Plan]] = []

    def collect(path: tuple[str, ...], plan: Plan) -> None:
        found.append((graph.blocks[path], plan))
        for inner in parts(plan):
            if isinstance(inner, ForEach):
                collect((*path, inner.node), inner.body)

    collect((), schedule(graph))
    return found


def parts(plan: Plan) -> list[Plan]:
    """The plan and all in it, without the bodies of maps."""
    match plan:
        case Visit() | ForEach():
            return [plan]
        case Series(children) | Parallel(children):
            return [plan, *(part for child in children for part in parts(child))]
        case Choose(arms):
            return [plan, *(part for arm in arms for part in parts(arm.body))]


@settings(max_examples=40)
@given(graphs(), st.integers(0, 2**32))
def test_it_visits_each_node_once_after_its_predecessors_and_exactly_when_it_runs(graph: WorkflowGraph, seed: int) -> None:
    for block, plan in plans(graph):
        assert sorted(visited(plan)) == sorted(block.order)
        for each in range(6):
            walk = Walk(block, simulate(block, by_chance(seed + each)))
            assert walk.walk(plan, frozenset()) == set(block.order)
            assert len(walk.seen) == len(set(walk.seen))
            assert set(walk.seen) == walk.run.ran


@settings(max_examples=40)
@given(graphs())
def test_it_nests_as_the_plan_types_promise(graph: WorkflowGraph) -> None:
    assert set(graph.blocks) == {block.path for block, _ in plans(graph)}
    for part in (part for _, plan in plans(graph) for part in parts(plan)):
        match part:
            case Series(items):
                assert len(items) >= 2
                assert not any(isinstance(item, Series) for item in items)
            case Parallel(branches):
                assert len(branches) >= 2
                assert not any(isinstance(branch, Parallel) for branch in branches)
            case Choose(arms):
                assert all(excludes(one.guard, other.guard) for index, one in enumerate(arms) for other in arms[:index])
                assert not any(arm.guard.is_always for arm in arms)
            case Visit() | ForEach():
                pass


@settings(max_examples=40)
@given(graphs())
def test_it_gives_the_same_plan_for_the_same_graph(graph: WorkflowGraph) -> None:
    assert schedule(graph) == schedule(graph)


@settings(max_examples=40)
@given(graphs(max_nodes=24))
def test_it_is_never_slower_than_level_by_level_nor_faster_than_the_critical_path(graph: WorkflowGraph) -> None:
    order = _order(graph.root)
    timed = decompose(order, leaf=Visit)
    reached = reach(order, order.everything)
    assert reached.critical <= timed.duration <= sum(max(order.durations[node] for node in level) for level in levels(reached))
    assert timed.duration == makespan(timed.plan, order)
    assert timed.parallels == sum(isinstance(part, Parallel) for part in parts(timed.plan))


def _order(block: Block) -> Precedence:
    return block_precedence(block, {name: expected_duration(block.nodes[name]) for name in block.order})


def makespan(plan: Plan, order: Precedence) -> int:
    match plan:
        case Series(items):
            return sum(makespan(item, order) for item in items)
        case Parallel(branches):
            return max(makespan(branch, order) for branch in branches)
        case _:
            (name,) = visited(plan)
            return order.durations[order.names.index(name)]
