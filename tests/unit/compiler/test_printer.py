import pytest

from chalicelib.compiler.activation import NEVER
from chalicelib.compiler.durations import MICROSECONDS
from chalicelib.compiler.graph import WorkflowGraph
from chalicelib.compiler.plan import Visit
from chalicelib.compiler.printer import print_plan, show_formula, show_seconds
from chalicelib.compiler.schedule import schedule
from tests.factories.small_graphs import graph, timed, tools


def printed(found: WorkflowGraph) -> list[str]:
    return print_plan(schedule(found), found).splitlines()


def test_it_prints_a_line_for_each_node_with_type_level_and_time() -> None:
    assert printed(graph({"search": timed(1), "rank": "agent"}, "search rank")) == [
        "2 nodes in 2 levels, about 11 s; critical path 11 s",
        "search  tool_call   level 1   1 s",
        "rank    agent_call  level 2  10 s",
    ]


def test_it_prints_guards_and_what_stands_under_them() -> None:
    found = graph({"c": "condition", **tools("ab"), "j": "join"}, "c a true", "c b false", "a j", "b j")
    assert printed(found)[1:] == [
        "c    condition  level 1",
        "when c = true",
        "  a  tool_call  level 2  1 s",
        "or when c = false",
        "  b  tool_call  level 2  1 s",
        "j    join       level 3",
    ]


def test_it_marks_where_branches_begin_and_go_on() -> None:
    assert printed(graph(tools("abcd"), "b c"))[1:] == [
        "at once",
        "- a  tool_call  level 1  1 s",
        "- b  tool_call  level 1  1 s",
        "| c  tool_call  level 2  1 s",
        "- d  tool_call  level 1  1 s",
    ]


def test_it_prints_what_a_map_does_for_each_item() -> None:
    assert printed(graph({"m": {"type": "map", "nodes": {"x": {"type": "tool_call", "tool": "time.now", "expected_seconds": 2}}}})) == [
        "2 nodes in 1 level, about 2 s; critical path 2 s",
        "m      map        level 1  2 s",
        "  for each item",
        "    x  tool_call  level 1  2 s",
    ]


def test_it_compares_with_levels_where_they_take_longer() -> None:
    head = printed(graph({"a": timed(1), "b": timed(2), "c": timed(9), "d": timed(4)}, "a b", "b d", "a c"))[0]
    assert head == "4 nodes in 3 levels, about 10 s; critical path 10 s, level by level 14 s"


def test_it_speaks_of_one_node() -> None:
    assert printed(graph({"a": ""}))[0] == "1 node in 1 level, about 1 s; critical path 1 s"


def test_it_counts_only_what_the_plan_visits() -> None:
    found = graph(tools("abc"), "a b", "b c")
    assert print_plan(Visit("c"), found).splitlines()[0] == "1 node in 1 level, about 1 s; critical path 1 s"


def test_it_shows_formulas_as_sentences() -> None:
    found = graph({"c": "condition", "n": "", "h": "", "x": ""}, "c n true", "n h error", "c x false", "n x")
    assert show_formula(found.root.activation["h"], block=found.root) == "n = error"
    assert show_formula(found.root.activation["x"], block=found.root) == "c = false, or n = succeeded"
    assert show_formula(NEVER, block=found.root) == "never"


def test_it_shows_the_expression_of_an_edge_and_shortens_a_long_one() -> None:
    found = graph(tools("abd"), "a b {% $a.count > 3 %}", f"a d {'1 + ' * 30}1 > 2")
    assert show_formula(found.root.activation["b"], block=found.root) == "a > b: {% $a.count > 3 %}"
    assert show_formula(found.root.activation["d"], block=found.root).endswith("1 + ... %}")


def test_it_says_of_a_large_formula_that_its_node_runs() -> None:
    conditions = {f"c{index}": "condition" for index in range(8)}
    found = graph({**conditions, "z": {"type": "join", "require": {"at_least": 4}}}, *(f"{name} z true" for name in conditions))
    assert "when z runs" in printed(found)


@pytest.mark.parametrize(
    ("duration", "text"), [(1, "1 s"), (2.5, "2.5 s"), (3600, "3,600 s"), (0.0004, "0 s"), (31_536_000, "31,536,000 s"), (10, "10 s")]
)
def test_it_shows_seconds_to_the_millisecond(duration: float, text: str) -> None:
    assert show_seconds(round(duration * MICROSECONDS)) == text
