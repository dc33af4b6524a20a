"""What the template promises: who may do what, what is kept, what events carry."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from chalicelib.store.keys import TABLE, TIME_TO_LIVE
from tests.factories.package import Package
from tests.factories.repository import tracked

pytestmark = pytest.mark.scenario  # `chalice package` takes a second


def statements(package: Package, role: str) -> list[dict[str, Any]]:
    policies = package.resources[role]["Properties"]["Policies"]
    return [statement for policy in policies for statement in policy["PolicyDocument"]["Statement"]]


def actions(package: Package, role: str) -> set[str]:
    return {action for statement in statements(package, role) for action in as_list(statement["Action"])}


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def role_of(function: dict[str, Any]) -> str:
    role: str = function["Role"]["Fn::GetAtt"][0]
    return role


def test_it_passes_cfn_lint(bare_package: Package) -> None:
    command = [sys.executable, "-c", "from cfnlint.runner import main; main()", "--regions", "eu-central-1", "--", str(bare_package.template_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.stdout + done.stderr).strip() == ""


def holding(package: Package, action: str) -> set[str]:
    """The functions that may do something."""
    return {name for name, function in package.functions.items() if action in actions(package, role_of(function))}


def test_it_lets_the_publisher_alone_create_machines(bare_package: Package) -> None:
    assert holding(bare_package, "states:CreateStateMachine") == {"Publisher"}


def test_it_lets_others_than_the_publisher_delete_residual_machines_alone(bare_package: Package) -> None:
    """No workflow's name has an underscore, so no version's machine is called so."""
    roles = {role_of(function) for function in bare_package.functions.values()} - {role_of(bare_package.functions["Publisher"])}
    deleting = [one for role in roles for one in statements(bare_package, role) if "states:DeleteStateMachine" in as_list(one["Action"])]
    assert {one["Resource"]["Fn::Sub"].rpartition(":")[2] for one in deleting} == {"*-v*_r*-??????????"}
    assert {tuple(one["Action"]) for one in deleting} == {("states:DeleteStateMachine",)}


def test_it_lets_those_alone_keep_schedules_that_follow_the_table(bare_package: Package) -> None:
    """The API writes records; EventBridge is brought after them by the stream's function and the sweeper."""
    for wanted in ("scheduler:CreateSchedule", "scheduler:UpdateSchedule", "scheduler:DeleteSchedule"):
        assert holding(bare_package, wanted) == {"TableStream", "Sweeper"}


def test_it_passes_the_machines_role_by_the_publisher_alone_and_the_schedules_by_those_who_keep_them(bare_package: Package) -> None:
    passing = {
        (name, one["Resource"]["Fn::GetAtt"][0], one["Condition"]["StringEquals"]["iam:PassedToService"])
        for name, function in bare_package.functions.items()
        for one in statements(bare_package, role_of(function))
        if "iam:PassRole" in as_list(one["Action"])
    }
    assert passing == {
        ("Publisher", "MachineRole", "states.amazonaws.com"),
        ("TableStream", "SchedulerRole", "scheduler.amazonaws.com"),
        ("Sweeper", "SchedulerRole", "scheduler.amazonaws.com"),
    }


def test_it_lets_those_alone_keep_rules_that_follow_the_table_and_only_triggers_rules(bare_package: Package) -> None:
    keeping = {
        name: one["Resource"]["Fn::Sub"].rpartition(":")[2]
        for name, function in bare_package.functions.items()
        for one in statements(bare_package, role_of(function))
        if "events:PutRule" in as_list(one["Action"])
    }
    assert keeping == {"TableStream": "rule/${Name}-trg_*", "Sweeper": "rule/${Name}-trg_*"}
    permission = bare_package.resources["RulesInvokeTrigger"]["Properties"]
    assert (permission["FunctionName"], permission["Principal"]) == ({"Ref": "Trigger"}, "events.amazonaws.com")
    assert permission["SourceArn"]["Fn::Sub"].endswith(":rule/${Name}-trg_*")
    longest = bare_package.template["Parameters"]["Name"]["AllowedPattern"].rpartition(",")[2].strip("}")
    assert len("a" * (int(longest) + 1) + "-trg_") + 26 <= 64  # what EventBridge takes as a rule's name


def test_it_lets_schedules_invoke_the_trigger_function_alone_and_leave_what_they_cannot_deliver(bare_package: Package) -> None:
    assert [(one["Action"], one["Resource"]) for one in statements(bare_package, "SchedulerRole")] == [
        ("lambda:InvokeFunction", {"Fn::GetAtt": ["Trigger", "Arn"]}),
        ("sqs:SendMessage", {"Fn::GetAtt": ["MissedTriggers", "Arn"]}),
    ]
    assert bare_package.resources["Schedules"]["Properties"] == {"Name": {"Ref": "Name"}}


