"""The faults of the emulator, each as a scenario with what moto answers as it comes and what it must answer patched (as AWS does).

A scenario is named in its own words; `raw` and `fixed` are what it returns. `slow`: it takes a second, since the engine counts in seconds.
"""

import json
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.exceptions import ClientError

from tests.local.emulator import DEADLINE, REGION, Emulator, assign, chain, one, task

Scenario = Callable[[Emulator], Any]


@dataclass(frozen=True)
class Fault:
    patch: str
    scenario: Scenario
    raw: Any
    fixed: Any
    slow: bool


FAULTS: list[Fault] = []


def fault(patch: str, *, raw: Any, fixed: Any, slow: bool = False) -> Callable[[Scenario], Scenario]:
    def enter(scenario: Scenario) -> Scenario:
        FAULTS.append(Fault(patch, scenario, raw, fixed, slow))
        return scenario

    return enter


def refused(call: Callable[..., Any], **arguments: Any) -> str:
    """The error code, or `accepted`."""
    try:
        call(**arguments)
    except ClientError as error:
        return str(error.response["Error"]["Code"]).rpartition("#")[2]
    return "accepted"


# --- expressions ---------------------------------------------------------------------------------------------------


@fault("variables_by_value", raw="States.Runtime", fixed='say "hi"')
def a_quote_in_a_text_variable(at: Emulator) -> Any:
    return at.run(chain(a=assign(text="{% $states.input.text %}"), b={"Type": "Pass", "Output": "{% $text %}"}), {"text": 'say "hi"'})


@fault("variables_by_value", raw="States.QueryEvaluationError", fixed=3)
def two_divisions(at: Emulator) -> Any:
    return at.run(one(Type="Pass", Output="{% $states.input.a/2 + $length($states.context.State.Name)/2 %}"), {"a": 2})


@fault("variables_by_value", raw="States.Runtime", fixed=[2, 3])
def nested_dollar(at: Emulator) -> Any:
    return at.run(one(Type="Pass", Output="{% $states.input.items[$ > 1] %}"), {"items": [1, 2, 3]})


@fault("variables_by_value", raw=2, fixed="States.QueryEvaluationError")
def eval_is_taken_away(at: Emulator) -> Any:
    return at.run(one(Type="Pass", Output="{% $eval('1 + 1') %}"))


@fault("variables_by_value", raw=2, fixed="States.QueryEvaluationError")
def parse_takes_json_only(at: Emulator) -> Any:
    return at.run(one(Type="Pass", Output="{% $parse('1 + 1') %}"))


@fault("variables_by_value", raw=False, fixed=True)
def hash_is_there(at: Emulator) -> Any:
    return at.run(one(Type="Pass", Output="{% $hash('a', 'SHA-256') %}")) == "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"


@fault("absent_result_is_undefined", raw="States.Runtime", fixed=False)
def no_error_output(at: Emulator) -> Any:
    return at.run(one(Type="Pass", Output="{% $exists($states.errorOutput) %}"))


@fault("literals_unescaped", raw='a\\"b', fixed='a"b')
def escaped_literal(at: Emulator) -> Any:
    return at.run(chain(a=assign(x={"text": 'a"b'}), b={"Type": "Pass", "Output": "{% $x.text %}"}))


# --- errors --------------------------------------------------------------------------------------------------------

_BAD = {"Type": "Pass", "Output": "{% $states.input.nothing.here %}", "End": True}
_CAUGHT = {"Type": "Pass", "Output": "caught"}


def _parallel(branch: dict[str, Any], *names: str) -> dict[str, Any]:
    catch = [{"ErrorEquals": list(names), "Next": "caught"}]
    return {"Type": "Parallel", "Branches": [{"StartAt": "b", "States": {"b": branch}}], "Catch": catch}


@fault("states_errors_pass_through", raw="States.Runtime", fixed="caught")
def a_query_error_in_a_branch_is_caught(at: Emulator) -> Any:
    return at.run(chain(p=_parallel(_BAD, "States.QueryEvaluationError"), end={"Type": "Succeed"}, caught=_CAUGHT))


