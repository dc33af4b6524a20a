"""What the models of a run cost: node by node, and together.

In: a plan, its costs, what all its ways take. Out: `ModelsForecast`. A node's figures are those of one run, all its visits together; the whole's are
those of the ways that a run may take, so that of two branches only one counts. Sub-workflows pay for themselves: their own forecast tells.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Final, assert_never

from chalicelib.compiler.costs import Costs
from chalicelib.compiler.finding import warning
from chalicelib.compiler.model_costs import VisitCost
from chalicelib.compiler.plan import Choose, ForEach, Parallel, Plan, Series, Visit
from chalicelib.compiler.ranges import OpenRange, Range
from chalicelib.compiler.tally import Tally
from chalicelib.spec.agent_parts import Budget
from chalicelib.spec.diagnostic import Diagnostic
from chalicelib.spec.model import Json, JsonObject
from chalicelib.spec.positions import Positions
from chalicelib.spec.workflow import WorkflowSpec

_ONCE = Range(1, 1)


@dataclass(frozen=True, slots=True)
class NodeModels:
    """One node's. `cost_micro_dollars` is None where nobody who may answer has a price; `unpriced` are those who have none."""

    node: str
    model: str
    visits: Range
    input_tokens: OpenRange
    output_tokens: OpenRange
    cost_micro_dollars: OpenRange | None
    unpriced: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def as_json(self) -> JsonObject:
        return {**asdict(self), "unpriced": list(self.unpriced), "notes": list(self.notes)}


@dataclass(frozen=True, slots=True)
class ModelsForecast:
    """`cost_micro_dollars` is what the priced ones cost; `unpriced` may answer too and are not in it. `priced_at` dates the prices."""

    cost_micro_dollars: OpenRange
    unpriced: tuple[str, ...] = ()
    priced_at: str = ""
    nodes: tuple[NodeModels, ...] = ()

    def as_json(self) -> JsonObject:
        nodes: list[Json] = [node.as_json() for node in self.nodes]
        return {**asdict(self), "unpriced": list(self.unpriced), "nodes": nodes}


NO_MODELS: Final = ModelsForecast(OpenRange(0, 0))


def forecast_models(plan: Plan, costs: Costs, whole: Tally) -> ModelsForecast:
    """`whole`: what all ways through the plan take."""
    visited = dict(_visits(plan, costs, _ONCE))
    nodes = tuple(_of_run(name, cost, visited[name]) for name, cost in costs.models.visits.items() if name in visited)
    most = None if whole.most.unbounded else whole.most.models
    cost = OpenRange(whole.least.models, _within(costs.graph.spec.budget, most))
    unpriced = tuple(dict.fromkeys(name for node in nodes for name in node.unpriced))
    return ModelsForecast(cost, unpriced, costs.models.facts.priced_at, nodes)


def budgets_too_small(models: ModelsForecast, spec: WorkflowSpec, positions: Positions) -> tuple[Diagnostic, ...]:
    """A warning where every run would meet its budget."""
    least, budget = models.cost_micro_dollars.least, spec.budget
    if budget is None or least <= budget.micro_dollars:
        return ()
    met = "asks people for more" if budget.asks else "fails"
    message = f"models cost a run {least:,} micro-dollars at least, and its budget is {budget.micro_dollars:,}: every run {met}"
    return (
        warning("budget-too-small", message, "budget.micro_dollars", positions, "raise the budget, name a cheaper model, or shorten the prompts"),
    )


def _within(budget: Budget | None, most: int | None) -> int | None:
    """A budget that fails bounds what a run spends on models with a price."""
    if budget is None or budget.asks:
        return most
    return budget.micro_dollars if most is None else min(most, budget.micro_dollars)


def _of_run(name: str, cost: VisitCost, visits: Range) -> NodeModels:
    return NodeModels(
        node=name,
        model=cost.model,
        visits=visits,
        input_tokens=cost.input_tokens.times(visits),
        output_tokens=cost.output_tokens.times(visits),
        cost_micro_dollars=None if cost.cost is None else cost.cost.times(visits),
        unpriced=cost.unpriced,
        notes=cost.notes,
    )


def _visits(plan: Plan, costs: Costs, times: Range) -> Iterator[tuple[str, Range]]:
    """How often a run visits each node."""
    match plan:
        case Visit(node):
            least, most = costs.visits(node)
            yield node, Range(times.least * least, times.most * most)
        case ForEach(node, body):
            yield node, times
            least, most = costs.items(node)
            yield from _visits(body, costs, Range(times.least * least, times.most * most))
        case Series(items):
            for item in items:
                yield from _visits(item, costs, times)
        case Parallel(branches):
            for branch in branches:
                yield from _visits(branch, costs, times)
        case Choose(arms):
            for arm in arms:
                yield from _visits(arm.body, costs, Range(0, times.most))
        case _ as unknown:
            assert_never(unknown)
