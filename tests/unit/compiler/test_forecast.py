import pytest

from chalicelib.compiler.forecast import Forecast, Range, forecast
from chalicelib.compiler.graph import WorkflowGraph
from chalicelib.compiler.prices import EVENTS, PRICES_AS_OF, WRITES
from chalicelib.compiler.schedule import schedule
from chalicelib.spec.model import Json, JsonObject
from chalicelib.spec.nodes import MOST_WOKEN
from tests.factories.small_graphs import graph, tools

TOOL: JsonObject = {"type": "tool_call", "tool": "time.now"}
RUN_WRITES = WRITES.run_created + WRITES.run_ended
NODE_WRITES, TOLD = WRITES.node_visited, WRITES.node_told


def scope(**states: JsonObject) -> JsonObject:
    return {"StartAt": next(iter(states)).replace("__", "--"), "States": {name.replace("__", "--"): state for name, state in states.items()}}


def task(following: str | None = None, *catches: str, token: bool = False) -> JsonObject:
    resource = "arn:aws:states:::lambda:invoke" + (".waitForTaskToken" if token else "")
    caught: list[Json] = [{"ErrorEquals": ["States.ALL"], "Next": name} for name in catches]
    return {"Type": "Task", "Resource": resource, **_next(following), **({"Catch": caught} if caught else {})}


def plain(kind: str, following: str | None = None) -> JsonObject:
    return {"Type": kind, **_next(following)}


def choice(default: str, *following: str) -> JsonObject:
    return {"Type": "Choice", "Choices": [{"Condition": "{% true %}", "Next": name} for name in following], "Default": default}


def parallel(following: str | None, *branches: JsonObject, catch: str | None = None) -> JsonObject:
    caught: JsonObject = {"Catch": [{"ErrorEquals": ["States.ALL"], "Next": catch}]} if catch else {}
    return {"Type": "Parallel", "Branches": list(branches), **_next(following), **caught}


def mapped(following: str | None, item: JsonObject, mode: str = "INLINE") -> JsonObject:
    return {"Type": "Map", "ItemProcessor": {"ProcessorConfig": {"Mode": mode}, **item}, **_next(following)}


def _next(following: str | None) -> JsonObject:
    return {"Next": following} if following else {"End": True}


def of(found: WorkflowGraph, machine: JsonObject | None = None) -> Forecast:
    return forecast(schedule(found), found, machine=machine)


def write_range(least: int, most: int | None = None) -> Range:
    """Beside what the run itself writes."""
    run = RUN_WRITES + WRITES.run_started
    return Range(run + least, run + (least if most is None else most))


def states(found: Forecast) -> tuple[int, int]:
    return found.transitions.least, found.transitions.most


def test_it_is_exact_where_nothing_decides() -> None:
    found = of(graph(tools("abc"), "a b", "b c"), scope(a=task("b"), b=task("c"), c=task()))
    assert (found.transitions, found.invocations) == (Range(3, 3), Range(3, 3))
    assert found.writes == write_range(3 * NODE_WRITES)
    assert found.history_events == Range(EVENTS.execution + 15, EVENTS.execution + 15)
    assert found.price_microdollars.most - found.price_microdollars.least <= 2
    assert found.notes == ()


def test_it_expects_the_engines_word_where_a_run_begins_with_a_wait() -> None:
    nodes: dict[str, str | JsonObject] = {"w": {"type": "wait", "seconds": 5}, "v": {"type": "wait", "seconds": 5}, "a": ""}
    told = 2 * WRITES.node_told + NODE_WRITES
    assert of(graph(nodes, "w a", "a v")).writes.most - of(graph(nodes, "a w", "w v")).writes.most == WRITES.engines_word
    assert of(graph({"w": nodes["w"], "a": ""}, "w a")).writes == write_range(told - WRITES.node_told, told - WRITES.node_told + WRITES.engines_word)


