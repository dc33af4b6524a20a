"""DynamoDB's item calls, handed straight to moto: without a signature, an HTTP request and its parsing, which cost more than the call.

In: botocore's request, its JSON body as it would be sent. Out: the parsed response or the error that moto would send.
Never: another way into a table than moto's own handlers, or past their lock.
"""

import base64
import json
from typing import Any, Final

from moto.dynamodb.responses import DynamoHandler

from infra.local.calls import Handler, Refusal
from infra.local.template import ACCOUNT, REGION

_CALLS: Final = (
    "BatchGetItem",
    "BatchWriteItem",
    "DeleteItem",
    "GetItem",
    "PutItem",
    "Query",
    "TransactGetItems",
    "TransactWriteItems",
    "UpdateItem",
)


def handlers() -> dict[str, Handler]:
    """By `dynamodb.<Operation>`."""
    return {f"dynamodb.{operation}": _handler(operation) for operation in _CALLS}


def _handler(operation: str) -> Handler:
    def answer(request: dict[str, Any]) -> dict[str, Any]:
        status, _headers, body = _responder(operation, json.loads(request["body"])).call_action()
        parsed: dict[str, Any] = json.loads(body or "{}")
        return _decoded(parsed) if int(status) < 300 else _refuse(int(status), parsed)

    return answer


def _responder(operation: str, body: dict[str, Any]) -> Any:
    moto = DynamoHandler()
    moto.body = moto.params = body
    moto.current_account, moto.region = ACCOUNT, REGION
    moto.headers = {"X-Amz-Target": f"DynamoDB_20120810.{operation}", "Content-Type": "application/x-amz-json-1.0"}
    moto.querystring = {"Action": [operation]}
    moto.response_headers = {}
    return moto


def _refuse(status: int, parsed: dict[str, Any]) -> dict[str, Any]:
    code = str(parsed.pop("__type", "")).rpartition("#")[2]
    message = parsed.pop("message", None) or parsed.pop("Message", "")
    match code:
        case "ValidationException":
            members = {}  # an error without a shape
        case "TransactionCanceledException":
            members = {**_decoded(parsed), "Message": message}
        case _:
            members = {**_decoded(parsed), "message": message}
    raise Refusal(status, code, str(message), members)


def _decoded(value: Any) -> Any:
    """Binary attributes as bytes."""
    match value:
        case {"B": str(text), **rest} if not rest:
            return {"B": base64.b64decode(text)}
        case {"BS": list(texts), **rest} if not rest:
            return {"BS": [base64.b64decode(text) for text in texts]}
        case dict():
            return {key: _decoded(member) for key, member in value.items()}
        case list():
            return [_decoded(item) for item in value]
        case _:
            return value
