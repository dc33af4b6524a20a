"""Faults of moto's DynamoDB that are no faults of behaviour: what each call does a hundred times over.

In: moto's DynamoDB. Out: `PATCHES`. Nothing that a caller can see changes.
"""

import base64
import json
from typing import Any, Final

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
)