def test_it_counts_the_event_of_a_failure_that_counts_as_success() -> None:
    least = of(graph({"a": {"type": "tool_call", "on_error": "continue"}})).writes
    assert least == write_range(NODE_WRITES, NODE_WRITES + WRITES.continued)


def test_it_adds_all_branches() -> None:
    machine = scope(p=parallel("d", scope(a=task()), scope(b=task("c"), c=task())), d=task())
    found = of(graph(tools("abcd"), "b c", "a d", "c d"), machine)
    assert (states(found), found.invocations) == ((5, 5), Range(4, 4))


def test_it_ranges_over_the_ways_out_of_a_choice() -> None:
    nodes = {"c": "condition", **tools("abj")}
    machine = scope(c=choice("j", "a"), a=task("b"), b=task("j"), j=task())
    found = of(graph(nodes, "c a true", "a b", "b j", "c j false"), machine)
    assert (states(found), found.invocations) == ((2, 4), Range(1, 3))
    assert found.writes == write_range(NODE_WRITES + 3 * TOLD, 3 * NODE_WRITES + TOLD)
    assert 3 in found.transitions
    assert 5 not in found.transitions


def test_it_counts_a_wait_that_a_worker_announces() -> None:
    machine = scope(a=task("w"), w=plain("Wait", "b"), b=task())
    found = of(graph({"a": "", "w": "wait", "b": ""}, "a w", "w b"), machine)
    assert found.writes == write_range(2 * NODE_WRITES + 2 * TOLD + WRITES.turns)
    assert of(graph({"a": "", "w": "wait", "b": ""}, "a w", "w b")).writes == found.writes


def test_it_ranges_over_caught_errors() -> None:
    machine = scope(n=task("x", "h"), x=task("y"), y=task(), h=task())
    assert states(of(graph(tools("nhxy"), "n h error", "n x", "x y"), machine)) == (2, 3)


def test_it_ranges_over_a_gates_time_out() -> None:
    machine = scope(g=task("a", "g--close", token=True), g__close=task("a"), a=task())
    found = of(graph({"g": "gate", "a": ""}, "g a"), machine)
    assert (states(found), found.invocations) == ((2, 3), Range(2, 3))
    assert found.writes == write_range(11 + WRITES.turns + NODE_WRITES, 12 + WRITES.turns + NODE_WRITES)


def test_it_counts_what_a_failing_parallel_may_have_entered() -> None:
    machine = scope(c__try=parallel("a", scope(c=choice("c--end"), c__end=plain("Pass")), catch="h"), a=task(), h=task())
    assert states(of(graph({"c": "condition", "a": "", "h": ""}, "c h error", "c a true"), machine)) == (2, 4)


def test_it_multiplies_items() -> None:
    found = graph({"m": {"type": "map", "over": [1, 2, 3], "nodes": {"a": TOOL, "c": {"type": "condition", "if": "true"}}}})
    item = scope(a=task("c"), c=choice("c--end"), c__end=plain("Pass"))
    exact = of(found, scope(m=mapped(None, item)))
    assert states(exact) == (10, 10)
    assert exact.writes == write_range(2 * TOLD + 3 * NODE_WRITES)
    assert exact.history_events.least == EVENTS.execution + EVENTS.map + 3 * (EVENTS.map_item + EVENTS.task + 2 * EVENTS.plain)


def test_it_ranges_from_no_item_to_all_that_are_declared() -> None:
    found = graph({"m": {"type": "map", "over": "$context.list", "max_items": 5, "nodes": {"a": TOOL}}})
    assert states(of(found, scope(m=mapped(None, scope(a=task()))))) == (1, 6)


def test_it_says_what_it_assumes_of_a_map_that_declares_nothing() -> None:
    inner: JsonObject = {"type": "map", "over": "$context.list", "as": "cell", "nodes": {"a": TOOL}}
    found = graph({"m": {"type": "map", "over": [1], "nodes": {"i": inner}}})
    machine = scope(m=mapped(None, scope(i=mapped(None, scope(a=task())))))
    assert [note.partition(":")[0] for note in of(found, machine).notes] == ["i"]
    assert states(of(found, machine)) == (2, 42)


