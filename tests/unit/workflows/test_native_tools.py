"""What the engine calls itself: published where a deployment allows the role, refused elsewhere."""

import json
from collections.abc import Callable, Iterator

import pytest

from chalicelib.errors import SettingInvalid, SpecInvalid
from chalicelib.settings import read_settings, settings
from chalicelib.spec.model import JsonObject
from chalicelib.store.clients import client
from chalicelib.workflows.create import create
from chalicelib.workflows.tool_list import list_tools
from chalicelib.workflows.validate import validate
from tests.factories.cloud import ANN, Cloud
from tests.factories.publishing import publish

ORDERS, OTHERS = (f"arn:aws:iam::123456789012:role/sluice/{name}" for name in ("orders", "others"))
CALL: JsonObject = {
    "type": "tool_call",
    "tool": "aws.call",
    "with": {"service": "sqs", "action": "sendMessage", "parameters": {"QueueUrl": "$${HOME}", "MessageBody": "$$5"}, "role": ORDERS},
}
TEXT = json.dumps({"sluice": 1, "name": "orders", "nodes": {"send": CALL, "each_one": {"type": "map", "over": [1], "nodes": {"one": CALL}}}})


@pytest.fixture
def allow(aws: Cloud, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    def given(*roles: str) -> None:
        monkeypatch.setenv("SLUICE_NATIVE_TOOLS", json.dumps(roles))
        settings.cache_clear()

    yield given
    settings.cache_clear()


def test_it_is_off_where_nothing_is_said(aws: Cloud) -> None:
    found = validate(ANN, text=TEXT)
    assert [(each.code, each.location.path) for each in found.diagnostics if each.is_error] == [
        ("native-tool-off", "nodes.send.tool"),
        ("native-tool-off", "nodes.each_one.nodes.one.tool"),
    ]
    with pytest.raises(SpecInvalid):
        publish(ANN, create(ANN, text=TEXT).id)
    assert client("stepfunctions").list_state_machines()["stateMachines"] == []


def test_it_refuses_another_role(allow: Callable[..., None]) -> None:
    allow(OTHERS)
    found = validate(ANN, text=TEXT)
    assert [(each.code, each.location.path, each.hint) for each in found.diagnostics if each.is_error] == [
        ("native-role-refused", "nodes.send.with.role", f"one of {OTHERS}"),
        ("native-role-refused", "nodes.each_one.nodes.one.with.role", f"one of {OTHERS}"),
    ]


def test_it_tells_the_other_faults_too(allow: Callable[..., None]) -> None:
    text = json.dumps({"sluice": 1, "name": "orders", "nodes": {"send": CALL, "told": {"type": "transform", "value": "$nobody"}}})
    assert {each.code for each in validate(ANN, text=text).diagnostics if each.is_error} == {"unknown-reference", "native-tool-off"}


def test_it_is_published_under_a_role_that_is_allowed_as_it_was_written(allow: Callable[..., None]) -> None:
    allow(OTHERS, ORDERS)
    version = publish(ANN, create(ANN, text=TEXT).id)
    machine = json.loads(client("stepfunctions").describe_state_machine(stateMachineArn=version.machine_arn)["definition"])
    send = next(state for branch in machine["States"].values() for state in _states(branch) if state.get("Credentials"))
    assert send["Resource"] == "arn:aws:states:::aws-sdk:sqs:sendMessage"
    assert send["Credentials"] == {"RoleArn": ORDERS}
    assert send["Arguments"] == {"QueueUrl": "${HOME}", "MessageBody": "$5"}


def _states(state: JsonObject) -> Iterator[JsonObject]:
    yield state
    branches = state.get("Branches")
    for branch in branches if isinstance(branches, list) else []:
        yield from branch["States"].values()  # type: ignore[index,call-overload,union-attr,misc]


def test_it_is_listed_where_it_is_switched_on(allow: Callable[..., None]) -> None:
    names = {"aws.call", "lambda.invoke"}
    assert not names & {tool.name for tool in list_tools(ANN).tools}
    allow(ORDERS)
    assert names <= {tool.name for tool in list_tools(ANN).tools}


def test_the_setting_is_a_list() -> None:
    assert read_settings({"SLUICE_NATIVE_TOOLS": json.dumps([ORDERS])}).native_tools == {ORDERS}
    assert read_settings({}).native_tools == frozenset()
    with pytest.raises(SettingInvalid, match="SLUICE_NATIVE_TOOLS"):
        read_settings({"SLUICE_NATIVE_TOOLS": ORDERS})
