from chalicelib.compiler.durations import MICROSECONDS
from chalicelib.compiler.plan import ForEach, Visit
from chalicelib.compiler.schedule import schedule
from chalicelib.compiler.timing import Timing, entries, node_durations, timing
from chalicelib.spec.model import JsonObject
from tests.factories.small_graphs import graph, timed


def seconds(found: Timing) -> tuple[float, float, float]:
    return found.makespan / MICROSECONDS, found.critical_path / MICROSECONDS, found.by_level / MICROSECONDS


def test_it_adds_series_and_takes_the_longest_branch() -> None:
    found = graph({"a": timed(1), "b": timed(2), "c": timed(9), "d": timed(4)}, "a b", "b d", "a c")
    assert seconds(timing(schedule(found), graph=found)) == (10, 10, 14)


def test_it_takes_the_longest_arm() -> None:
    found = graph({"c": "condition", "a": timed(2), "b": timed(5), "j": timed(1)}, "c a true", "c b false", "a j", "b j")
    assert seconds(timing(schedule(found), graph=found)) == (6, 6, 6)


def test_it_tells_a_barrier_from_the_critical_path() -> None:
    found = graph({"a": timed(9), "b": timed(1), "c": timed(1), "d": timed(9)}, "a c", "a d", "b d")
    assert seconds(timing(schedule(found), graph=found)) == (18, 18, 18)
    found = graph({"a": timed(3), "b": timed(4), "c": timed(4), "d": timed(2)}, "a c", "a d", "b d")
    assert seconds(timing(schedule(found), graph=found)) == (8, 7, 8)


def test_it_times_maps_by_their_bodies() -> None:
    body: JsonObject = {"type": "map", "over": [1, 2], "concurrency": 1, "max_items": 2, "nodes": {"i": {"type": "tool_call", "tool": "time.now"}}}
    found = graph({"m": body})
    plan = schedule(found)
    assert plan == ForEach("m", Visit("i"))
    assert node_durations(plan, graph=found, path=()) == {"m": 2 * MICROSECONDS}
    assert seconds(timing(plan.body, graph=found, path=("m",))) == (1, 1, 1)


def test_it_counts_nodes_that_the_plan_does_not_visit_as_settled() -> None:
    found = graph({"a": timed(5), "b": timed(2)}, "a b")
    assert seconds(timing(Visit("b"), graph=found)) == (2, 2, 2)


def test_it_lists_visits_in_plan_order() -> None:
    found = graph({"c": "condition", "a": "", "b": "", "d": ""}, "c a true", "c b", "c d")
    assert [entry.node for entry in entries(schedule(found))] == ["c", "a", "b", "d"]