def test_it_counts_histories_of_distributed_items_apart() -> None:
    found = graph({"m": {"type": "map", "over": [1] * 50, "mode": "distributed", "nodes": {"a": TOOL}}})
    whole = of(found, scope(m=mapped(None, scope(a=task()), "DISTRIBUTED")))
    assert states(whole) == (51, 51)
    assert whole.history_events == Range(*(2 * [EVENTS.execution + EVENTS.distributed_map]))
    assert whole.writes == write_range(2 * TOLD + 50 * WRITES.distributed_visited)


@pytest.mark.parametrize(("mode", "each"), [("DISTRIBUTED", WRITES.distributed_told), ("INLINE", WRITES.node_told)])
def test_it_counts_what_workers_tell_of_an_item_s_native_nodes_once(mode: str, each: int) -> None:
    repeated: JsonObject = {**TOOL, "after": ["t"], "repeat": {"until": "true", "max_times": 2}}
    nodes: JsonObject = {"t": {"type": "transform", "value": 1}, "a": repeated}
    again: JsonObject = {"Type": "Choice", "Choices": [{"Next": "a"}], "Default": "z"}
    machine = scope(m=mapped(None, scope(t=plain("Pass", "a"), a=task("a--again"), a__again=again, z=plain("Pass")), mode))
    with_native = of(graph({"m": {"type": "map", "over": [1] * 5, "mode": mode.lower(), "nodes": nodes}}), machine)
    without = of(graph({"m": {"type": "map", "over": [1] * 5, "mode": mode.lower(), "nodes": {"a": {**repeated, "after": []}}}}), machine)
    assert (with_native.writes.least - without.writes.least, with_native.writes.most - without.writes.most) == (5 * each, 5 * each)


def test_it_bounds_loops_by_their_visits() -> None:
    repeated: JsonObject = {**TOOL, "repeat": {"until": "true", "max_times": 3}}
    machine = scope(a=task("a--again"), a__again=choice("a", "b"), b=task())
    found = of(graph({"a": repeated, "b": ""}, "a b"), machine)
    assert (states(found), found.invocations) == ((3, 7), Range(2, 4))
    assert found.writes == write_range(2 * NODE_WRITES, 4 * NODE_WRITES)


def test_it_counts_a_loops_time_outs_too() -> None:
    repeated: JsonObject = {"type": "human_gate", "repeat": {"until": "true", "max_times": 2}}
    machine = scope(g=task("g--again", "g--close", token=True), g__close=task("g--again"), g__again=choice("g", "b"), b=task())
    assert states(of(graph({"g": repeated, "b": ""}, "g b"), machine)) == (3, 7)


def test_it_bounds_an_agents_entries_by_its_turns() -> None:
    agent: JsonObject = {"type": "agent_call", "prompt": "do", "tools": ["kv.put"], "max_turns": 4}
    waiting = scope(a=task("a--next"), a__next=choice("b", "a", "a--wait"), a__wait=task("a", token=True), b=task())
    found = of(graph({"a": agent, "b": ""}, "a b"), waiting)
    assert (states(found), found.invocations) == ((3, 3 + 4 * 3), Range(2, 2 + 4 * 2))
    assert found.notes == ("a: 4 more entries of the agent at most are assumed; its conversation's own writes are left out",)


