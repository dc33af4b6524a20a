"""State machines as values: what they look like as JSON, and what binding touches."""

import json

import pytest

from chalicelib.compiler.asl import (
    INVOKE,
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
    Timestamp,
    Wait,
    bind,
    canonical,
    jsonata,
    pretty,
    to_json,
)
from chalicelib.compiler.asl_rules import check_machine
from chalicelib.spec.model import Json, JsonObject


def scope(**states: State) -> States:
    return States(start_at=next(iter(states)), states=states)


def states_of(**states: State) -> JsonObject:
    rendered = to_json(StateMachine(scope=scope(**states)))["States"]
    assert isinstance(rendered, dict)
    return rendered


def invocation(**arguments: Json) -> Task:
    return Task(resource=INVOKE, arguments={"FunctionName": "${Worker}", **arguments})


EVERY_STATE = StateMachine(
    comment="Book a hotel",
    timeout_seconds=3600,
    scope=scope(
        search=Task(
            comment="Search",
            resource=INVOKE,
            arguments={"FunctionName": "${Worker}", "Payload": {"node": "search"}},
            timeout_seconds=20,
            heartbeat_seconds=10,
            assign={"search": jsonata("$states.result.Payload")},
            output={},
            retry=(
                Retrier(
                    error_equals=("ToolFailed",),
                    interval_seconds=2,
                    max_attempts=3,
                    backoff_rate=2,
                    max_delay_seconds=60,
                    jitter="FULL",
                    comment="ours",
                ),
            ),
            catch=(
                Catcher(
                    error_equals=("States.ALL",), next="fail", assign={"search": None}, output=jsonata("$states.errorOutput"), comment="the rest"
                ),
            ),
            next="enough",
        ),
        enough=Choice(
            rules=(ChoiceRule(condition=jsonata("$search.count > 0"), next="both", assign={"found": True}, output=1, comment="some"),),
            default="none",
            assign={"found": False},
            output=0,
        ),
        both=Parallel(
            branches=(scope(left=Pass(output=1)), scope(right=Pass(assign={"here": 1}))),
            arguments={"a": 1},
            output=jsonata("$states.result"),
            next="each",
        ),
        each=Map(items=jsonata("$search.hotels"), item_selector={"id": 1}, max_concurrency=5, processor=scope(item=Pass()), next="rows"),
        rows=Map(
            processor=scope(row=Pass()),
            items=[1, 2],
            distributed=Distributed(label="rows", tolerated_failure_count=1, tolerated_failure_percentage=5, execution_type="EXPRESS"),
            next="pause",
        ),
        pause=Wait(delay=Seconds(5), next="until"),
        until=Wait(delay=Timestamp("2026-01-01T00:00:00Z"), next="none"),
        none=Succeed(output=None),
        fail=Fail(error="NotFound", cause="no hotel"),
    ),
)


def test_it_writes_fields_in_reading_order() -> None:
    states = to_json(EVERY_STATE)["States"]
    assert isinstance(states, dict)
    orders = {name: list(state) for name, state in states.items() if isinstance(state, dict)}
    assert orders == {
        "search": ["Comment", "Type", "Resource", "Arguments", "TimeoutSeconds", "HeartbeatSeconds", "Assign", "Output", "Retry", "Catch", "Next"],
        "enough": ["Type", "Choices", "Default", "Assign", "Output"],
        "both": ["Type", "Arguments", "Branches", "Output", "Next"],
        "each": ["Type", "Items", "ItemSelector", "MaxConcurrency", "ItemProcessor", "Next"],
        "rows": ["Type", "Items", "Label", "ItemProcessor", "ToleratedFailurePercentage", "ToleratedFailureCount", "Next"],
        "pause": ["Type", "Seconds", "Next"],
        "until": ["Type", "Timestamp", "Next"],
        "none": ["Type", "Output"],
        "fail": ["Type", "Error", "Cause"],
    }


def test_it_writes_what_aws_accepts() -> None:
    assert check_machine(to_json(EVERY_STATE)) == ()


def test_it_puts_the_machine_head_before_its_states() -> None:
    machine = to_json(EVERY_STATE)
    assert list(machine) == ["Comment", "QueryLanguage", "TimeoutSeconds", "StartAt", "States"]
    assert machine["QueryLanguage"] == "JSONata"


def test_it_ends_a_scope_where_nothing_follows() -> None:
    assert states_of(only=Pass()) == {"only": {"Type": "Pass", "End": True}}


def test_it_leaves_absent_fields_out_and_keeps_null() -> None:
    assert states_of(only=Pass(output=None, next="x"))["only"] == {"Type": "Pass", "Output": None, "Next": "x"}


