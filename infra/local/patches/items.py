"""Faults of moto's DynamoDB items that are no faults of behaviour: how they are copied, measured and read out.

In: moto's items and values. Out: `PATCHES`. Nothing that a caller can see changes.
A scalar is never changed in place, so that copies share it; lists, maps and sets are copied.
"""

import base64
from typing import Any, Final

from moto.dynamodb import responses
from moto.dynamodb.exceptions import ItemSizeTooLarge
from moto.dynamodb.models.dynamo_type import DynamoType, Item, LimitedSizeDict
from moto.dynamodb.models.table import SecondaryIndex
from moto.dynamodb.parsing.executors import UpdateExpressionExecutor

from infra.local.patches.patch import Patch, Replacement

MAX_ITEM_BYTES: Final = 405_000  # moto's limit
_SETS: Final = frozenset({"SS", "NS", "BS"})
_NESTED: Final = frozenset({"L", "M"})


# --- copies --------------------------------------------------------------------------------------------------------


def _copied_value(self: Any, _memo: Any = None) -> Any:
    kind = self.type
    if kind not in _SETS and kind not in _NESTED:
        return self
    twin = DynamoType.__new__(DynamoType)
    twin.type = kind
    if kind == "M":
        twin.value = {key: _copied_value(member) for key, member in self.value.items()}
    else:
        twin.value = list(self.value) if kind in _SETS else [_copied_value(member) for member in self.value]
    return twin


def _copied_item(self: Any, _memo: Any) -> Any:
    twin = object.__new__(Item)
    twin.hash_key, twin.range_key, twin.attrs = self.hash_key, self.range_key, LimitedSizeDict()
    for name, value in self.attrs.items():
        dict.__setitem__(twin.attrs, name, _copied_value(value))
    return twin


# --- sizes ---------------------------------------------------------------------------------------------------------


def _init_item(self: Any, hash_key: Any, range_key: Any, attrs: dict[str, Any]) -> None:
    self.hash_key, self.range_key = hash_key, range_key
    self.attrs = LimitedSizeDict()
    for name, value in attrs.items():
        dict.__setitem__(self.attrs, name, DynamoType(value))
    _check_size(self)


def _check_size(item: Any) -> None:
    if item.size() > MAX_ITEM_BYTES:
        raise ItemSizeTooLarge


_execute = UpdateExpressionExecutor.execute


def _execute_and_measure(self: Any, node: Any = None) -> None:
    """The whole expression comes without a node, its parts with one."""
    _execute(self, node)
    if node is None:
        _check_size(self.item)


_update = Item.update_with_attribute_updates


def _update_and_measure(self: Any, attribute_updates: dict[str, Any]) -> None:
    _update(self, attribute_updates)
    _check_size(self)


def _size(self: Any) -> int:
    match self.type:
        case "M":
            return sum(len(key.encode()) + value.size() for key, value in self.value.items())
        case "L":
            return sum(value.size() for value in self.value)
        case "SS" | "NS" | "BS":
            return sum(_length(value) for value in self.value)
        case _:
            return _length(self.value)


def _length(scalar: Any) -> int:
    if isinstance(scalar, bool):
        return 1
    return len(scalar) if isinstance(scalar, bytes) else len(str(scalar).encode())


# --- as JSON -------------------------------------------------------------------------------------------------------


def _regular_json(self: Any) -> dict[str, Any]:
    """Binary values as bytes."""
    match self.type:
        case "M":
            return {"M": {key: _regular_json(member) for key, member in self.value.items()}}
        case "L":
            return {"L": [_regular_json(member) for member in self.value]}
        case "B" if isinstance(self.value, str):
            return {"B": base64.b64decode(self.value)}
        case _:
            return {self.type: _own(self.value)}


def _item_json(self: Any, root_attr_name: str = "Attributes") -> dict[str, Any]:
    """Binary values as moto has it: bytes inside lists and maps, and what came in beside them."""
    return {root_attr_name: {name: _attribute_json(value) for name, value in self.attrs.items()}}


def _attribute_json(value: Any) -> dict[str, Any]:
    return _regular_json(value) if value.type in _NESTED else {value.type: _own(value.value)}


def _own(held: Any) -> Any:
    return list(held) if isinstance(held, list) else held


_to_dict = responses.dynamo_to_dict


def _answer_json(value: Any) -> Any:
    """What an answer holds, items and values among it, as JSON with bytes."""
    if isinstance(value, str):
        return value
    if isinstance(value, DynamoType):
        return {value.type: _answer_json(value.value)} if value.type not in {"B", "BS"} else _to_dict(value)
    if isinstance(value, dict):
        return {key: _answer_json(member) for key, member in value.items()}
    if isinstance(value, list):
        return [_answer_json(member) for member in value]
    return value.to_json() if isinstance(value, Item) else _to_dict(value)


_project = SecondaryIndex.project


def _projected(self: Any, item: Any) -> Any:
    """Read out once, not for each of the attributes: what an index of keys holds are texts and numbers."""
    if self.projection.get("ProjectionType") != "KEYS_ONLY":
        return _project(self, item)
    names = {*self.table_key_attrs, *self.schema_key_attrs}
    return Item(item.hash_key, item.range_key, {name: value for name, value in item.attrs.items() if name in names})


PATCHES: Final = (
    Patch(
        "copies_share_what_stays",
        "A copy of an item copies every text and number in it, a sixth of what a transaction takes. They never change.",
        (Replacement(DynamoType, "__deepcopy__", _copied_value), Replacement(Item, "__deepcopy__", _copied_item)),
    ),
    Patch(
        "size_summed_once",
        "For each attribute of a new item, and each that an update sets, the sizes of all are summed again (also of the value replaced), "
        "those of nested values over copies: a sixth of what a transaction takes.",
        (
            Replacement(Item, "__init__", _init_item),
            Replacement(LimitedSizeDict, "__setitem__", dict.__setitem__),
            Replacement(UpdateExpressionExecutor, "execute", _execute_and_measure),
            Replacement(Item, "update_with_attribute_updates", _update_and_measure),
            Replacement(DynamoType, "size", _size),
        ),
    ),
    Patch(
        "items_read_out_once",
        "As an item is read out, what is nested in it is copied once for each level above it, and all of it once for each key that an index keeps.",
        (
            Replacement(DynamoType, "to_regular_json", _regular_json),
            Replacement(Item, "to_json", _item_json),
            Replacement(SecondaryIndex, "project", _projected),
            Replacement(responses, "dynamo_to_dict", _answer_json),
        ),
    ),
)
