"""What the ways through a plan take, where there is no machine to walk.

In: a plan, the costs of its graph. Out: a `Tally`. An estimate: how many states a guard takes is decided when the machine is drawn (a condition leads
to its branches itself), so that a Choose counts as one state or none.
"""

from dataclasses import dataclass
from typing import assert_never

from chalicelib.compiler.collecting import is_collected, is_distributed
from chalicelib.compiler.costs import ROOT, Costs, Spot, state
from chalicelib.compiler.plan import Choose, ForEach, Parallel, Plan, Series, Visit
from chalicelib.compiler.prices import EVENTS
from chalicelib.compiler.tally import NOTHING, Counts, Tally, either, exactly, total
from chalicelib.compiler.timing import entries
from chalicelib.compiler.traces import waits_after
from chalicelib.spec.nodes import AgentCall, HumanGate, Join, ToolCall, WorkerNode
from chalicelib.spec.nodes import Parallel as FanOut


def plan_tally(plan: Plan, costs: Costs) -> Tally:
    return _block(plan, costs, ROOT)


def _block(plan: Plan, costs: Costs, spot: Spot) -> Tally:
    announcing = frozenset(waits_after(plan, costs.nodes)) if spot is ROOT else frozenset[str]()
    return costs.told((entry.node for entry in entries(plan)), spot) + _Walk(costs, announcing).part(plan, spot)


@dataclass(frozen=True)
class _Walk:
    costs: Costs
    announcing: frozenset[str]

    def part(self, plan: Plan, spot: Spot) -> Tally:
        match plan:
            case Visit(node):
                return self._visit(node, spot)
            case ForEach(node, body):
                return self._map(node, body, spot)
            case Series(items):
                return total(self.part(item, spot) for item in items)
            case Parallel(branches):
                return exactly(state(EVENTS.parallel)) + total(self.part(branch, spot.in_branch()) for branch in branches)
            case Choose(arms):
                return Tally(Counts(), state()) + either([NOTHING, *(self.part(arm.body, spot) for arm in arms)])
            case _ as unknown:
                assert_never(unknown)

    def _map(self, name: str, body: Plan, spot: Spot) -> Tally:
        node = self.costs.map(name)
        item = _block(body, self.costs, spot.in_item(is_distributed=is_distributed(node)))
        told = self.costs.map_told(name, spot, item)
        collected = self.costs.collecting(spot) if is_collected(node) else NOTHING
        return exactly(state(EVENTS.map)) + collected + told + (item + exactly(Counts(events=EVENTS.map_item))).times(*self.costs.items(name))

    def _visit(self, name: str, spot: Spot) -> Tally:
        node = self.costs.nodes[name]
        if isinstance(node, FanOut | Join):
            return NOTHING
        if not isinstance(node, WorkerNode):
            return exactly(state())
        once = self.costs.visit(name, spot, announces=name in self.announcing)
        if isinstance(node, HumanGate):
            once += Tally(Counts(), self.costs.task())
        budget = self.costs.graph.spec.budget
        if isinstance(node, AgentCall | ToolCall) and node.is_entered_again(budget):
            waits = isinstance(node, ToolCall) or node.may_wait(budget)
            once += exactly(state()) + self.costs.entered_later(name, waits=waits)
        if node.repeat is None:
            return once
        further = once + exactly(state() + self.costs.visited_again(name, spot))
        return once + exactly(state()) + further.times(0, node.repeat.max_times - 1)