@fault("states_errors_pass_through", raw="States.Runtime", fixed="caught")
def a_query_error_in_an_iteration_is_caught(at: Emulator) -> Any:
    body = {"ProcessorConfig": {"Mode": "INLINE"}, "StartAt": "b", "States": {"b": _BAD}}
    catch = [{"ErrorEquals": ["States.QueryEvaluationError"], "Next": "caught"}]
    return at.run(chain(m={"Type": "Map", "Items": [1], "ItemProcessor": body, "Catch": catch}, end={"Type": "Succeed"}, caught=_CAUGHT))


@fault("wildcards", raw="States.QueryEvaluationError", fixed="caught")
def task_failed_matches_states_errors(at: Emulator) -> Any:
    bad = task("echo", Output="{% $states.result.nothing %}")
    bad["Arguments"]["Payload"] = "{% $nothing %}"
    return at.run(chain(t={**bad, "Catch": [{"ErrorEquals": ["States.TaskFailed"], "Next": "caught"}]}, end={"Type": "Succeed"}, caught=_CAUGHT))


# --- sizes ---------------------------------------------------------------------------------------------------------


@fault("limits_in_bytes", raw="States.DataLimitExceeded", fixed=100_000)
def escapes_do_not_count(at: Emulator) -> Any:
    wide = {"text": "{% $pad('', 100000, 'é') %}"}
    return at.run(chain(a={"Type": "Pass", "Output": wide}, b={"Type": "Pass", "Output": "{% $length($states.input.text) %}"}))


@fault("limit_of_arguments", raw="ok", fixed="States.DataLimitExceeded")
def large_arguments(at: Emulator) -> Any:
    at.functions["size"] = lambda event: "ok"
    large = {"large": "{% $pad('', 262144, 'x') %}"}
    return at.run(one(**task("size", large, Output="{% $states.result.Payload %}")))


@fault("assign_beside_output", raw=3, fixed="States.DataLimitExceeded")
def large_assign(at: Emulator) -> Any:
    three = dict.fromkeys(("a", "b", "c"), "{% $pad('', 100000, 'x') %}")
    return at.run(chain(a={**assign(**three), "Output": {}}, b={"Type": "Pass", "Output": "{% $count([$a, $b, $c]) %}"}))


@fault("output_is_caught", raw=3, fixed="States.DataLimitExceeded")
def large_parallel_result(at: Emulator) -> Any:
    branches = [{"StartAt": f"b{n}", "States": {f"b{n}": {"Type": "Pass", "Output": "{% $pad('', 100000, 'x') %}", "End": True}}} for n in range(3)]
    return at.run(one(Type="Parallel", Branches=branches, Output="{% $count($states.result) %}"))


# --- choices -------------------------------------------------------------------------------------------------------


@fault("no_choice_matched", raw="States.Runtime", fixed="States.NoChoiceMatched")
def no_match(at: Emulator) -> Any:
    return at.run(chain(c={"Type": "Choice", "Choices": [{"Condition": "{% false %}", "Next": "end"}]}, end={"Type": "Succeed"}))


@fault("no_choice_matched", raw="default", fixed="rule")
def a_rule_that_leads_where_default_leads(at: Emulator) -> Any:
    rule = {"Condition": "{% true %}", "Next": "end", "Assign": {"by": "rule"}}
    choice = {"Type": "Choice", "Choices": [rule], "Default": "end", "Assign": {"by": "default"}}
    return at.run(chain(c=choice, end={"Type": "Pass", "Output": "{% $by %}"}))


@fault("condition_is_boolean", raw="States.Runtime", fixed="States.QueryEvaluationError")
def a_condition_that_is_no_boolean(at: Emulator) -> Any:
    return at.run(chain(c={"Type": "Choice", "Choices": [{"Condition": "{% 1 %}", "Next": "end"}]}, end={"Type": "Succeed"}))


