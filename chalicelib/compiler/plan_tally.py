"""What the ways through a plan take, where there is no machine to walk.

In: a plan, the costs of its graph. Out: a `Tally`. An estimate: how many states a guard takes is decided when the machine is drawn (a condition leads
to its branches itself), so that a Choose counts as one state or none.
"""

from dataclasses import dataclass
from typing import assert_never

from chalicelib.compiler.costs import Costs
from chalicelib.compiler.plan import Choose, ForEach, Parallel, Plan, Series, Visit
from chalicelib.compiler.prices import EVENTS
from chalicelib.compiler.tally import NOTHING, Counts, Tally, either, exactly, total
from chalicelib.compiler.timing import entries
from chalicelib.spec.nodes import HumanGate, Join, Message, SubWorkflow, WorkerNode
from chalicelib.spec.nodes import Parallel as FanOut


@dataclass(frozen=True)
class PlanTally:
    costs: Costs

    def block(self, plan: Plan) -> Tally:
        return exactly(self.costs.told([entry.node for entry in entries(plan)])) + self._part(plan)

    def _part(self, plan: Plan) -> Tally:
        match plan:
            case Visit(node):
                return self._visit(node)
            case ForEach(node, body):
                item = exactly(Counts(events=EVENTS.map_item)) + self.block(body)
                return exactly(self.costs.state(EVENTS.map)) + item.times(*self.costs.items(node))
            case Series(items):
                return total(self._part(item) for item in items)
            case Parallel(branches):
                return exactly(self.costs.state(EVENTS.parallel)) + total(self._part(branch) for branch in branches)
            case Choose(arms):
                return Tally(Counts(), self.costs.state()) + either([NOTHING, *(self._part(arm.body) for arm in arms)])
            case _ as unknown:
                assert_never(unknown)

    def _visit(self, name: str) -> Tally:
        node = self.costs.nodes[name]
        if isinstance(node, FanOut | Join):
            return NOTHING
        if not isinstance(node, WorkerNode):
            return exactly(self.costs.state())
        waits = isinstance(node, HumanGate | SubWorkflow) or (isinstance(node, Message) and node.wait_for_reply)
        once = exactly(self.costs.worker(name, waits=waits))
        if isinstance(node, HumanGate):
            once += Tally(Counts(), self.costs.task())
        if node.repeat is None:
            return once
        return (once + exactly(self.costs.state())).times(*self.costs.visits(name))
