import pytest

from chalicelib.compiler.activation import ALWAYS
from chalicelib.compiler.choose import MAX_GUARDS_DEEP, choose
from chalicelib.compiler.graph import WorkflowGraph
from chalicelib.compiler.plan import Arm, Choose, Parallel, Plan, Series, Visit
from chalicelib.compiler.schedule import schedule
from chalicelib.spec.model import JsonObject
from tests.factories.small_graphs import graph, shown, tools


def chosen(found: WorkflowGraph) -> str:
    return shown(schedule(found))


def put(plan: Plan, found: WorkflowGraph) -> str:
    """The plan, made by hand, with its guards."""
    return shown(choose(plan, block=found.root))


def visits(names: str) -> tuple[Visit, ...]:
    return tuple(map(Visit, names))


def test_it_leaves_plans_without_conditions_as_they_are() -> None:
    plan = Series((Visit("a"), Parallel(visits("bc"))))
    assert choose(plan, block=graph(tools("abc"), "a b", "a c").root) == plan


def test_it_asks_once_for_a_chain_under_one_condition() -> None:
    assert chosen(graph({"c": "condition", **tools("abdj")}, "c a true", "a b", "b d", "d j", "c j false")) == "c; {[c=true] a; b; d}; j"


def test_it_nests_what_asks_for_more() -> None:
    found = graph({"c": "condition", "d": "condition", **tools("abx")}, "c d true", "d a true", "d b false", "c x false")
    assert chosen(found) == "c; {[c=true] d; {[d=true] a | [d=false] b} | [c=false] x}"


def test_it_shares_the_wider_guard_of_a_later_step() -> None:
    found = graph({"c": "condition", "d": "condition", **tools("axb")}, "c d", "d a true", "c a false", "a x", "x b", "c b false")
    assert put(Series((*visits("cd"), Visit("a"), Visit("x"), Visit("b"))), found) == chosen(found)


def test_it_shares_a_wider_guard_that_comes_second() -> None:
    """`b` runs whenever `a` does and more; both are known before `a`."""
    found = graph({"c": {"type": "condition", "cases": {"x": "true", "y": "true"}}, **tools("abz")}, "c a x", "a b", "c b y", "b z", "c z else")
    assert chosen(found) == "c; {[c=x or c=y] {[c=x] a}; b}; z"


def test_it_makes_branches_that_exclude_each_other_arms() -> None:
    found = graph({"s": "", "c": "condition", **tools("abdj")}, "s c", "c a true", "c b false", "c d", "a j", "b j", "d j")
    assert chosen(found) == "s; c; ({[c=true] a | [c=false] b} & d); j"


def test_it_keeps_a_choose_for_each_branch_that_excludes_none() -> None:
    found = graph({"c": "condition", "d": "condition", **tools("abz")}, "c a true", "d a true", "c b true", "d b false", "c z", "d z")
    found = graph({"s": "", **tools("ab")}, "s a 1 < 2", "s b 2 < 3")
    assert chosen(found) == "s; ({[s>a#1=true] a} & {[s>b#1=true] b})"


def test_it_groups_branches_in_authored_order() -> None:
    cases: JsonObject = {"type": "condition", "cases": {"x": "true", "y": "true"}}
    found = graph({"c": cases, **tools("abde")}, "c a x", "c b 1 < 2", "c d y", "c e else")
    assert chosen(found) == "c; ({[c=x] a | [c=y] d | [c=else] e} & {[c>b#1=true] b})"


def test_it_shares_a_guard_among_branches() -> None:
    found = graph({"c": "condition", **tools("abdz")}, "c a true", "c b true", "c d", "a z", "b z", "d z")
    assert chosen(found) == "c; ({[c=true] (a & b)} & d); z"


def test_it_joins_neighbours_that_exclude_each_other() -> None:
    found = graph({"c": "condition", **tools("ab")}, "c a true", "c b false")
    assert put(Series(visits("cab")), found) == "c; {[c=true] a | [c=false] b}"


