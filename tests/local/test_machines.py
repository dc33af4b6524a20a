"""State machines on the patched emulator: what must stay as it is, and what no fault of moto's covers."""

import json
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.local.emulator import DEADLINE, Emulator, assign, chain, emulator, one, task


@pytest.fixture(scope="module")
def at() -> Iterator[Emulator]:
    with emulator(fixed=True) as fixed:
        yield fixed


@pytest.mark.parametrize(("number", "came"), [(1, "low"), (5, "high"), (9, "other")])
def test_it_leaves_jsonpath_machines_alone(at: Emulator, number: int, came: str) -> None:
    low = {"Variable": "$.n", "NumericLessThan": 3, "Next": "low"}
    high = {"Variable": "$.n", "NumericLessThan": 7, "Next": "high"}
    states = {
        "work": {
            "Type": "Task",
            "Resource": "arn:aws:states:::lambda:invoke",
            "Parameters": {"FunctionName": "echo", "Payload.$": "$"},
            "ResultPath": "$.answer",
            "Next": "choose",
        },
        "choose": {"Type": "Choice", "Choices": [low, high], "Default": "other"},
        **{name: {"Type": "Pass", "Result": name, "ResultPath": "$.came", "OutputPath": "$.came", "End": True} for name in ("low", "high", "other")},
    }
    created = at.sfn.create_state_machine(
        name=f"jsonpath-{number}", roleArn="arn:aws:iam::123456789012:role/m", definition=json.dumps({"StartAt": "work", "States": states})
    )
    run = at.sfn.start_execution(stateMachineArn=created["stateMachineArn"], name="run", input=json.dumps({"n": number}))
    assert json.loads(at.ended(run["executionArn"])["output"]) == came


def test_it_drops_what_a_failed_attempt_assigned(at: Emulator) -> None:
    bad = task("echo", Assign={"mine": 1}, Output="{% $nothing %}", Catch=[{"ErrorEquals": ["States.ALL"], "Assign": {"caught": 1}, "Next": "c"}])
    shown = {"Type": "Pass", "Output": {"mine": "{% $exists($mine) %}", "caught": "{% $exists($caught) %}"}}
    assert at.run(chain(t=bad, end={"Type": "Succeed"}, c=shown)) == {"mine": False, "caught": True}


def test_it_reads_outer_variables_in_branches_and_keeps_inner_ones_there(at: Emulator) -> None:
    inner = {"StartAt": "i", "States": {"i": {"Type": "Pass", "Assign": {"inner": 1}, "Output": "{% $outer + 1 %}", "End": True}}}
    parallel = {"Type": "Parallel", "Branches": [inner], "Assign": {"result": "{% $states.result[0] %}"}}
    shown = {"Type": "Pass", "Output": ["{% $result %}", "{% $exists($inner) %}"]}
    assert at.run(chain(a=assign(outer=1), p=parallel, b=shown)) == [2, False]


def test_it_gives_item_selectors_their_index_and_value(at: Emulator) -> None:
    body = {"ProcessorConfig": {"Mode": "INLINE"}, "StartAt": "i", "States": {"i": {"Type": "Pass", "End": True}}}
    selector = {"at": "{% $states.context.Map.Item.Index %}", "value": "{% $states.context.Map.Item.Value %}", "all": "{% $states.input.items %}"}
    each = one(Type="Map", Items="{% $states.input.items %}", ItemSelector=selector, ItemProcessor=body)
    assert at.run(each, {"items": ["a", "b"]}) == [{"at": 0, "value": "a", "all": ["a", "b"]}, {"at": 1, "value": "b", "all": ["a", "b"]}]


def test_it_runs_many_items_one_after_the_other(at: Emulator) -> None:
    body = {"ProcessorConfig": {"Mode": "INLINE"}, "StartAt": "i", "States": {"i": {"Type": "Pass", "End": True}}}
    assert at.run(one(Type="Map", Items="{% [1..60] %}", MaxConcurrency=1, ItemProcessor=body)) == list(range(1, 61))


def test_it_tolerates_failed_children_as_told(at: Emulator) -> None:
    fail = {"Type": "Choice", "Choices": [{"Condition": "{% $states.input = 2 %}", "Next": "f"}], "Default": "ok"}
    states = {"c": fail, "f": {"Type": "Fail", "Error": "No"}, "ok": {"Type": "Pass", "End": True}}
    body = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, "StartAt": "c", "States": states}
    assert at.run(one(Type="Map", Items=[1, 2, 3], ToleratedFailureCount=1, ItemProcessor=body)) == [1, None, 3]