# --- states --------------------------------------------------------------------------------------------------------


@fault("assign_beside_output", raw={"old": "new"}, fixed={"old": "first"})
def output_reads_variables_as_on_entry(at: Emulator) -> Any:
    return at.run(chain(a=assign(v="first"), b={"Type": "Pass", "Assign": {"v": "new"}, "Output": {"old": "{% $v %}"}}))


@fault("output_is_caught", raw="States.QueryEvaluationError", fixed="caught")
def an_output_that_fails_is_caught(at: Emulator) -> Any:
    bad = task("echo", Output="{% $states.result.nothing %}", Catch=[{"ErrorEquals": ["States.QueryEvaluationError"], "Next": "caught"}])
    return at.run(chain(t=bad, end={"Type": "Succeed"}, caught=_CAUGHT))


@fault("output_is_caught", raw=1, fixed=2, slow=True)
def each_retry_has_its_own_token(at: Emulator) -> Any:
    seen: list[str] = []

    def answer(event: Any) -> None:
        seen.append(event["token"])
        if len(seen) == 1:
            at.sfn.send_task_failure(taskToken=event["token"], error="Again", cause="once more")
        else:
            at.sfn.send_task_success(taskToken=event["token"], output=str(len(set(seen))))

    at.functions["answer"] = answer
    retry = [{"ErrorEquals": ["Again"], "IntervalSeconds": 1, "MaxAttempts": 1}]
    return at.run(one(**task("answer", token=True, TimeoutSeconds=60, Retry=retry)))


# --- stopping and waiting ------------------------------------------------------------------------------------------


@fault("stop_reaches_the_waiting", raw=("RUNNING", None, None), fixed=("ABORTED", "Cancelled", "by hand"))
def stop_at_an_open_token(at: Emulator) -> Any:
    asked = threading.Event()
    at.functions["ask"] = lambda event: asked.set()
    execution = at.start(one(**task("ask", token=True, TimeoutSeconds=2)))
    asked.wait(DEADLINE)
    at.sfn.stop_execution(executionArn=execution, error="Cancelled", cause="by hand")
    described = at.sfn.describe_execution(executionArn=execution)
    return described["status"], described.get("error"), described.get("cause")


@fault("stop_reaches_the_waiting", raw="RUNNING", fixed="ABORTED")
def stop_in_a_retry_pause(at: Emulator) -> Any:
    failed = threading.Event()

    def fail(event: Any) -> None:
        failed.set()
        raise ValueError("no")

    at.functions["fail"] = fail
    retry = [{"ErrorEquals": ["ValueError"], "IntervalSeconds": 2, "MaxAttempts": 1}]
    execution = at.start(one(**task("fail", Retry=retry)))
    failed.wait(DEADLINE)
    time.sleep(0.05)
    at.sfn.stop_execution(executionArn=execution)
    return at.sfn.describe_execution(executionArn=execution)["status"]


@fault("wait_until_in_utc", raw=False, fixed=True)
def waits_for_the_fraction_too(at: Emulator) -> Any:
    from datetime import UTC, datetime, timedelta

    until = datetime.now(tz=UTC) + timedelta(seconds=0.4)
    at.run(one(Type="Wait", Timestamp="{% $states.input.until %}"), {"until": until.isoformat(timespec="milliseconds").replace("+00:00", "Z")})
    return datetime.now(tz=UTC) >= until - timedelta(milliseconds=1)


# --- tokens --------------------------------------------------------------------------------------------------------


def _gate(at: Emulator, **options: Any) -> tuple[str, str]:
    asked = threading.Event()
    tokens: list[str] = []

    def ask(event: Any) -> None:
        tokens.append(event["token"])
        asked.set()

    at.functions["ask"] = ask
    execution = at.start(one(**task("ask", token=True, **{"TimeoutSeconds": 60, **options})))
    asked.wait(DEADLINE)
    time.sleep(0.02)  # until the state waits
    return execution, tokens[0]