def test_it_writes_retriers_and_catchers_in_full() -> None:
    search = states_of(**EVERY_STATE.scope.states)["search"]
    assert isinstance(search, dict)
    assert search["Retry"] == [
        {
            "Comment": "ours", "ErrorEquals": ["ToolFailed"], "IntervalSeconds": 2, "MaxAttempts": 3, "BackoffRate": 2, "MaxDelaySeconds": 60,
            "JitterStrategy": "FULL",
        }
    ]  # fmt: skip
    assert search["Catch"] == [
        {
            "Comment": "the rest", "ErrorEquals": ["States.ALL"], "Assign": {"search": None}, "Output": "{% $states.errorOutput %}", "Next": "fail",
        }
    ]  # fmt: skip


def test_it_distributes_a_map_by_its_processor_config() -> None:
    distributed = Distributed(item_reader={"Resource": "r"}, item_batcher={"MaxItemsPerBatch": 1}, result_writer={"Resource": "w"})
    each = states_of(each=Map(processor=scope(item=Pass()), distributed=distributed))["each"]
    assert isinstance(each, dict)
    assert each["ItemProcessor"] == {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
        "StartAt": "item",
        "States": {"item": {"Type": "Pass", "End": True}},
    }
    assert list(each) == ["Type", "ItemReader", "ItemBatcher", "ItemProcessor", "ResultWriter", "End"]


def test_it_has_one_text() -> None:
    machine = to_json(EVERY_STATE)
    assert canonical(machine) == canonical(to_json(EVERY_STATE))
    assert json.loads(canonical(machine)) == json.loads(pretty(machine)) == machine
    assert canonical({"Comment": "café", "a": [1, 2.5]}) == '{"Comment":"café","a":[1,2.5]}'
    assert pretty({"a": 1}) == '{\n  "a": 1\n}\n'


def test_it_refuses_numbers_that_are_no_json() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical({"a": float("nan")})


# --- bind --------------------------------------------------------------------------------------------------------


def test_it_binds_resources_in_every_scope() -> None:
    reader: JsonObject = {"Resource": "arn:aws:states:::s3:getObject", "Arguments": {"Bucket": "${Bucket}", "Key": "{% $key %}"}}
    machine = to_json(
        StateMachine(
            scope=scope(
                first=invocation(),
                fan=Parallel(branches=(scope(left=invocation()), scope(right=Task(resource="${Worker}")))),
                each=Map(processor=scope(item=invocation()), distributed=Distributed(item_reader=reader, result_writer=reader)),
            )
        )
    )
    text = canonical(bind(machine, {"Worker": "arn:worker", "Bucket": "data"}))
    assert text == canonical(machine).replace("${Worker}", "arn:worker").replace("${Bucket}", "data")
    assert "${" not in text


def test_it_leaves_authored_texts_alone() -> None:
    states = bind(to_json(StateMachine(scope=scope(say=invocation(Payload={"text": "${Worker}"}), end=Pass(output="${Worker}")))), {"Worker": "w"})[
        "States"
    ]
    assert isinstance(states, dict)
    assert states["end"] == {"Type": "Pass", "Output": "${Worker}", "End": True}
    assert states["say"] == {"Type": "Task", "Resource": INVOKE, "Arguments": {"FunctionName": "w", "Payload": {"text": "${Worker}"}}, "End": True}


def test_it_binds_nothing_in_what_somebody_else_is_sent() -> None:
    call = Task(resource=INVOKE, credentials={"RoleArn": "role"}, arguments={"FunctionName": "f", "Payload": "${Worker} ${HOME}"})
    machine = to_json(StateMachine(scope=scope(call=call)))
    assert bind(machine, {"Worker": "w"}) == machine


def test_it_does_not_change_the_machine_that_it_binds() -> None:
    machine = to_json(StateMachine(scope=scope(first=invocation())))
    before = canonical(machine)
    bind(machine, {"Worker": "w"})
    assert canonical(machine) == before


def test_it_refuses_to_bind_without_a_value() -> None:
    with pytest.raises(ValueError, match=r"no value for the placeholder \$\{Worker\}"):
        bind(to_json(StateMachine(scope=scope(first=invocation()))), {})


def test_it_refuses_a_value_that_no_placeholder_is_known_for() -> None:
    with pytest.raises(ValueError, match="no placeholder is called Wroker"):
        bind({"States": {}}, {"Wroker": "w"})


@pytest.mark.parametrize("odd", [{}, {"States": []}, {"States": {"a": 1}}, {"States": {"a": {"Branches": [1, {}], "Arguments": "{% 1 %}"}}}])
def test_it_binds_machines_of_any_shape(odd: JsonObject) -> None:
    assert bind(odd, {"Worker": "w"}) == odd