def test_it_does_not_catch_a_states_own_data_limit_with_states_all(at: Emulator) -> None:
    large = task("echo", Output={"large": "{% $pad('', 262144, 'x') %}"}, Catch=[{"ErrorEquals": ["States.ALL"], "Next": "caught"}])
    caught = {"Type": "Pass", "Output": "caught"}
    assert at.run(chain(t=large, end={"Type": "Succeed"}, caught=caught)) == "States.DataLimitExceeded"


def _asking(at: Emulator) -> tuple[threading.Event, list[str]]:
    asked, tokens = threading.Event(), []

    def ask(event: Any) -> None:
        tokens.append(event["token"])
        asked.set()

    at.functions["ask"] = ask
    return asked, tokens


@pytest.mark.scenario
def test_it_waits_on_while_heartbeats_come(at: Emulator) -> None:
    asked, tokens = _asking(at)
    execution = at.start(one(**task("ask", token=True, TimeoutSeconds=10, HeartbeatSeconds=1)))
    asked.wait(DEADLINE)
    for _ in range(4):
        time.sleep(0.4)
        at.sfn.send_task_heartbeat(taskToken=tokens[0])
    at.sfn.send_task_success(taskToken=tokens[0], output='"alive"')
    assert at.ended(execution)["output"] == '"alive"'
    with pytest.raises(at.sfn.exceptions.TaskTimedOut):
        at.sfn.send_task_heartbeat(taskToken=tokens[0])


@pytest.mark.scenario
def test_it_times_out_without_heartbeats(at: Emulator) -> None:
    _asking(at)
    assert at.run(one(**task("ask", token=True, TimeoutSeconds=10, HeartbeatSeconds=1))) == "States.Timeout"


def test_it_knows_no_malformed_token(at: Emulator) -> None:
    with pytest.raises(at.sfn.exceptions.InvalidToken):
        at.sfn.send_task_failure(taskToken="nonsense")
    with pytest.raises(at.sfn.exceptions.TaskDoesNotExist):
        at.sfn.send_task_heartbeat(taskToken="3c0de7a3-1111-4111-8111-111111111111")


@pytest.mark.scenario
def test_it_gives_an_answer_and_a_time_out_one_winner(at: Emulator) -> None:
    """Forty tokens answered around the moment at which they time out: accepted answers are outputs, the others are time-outs."""
    asked: list[str] = []
    at.functions["ask"] = lambda event: asked.append(event["token"])
    gate = {**task("ask", token=True, TimeoutSeconds=1), "End": True}
    branches = [
        {"StartAt": f"g{n}", "States": {f"g{n}": {**gate, "Catch": [{"ErrorEquals": ["States.Timeout"], "Next": f"t{n}"}]}, f"t{n}": _late()}}
        for n in range(40)
    ]
    execution = at.start(one(Type="Parallel", Branches=branches))
    deadline = time.monotonic() + 5
    while len(asked) < 40 and time.monotonic() < deadline:
        time.sleep(0.005)
    time.sleep(0.9)
    accepted = 0
    for token in asked:
        try:
            at.sfn.send_task_success(taskToken=token, output='"answered"')
            accepted += 1
        except at.sfn.exceptions.TaskTimedOut:
            pass
    outcome = json.loads(at.ended(execution)["output"])
    assert outcome.count("answered") == accepted
    assert outcome.count("late") == 40 - accepted


def _late() -> dict[str, Any]:
    return {"Type": "Pass", "Output": "late", "End": True}


def test_it_stops_a_wait_and_a_parallel_at_once(at: Emulator) -> None:
    wait = {"StartAt": "w1", "States": {"w1": {"Type": "Wait", "Seconds": 30, "End": True}}}
    other = {"StartAt": "w2", "States": {"w2": {"Type": "Wait", "Seconds": 30, "End": True}}}
    execution = at.start(one(Type="Parallel", Branches=[wait, other]))
    time.sleep(0.05)
    started = time.monotonic()
    at.sfn.stop_execution(executionArn=execution)
    assert at.sfn.describe_execution(executionArn=execution)["status"] == "ABORTED"
    assert time.monotonic() - started < 2
    assert at.sfn.stop_execution(executionArn=execution)["stopDate"] is not None


def test_it_refuses_a_time_that_is_none(at: Emulator) -> None:
    assert at.run(one(Type="Wait", Timestamp="{% 'tomorrow' %}")) == "States.Runtime"


