"""What all stored records share: frozen pydantic models with a schema version.

A record reads what older releases wrote (absent fields have defaults) and ignores what newer ones added.
`store.items` turns records into items and back.
Free JSON inside a record is stored as JSON text: numbers keep their form and nesting has no limit of 32.
"""

import json
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, SerializationInfo, SerializerFunctionWrapHandler, ValidationInfo, WrapSerializer

from chalicelib.spec.model import Json, JsonObject

STORED = {"stored": True}  # the context of pydantic's dump and validate on the way to and from the table


class Record(BaseModel):
    """Base of every stored value; `schema_version` counts incompatible changes of the class."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    schema_version: int = 1


def _is_stored(info: SerializationInfo | ValidationInfo) -> bool:
    return bool(info.context and info.context.get("stored"))


def _read(value: object, info: ValidationInfo) -> object:
    return json.loads(value) if _is_stored(info) and isinstance(value, str) else value


def _write(value: object, inner: SerializerFunctionWrapHandler, info: SerializationInfo) -> object:
    plain = inner(value)
    return json.dumps(plain, ensure_ascii=False, separators=(",", ":")) if _is_stored(info) else plain


FreeJson = Annotated[Json, BeforeValidator(_read), WrapSerializer(_write)]
FreeObject = Annotated[JsonObject, BeforeValidator(_read), WrapSerializer(_write)]


def plain(record: Record, *, without: frozenset[str] = frozenset()) -> JsonObject:
    """A record as JSON for people: no schema versions at any depth, and not the fields named."""
    document: JsonObject = record.model_dump(mode="json", exclude=set(without))
    return {name: _without_versions(value) for name, value in document.items() if name != "schema_version"}


def _without_versions(value: Json) -> Json:
    match value:
        case dict():
            return {name: _without_versions(member) for name, member in value.items() if name != "schema_version"}
        case list():
            return [_without_versions(member) for member in value]
        case _:
            return value
