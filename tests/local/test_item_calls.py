"""Item calls handed straight to moto: the same answers and errors as over HTTP."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import boto3
from botocore.exceptions import ClientError
from moto import mock_aws

from infra.local import calls, item_calls
from infra.local.patches import patched

_TABLE = "table"


def _key(partition: str, sort: str) -> dict[str, Any]:
    return {"PK": {"S": partition}, "SK": {"S": sort}}


_ITEM = {**_key("a", "1"), "n": {"N": "1"}, "b": {"B": b"\x00\x01"}, "bs": {"BS": [b"x"]}, "l": {"L": [{"M": {"z": {"NULL": True}}}]}}
_ABSENT = {"ConditionExpression": "attribute_not_exists(PK)", "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
_ADD = {"TableName": _TABLE, "Key": _key("a", "1"), "UpdateExpression": "ADD n :x", "ExpressionAttributeValues": {":x": {"N": "5"}}}
_PUT = {"Put": {"TableName": _TABLE, "Item": _key("b", "1")}}
_QUERY = {"TableName": _TABLE, "KeyConditionExpression": "PK = :p", "ExpressionAttributeValues": {":p": {"S": "a"}}}
_CALLS: list[tuple[str, dict[str, Any]]] = [
    ("put_item", {"TableName": _TABLE, "Item": _ITEM}),
    ("put_item", {"TableName": _TABLE, "Item": _key("a", "1"), **_ABSENT}),
    ("put_item", {"TableName": _TABLE, "Item": {**_key("a", "1"), "x": {"S": "y" * 410_000}}}),
    ("get_item", {"TableName": _TABLE, "Key": _key("a", "1")}),
    ("get_item", {"TableName": _TABLE, "Key": _key("a", "none")}),
    ("get_item", {"TableName": "nowhere", "Key": _key("a", "1")}),
    ("get_item", {"TableName": _TABLE, "Key": {"PK": {"S": "a"}}}),
    ("update_item", {**_ADD, "ReturnValues": "ALL_NEW"}),
    ("update_item", {"TableName": _TABLE, "Key": _key("a", "1"), "UpdateExpression": "SET nonsense"}),
    ("update_item", {**_ADD, "Key": _key("a", "9"), "ConditionExpression": "attribute_exists(PK)"}),
    ("query", _QUERY),
    ("query", {**_QUERY, "Select": "COUNT"}),
    ("query", {**_QUERY, "KeyConditionExpression": "nonsense"}),
    ("transact_write_items", {"TransactItems": [_PUT, {"ConditionCheck": {"TableName": _TABLE, "Key": _key("a", "1"), **_ABSENT}}]}),
    ("transact_write_items", {"TransactItems": [_PUT, {"Update": _ADD}]}),
    ("transact_write_items", {"TransactItems": [_PUT, _PUT]}),
    ("transact_get_items", {"TransactItems": [{"Get": {"TableName": _TABLE, "Key": _key(name, "1")}} for name in ("b", "none")]}),
    ("batch_get_item", {"RequestItems": {_TABLE: {"Keys": [_key("a", "1"), _key("none", "1")]}}}),
    ("batch_write_item", {"RequestItems": {_TABLE: [{"PutRequest": {"Item": _key("c", "1")}}, {"DeleteRequest": {"Key": _key("b", "1")}}]}}),
    ("delete_item", {"TableName": _TABLE, "Key": _key("a", "1")}),
    ("delete_item", {"TableName": _TABLE, "Key": _key("a", "1"), "ConditionExpression": "attribute_exists(PK)"}),
]


@contextmanager
def _client(*, direct: bool) -> Iterator[Any]:
    with ExitStack() as stack:
        stack.enter_context(patched())
        stack.enter_context(mock_aws())
        if direct:
            stack.enter_context(calls.answering(item_calls.handlers()))
        session: Any = boto3.session.Session(region_name="eu-central-1")
        client = session.client("dynamodb")
        client.create_table(
            TableName=_TABLE,
            KeySchema=[{"AttributeName": "PK", "KeyType": "HASH"}, {"AttributeName": "SK", "KeyType": "RANGE"}],
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("PK", "SK")],
            BillingMode="PAY_PER_REQUEST",
        )
        yield client


def _answers(*, direct: bool) -> list[Any]:
    with _client(direct=direct) as client:
        return [_answer(client, operation, arguments) for operation, arguments in _CALLS]


def _answer(client: Any, operation: str, arguments: dict[str, Any]) -> Any:
    try:
        answer = getattr(client, operation)(**arguments)
    except ClientError as error:
        told: dict[str, Any] = dict(error.response)
        return operation, type(error).__name__, told.pop("ResponseMetadata")["HTTPStatusCode"], told
    answer.pop("ResponseMetadata")
    return operation, {name: value for name, value in answer.items() if name not in {"ConsumedCapacity", "ConsumedCapacityUnits"}}


def test_it_answers_as_over_http() -> None:
    assert _answers(direct=True) == _answers(direct=False)
