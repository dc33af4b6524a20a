"""Records and plain values to DynamoDB's attribute values and back.

In: a record with its key, or an item. Out: an item, or a record. Floats travel as decimal text, so what was written is what is read.
None is left out.
"""

from collections.abc import Mapping
from typing import Any, Final, TypeVar

from chalicelib.store.keys import IndexKey, Key
from chalicelib.store.record import STORED, Record

Item = dict[str, Any]  # plain values by attribute name
AttributeValues = dict[str, dict[str, Any]]  # DynamoDB's wire form

KEY_ATTRIBUTES: Final = frozenset({"PK", "SK", "GSI1PK", "GSI1SK", "GSI2PK", "GSI2SK"})
SomeRecord = TypeVar("SomeRecord", bound=Record)


def item_of(record: Record, key: Key, *index_keys: IndexKey, **extra: object) -> Item:
    """The plain item of a record: its fields, its key, its places in the indexes, and attributes that are no fields (`task_token`, `expires_at`)."""
    places: Item = {"PK": key.pk, "SK": key.sk}
    for place in index_keys:
        places |= {f"GSI{place.index}PK": place.pk, f"GSI{place.index}SK": place.sk}
    return places | fields_of(record) | {name: value for name, value in extra.items() if value is not None}


def fields_of(record: Record) -> Item:
    """A record's fields as the table holds them."""
    return {name: value for name, value in record.model_dump(mode="json", context=STORED).items() if value is not None}


def record_of(kind: type[SomeRecord], item: Mapping[str, Any]) -> SomeRecord:
    """The record that an item holds."""
    return kind.model_validate({name: value for name, value in item.items() if name not in KEY_ATTRIBUTES}, context=STORED)


def encode(item: Mapping[str, Any]) -> AttributeValues:
    """Plain values in DynamoDB's wire form."""
    return {name: encode_value(value) for name, value in item.items() if value is not None}


def decode(attributes: Mapping[str, Mapping[str, Any]]) -> Item:
    """Plain values from DynamoDB's wire form."""
    return {name: _decode_value(value) for name, value in attributes.items()}


def encode_value(value: Any) -> dict[str, Any]:
    match value:
        case None:
            return {"NULL": True}
        case bool():
            return {"BOOL": value}
        case str():
            return {"S": value}
        case int() | float():
            return {"N": repr(value)}
        case set() | frozenset():
            return {"SS": sorted(value)}
        case list() | tuple():
            return {"L": [encode_value(member) for member in value]}
        case dict():
            return {"M": {name: encode_value(member) for name, member in value.items()}}
        case _:
            raise TypeError(f"the table cannot hold a {type(value).__name__}")


def _decode_value(attribute: Mapping[str, Any]) -> Any:
    kind, value = next(iter(attribute.items()))
    match kind:
        case "NULL":
            return None
        case "N":
            return float(value) if any(letter in value for letter in ".eE") else int(value)
        case "SS":
            return set(value)
        case "L":
            return [_decode_value(member) for member in value]
        case "M":
            return {name: _decode_value(member) for name, member in value.items()}
        case "S" | "BOOL":
            return value
        case _:
            raise TypeError(f"no record holds an attribute of type {kind}")
