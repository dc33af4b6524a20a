"""What all parts of a spec share: strict, frozen, closed pydantic models and the plain JSON type."""

from pydantic import BaseModel, ConfigDict
from typing_extensions import TypeAliasType

Json = TypeAliasType("Json", "None | bool | int | float | str | list[Json] | dict[str, Json]")
JsonObject = TypeAliasType("JsonObject", "dict[str, Json]")


class SpecModel(BaseModel):
    """Base of every authored part: unknown keys are refused, values are not coerced, instances are immutable."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, populate_by_name=True)
