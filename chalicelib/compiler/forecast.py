"""What a run takes and costs, before it runs.

In: a plan, its graph, the state machine if there is one. Out: `Forecast`: exact figures where nothing decides, ranges where branches, time-outs, maps
or repeats do. Retries count nowhere, nor do runs that fail. States are counted on the machine itself, since drawing it folds states; without one the
plan gives an estimate.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass

from chalicelib.compiler.costs import ASSUMED_ITEMS, Costs, polls
from chalicelib.compiler.forecast_models import NO_MODELS, ModelsForecast, forecast_models
from chalicelib.compiler.graph import WorkflowGraph
from chalicelib.compiler.machine_shape import shape
from chalicelib.compiler.machine_tally import machine_tally
from chalicelib.compiler.model_rates import ModelFacts
from chalicelib.compiler.plan import ForEach, Plan
from chalicelib.compiler.plan_tally import plan_tally
from chalicelib.compiler.prices import PICO_IN_MICRO, PRICES_AS_OF
from chalicelib.compiler.ranges import Range as Range
from chalicelib.compiler.tally import Tally
from chalicelib.compiler.timing import entries
from chalicelib.spec.model import JsonObject
from chalicelib.spec.nodes import MOST_WOKEN


@dataclass(frozen=True, slots=True)
class Forecast:
    """Of one run. `transitions`: states entered; `invocations`: of the worker by the machine; `writes`: items written to the table;
    `history_events`: in the execution's own history; `models`: what models cost on top of `price_microdollars`; `notes`: what had to be
    assumed."""

    transitions: Range
    invocations: Range
    writes: Range
    history_events: Range
    price_microdollars: Range
    models: ModelsForecast = NO_MODELS
    prices_as_of: str = PRICES_AS_OF
    notes: tuple[str, ...] = ()

    def as_json(self) -> JsonObject:
        return {**asdict(self), "notes": list(self.notes), "models": self.models.as_json()}


def forecast(plan: Plan, graph: WorkflowGraph, *, machine: JsonObject | None = None, facts: ModelFacts | None = None) -> Forecast:
    """The forecast of the plan; `machine` is what was drawn of it, as plain ASL; `facts` is what models cost."""
    costs = Costs(graph, facts)
    whole = costs.run() + _tally(plan, costs, machine)
    return Forecast(
        transitions=Range(whole.least.transitions, whole.most.transitions),
        invocations=Range(whole.least.invocations, whole.most.invocations),
        writes=Range(whole.least.writes, whole.most.writes),
        history_events=Range(whole.least.events, whole.most.events),
        price_microdollars=Range(round(whole.least.price / PICO_IN_MICRO), round(whole.most.price / PICO_IN_MICRO)),
        models=forecast_models(plan, costs, whole),
        notes=tuple(_notes(plan, costs)),
    )


def _tally(plan: Plan, costs: Costs, machine: JsonObject | None) -> Tally:
    return plan_tally(plan, costs) if machine is None else machine_tally(shape(machine), plan, costs)


def _notes(plan: Plan, costs: Costs) -> Iterator[str]:
    for entry in entries(plan):
        if isinstance(entry, ForEach):
            node = costs.map(entry.node)
            if isinstance(node.over, str) and node.max_items is None:
                yield f"{entry.node}: {ASSUMED_ITEMS} items at most are assumed; max_items says how many there may be"
            yield from _notes(entry.body, costs)
        elif most := costs.most_entries(entry.node):
            yield f"{entry.node}: {_entries(most, asks=polls(costs.nodes[entry.node]))}"


def _entries(most: int, *, asks: bool) -> str:
    if asks:
        more = f"{MOST_WOKEN} times more where it tells of changes"
        return f"the other agent is asked {most} times at most how its task stands, and {more}; what waits shorter is asked less"
    return f"{most} more entries of the agent at most are assumed; its conversation's own writes are left out"