def test_it_keeps_what_the_trigger_function_failed_at_for_the_sweeper(bare_package: Package) -> None:
    failed = bare_package.functions["Trigger"]["EventInvokeConfig"]["DestinationConfig"]["OnFailure"]
    assert failed == {"Type": "SQS", "Destination": {"Fn::GetAtt": ["MissedTriggers", "Arn"]}}
    assert queues(bare_package, "sqs:SendMessage") == {"Trigger": "MissedTriggers", "APIHandler": "InboundQueue"}
    taking = {"Sweeper": "MissedTriggers", "Inbound": "InboundQueue"}
    assert queues(bare_package, "sqs:ReceiveMessage") == queues(bare_package, "sqs:DeleteMessage") == taking


def queues(package: Package, action: str) -> dict[str, str]:
    """Which functions may do something, with which queue."""
    return {
        name: one["Resource"]["Fn::GetAtt"][0]
        for name, function in package.functions.items()
        for one in statements(package, role_of(function))
        if action in as_list(one["Action"])
    }


def test_it_keeps_what_comes_in_by_channels_in_order_and_reports_single_failures(bare_package: Package) -> None:
    (source,) = (event["Properties"] for event in bare_package.functions["Inbound"]["Events"].values())
    assert (source["Queue"], source["BatchSize"]) == ({"Fn::GetAtt": ["InboundQueue", "Arn"]}, 10)
    assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    queue, failed = (bare_package.resources[name]["Properties"] for name in ("InboundQueue", "InboundFailed"))
    assert queue["RedrivePolicy"] == {"deadLetterTargetArn": {"Fn::GetAtt": ["InboundFailed", "Arn"]}, "maxReceiveCount": 5}
    assert queue["FifoQueue"] is failed["FifoQueue"] is True
    assert queue["VisibilityTimeout"] == 6 * bare_package.functions["Inbound"]["Timeout"]
    told = {name for name, function in bare_package.functions.items() if "SLUICE_INBOUND_QUEUE" in function["Environment"]["Variables"]}
    assert told == {"APIHandler"}


def test_it_lets_machines_invoke_the_worker_alone(bare_package: Package) -> None:
    invoking = [one["Resource"] for one in statements(bare_package, "MachineRole") if "lambda:InvokeFunction" in as_list(one["Action"])]
    assert invoking == [{"Fn::GetAtt": ["Worker", "Arn"]}]


def test_it_lets_machines_take_roles_of_one_path_and_only_where_that_is_switched_on(bare_package: Package) -> None:
    policy = bare_package.resources["NativeCalls"]
    assert policy["Properties"]["RoleName"] == {"Ref": "MachineRole"}
    assert [(one["Action"], one["Resource"]) for one in policy["Properties"]["PolicyDocument"]["Statement"]] == [
        ("sts:AssumeRole", {"Fn::Sub": "arn:${AWS::Partition}:iam::*:role/sluice/*"})
    ]
    assert bare_package.template["Conditions"][policy["Condition"]] == {"Fn::Not": [{"Fn::Equals": [{"Ref": "NativeTools"}, "[]"]}]}
    told = {name for name, function in bare_package.functions.items() if "SLUICE_NATIVE_TOOLS" in function["Environment"]["Variables"]}
    assert told == {"APIHandler", "Publisher"}


def test_it_lets_the_api_write_secrets_and_workers_read_them_but_never_the_signing_keys(bare_package: Package) -> None:
    allowed = {
        name: {action for action in actions(bare_package, role_of(function)) if action.startswith("secretsmanager:")}
        for name, function in bare_package.functions.items()
    }
    writing = {f"secretsmanager:{action}" for action in ("CreateSecret", "DeleteSecret", "DescribeSecret", "ListSecrets", "PutSecretValue")}
    reading = {"secretsmanager:GetSecretValue"}
    signing = {"secretsmanager:CreateSecret", "secretsmanager:GetSecretValue"}  # the audit's key alone, see below
    assert {name: found for name, found in allowed.items() if found} == {
        "APIHandler": writing | reading,
        "Worker": reading,
        "Errands": reading,
        "Sweeper": signing,
    }
    own = {
        name: [
            (one["Effect"], one["Resource"]["Fn::Sub"].rpartition("/_")[2])
            for one in statements(bare_package, role)
            if reading & {*as_list(one["Action"])}
        ]
        for name, role in (("APIHandler", "ApiHandlerRole"), ("Worker", "WorkerRole"), ("Errands", "ErrandsRole"))
    }
    assert own["APIHandler"][0] == ("Allow", "keys/*")
    assert ("Deny", "keys/*") in own["Worker"]
    assert ("Deny", "keys/*") in own["Errands"]