def test_it_does_not_join_neighbours_when_the_second_asks_what_only_the_first_decides() -> None:
    found = graph({"c": "condition", "d": "condition", "a": ""}, "c d true", "c a false", "d a true")
    assert chosen(found) == "c; {[c=true] d}; {[c=false or c=true and d=true] a}"


def test_it_does_not_join_neighbours_when_the_second_waits_for_the_first() -> None:
    """`a` never runs, so what it stands with excludes `b`; but `b` comes after it."""
    both: JsonObject = {"type": "tool_call", "activate": "all"}
    found = graph({"c": "condition", "x": "", "a": both, "b": ""}, "c x true", "x a", "c a false", "c b false", "a b")
    assert chosen(found) == "c; {[c=true] x; {[never] a}}; {[c=false] b}"


def test_it_asks_for_either_where_that_spares_a_guard_behind() -> None:
    found = graph({"s": "", **tools("abz")}, "s a 1 < 2", "s b 2 < 3", "a z", "b z")
    assert chosen(found) == "s; {[s>a#1=true or s>b#1=true] ({[s>a#1=true] a} & {[s>b#1=true] b}); z}"


def test_it_opens_a_parallel_whose_branches_share_all_they_ask() -> None:
    found = graph({"c": "condition", **tools("ab")}, "c a true", "c b true")
    assert chosen(found) == "c; {[c=true] (a & b)}"


def test_it_asks_nothing_that_is_not_known_where_it_stands() -> None:
    """`d` decides inside the branch, so the branch's own guard can only ask for `c`."""
    found = graph({"c": "condition", "d": "condition", **tools("axy")}, "c d true", "d a true", "c x true", "c y")
    assert chosen(found) == "c; ({[c=true] (d; {[d=true] a} & x)} & y)"


def test_it_gives_a_node_that_never_runs_a_guard_that_never_holds() -> None:
    found = graph({"c": "condition", "a": {"type": "tool_call", "tool": "time.now", "activate": "all"}}, "c a true", "c a false")
    assert chosen(found) == "c; {[never] a}"


def test_it_names_formulas_too_large_to_ask_by_whether_the_node_ran() -> None:
    conditions = {f"c{index}": "condition" for index in range(8)}
    found = graph({**conditions, "z": {"type": "join", "require": {"at_least": 4}}, "e": ""}, *(f"{name} z true" for name in conditions), "z e")
    assert found.root.large == {"z"}
    assert chosen(found).endswith("{[z?=ran] z; e}")


def test_it_nests_no_deeper_than_readers_can_go() -> None:
    count = 3 * MAX_GUARDS_DEEP
    found = graph({f"c{index}": "condition" for index in range(count)}, *(f"c{index} c{index + 1} true" for index in range(count - 1)))
    assert depth(schedule(found)) <= MAX_GUARDS_DEEP + 1


def test_it_gives_steps_far_down_a_guard_each() -> None:
    count = MAX_GUARDS_DEEP + 3
    names = {f"c{index}": "condition" for index in range(count)}
    edges = [f"c{index} c{index + 1} true" for index in range(count - 1)]
    found = graph({**names, "a": "", "b": "", "z": ""}, *edges, f"c{count - 1} a true", f"c{count - 1} b true", "a z", "b z")
    assert chosen(found).endswith("z}" + "}" * MAX_GUARDS_DEEP)


def depth(plan: Plan) -> int:
    match plan:
        case Series(parts) | Parallel(parts):
            return max(map(depth, parts))
        case Choose(arms):
            return 1 + max(depth(arm.body) for arm in arms)
        case _:
            return 0


def test_it_refuses_a_plan_that_has_guards_already() -> None:
    with pytest.raises(ValueError, match="guards already"):
        choose(Choose((Arm(ALWAYS, Visit("a")),)), block=graph({"a": ""}).root)
