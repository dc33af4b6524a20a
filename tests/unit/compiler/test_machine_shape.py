import pytest

from chalicelib.compiler.machine_shape import Shape, StateShape, shape
from chalicelib.spec.model import JsonObject


def machine(**states: JsonObject) -> JsonObject:
    return {"StartAt": next(iter(states)), "States": dict(states)}


def test_it_knows_where_a_state_leads_and_where_its_errors_do() -> None:
    found = shape(
        machine(
            a={"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Next": "b", "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "h"}]},
            b={"Type": "Pass", "End": True},
            h={"Type": "Succeed"},
        )
    )
    assert found == Shape(
        "a", {"a": StateShape("a", "Task", ("b",), ("h",)), "b": StateShape("b", "Pass", (None,)), "h": StateShape("h", "Succeed", (None,))}
    )
    assert found.states["a"].following == ("b", "h")


def test_it_knows_every_way_out_of_a_choice() -> None:
    rules: JsonObject = {"Type": "Choice", "Choices": [{"Condition": "{% true %}", "Next": "b"}], "Default": "c"}
    assert shape(machine(a=rules, b={"Type": "Succeed"}, c={"Type": "Succeed"})).states["a"].ways == ("b", "c")


def test_it_lets_a_choice_without_default_end() -> None:
    assert shape(machine(a={"Type": "Choice", "Choices": []})).states["a"].ways == (None,)


def test_it_knows_who_waits_for_a_token() -> None:
    assert shape(machine(a={"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken", "End": True})).states["a"].has_token


def test_it_holds_branches_and_item_processors() -> None:
    inner = machine(x={"Type": "Pass", "End": True})
    parallel = shape(machine(p={"Type": "Parallel", "Branches": [inner, inner], "End": True})).states["p"]
    assert [scope.start for scope in parallel.scopes] == ["x", "x"]
    inline = shape(machine(m={"Type": "Map", "ItemProcessor": {"ProcessorConfig": {"Mode": "INLINE"}, **inner}, "End": True})).states["m"]
    distributed = shape(machine(m={"Type": "Map", "ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED"}, **inner}, "End": True})).states["m"]
    assert (len(inline.scopes), inline.is_distributed, distributed.is_distributed) == (1, False, True)


@pytest.mark.parametrize(
    "broken",
    [{}, {"StartAt": "a", "States": []}, {"StartAt": "a", "States": {"a": {"Type": "Choice", "Choices": 1}}}, {"StartAt": 1, "States": {}}],
)
def test_it_refuses_what_is_no_machine(broken: JsonObject) -> None:
    with pytest.raises(ValueError, match="no "):
        shape(broken)
