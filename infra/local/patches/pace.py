"""Faults of moto's DynamoDB that are no faults of behaviour: what each call does a hundred times over.

In: moto's DynamoDB, and botocore's way to it. Out: `PATCHES`. Nothing that a caller can see changes.
"""

import base64
import json
from typing import Any, Final

from botocore.serialize import JSONSerializer
from botocore.validate import ParamValidator
from moto.core.responses import BaseResponse
from moto.dynamodb.models.dynamo_type import DynamoType
from moto.dynamodb.responses import DynamoHandler

from infra.local.patches.patch import Patch, Replacement

_RAW: Final = frozenset({"S", "B", "BOOL"})  # whose cast value is the value itself
_ITEM_CALLS: Final = frozenset(
    {
        "BatchGetItem",
        "BatchWriteItem",
        "DeleteItem",
        "GetItem",
        "PutItem",
        "Query",
        "Scan",
        "TransactGetItems",
        "TransactWriteItems",
        "UpdateItem",
    }
)


def _equal(self: Any, other: Any) -> bool:
    if self.type in _RAW:
        return bool(self.type == other.type and self.value == other.value)
    return bool(self.type == other.type and self.cast_value == other.cast_value)


def _unequal(self: Any, other: Any) -> bool:
    return not _equal(self, other)


def _less(self: Any, other: Any) -> bool:
    if self.type in _RAW and other.type in _RAW:
        return bool(self.value < other.value)
    return bool(self.cast_value < other.cast_value)


def _hash(self: Any) -> int:
    return hash((self.type, self.value if self.type in _RAW else self.cast_value))


def _as_json(self: Any, action_result: Any) -> Any:
    """Items are JSON already: they are not walked along the service's model."""
    result = action_result.result
    if not isinstance(result, dict) or self._get_action() not in _ITEM_CALLS:
        return BaseResponse.serialized(self, action_result)
    body = json.dumps(result, default=_binary, separators=(",", ":"))
    return 200, {"Content-Type": "application/x-amz-json-1.0", **self.response_headers}, body


def _binary(value: Any) -> str:
    return base64.b64encode(value).decode() if isinstance(value, bytes) else str(value)


_validate: Any = vars(ParamValidator)["_validate"]
_serialize: Any = vars(JSONSerializer)["_serialize"]


def _is_plain(value: Any) -> bool:
    """Whether it is an attribute's value as the model has it, of what JSON has: it is sent as it is."""
    if type(value) is not dict or len(value) != 1:
        return False
    ((kind, held),) = value.items()
    match kind:
        case "S" | "N":
            return isinstance(held, str)
        case "BOOL" | "NULL":
            return isinstance(held, bool)
        case "M":
            return type(held) is dict and all(isinstance(name, str) and _is_plain(member) for name, member in held.items())
        case "L":
            return type(held) is list and all(map(_is_plain, held))
        case _:
            return False


def _validate_unless_plain(self: Any, params: Any, shape: Any, errors: Any, name: str) -> None:
    if shape.name != "AttributeValue" or not _is_plain(params):
        _validate(self, params, shape, errors, name)


def _serialize_unless_plain(self: Any, serialized: Any, value: Any, shape: Any, key: str | None = None) -> None:
    if shape.name == "AttributeValue" and _is_plain(value):
        serialized[key] = value
    else:
        _serialize(self, serialized, value, shape, key)


PATCHES: Final = (
    Patch(
        "values_compared_as_they_are",
        "Comparing two texts goes through six questions about their types: sorting 1,000 items takes 20 ms.",
        (
            Replacement(DynamoType, "__eq__", _equal),
            Replacement(DynamoType, "__ne__", _unequal),
            Replacement(DynamoType, "__lt__", _less),
            Replacement(DynamoType, "__hash__", _hash),
        ),
    ),
    Patch(
        "items_sent_as_they_are",
        "An answer is walked along botocore's model and each name looked up in four spellings: 0.3 ms an item.",
        (Replacement(DynamoHandler, "serialized", _as_json),),
    ),
    Patch(
        "requests_sent_as_they_are",
        "Each value that is written, and what is nested in it, is walked along botocore's model twice before it leaves: a fifth of a call.",
        (
            Replacement(ParamValidator, "_validate", _validate_unless_plain),
            Replacement(JSONSerializer, "_serialize", _serialize_unless_plain),
        ),
    ),
)
