"""The rules on machines: a golden case for each code, and silence where there is nothing to say."""

import json
from pathlib import Path

import pytest

from chalicelib.compiler.asl_rules import RULES, check_machine
from chalicelib.compiler.asl_rules.codes import CODES
from chalicelib.spec.model import Json, JsonObject
from tests.golden.asl_rules.render import cases, machine_of, render

LAMBDA = "arn:aws:states:::lambda:invoke"


def machine(start: str = "", /, **states: JsonObject) -> JsonObject:
    return {"QueryLanguage": "JSONata", "StartAt": start or next(iter(states)), "States": {**states}}


def branch(**states: JsonObject) -> JsonObject:
    return {"StartAt": next(iter(states)), "States": {**states}}


def invocation(**fields: Json) -> JsonObject:
    return {"Type": "Task", "Resource": LAMBDA, "Arguments": {"FunctionName": "${Worker}"}, **fields}


def end(**fields: Json) -> JsonObject:
    return {"Type": "Pass", **fields, "End": True}


def to(target: str, **fields: Json) -> JsonObject:
    return {"Type": "Pass", **fields, "Next": target}


def codes(definition: JsonObject) -> list[str]:
    return [diagnostic.code for diagnostic in check_machine(definition)]


# --- golden ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_it_says_what_the_golden_case_says(case: Path) -> None:
    assert {name: (case / name).read_text("utf-8") for name in ("diagnostics.txt",)} == render(case)


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_it_finds_the_fault_that_the_case_is_named_for(case: Path) -> None:
    assert case.name in codes(machine_of(case))


def test_it_has_a_golden_case_for_each_code() -> None:
    assert {case.name for case in cases()} == set(CODES)


def test_it_keeps_every_rule_in_the_tuple() -> None:
    assert len({rule.__name__ for rule in RULES}) == len(RULES)


# --- nothing to say ----------------------------------------------------------------------------------------------


def test_it_accepts_a_gate_with_its_close() -> None:
    gate = invocation(
        Resource=f"{LAMBDA}.waitForTaskToken",
        Arguments={"FunctionName": "${Worker}", "Payload": "{% {'token': $states.context.Task.Token} %}"},
        TimeoutSeconds=86400,
        HeartbeatSeconds=3600,
        Assign={"approve": "{% $states.result %}"},
        Catch=[{"ErrorEquals": ["States.Timeout", "States.HeartbeatTimeout"], "Next": "close"}],
        Next="choose",
    )
    definition = machine(
        gate=gate,
        close=invocation(Assign={"approve": "{% $states.result.Payload %}"}, Next="choose"),
        choose={"Type": "Choice", "Choices": [{"Condition": "{% $approve.choice = 'approve' %}", "Next": "done"}], "Default": "no"},
        done={"Type": "Succeed", "Output": "{% $approve %}"},
        no={"Type": "Fail", "Error": "Rejected", "Cause": "{% $approve.reason %}"},
    )
    assert codes(definition) == []


def test_it_accepts_a_call_under_another_role() -> None:
    role: JsonObject = {"RoleArn": "arn:aws:iam::123456789012:role/sluice/orders"}
    sdk: JsonObject = {"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:sqs:sendMessage", "Arguments": {"QueueUrl": "{% $q %}"}}
    called = sdk | {"Credentials": role, "Assign": {"told": "{% $states.result.MessageId %}"}, "Next": "again"}
    definition = machine(start=to("call", Assign={"q": "x"}), call=called, again=invocation(Credentials={"RoleArn": "{% $q %}"}, End=True))
    assert codes(definition) == []


@pytest.mark.parametrize("credentials", [{}, {"RoleArn": ""}, {"RoleArn": 1}, {"roleArn": "r"}, {"RoleArn": "r", "Name": "n"}, "r"])
def test_it_knows_what_credentials_are(credentials: Json) -> None:
    assert codes(machine(a=invocation(Credentials=credentials, End=True))) == ["asl-bad-value"]


@pytest.mark.parametrize("action", ["sqs", "SQS:sendMessage", "sqs:SendMessage", "sqs:send-message", "sqs:send:message"])
def test_it_knows_how_an_action_of_the_sdk_is_named(action: str) -> None:
    assert codes(machine(a={"Type": "Task", "Resource": f"arn:aws:states:::aws-sdk:{action}", "End": True})) == ["asl-resource"]


def test_it_accepts_a_loop_that_assigns_before_it_reads() -> None:
    definition = machine(
        start=to("visit", Assign={"Count": 0}),
        visit=invocation(Assign={"Count": "{% $Count + 1 %}", "draft": "{% $states.result.Payload %}"}, Next="again"),
        again={"Type": "Choice", "Choices": [{"Condition": "{% $draft.ok or $Count >= 3 %}", "Next": "done"}], "Default": "visit"},
        done={"Type": "Succeed", "Output": "{% $draft %}"},
    )
    assert codes(definition) == []


def test_it_lets_inner_scopes_read_what_is_certain_outside() -> None:
    inner: JsonObject = {
        "Type": "Map",
        "Items": "{% $rows %}",
        "ItemSelector": {"row": "{% $states.context.Map.Item.Value %}", "index": "{% $states.context.Map.Item.Index %}"},
        "ItemProcessor": branch(item=end(Assign={"own": "{% $rows %}"}, Output="{% $count($rows) %}")),
        "End": True,
    }
    fan: JsonObject = {"Type": "Parallel", "Branches": [branch(each=inner), branch(right=end(Assign={"own": 1}))], "End": True}
    assert codes(machine(rows=to("fan", Assign={"rows": [1]}), fan=fan)) == []


