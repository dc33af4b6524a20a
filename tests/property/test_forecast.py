"""The forecast of any workflow, held against random walks through its machine."""

from collections import Counter
from dataclasses import dataclass, field
from random import Random

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from chalicelib.compiler.compile import Compilation, compile_workflow
from chalicelib.compiler.costs import ASSUMED_ITEMS
from chalicelib.compiler.forecast import forecast
from chalicelib.spec.model import Json, JsonObject
from chalicelib.spec.nodes import Map, WorkerNode
from chalicelib.spec.workflow import WorkflowSpec
from tests.factories.specs import documents


@dataclass
class MachineWalk:
    """States entered on one way through a machine, chance deciding wherever the machine could go either way."""

    random: Random
    items: dict[str, int]
    visits: dict[str, int]
    entered: Counter[str] = field(default_factory=Counter)

    def walk(self, scope: JsonObject) -> None:
        states = as_object(scope["States"])
        name: str | None = str(scope["StartAt"])
        looped: Counter[str] = Counter()
        while name is not None:
            state = as_object(states[name])
            self.entered[str(state["Type"])] += 1
            self._inside(name, state)
            ways = self._ways(state)
            if name.endswith("--again"):
                node = name.removesuffix("--again")
                looped[node] += 1
                ways = [way for way in ways if way != node] if looped[node] == self.visits[node] else ways
            name = self.random.choice(ways)

    def _inside(self, name: str, state: JsonObject) -> None:
        for branch in as_list(state.get("Branches", [])):
            self.walk(as_object(branch))
        for _ in range(self.items.get(name, 0)):
            self.walk(as_object(state["ItemProcessor"]))

    @staticmethod
    def _ways(state: JsonObject) -> list[str | None]:
        if state["Type"] == "Choice":
            return [*(str(as_object(rule)["Next"]) for rule in as_list(state["Choices"])), str(state["Default"])]
        caught = [str(as_object(catcher)["Next"]) for catcher in as_list(state.get("Catch", []))]
        return [str(state["Next"]) if "Next" in state else None, *caught]


def as_object(value: Json) -> JsonObject:
    assert isinstance(value, dict)
    return value


def as_list(value: Json) -> list[Json]:
    assert isinstance(value, list)
    return value


def compiled(document: JsonObject) -> Compilation:
    found = compile_workflow(WorkflowSpec.model_validate(document))
    assume(isinstance(found, Compilation))
    assert isinstance(found, Compilation)
    return found


@settings(max_examples=12)
@given(documents(max_nodes=14), st.integers(0, 2**32))
def test_it_holds_for_every_way_through_the_machine(document: JsonObject, seed: int) -> None:
    found = compiled(document)
    nodes = {name: node for block in found.graph.blocks.values() for name, node in block.nodes.items()}
    visits = {name: node.repeat.max_times for name, node in nodes.items() if isinstance(node, WorkerNode) and node.repeat}
    for each in range(4):
        random = Random(seed + each)
        items = {name: items_of(node, random) for name, node in nodes.items() if isinstance(node, Map)}
        walk = MachineWalk(random, items, visits)
        walk.walk(found.state_machine)
        assert walk.entered.total() in found.forecast.transitions
        assert walk.entered["Task"] in found.forecast.invocations


def items_of(node: Map, random: Random) -> int:
    return len(node.over) if isinstance(node.over, list) else random.randint(0, min(6, node.max_items or ASSUMED_ITEMS))


@settings(max_examples=12)
@given(documents(max_nodes=14))
def test_it_estimates_from_the_plan_what_the_machine_takes(document: JsonObject) -> None:
    """Workers and native nodes are the same; how many states guards take differs."""
    found = compiled(document)
    estimated = forecast(found.plan, found.graph)
    assert estimated.invocations.least <= found.forecast.invocations.most
    assert estimated.transitions.least <= found.forecast.transitions.most