@fault("one_answer_per_token", raw="several, or the others strangers", fixed="one")
def eight_answers_at_once(at: Emulator) -> Any:
    _, token = _gate(at)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda n: refused(at.sfn.send_task_success, taskToken=token, output=str(n)), range(8)))
    return "one" if sorted(answers) == ["TaskTimedOut"] * 7 + ["accepted"] else "several, or the others strangers"


@fault("one_answer_per_token", raw=["accepted", "FAILED"], fixed=["InvalidOutput", "RUNNING"])
def an_output_that_is_no_json(at: Emulator) -> Any:
    execution, token = _gate(at)
    answer = refused(at.sfn.send_task_success, taskToken=token, output="{no json")
    return [answer, at.ended(execution, DEADLINE if answer == "accepted" else 0.1)["status"]]


@fault("one_answer_per_token", raw=["accepted", "SUCCEEDED"], fixed=["ValidationException", "RUNNING"])
def an_output_that_is_too_large(at: Emulator) -> Any:
    execution, token = _gate(at, Output={})
    answer = refused(at.sfn.send_task_success, taskToken=token, output=json.dumps("x" * 262_143))
    return [answer, at.ended(execution, DEADLINE if answer == "accepted" else 0.1)["status"]]


@fault("one_answer_per_token", raw=["InvalidToken", "InvalidToken"], fixed=["TaskTimedOut", "TaskDoesNotExist"], slow=True)
def late_and_unknown(at: Emulator) -> Any:
    execution, token = _gate(at, TimeoutSeconds=1)
    at.ended(execution)
    unknown = "3c0de7a3-1111-4111-8111-111111111111"
    return [refused(at.sfn.send_task_success, taskToken=each, output="1") for each in (token, unknown)]


@fault("one_answer_per_token", raw=None, fixed="because")
def the_cause_of_a_failure(at: Emulator) -> Any:
    execution, token = _gate(at)
    at.sfn.send_task_failure(taskToken=token, error="Refused", cause="because")
    return at.ended(execution).get("cause")


@fault("answer_before_heartbeat", raw="States.Timeout", fixed=1, slow=True)
def answered_inside_the_function(at: Emulator) -> Any:
    at.functions["answer"] = lambda event: at.sfn.send_task_success(taskToken=event["token"], output="1") and None
    return at.run(one(**task("answer", token=True, TimeoutSeconds=60, HeartbeatSeconds=1)))


# --- maps ----------------------------------------------------------------------------------------------------------


def _map(mode: str, states: dict[str, Any], **state: Any) -> dict[str, Any]:
    config = {"Mode": mode, **({"ExecutionType": "STANDARD"} if mode == "DISTRIBUTED" else {})}
    return {"Type": "Map", "ItemProcessor": {"ProcessorConfig": config, "StartAt": next(iter(states)), "States": states}, **state}


@fault("map_workers", raw="together", fixed="at most 40")
def forty_one_iterations_that_wait_for_each_other(at: Emulator) -> Any:
    inside, released = threading.Semaphore(0), threading.Event()

    def meet(event: Any) -> None:
        inside.release()
        released.wait(DEADLINE)

    at.functions["meet"] = meet
    execution = at.start(one(**_map("INLINE", {"t": {**task("meet"), "End": True}}, Items="{% [1..41] %}")))
    forty = all(inside.acquire(timeout=DEADLINE) for _ in range(40))
    together = inside.acquire(timeout=at.patience)
    released.set()
    assert at.ended(execution)["status"] == "SUCCEEDED"
    return "together" if together else "at most 40" if forty else "less"


@fault("failed_children_count", raw=[None, None], fixed="States.ExceedToleratedFailureThreshold")
def children_that_fail(at: Emulator) -> Any:
    return at.run(one(**_map("DISTRIBUTED", {"f": {"Type": "Fail", "Error": "No"}}, Items=[1, 2])))


