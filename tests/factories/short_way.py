"""The short way to moto's DynamoDB: its handler called with the request's body, without HTTP, signatures and (slow) serialisers between.

In: an operation and botocore's request. Out: what botocore would have parsed. The same tables, conditions and transactions, a third of the time:
for tests that make a hundred thousand calls.
"""

import json
from copy import deepcopy
from io import BytesIO
from typing import Any, Final

from botocore import xform_name
from moto.core.exceptions import JsonRESTError
from moto.dynamodb.models import dynamodb_backends
from moto.dynamodb.responses import DynamoHandler

from chalicelib.settings import settings
from chalicelib.workflows import publication
from infra.local.patches.storage import LOCK
from tests.factories.faults import Answering, Reply, response

ACCOUNT: Final = "123456789012"
REGION: Final = "eu-central-1"


class SavedItems:
    """The table's items as they were, to be put back; copies, since moto updates an item where it lies. What is kept beside them (the stream's
    records, transactions' tokens) is let go."""

    def __init__(self) -> None:
        self._items = deepcopy(dict(self._held))

    def put_back(self) -> None:
        with LOCK:
            self._held.clear()
            self._held.update(deepcopy(self._items))
            self._table.stream_shard.items.clear()
            _backend().__dict__.pop("transaction_tokens", None)

    @property
    def _held(self) -> Any:
        return self._table.items

    @property
    def _table(self) -> Any:
        return _backend().tables[settings().table]


def _backend() -> Any:
    return dynamodb_backends[ACCOUNT][REGION]


def by_short_way(engine: Answering) -> Answering:
    """DynamoDB by the short way, Step Functions by `engine`, the compiler function in the caller's own process, the rest as it goes."""

    def answer(operation: str, request: dict[str, Any]) -> Reply | None:
        service, _, name = operation.partition(":")
        match service:
            case "dynamodb":
                return dynamodb(name, request)
            case "lambda":
                return compiler_function(request)
            case _:
                return engine(operation, request)

    return answer


def dynamodb(operation: str, request: dict[str, Any]) -> Reply:
    """Answer one DynamoDB call, such as `GetItem`."""
    handler: Any = DynamoHandler()
    handler.region, handler.current_account = REGION, ACCOUNT
    handler.body = handler.params = json.loads(request["body"])
    try:
        with LOCK:
            found: dict[str, Any] = getattr(handler, xform_name(operation))().result
    except JsonRESTError as error:
        return _refused(json.loads(error.description))
    return response(200), {**found, "ResponseMetadata": {"HTTPStatusCode": 200}}


def compiler_function(request: dict[str, Any]) -> Reply:
    """Answer an Invoke of the only function that others invoke."""
    told = json.dumps(publication.handle(json.loads(request["body"]))).encode()
    return response(200), {"StatusCode": 200, "Payload": BytesIO(told), "ResponseMetadata": {"HTTPStatusCode": 200}}


def _refused(description: dict[str, Any]) -> Reply:
    code = str(description.pop("__type")).rpartition("#")[2]
    message = description.pop("message", description.pop("Message", ""))
    return response(400), {**description, "Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": 400}}