def test_it_lets_a_distributed_map_be_given_what_it_needs() -> None:
    processor: JsonObject = {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
        **branch(item=end(Output="{% $states.input.rate %}")),
    }
    each: JsonObject = {"Type": "Map", "Items": "{% $rows %}", "ItemSelector": {"rate": "{% $rows[0] %}"}, "ItemProcessor": processor, "End": True}
    assert codes(machine(rows=to("each", Assign={"rows": [1]}), each=each)) == []


def test_it_counts_a_catch_as_a_way_without_the_assignment() -> None:
    call = invocation(Assign={"answer": 1}, Catch=[{"ErrorEquals": ["States.ALL"], "Assign": {"error": 1}, "Next": "done"}], Next="done")
    assert codes(machine(call=call, done=end(Output="{% $answer %}"))) == ["asl-variable-unassigned"]
    catch: list[Json] = [{"ErrorEquals": ["States.ALL"], "Assign": {"answer": None}, "Next": "done"}]
    caught: JsonObject = {**call, "Catch": catch}
    assert codes(machine(call=caught, done=end(Output="{% $answer %}"))) == []


def test_it_does_not_speak_of_variables_where_nothing_leads() -> None:
    fan: JsonObject = {"Type": "Parallel", "Branches": [branch(inner=end(Output="{% $late %}"))], "Next": "last"}
    assert codes(machine(first=end(), fan=fan, last=end(Assign={"late": 1}))) == ["asl-unreachable-state", "asl-unreachable-state"]


def test_it_takes_a_function_given_as_a_value_for_a_function() -> None:
    assert codes(machine(say=end(Output="{% $map([1, 2], $string) %}"))) == []


def test_it_takes_activities_functions_and_sdk_calls_for_resources() -> None:
    resources = [
        "arn:aws:states:eu-central-1:123456789012:activity:ask",
        "arn:aws:lambda:eu-central-1:123456789012:function:worker",
        "arn:aws-us-gov:states:::aws-sdk:dynamodb:query",
        "arn:aws:states:::dynamodb:getItem",
        "arn:aws:states:::states:startExecution.sync:2",
        "${Worker}",
    ]
    assert [codes(machine(call={"Type": "Task", "Resource": resource, "End": True})) for resource in resources] == [[]] * 6


def test_it_lets_an_activity_read_its_token() -> None:
    activity: JsonObject = {
        "Type": "Task",
        "Resource": "arn:aws:states:eu-central-1:123456789012:activity:ask",
        "Arguments": {"token": "{% $states.context.Task.Token %}"},
        "End": True,
    }
    assert codes(machine(ask=activity)) == []


def test_it_takes_an_expression_for_a_moving_time_limit() -> None:
    assert codes(machine(call=invocation(TimeoutSeconds="{% $states.input.limit %}", HeartbeatSeconds=60, End=True))) == []


@pytest.mark.parametrize("token", ["{% $states %}", "{% $states.context %}", "{% $states.context.Task %}", "{% {'a': $states.context.Task.Token} %}"])
def test_it_sees_a_token_inside_what_is_sent(token: str) -> None:
    gate = invocation(Resource=f"{LAMBDA}.waitForTaskToken", Arguments={"FunctionName": "f", "Payload": token}, TimeoutSeconds=5, End=True)
    assert codes(machine(gate=gate)) == []


# --- odd machines ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("head", [{}, {"QueryLanguage": "JSONPath"}])
def test_it_judges_machines_in_jsonpath_by_their_language_alone(head: JsonObject) -> None:
    assert codes({**head, "StartAt": "x", "States": {}}) == ["asl-query-language"]


ODD: list[Json] = [None, 1, "x", [], [1], {}, {"x": 1}, {"x": {}}, [{}], {"x": {"Type": 1}}]


@pytest.mark.parametrize("odd", ODD, ids=json.dumps)
def test_it_never_raises_on_odd_parts(odd: Json) -> None:
    fields = ["Retry", "Catch", "Choices", "Branches", "ItemProcessor", "Assign", "Output", "Arguments", "Next", "End", "Resource", "Error", "Label"]
    for kind in ("Task", "Choice", "Parallel", "Map", "Pass", "Wait", "Succeed", "Fail", "Odd"):
        check_machine(machine(a={"Type": kind, **dict.fromkeys(fields, odd)}))
    for kind in ("Task", "Map"):
        check_machine(
            machine(a={"Type": kind, "Catch": [{"ErrorEquals": odd, "Next": odd, "Assign": odd}], "ItemProcessor": {"ProcessorConfig": odd}})
        )
    check_machine({"QueryLanguage": "JSONata", "StartAt": odd, "States": odd, "TimeoutSeconds": odd, "Comment": odd})


def test_it_is_quick_on_large_machines() -> None:
    count = 1000
    states = {
        f"n{i}": invocation(
            Assign={f"n{i}": "{% $states.result.Payload %}"}, Output={"before": f"{{% $n{i - 1}.value > 0 %}}"} if i else {}, Next=f"n{i + 1}"
        )
        for i in range(count)
    }
    assert codes(machine(**states, **{f"n{count}": end()})) == []
