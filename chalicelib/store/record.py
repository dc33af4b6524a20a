"""What all stored records share: frozen pydantic models with a schema version.

A record reads what older releases wrote (absent fields have defaults) and ignores what newer ones added.
`store.items` turns records into items and back.
"""

from pydantic import BaseModel, ConfigDict


class Record(BaseModel):
    """Base of every stored value; `schema_version` counts incompatible changes of the class."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    schema_version: int = 1
