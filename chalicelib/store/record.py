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