def test_it_bounds_the_askings_for_a_task_by_their_time() -> None:
    call: JsonObject = {"type": "tool_call", "tool": "a2a.send", "wait": {"poll_seconds": 10, "timeout_seconds": 35}}
    machine = scope(a=task("a--next"), a__next=choice("b", "a--pause", "a--wait"), a__pause=plain("Wait", "a"), a__wait=task("a"), b=task())
    found = of(graph({"a": call, "b": ""}, "a b"), machine)
    assert (states(found), found.invocations) == ((3, 3 + (4 + MOST_WOKEN) * 3), Range(2, 2 + 4 + 2 * MOST_WOKEN))
    assert found.writes == write_range(2 * NODE_WRITES)
    assert found.history_events.most - found.history_events.least == 4 * (EVENTS.task + 2 * EVENTS.plain) + MOST_WOKEN * (
        EVENTS.task + EVENTS.plain + EVENTS.token_task
    )
    (note,) = found.notes
    assert note.startswith("a: the other agent is asked 4 times at most how its task stands, and 50 times more where it tells of changes; ")
    estimated = of(graph({"a": call, "b": ""}, "a b"))
    assert (states(estimated), estimated.invocations) == (states(found), found.invocations)


def test_it_counts_a_call_that_the_engine_makes_as_a_state_without_a_worker() -> None:
    native: JsonObject = {"type": "tool_call", "tool": "aws.call", "repeat": {"until": "true", "max_times": 3}}
    machine = scope(w=plain("Wait", "a"), a=task("a--again"), a__again=choice("a", "b"), b=task())
    found = of(graph({"w": "wait", "a": native, "b": ""}, "w a", "a b"), machine)
    assert (states(found), found.invocations) == ((4, 8), Range(1, 1))
    assert found.writes == write_range(NODE_WRITES + 2 * TOLD, NODE_WRITES + 2 * TOLD + WRITES.engines_word)
    assert found.history_events.most - found.history_events.least == 2 * (EVENTS.task + EVENTS.plain)
    assert of(graph({"w": "wait", "a": native, "b": ""}, "w a", "a b")).invocations == found.invocations


def test_it_walks_machines_longer_than_recursion_goes() -> None:
    count = 1_100
    names = [f"n{index}" for index in range(count)]
    found = graph(dict.fromkeys(names, ""), *(f"n{index} n{index + 1}" for index in range(count - 1)))
    states_: JsonObject = {name: task(following) for name, following in zip(names, [*names[1:], None], strict=True)}
    assert of(found, {"StartAt": "n0", "States": states_}).transitions == Range(count, count)


def test_it_estimates_from_the_plan_alone() -> None:
    nodes = {"s": "", "c": "condition", **tools("ab"), "p": "parallel", "w": "wait", "t": "transform", "j": "join"}
    found = of(graph(nodes, "s c", "c a true", "c b false", "s p", "p w", "p t", "a j", "b j", "w j", "t j"))
    assert (states(found), found.invocations) == ((5, 7), Range(1, 2))


def test_it_estimates_what_repeats_gates_and_maps_take() -> None:
    repeated: JsonObject = {**TOOL, "repeat": {"until": "true", "max_times": 3}}
    assert states(of(graph({"a": repeated}))) == (2, 6)
    assert of(graph({"a": repeated})).writes == write_range(NODE_WRITES, 3 * NODE_WRITES)
    assert states(of(graph({"g": "gate"}))) == (1, 2)
    assert states(of(graph({"m": {"type": "map", "over": [1, 2], "nodes": {"a": TOOL}}}))) == (3, 3)
    assert of(graph({"m": {"type": "message", "wait_for_reply": True}})).writes.least > of(graph({"m": "message"})).writes.least
    assert of(graph({"w": "workflow"})).invocations == Range(1, 1)


def test_it_becomes_plain_json() -> None:
    found = of(graph({"a": ""}), scope(a=task())).as_json()
    assert found["transitions"] == {"least": 1, "most": 1}
    assert found["prices_as_of"] == PRICES_AS_OF
    assert found["notes"] == []


def test_it_shows_ranges() -> None:
    assert (str(Range(1_000, 1_000)), str(Range(2, 3_000))) == ("1,000", "2 to 3,000")
