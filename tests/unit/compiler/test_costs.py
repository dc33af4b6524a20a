import pytest

from chalicelib.compiler.costs import ASSUMED_ITEMS, Costs, Spot, node_of
from chalicelib.compiler.prices import LAMBDA, PRICES, WRITES
from chalicelib.compiler.tally import NOTHING, Tally
from chalicelib.spec.model import JsonObject
from tests.factories.small_graphs import graph, timed

TOOL: JsonObject = {"type": "tool_call", "tool": "time.now"}


UNTOLD = WRITES.node_told
ALONE, BRANCH, ITEM = Spot(), Spot().in_branch(), Spot().in_item(is_distributed=False)


def writes(found: Tally) -> tuple[int, int]:
    return found.least.writes, found.most.writes


def test_it_counts_a_visit_with_its_writes_and_its_time() -> None:
    found = Costs(graph({"a": timed(2)})).visit("a", ALONE)
    assert found.least == found.most
    assert (found.least.transitions, found.least.invocations, found.least.writes, found.least.events) == (1, 1, WRITES.node_visited - UNTOLD, 5)
    milliseconds = LAMBDA.own_milliseconds + 2_000
    duration = PRICES.lambda_gigabyte_second * LAMBDA.memory_gigabytes * milliseconds // 1_000
    items = (WRITES.node_visited - UNTOLD) * WRITES.units_per_item * PRICES.write_unit
    assert found.least.price == PRICES.transition + PRICES.lambda_request + duration + items


def test_it_pays_nothing_for_the_time_that_people_take() -> None:
    costs = Costs(graph({"a": timed(2), "g": "gate"}))
    assert costs.visit("g", ALONE).most.price < costs.visit("a", ALONE).least.price


@pytest.mark.parametrize(
    ("fields", "visited"),
    [
        ({"type": "human_gate"}, (11, 12)),
        ({"type": "message", "wait_for_reply": True}, (10, 10)),
        ({"type": "workflow"}, (9, 9)),
    ],
)
def test_it_counts_what_waiting_writes(fields: JsonObject, visited: tuple[int, int]) -> None:
    costs = Costs(graph({"n": fields}))
    least, most = visited
    assert writes(costs.visit("n", ALONE)) == (least + WRITES.turns - UNTOLD, most + WRITES.turns - UNTOLD)
    assert writes(costs.visit("n", BRANCH)) == (least - UNTOLD, most + WRITES.turns - UNTOLD)
    assert writes(costs.visit("n", ITEM)) == (least, most + WRITES.turns)


def test_it_counts_a_wait_that_a_worker_announces() -> None:
    found = Costs(graph({"a": ""})).visit("a", ALONE, announces=True)
    expected = WRITES.node_visited - UNTOLD + WRITES.node_told + WRITES.turns
    assert writes(found) == (expected, expected)


def test_it_writes_less_for_items_of_distributed_maps() -> None:
    costs = Costs(graph({"a": ""}))
    assert writes(costs.visit("a", Spot().in_item(is_distributed=True))) == (WRITES.distributed_visited, WRITES.distributed_visited)
    assert Spot().in_item(is_distributed=True).in_item(is_distributed=False).is_distributed


def test_it_tells_of_every_node_of_the_workflow_and_of_none_in_maps() -> None:
    costs = Costs(graph({"a": "", "c": "condition", "j": "join"}))
    assert writes(costs.told("acj", ALONE)) == (3 * WRITES.node_told, 3 * WRITES.node_told)
    assert writes(costs.told("acj", ITEM)) == (0, 0)


def test_it_tells_that_a_map_begins_where_a_worker_speaks_in_it() -> None:
    costs = Costs(
        graph({"m": {"type": "map", "over": "$context.list", "nodes": {"a": TOOL}}, "f": {"type": "map", "over": [1], "nodes": {"b": TOOL}}})
    )
    worker, native = costs.visit("a", ITEM), NOTHING
    assert writes(costs.map_told("m", ALONE, worker)) == (0, WRITES.node_told)
    assert writes(costs.map_told("f", ALONE, worker)) == (WRITES.node_told, WRITES.node_told)
    assert writes(costs.map_told("f", ITEM, worker)) == (2 * WRITES.node_told, 2 * WRITES.node_told)
    assert writes(costs.map_told("f", ALONE, native)) == (0, 0)


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


def test_it_counts_the_word_of_who_collects_a_map_s_results() -> None:
    costs = Costs(graph({"a": ""}))
    alone, within = costs.collecting(ALONE), costs.collecting(Spot().in_item(is_distributed=True))
    assert (alone.least.invocations, writes(alone), writes(within)) == (1, (WRITES.map_collected, WRITES.map_collected), (0, 0))