def test_it_queries_indexes_and_tables_without_a_sort_key(at: Emulator) -> None:
    at.dynamodb.create_table(
        TableName="plain",
        KeySchema=[{"AttributeName": "PK", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("PK", "owner")],
        GlobalSecondaryIndexes=[
            {"IndexName": "by_owner", "KeySchema": [{"AttributeName": "owner", "KeyType": "HASH"}], "Projection": {"ProjectionType": "ALL"}}
        ],
        BillingMode="PAY_PER_REQUEST",
    )
    for name, owner in (("a", "x"), ("b", "y"), ("c", "x")):
        at.dynamodb.put_item(TableName="plain", Item={"PK": {"S": name}, "owner": {"S": owner}})
    bad = {"ConditionCheck": {"TableName": "plain", "Key": {"PK": {"S": "none"}}, "ConditionExpression": "attribute_exists(PK)"}}
    with pytest.raises(at.dynamodb.exceptions.TransactionCanceledException):
        at.dynamodb.transact_write_items(
            TransactItems=[
                {"Delete": {"TableName": "plain", "Key": {"PK": {"S": "a"}}}},
                {"Put": {"TableName": "plain", "Item": {"PK": {"S": "d"}}}},
                bad,
            ]
        )
    of_x = at.dynamodb.query(
        TableName="plain", IndexName="by_owner", KeyConditionExpression="#o = :x", ExpressionAttributeNames={"#o": "owner"},
        ExpressionAttributeValues={":x": {"S": "x"}},
    )["Items"]  # fmt: skip
    assert [item["PK"]["S"] for item in of_x] == ["a", "c"]
    alone = at.dynamodb.query(TableName="plain", KeyConditionExpression="PK = :p", ExpressionAttributeValues={":p": {"S": "b"}})["Items"]
    assert [item["owner"]["S"] for item in alone] == ["y"]


def test_it_compares_values_of_a_type_by_what_they_mean(at: Emulator) -> None:
    from moto.dynamodb.models.dynamo_type import DynamoType

    text, one, ten, two = (DynamoType(value) for value in ({"S": "10"}, {"N": "1.0"}, {"N": "10"}, {"N": "2"}))
    assert one == DynamoType({"N": "1"})
    assert text != ten
    assert sorted([ten, two, one]) == [one, two, ten]


def test_it_applies_a_transactions_token_to_one_payload(at: Emulator) -> None:
    at.table("once")
    put = {"Put": {"TableName": "once", "Item": {"PK": {"S": "p"}, "SK": {"S": "1"}}}}
    other = {"Put": {"TableName": "once", "Item": {"PK": {"S": "p"}, "SK": {"S": "2"}}}}
    at.dynamodb.transact_write_items(TransactItems=[put], ClientRequestToken="token")
    with pytest.raises(at.dynamodb.exceptions.IdempotentParameterMismatchException):
        at.dynamodb.transact_write_items(TransactItems=[other], ClientRequestToken="token")


def test_it_undoes_an_update_that_fails_halfway(at: Emulator) -> None:
    at.table("halfway")
    key = {"PK": {"S": "p"}, "SK": {"S": "1"}}
    at.dynamodb.put_item(TableName="halfway", Item={**key, "text": {"S": "x"}})
    with pytest.raises(at.dynamodb.exceptions.ClientError):
        at.dynamodb.update_item(
            TableName="halfway", Key=key, UpdateExpression="SET first = :n, text = text + :n", ExpressionAttributeValues={":n": {"N": "1"}}
        )
    with pytest.raises(at.dynamodb.exceptions.ClientError):
        at.dynamodb.update_item(
            TableName="halfway", Key={**key, "SK": {"S": "2"}}, UpdateExpression="SET a = b + :n", ExpressionAttributeValues={":n": {"N": "1"}}
        )
    assert at.dynamodb.scan(TableName="halfway")["Items"] == [{**key, "text": {"S": "x"}}]


def test_it_starts_an_execution_once_however_many_start_it(at: Emulator) -> None:
    created = at.sfn.create_state_machine(
        name="once", roleArn="arn:aws:iam::123456789012:role/m", definition=json.dumps({"QueryLanguage": "JSONata", **one(Type="Wait", Seconds=1)})
    )["stateMachineArn"]
    found: list[str] = []
    threads = [
        threading.Thread(target=lambda: found.append(at.sfn.start_execution(stateMachineArn=created, name="same", input="{}")["executionArn"]))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(at.sfn.list_executions(stateMachineArn=created)["executions"]) == 1