@fault("children_are_executions", raw=[True, True], fixed=[False, False])
def what_a_child_sees(at: Emulator) -> Any:
    child = {"Type": "Pass", "Output": "{% {'name': $states.context.Execution.Name, 'outer': $exists($outer)} %}", "End": True}
    child["Output"] = {"name": "{% $states.context.Execution.Name %}", "outer": "{% $exists($outer) %}"}
    (seen,) = at.run(chain(a=assign(outer=7), m=_map("DISTRIBUTED", {"c": child}, Items=[1])))
    return [seen["name"] == "run", seen["outer"]]


@fault("result_writer", raw="ASLParserException", fixed=[{"n": 0, "text": "ü"}, {"n": 1, "text": "ü"}])
def what_a_result_writer_writes(at: Emulator) -> Any:
    s3 = boto3.client("s3", region_name=REGION)
    s3.create_bucket(Bucket="data", CreateBucketConfiguration={"LocationConstraint": REGION})
    writer = {"Resource": "arn:aws:states:::s3:putObject", "Arguments": {"Bucket": "data", "Prefix": "{% 'org/' & 'results' %}"}}
    child = {"Type": "Pass", "Output": {"n": "{% $states.input %}", "text": "ü"}, "End": True}
    try:
        details = at.run(one(**_map("DISTRIBUTED", {"c": child}, Items=[0, 1], ResultWriter=writer)))["ResultWriterDetails"]
    except ClientError as error:
        return str(error.response["Error"]["Message"]).split()[0]
    manifest = json.loads(s3.get_object(Bucket="data", Key=details["Key"])["Body"].read())
    assert details["Bucket"] == manifest["DestinationBucket"] == "data"
    assert details["Key"].startswith("org/results/")
    files = [s3.get_object(Bucket="data", Key=file["Key"])["Body"].read() for file in manifest["ResultFiles"]["SUCCEEDED"]]
    return [json.loads(result["Output"]) for file in files for result in json.loads(file)]


# --- starting and describing ---------------------------------------------------------------------------------------


@fault("start_execution", raw=["accepted", "accepted"], fixed=["InvalidName", "ValidationException"])
def bad_names_and_inputs(at: Emulator) -> Any:
    machine = at.sfn.create_state_machine(
        name="m", roleArn="arn:aws:iam::123456789012:role/machine", definition=json.dumps({"QueryLanguage": "JSONata", **one(Type="Succeed")})
    )["stateMachineArn"]
    return [
        refused(at.sfn.start_execution, stateMachineArn=machine, name="a b/c"),
        refused(at.sfn.start_execution, stateMachineArn=machine, name="large", input=json.dumps("x" * 262_143)),
    ]


@fault("definitions_parsed_once", raw=2, fixed=1)
def parsed_again_for_the_execution(at: Emulator) -> Any:
    from moto.stepfunctions.parser.asl.parse.preprocessor import Preprocessor

    visits: list[str] = []
    original = Preprocessor.visitState_decl

    def counted(self: Any, context: Any) -> Any:
        visits.append("visit")
        return original(self, context)

    Preprocessor.visitState_decl = counted
    try:
        at.run(one(Type="Pass", Output="once only"))
    finally:
        Preprocessor.visitState_decl = original
    return len(visits)


@fault("describe_execution", raw="hello", fixed='"hello"')
def a_text_as_output(at: Emulator) -> Any:
    return at.ended(at.start(one(Type="Pass", Output="hello")))["output"]


@fault("describe_execution", raw=[None, "ExecutionStarted"], fixed=[True, "ExecutionTimedOut"], slow=True)
def a_timed_out_execution(at: Emulator) -> Any:
    execution = at.start({"TimeoutSeconds": 1, **one(Type="Wait", Seconds=3)})
    described = at.ended(execution)
    assert described["status"] == "TIMED_OUT"
    last = at.sfn.get_execution_history(executionArn=execution, reverseOrder=True, maxResults=1)["events"][0]
    return [True if "stopDate" in described else None, last["type"]]


