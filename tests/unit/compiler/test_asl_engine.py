"""The little engine of the tests is as strict as AWS; what it lets pass says something."""

import pytest

from chalicelib.compiler.asl import (
    Catcher,
    Choice,
    ChoiceRule,
    Distributed,
    Fail,
    Map,
    Parallel,
    Pass,
    Retrier,
    Seconds,
    State,
    StateMachine,
    States,
    Succeed,
    Task,
    Wait,
    jsonata,
    to_json,
)
from chalicelib.spec.model import Json, JsonObject
from tests.factories.engine import Ended, Failed, execute


def run(given: Json, worker: str = "", /, **states: State) -> Ended:
    """Starts at the first state. The worker answers with its payload, or fails by the name `worker` until the third try."""
    tries: list[str] = []

    def serve(state: str, payload: JsonObject) -> Json:
        tries.append(state)
        if worker and len(tries) < 3:
            raise Failed(worker)
        return payload

    return execute(to_json(StateMachine(scope=scope(**states))), given, serve)


def scope(**states: State) -> States:
    return States(start_at=next(iter(states)), states=states)


def task(payload: JsonObject, /, resource: str = "arn:aws:states:::lambda:invoke", **fields: object) -> Task:
    return Task(resource=resource, arguments={"FunctionName": "f", "Payload": payload}, **fields)  # type: ignore[arg-type]


def test_it_sees_variables_as_they_were_on_entry() -> None:
    swap = Pass(assign={"a": jsonata("$b"), "b": jsonata("$a")}, next="end")
    ended = run(None, first=Pass(assign={"a": 1, "b": 2}, next="swap"), swap=swap, end=Pass(output=jsonata("[$a, $b]")))
    assert ended.output == [2, 1]


def test_it_fails_on_undefined_and_takes_null() -> None:
    assert run({"a": None}, only=Pass(output=jsonata("$states.input.a"))).output is None
    assert run({}, only=Pass(output=jsonata("$states.input.a"))).error == "States.QueryEvaluationError"
    assert run({}, only=Pass(output=jsonata("$never"))).error == "States.QueryEvaluationError"


def test_it_keeps_what_a_branch_assigns_inside() -> None:
    fan = Parallel(branches=(scope(left=Pass(assign={"x": 1}, output=1)), scope(right=Pass(output=jsonata("$a")))), next="end")
    assert run(None, first=Pass(assign={"a": 7}, next="fan"), fan=fan, end=Pass()).output == [1, 7]
    assert run(None, first=Pass(assign={"a": 7}, next="fan"), fan=fan, end=Pass(output=jsonata("$x"))).error == "States.QueryEvaluationError"


@pytest.mark.parametrize(("distributed", "error"), [(None, ""), (Distributed(), "States.QueryEvaluationError")])
def test_it_hides_outer_variables_from_distributed_items(distributed: Distributed | None, error: str) -> None:
    selector: JsonObject = {"item": jsonata("$states.context.Map.Item.Value"), "index": jsonata("$states.context.Map.Item.Index")}
    each = Map(items=jsonata("$rows"), item_selector=selector, processor=scope(item=Pass(output=jsonata("$rows[0]"))), distributed=distributed)
    ended = run(None, first=Pass(assign={"rows": [5, 6]}, next="each"), each=each)
    assert (ended.error, ended.output) == (error, None if error else [5, 5])
    assert ended.entered["item"] == (1 if error else 2)


def test_it_goes_over_arrays_only() -> None:
    assert run(3, each=Map(items=jsonata("$states.input"), processor=scope(item=Pass()))).error == "States.QueryEvaluationError"


def test_it_unwraps_nothing_for_the_machine() -> None:
    assert run(None, call=task({"x": 1}, output=jsonata("$states.result.Payload"))).output == {"x": 1}
    waits = task(
        {"token": jsonata("$states.context.Task.Token")}, "arn:aws:states:::lambda:invoke.waitForTaskToken", output=jsonata("$states.result")
    )
    assert run(None, call=waits).output == {"token": "token of call"}
    assert run(None, call=task({"token": jsonata("$states.context.Task.Token")})).error == "States.QueryEvaluationError"


def test_it_retries_by_name_and_counts() -> None:
    call = task({"try": jsonata("$states.context.State.RetryCount")}, retry=(Retrier(error_equals=("Passing",), max_attempts=2),))
    assert run(None, "Passing", call=call).output == {"Payload": {"try": 2}, "StatusCode": 200}
    assert run(None, "Other", call=call).error == "Other"
    once = task({}, retry=(Retrier(error_equals=("States.TaskFailed",), max_attempts=1),))
    assert run(None, "Passing", call=once).error == "Passing"


@pytest.mark.parametrize(
    ("names", "error", "caught"),
    [
        (("States.ALL",), "Any", True),
        (("States.ALL",), "States.Runtime", False),
        (("States.TaskFailed",), "Any", True),
        (("States.TaskFailed",), "States.Timeout", False),
        (("States.Timeout",), "States.Timeout", True),
        (("One", "Two"), "Two", True),
    ],
)
def test_it_catches_as_aws_does(names: tuple[str, ...], error: str, *, caught: bool) -> None:
    catcher = Catcher(error_equals=names, next="end", assign={"name": jsonata("$states.errorOutput.Error")})
    ended = run(None, error, call=task({}, assign={"name": "none"}, catch=(catcher,), next="end"), end=Succeed(output=jsonata("$name")))
    assert (ended.output == error) == caught
    assert ended.error == ("" if caught else error)


def test_it_fails_a_parallel_by_its_branchs_error() -> None:
    fan = Parallel(branches=(scope(bad=Fail(error="Broken", cause="by design")),))
    assert (run(None, fan=fan).error, run(None, fan=fan).cause) == ("Broken", "by design")


def test_it_takes_the_first_rule_that_holds() -> None:
    rules = (
        ChoiceRule(condition=jsonata("$states.input > 1"), next="big", assign={"x": 1}),
        ChoiceRule(condition=jsonata("$states.input > 0"), next="small"),
    )
    states: dict[str, State] = {"big": Pass(output=jsonata("$x")), "small": Pass(output="small")}
    assert run(2, ask=Choice(rules=rules), **states).output == 1
    assert run(1, ask=Choice(rules=rules), **states).output == "small"
    assert run(0, ask=Choice(rules=rules), **states).error == "States.NoChoiceMatched"
    assert run(0, ask=Choice(rules=rules, default="none", output="default"), none=Pass(), **states).output == "default"
    assert run("x", ask=Choice(rules=(ChoiceRule(condition=jsonata("'x'"), next="big"),)), **states).error == "States.QueryEvaluationError"


def test_it_waits_for_times_that_are_times() -> None:
    assert run(1, wait=Wait(delay=Seconds(jsonata("$states.input")))).output == 1
    assert run("x", wait=Wait(delay=Seconds(jsonata("$states.input")))).error == "States.QueryEvaluationError"


def test_it_ends_what_never_ends() -> None:
    assert run(None, tick=Pass(next="tock"), tock=Pass(next="tick")).error == "States.Runtime"
