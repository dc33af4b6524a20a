import pytest

from chalicelib.compiler.costs import ASSUMED_ITEMS, Costs, node_of
from chalicelib.compiler.prices import LAMBDA, PRICES, WRITES
from chalicelib.spec.model import JsonObject
from tests.factories.small_graphs import graph, timed

TOOL: JsonObject = {"type": "tool_call", "tool": "time.now"}


def test_it_counts_a_worker_with_its_writes_and_its_time() -> None:
    costs = Costs(graph({"a": timed(2)}))
    found = costs.worker("a", waits=False)
    assert (found.transitions, found.invocations, found.writes, found.events) == (1, 1, 6, 5)
    milliseconds = LAMBDA.own_milliseconds + 2_000
    duration = PRICES.lambda_gigabyte_second * LAMBDA.memory_gigabytes * milliseconds // 1_000
    writes = 6 * WRITES.units_per_item * PRICES.write_unit
    assert found.price == PRICES.transition + PRICES.lambda_request + duration + writes


def test_it_pays_nothing_for_the_time_that_people_take() -> None:
    costs = Costs(graph({"a": timed(2), "g": "gate"}))
    assert costs.worker("g", waits=True).price < costs.worker("a", waits=False).price
    assert costs.worker("g", waits=True).writes > costs.worker("a", waits=False).writes


def test_it_tells_of_native_nodes_alone() -> None:
    costs = Costs(graph({"a": "", "c": "condition", "w": "wait", "j": "join"}))
    assert costs.told(["a", "c", "w", "j"]).writes == 2 * WRITES.native_told


@pytest.mark.parametrize(
    ("fields", "items"),
    [({"over": [1, 2, 3]}, (3, 3)), ({"over": "$context.list", "max_items": 9}, (0, 9)), ({"over": "$context.list"}, (0, ASSUMED_ITEMS))],
)
def test_it_knows_how_many_items_there_may_be(fields: JsonObject, items: tuple[int, int]) -> None:
    assert Costs(graph({"m": {"type": "map", "nodes": {"a": TOOL}, **fields}})).items("m") == items


def test_it_refuses_to_count_items_of_what_is_no_map() -> None:
    with pytest.raises(ValueError, match="no map"):
        Costs(graph({"a": ""})).items("a")


def test_it_knows_how_often_a_loop_may_run() -> None:
    costs = Costs(graph({"a": {**TOOL, "repeat": {"until": "true", "max_times": 4}}, "b": ""}))
    assert (costs.visits("a"), costs.visits("b")) == ((1, 4), (1, 1))


def test_it_reads_node_and_role_from_a_states_name() -> None:
    assert node_of("rank") == ("rank", "")
    assert node_of("rank--again") == ("rank", "again")