@fault("clients_cached", raw=False, fixed=True)
def the_same_client_again(at: Emulator) -> Any:
    from moto.stepfunctions.parser.asl.component.state.exec.state_task import lambda_eval_utils

    first, second = (lambda_eval_utils.boto_client_for(region="eu-central-1", service="sqs") for _ in range(2))
    return first is second


@fault("actions_cached", raw=False, fixed=True)
def the_same_names_again(at: Emulator) -> Any:
    from moto.core import responses
    from moto.dynamodb.responses import DynamoHandler

    first, second = (responses.method_names_from_class(DynamoHandler) for _ in range(2))
    return first is second


@fault("models_read_once", raw="each", fixed="once")
def models_of_two_sessions(at: Emulator) -> Any:
    first, second = (boto3.session.Session()._session.get_component("data_loader") for _ in range(2))
    assert first.search_paths == second.search_paths
    assert len(set(first.search_paths)) == len(first.search_paths)
    return "once" if first.load_service_model("sqs", "service-2") is second.load_service_model("sqs", "service-2") else "each"


@fault("threads_forgotten", raw=True, fixed=False)
def threads_that_are_kept(at: Emulator) -> Any:
    from moto.stepfunctions.parser.utils import TMP_THREADS

    before = len(TMP_THREADS)
    at.run(one(**task("echo")))
    return len(TMP_THREADS) > before