def test_it_lets_the_sweeper_alone_read_the_key_that_signs_the_audit(bare_package: Package) -> None:
    key = {"Fn::Sub": "arn:${AWS::Partition}:secretsmanager:${AWS::Region}:${AWS::AccountId}:secret:audit.${Name}/*"}
    holding = {
        name: one["Resource"]
        for name, function in bare_package.functions.items()
        for one in statements(bare_package, role_of(function))
        if "audit." in json.dumps(one["Resource"])
    }
    assert holding == {"Sweeper": key}


def test_it_lets_workers_read_the_key_that_opens_secrets_and_not_the_one_of_webhooks(bare_package: Package) -> None:
    reading = {
        name: {
            one["Resource"]["Fn::Sub"].rpartition(":")[2]
            for one in statements(bare_package, role_of(function))
            if "seal." in json.dumps(one["Resource"]) and "secretsmanager:GetSecretValue" in as_list(one["Action"])
        }
        for name, function in bare_package.functions.items()
    }
    assert {name: found for name, found in reading.items() if found} == {
        "APIHandler": {"seal.${Name}/*"},
        "Worker": {"seal.${Name}/secrets-*"},
        "Errands": {"seal.${Name}/secrets-*"},
    }


def test_it_locks_what_lies_in_the_audits_bucket(bare_package: Package) -> None:
    bucket = bare_package.resources["AuditBucket"]["Properties"]
    assert bucket["ObjectLockConfiguration"]["Rule"] == {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": {"Ref": "AuditDays"}}}
    denied = [one for one in bare_package.resources["AuditBucketPolicy"]["Properties"]["PolicyDocument"]["Statement"] if one["Effect"] == "Deny"]
    assert {action for one in denied for action in as_list(one["Action"])} == {"s3:*", "s3:BypassGovernanceRetention", "s3:PutObjectRetention"}
    writing = {name for name, function in bare_package.functions.items() if writes_checkpoints(bare_package, role_of(function))}
    assert writing == {"Sweeper"}


def writes_checkpoints(package: Package, role: str) -> bool:
    return any("s3:PutObject" in as_list(one["Action"]) and "AuditBucket" in json.dumps(one["Resource"]) for one in statements(package, role))


def test_it_holds_secrets_to_the_deployments_own(bare_package: Package) -> None:
    resources = [
        one["Resource"]["Fn::Sub"]
        for name in ("APIHandler", "Worker", "Errands")
        for one in statements(bare_package, role_of(bare_package.functions[name]))
        if "secretsmanager" in str(one["Action"]) and one["Action"] != ["secretsmanager:ListSecrets"]
    ]
    assert {resource.rpartition(":secret:")[2] for resource in resources} == {
        "${Name}/*",
        "${Name}/_keys/*",
        "seal.${Name}/*",
        "seal.${Name}/secrets-*",
    }


def test_it_lets_the_api_invoke_the_publisher_and_the_function_for_errands_alone(bare_package: Package) -> None:
    invoking = [
        one["Resource"]
        for one in statements(bare_package, role_of(bare_package.functions["APIHandler"]))
        if "lambda:InvokeFunction" in as_list(one["Action"])
    ]
    assert invoking == [{"Fn::GetAtt": ["Publisher", "Arn"]}, {"Fn::GetAtt": ["Errands", "Arn"]}]


def test_it_lets_errands_end_no_task_and_start_no_run(bare_package: Package) -> None:
    assert not {action for action in actions(bare_package, role_of(bare_package.functions["Errands"])) if action.startswith(("states:", "lambda:"))}


def test_it_gives_every_function_a_role_of_its_own_that_may_write_its_logs(bare_package: Package) -> None:
    roles = [role_of(function) for function in bare_package.functions.values()]
    assert len(set(roles)) == len(roles) == 12
    assert all({"logs:CreateLogStream", "logs:PutLogEvents"} <= actions(bare_package, role) for role in roles)


def test_it_grants_no_wildcard_action(bare_package: Package) -> None:
    granted = {action for function in bare_package.functions.values() for action in actions(bare_package, role_of(function))}
    assert {action for action in granted if "*" in action} == set()


def test_it_tells_every_function_that_it_is_deployed(bare_package: Package) -> None:
    """Or the API would take a header's word for who calls."""
    assert {function["Environment"]["Variables"]["SLUICE_STAGE"] for function in bare_package.functions.values()} == {"prod"}


def test_it_keeps_the_logs_of_every_function_for_a_while_and_not_for_ever(bare_package: Package) -> None:
    groups = [one["Properties"] for one in bare_package.resources.values() if one["Type"] == "AWS::Logs::LogGroup"]
    assert {json.dumps(group["LogGroupName"]).split("${")[1].split("}")[0] for group in groups} == set(bare_package.functions)
    assert {group["RetentionInDays"] for group in groups} == {90}


def test_it_declares_the_table_as_the_store_expects_it(bare_package: Package) -> None:
    declared = bare_package.resources["MainTable"]["Properties"]
    expected = {**TABLE, "StreamSpecification": {"StreamViewType": TABLE["StreamSpecification"]["StreamViewType"]}}
    assert {name: declared[name] for name in expected} == expected
    assert declared["TimeToLiveSpecification"] == TIME_TO_LIVE
    assert declared["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}


def test_it_keeps_data_when_the_stack_goes(bare_package: Package) -> None:
    assert {bare_package.resources[name][policy] for name in ("MainTable", "DataBucket") for policy in ("DeletionPolicy", "UpdateReplacePolicy")} == {
        "Retain"
    }


def test_it_asks_for_a_signature_where_one_is_exchanged_for_a_token_alone(bare_package: Package) -> None:
    """Every other route finds out by itself who calls: tests/unit/api/test_matrix.py."""
    paths = bare_package.resources["RestAPI"]["Properties"]["DefinitionBody"]["paths"]
    signed = {f"{method} {path}" for path, methods in paths.items() for method, route in methods.items() if "security" in route}
    assert signed == {"post /api/v1/auth/iam"}


def test_it_tells_the_api_alone_whose_signatures_and_tokens_are_taken(bare_package: Package) -> None:
    for setting in ("SLUICE_PEOPLE", "SLUICE_OIDC"):
        assert {name for name, function in bare_package.functions.items() if setting in function["Environment"]["Variables"]} == {"APIHandler"}


def test_it_wakes_the_stream_function_for_undelivered_answers_and_reports_single_failures(bare_package: Package) -> None:
    (source,) = (event["Properties"] for event in bare_package.functions["TableStream"]["Events"].values())
    assert source["Stream"] == {"Fn::GetAtt": ["MainTable", "StreamArn"]}
    assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    patterns = [json.loads(one["Pattern"]) for one in source["FilterCriteria"]["Filters"]]
    (places,) = (one["dynamodb"]["NewImage"]["GSI2PK"]["S"] for one in patterns if "GSI2PK" in one["dynamodb"].get("NewImage", {}))
    assert [each["suffix"] for each in places] == ["#UNDELIVERED", "#UNSYNCED#TRIGGERS", "#UNTOLD#ALERTS"]
    assert len(patterns) <= 5  # as many as Lambda takes
    assert holding(bare_package, "events:PutEvents") == {"TableStream", "Sweeper"}


def test_it_hears_of_every_execution_that_is_a_run(bare_package: Package) -> None:
    (rule,) = (event["Properties"]["Pattern"] for event in bare_package.functions["ExecutionStatus"]["Events"].values())
    assert rule["detail-type"] == ["Step Functions Execution Status Change"]
    assert rule["detail"]["name"] == [{"prefix": "run_"}]


def test_it_sweeps_every_minute(bare_package: Package) -> None:
    (tick,) = (event["Properties"] for event in bare_package.functions["Sweeper"]["Events"].values())
    assert tick["Schedule"] == "rate(1 minute)"


def test_it_ships_our_code_and_nothing_of_the_workshop(bare_package: Package) -> None:
    shipped = {Path(name).parts[0] for name in bare_package.contents()}
    assert {"app.py", "chalicelib"} <= shipped
    assert "chalicelib/providers/prices.json" in bare_package.contents()
    starters = {str(path) for path in tracked() if path.parts[:3] == ("chalicelib", "workflows", "starters")}
    assert len(starters) > 60
    assert starters <= set(bare_package.contents())
    assert shipped & {"tests", "infra", "cli", "bench", "moto", "examples", "docs"} == set()
    assert not [name for name in bare_package.contents() if "__pycache__" in name or name.endswith(".pyc")]
