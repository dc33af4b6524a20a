"""The owner's rules over a call's arguments: the first that holds decides, and what cannot be judged is taken at its strictest."""

from typing import Any

import pytest

from chalicelib.agents.policy import MAX_ARGUMENTS_LENGTH, MAX_CONDITION_LENGTH, Policy, Rule, ToolPolicy, condition_fault, judge


def judged(default: Policy, *rules: tuple[str, Policy], **arguments: Any) -> Policy:
    return judge(ToolPolicy(default, tuple(Rule(*rule) for rule in rules)), arguments).policy


def test_it_takes_the_default_where_no_rule_holds() -> None:
    assert judge(ToolPolicy("ask"), {}).why == "the tool's default is ask"
    assert judged("allow", ("amount > 100", "deny"), amount=100) == "allow"


def test_it_takes_the_first_rule_that_holds_and_says_which() -> None:
    policy = ToolPolicy("deny", (Rule("amount > 1000", "deny"), Rule("amount > 100", "ask"), Rule("amount > 0", "allow")))
    assert [judge(policy, {"amount": amount}).policy for amount in (5000, 500, 50, -1)] == ["deny", "ask", "allow", "deny"]
    assert judge(policy, {"amount": 500}).why == "`amount > 100` holds: ask"


@pytest.mark.parametrize(
    "condition", ["amount > 100", "amount +", "", "$eval('true')", "/a+/ = 1", "$count([1..9]) = 9", "$pad('x', 9) = ''", "'yes'", "1", "$nothing(1)"]
)
def test_it_takes_a_condition_that_cannot_be_judged_at_its_strictest(condition: str) -> None:
    assert judged("allow", (condition, "deny"), amount="many") == "deny"
    assert judged("allow", (condition, "ask"), amount="many") == "ask"
    assert judged("ask", (condition, "allow"), amount="many") == "ask"
    assert judged("deny", (condition, "allow"), amount="many") == "deny"
    assert judged("deny", (condition, "ask"), amount="many") == "deny"


def test_it_looks_at_what_follows_a_condition_that_cannot_be_judged() -> None:
    assert judged("allow", ("broken(", "ask"), ("true", "deny")) == "deny"
    assert judged("deny", ("broken(", "ask"), ("true", "allow")) == "ask"
    assert "could not be judged" in judge(ToolPolicy("allow", (Rule("missing > 1", "deny"),)), {}).why


@pytest.mark.parametrize("arguments", [{}, {"amount": None}, {"amount": "200"}, {"amount": [200]}, {"amount": {"amount": 1}}, {"Amount": 200}])
def test_it_is_not_talked_out_of_a_rule_by_the_shape_of_the_arguments(arguments: Any) -> None:
    assert judge(ToolPolicy("allow", (Rule("amount > 100", "deny"),)), arguments).policy == "deny"


def test_it_knows_null_nested_values_and_whole_floats() -> None:
    assert judged("deny", ("note = null", "allow"), note=None) == "allow"
    assert judged("deny", ("to.name in ['ann', 'bob'] and n = 2", "allow"), to={"name": "ann"}, n=2.0) == "allow"
    assert judged("deny", ("'x' in tags", "allow"), tags=["x", "y"]) == "allow"
    assert judged("allow", ("$not(to.domain = 'example.com')", "deny"), to={"domain": "evil.example"}) == "deny"


def test_it_stops_a_condition_that_runs_away() -> None:
    assert judged("allow", ("($f := function($n){ $f($n + 1) }; $f(1))", "deny")) == "deny"
    assert judged("allow", ("($f := function($n){ 1 + $f($n + 1) }; $f(1)) > 1", "deny")) == "deny"


def test_it_judges_no_arguments_that_are_too_large() -> None:
    assert judged("allow", ("$length(text) > 5", "deny"), text="x" * MAX_ARGUMENTS_LENGTH) == "deny"


def test_it_says_beforehand_what_can_never_be_judged() -> None:
    assert condition_fault("amount > 100") is None
    assert "no JSONata" in str(condition_fault("amount >"))
    assert "regular expression" in str(condition_fault("$match(to, /(a+)+/)"))
    assert "$eval" in str(condition_fault("$count($map(x, $eval)) = 1"))
    assert "a range" in str(condition_fault("$sum([1..n]) = 1"))
    assert f"{MAX_CONDITION_LENGTH:,}" in str(condition_fault("1" * (MAX_CONDITION_LENGTH + 1)))


def test_it_knows_a_tool_that_never_runs() -> None:
    assert ToolPolicy("deny", (Rule("true", "deny"),)).never_runs
    assert not ToolPolicy("deny", (Rule("true", "ask"),)).never_runs