@fault("groups_in_order", raw=["2"], fixed=["0", "1", "2"], slow=True)
def a_group_that_comes_back(at: Emulator) -> Any:
    sqs = boto3.client("sqs", region_name=REGION)
    url = sqs.create_queue(QueueName="line.fifo", Attributes={"FifoQueue": "true", "VisibilityTimeout": "1"})["QueueUrl"]
    for number in range(3):
        sqs.send_message(QueueUrl=url, MessageBody=str(number), MessageGroupId="a", MessageDeduplicationId=str(number))
    assert len(sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]) == 3
    while not (found := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages")):
        time.sleep(0.15)
    return [message["Body"] for message in found]


# --- storage -------------------------------------------------------------------------------------------------------


def _put(at: Emulator, sort_key: str, **attributes: Any) -> dict[str, Any]:
    return {"Put": {"TableName": "table", "Item": {"PK": {"S": "p"}, "SK": {"S": sort_key}, **attributes}}}


@fault("calls_one_at_a_time", raw="lost", fixed="kept")
def a_failing_transaction_beside_a_write(at: Emulator) -> Any:
    """Forces the schedule in which moto loses a write: the transaction has copied the table and not yet put it back."""
    from moto.dynamodb import models

    at.table()
    never = {"ConditionCheck": {"TableName": "table", "Key": {"PK": {"S": "p"}, "SK": {"S": "x"}}, "ConditionExpression": "attribute_exists(PK)"}}
    at_work, original = threading.Event(), models.get_filter_expression

    def paused(*args: Any) -> Any:
        at_work.set()
        time.sleep(0.3)
        return original(*args)

    models.get_filter_expression = paused
    try:
        transaction = threading.Thread(target=refused, args=(at.dynamodb.transact_write_items,), kwargs={"TransactItems": [never]})
        transaction.start()
        at_work.wait(DEADLINE)
        writing = threading.Thread(target=at.dynamodb.put_item, kwargs=_put(at, "mine")["Put"])
        writing.start()
        transaction.join()
        writing.join()
    finally:
        models.get_filter_expression = original
    return "kept" if "Item" in at.dynamodb.get_item(TableName="table", Key={"PK": {"S": "p"}, "SK": {"S": "mine"}}) else "lost"


def _stream(at: Emulator) -> list[str]:
    from moto.dynamodb.models import dynamodb_backends

    return [record.record["eventName"] for record in dynamodb_backends["123456789012"]["eu-central-1"].tables["table"].stream_shard.items]


@fault("units_of_work", raw=["INSERT", "INSERT", "MODIFY"], fixed=["INSERT"])
def stream_records_of_one_update(at: Emulator) -> Any:
    at.table(StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"})
    for _ in range(2):
        at.dynamodb.update_item(
            TableName="table", Key={"PK": {"S": "p"}, "SK": {"S": "s"}}, UpdateExpression="SET a = :a", ExpressionAttributeValues={":a": {"S": "1"}}
        )
    return _stream(at)


@fault("units_of_work", raw="copied", fixed="uncopied")
def a_transaction_copies_the_table(at: Emulator) -> Any:
    from moto.dynamodb.models import dynamodb_backends

    at.table()
    at.dynamodb.put_item(**_put(at, "kept")["Put"])
    before = dynamodb_backends["123456789012"]["eu-central-1"].tables["table"]
    check = {"ConditionCheck": {"TableName": "table", "Key": {"PK": {"S": "p"}, "SK": {"S": "x"}}, "ConditionExpression": "attribute_exists(PK)"}}
    answer = refused(at.dynamodb.transact_write_items, TransactItems=[_put(at, "new"), check])
    rows = at.dynamodb.query(TableName="table", KeyConditionExpression="PK = :p", ExpressionAttributeValues={":p": {"S": "p"}})["Items"]
    assert (answer, [row["SK"]["S"] for row in rows]) == ("TransactionCanceledException", ["kept"])
    return "uncopied" if dynamodb_backends["123456789012"]["eu-central-1"].tables["table"] is before else "copied"


@fault("query_reads_one_partition", raw="all", fixed="one partition")
def what_a_query_reads(at: Emulator) -> Any:
    from moto.dynamodb.models.table import Table

    at.table()
    for partition in "abc":
        at.dynamodb.put_item(TableName="table", Item={"PK": {"S": partition}, "SK": {"S": "s"}})
    read: list[int] = []
    original = Table.all_items

    def counted(self: Any) -> Any:
        found = original(self)
        read.append(len(found))
        return found

    Table.all_items = counted
    try:
        found = at.dynamodb.query(TableName="table", KeyConditionExpression="PK = :p", ExpressionAttributeValues={":p": {"S": "b"}})
    finally:
        Table.all_items = original
    assert [item["PK"]["S"] for item in found["Items"]] == ["b"]
    return "all" if read == [3] else "one partition"


@fault("models_forgotten", raw=True, fixed=False)
def items_that_are_kept(at: Emulator) -> Any:
    from moto.dynamodb.models.dynamo_type import Item

    at.table()
    before = len(Item.instances_tracked)
    at.dynamodb.put_item(TableName="table", Item={"PK": {"S": "p"}, "SK": {"S": "s"}})
    return len(Item.instances_tracked) > before


@fault("transaction_tokens", raw="2", fixed="1")
def a_transaction_sent_twice(at: Emulator) -> Any:
    at.table()
    key = {"PK": {"S": "p"}, "SK": {"S": "s"}}
    add = {"Update": {"TableName": "table", "Key": key, "UpdateExpression": "ADD n :one", "ExpressionAttributeValues": {":one": {"N": "1"}}}}
    for _ in range(2):
        at.dynamodb.transact_write_items(TransactItems=[add], ClientRequestToken="one-token")
    return at.dynamodb.get_item(TableName="table", Key=key)["Item"]["n"]["N"]


@fault("values_compared_as_they_are", raw=True, fixed=False)
def two_texts_compared(at: Emulator) -> Any:
    from moto.dynamodb.models.dynamo_type import DynamoType

    asked: list[str] = []

    class Watched(DynamoType):  # type: ignore[misc] # moto is untyped
        @property
        def cast_value(self) -> Any:
            asked.append(self.value)
            return self.value

    assert Watched({"S": "a"}) < Watched({"S": "b"})
    return bool(asked)


@fault("items_sent_as_they_are", raw=True, fixed=False)
def an_answer_with_an_item(at: Emulator) -> Any:
    from moto.core import serialize

    at.table()
    at.dynamodb.put_item(TableName="table", Item={"PK": {"S": "p"}, "SK": {"S": "s"}, "raw": {"B": b"\x00\xff"}, "set": {"NS": ["1", "2"]}})
    walked: list[Any] = []
    original = serialize.ResponseSerializer._serialize_result

    def counted(self: Any, *arguments: Any) -> Any:
        walked.append(arguments)
        return original(self, *arguments)

    serialize.ResponseSerializer._serialize_result = counted
    try:
        item = at.dynamodb.get_item(TableName="table", Key={"PK": {"S": "p"}, "SK": {"S": "s"}})["Item"]
    finally:
        serialize.ResponseSerializer._serialize_result = original
    assert (item["raw"]["B"], sorted(item["set"]["NS"])) == (b"\x00\xff", ["1", "2"])
    return bool(walked)


# --- what is made once ---------------------------------------------------------------------------------------------


def _two_at_once(at: Emulator, within: tuple[Any, str], make: Callable[[int], Any]) -> list[str]:
    """What two calls answer of which each, where nothing keeps it from it, is past its look before either has made anything."""
    owner, name = within
    original, both = getattr(owner, name), threading.Barrier(2)

    def slowly(*args: Any, **kwargs: Any) -> Any:
        with suppress(threading.BrokenBarrierError):
            both.wait(at.patience)
        return original(*args, **kwargs)

    setattr(owner, name, slowly)
    try:
        with ThreadPoolExecutor(2) as pool:
            return sorted(pool.map(make, range(2)))
    finally:
        setattr(owner, name, original)


@fault("made_once", raw=2, fixed=1)
def machines_of_one_name(at: Emulator) -> Any:
    from moto.stepfunctions import models

    definition = json.dumps({"QueryLanguage": "JSONata", **one(Type="Succeed")})
    role = "arn:aws:iam::123456789012:role/machine"
    _two_at_once(at, (models, "StateMachine"), lambda _: refused(at.sfn.create_state_machine, name="twin", definition=definition, roleArn=role))
    return len(at.sfn.list_state_machines()["stateMachines"])


@fault("made_once", raw=["accepted", "accepted"], fixed=["ResourceExistsException", "accepted"])
def secrets_of_one_name(at: Emulator) -> Any:
    from moto.secretsmanager import models

    secrets = boto3.client("secretsmanager", region_name=REGION)
    return _two_at_once(at, (models, "FakeSecret"), lambda number: refused(secrets.create_secret, Name="twin", SecretString=str(number)))


@fault("made_once", raw=["accepted", "accepted"], fixed=["PreconditionFailed", "accepted"])
def objects_where_there_is_none(at: Emulator) -> Any:
    from moto.s3 import models

    s3 = boto3.client("s3", region_name=REGION)
    s3.create_bucket(Bucket="twins", CreateBucketConfiguration={"LocationConstraint": REGION})
    put = {"Bucket": "twins", "Key": "twin", "IfNoneMatch": "*"}
    return _two_at_once(at, (models.S3Backend, "put_object"), lambda number: refused(s3.put_object, **put, Body=str(number).encode()))


@fault("made_once", raw=["accepted", "accepted"], fixed=["ConflictException", "accepted"])
def schedules_of_one_name(at: Emulator) -> Any:
    from moto.scheduler import models

    scheduler = boto3.client("scheduler", region_name=REGION)
    target = {"Arn": "arn:aws:lambda:eu-central-1:123456789012:function:f", "RoleArn": "arn:aws:iam::123456789012:role/machine"}
    wanted = {"Name": "twin", "ScheduleExpression": "rate(1 day)", "FlexibleTimeWindow": {"Mode": "OFF"}, "Target": target}
    return _two_at_once(at, (models.Schedule, "__init__"), lambda _: refused(scheduler.create_schedule, **wanted))
