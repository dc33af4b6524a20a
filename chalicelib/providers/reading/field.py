"""What a schema asks for at one place: the field, its kind, its bounds.

In: parts of a JSON Schema. Out: `Field`, and values brought within a schema's bounds. Nothing is searched here.
"""

import math
from dataclasses import dataclass, replace
from typing import Final

from chalicelib.providers.reading.material import Material
from chalicelib.providers.reading.rows import Row
from chalicelib.spec.model import Json, JsonObject

MAX_DEPTH: Final = 12


@dataclass(frozen=True)
class Field:
    """A name (empty at the top), its schema, where to look, how deep it lies, and the row of a table that it belongs to."""

    name: str
    schema: JsonObject
    material: Material
    definitions: JsonObject
    depth: int = 0
    row: Row | None = None

    def inside(self, name: str, schema: Json) -> "Field":
        return replace(self, name=name, schema=schema if isinstance(schema, dict) else {}, depth=self.depth + 1)

    def of_row(self, row: Row) -> "Field":
        return replace(self, row=row, material=self.material.about(row.text))

    def of_nothing(self) -> "Field":
        return replace(self, row=None, material=Material("", ""))

    @property
    def kind(self) -> str:
        """The type that is asked for, the first that is not null; empty where the schema does not say."""
        kind = self.schema.get("type")
        if isinstance(kind, list):
            return str(next((one for one in kind if one != "null"), "null"))
        if isinstance(kind, str):
            return kind
        return "object" if "properties" in self.schema else "array" if "items" in self.schema else ""

    @property
    def takes_null(self) -> bool:
        kind = self.schema.get("type")
        variants = self.schema.get("anyOf") or self.schema.get("oneOf")
        return (isinstance(kind, list) and "null" in kind) or (isinstance(variants, list) and {"type": "null"} in variants)

    @property
    def options(self) -> list[Json]:
        listed = self.schema.get("enum")
        return listed if isinstance(listed, list) else []


def resolved(field: Field) -> Field:
    """The field with `$ref` followed and one variant of a union chosen, the first that is not null."""
    schema = field.schema
    for _ in range(MAX_DEPTH):
        reference = schema.get("$ref")
        variants = next((schema[name] for name in ("anyOf", "oneOf") if isinstance(schema.get(name), list)), None)
        parts = schema.get("allOf")
        if isinstance(reference, str):
            target = field.definitions.get(reference.rpartition("/")[2])
            schema = target if isinstance(target, dict) else {}
        elif isinstance(variants, list) and variants:
            usable = [variant for variant in variants if isinstance(variant, dict)]
            schema = next((variant for variant in usable if variant.get("type") != "null"), usable[0] if usable else {})
        elif isinstance(parts, list) and parts:
            schema = {name: value for part in parts if isinstance(part, dict) for name, value in part.items()}
        else:
            break
    return replace(field, schema=schema)


def bounded(number: float, schema: JsonObject, *, whole: bool) -> float | int:
    """The number within the schema's bounds; whole numbers as integers."""
    low, high = _number(schema, "minimum"), _number(schema, "maximum")
    above, below = _number(schema, "exclusiveMinimum"), _number(schema, "exclusiveMaximum")
    step = _number(schema, "multipleOf")
    number = number if low is None else max(number, low)
    number = number if high is None else min(number, high)
    if above is not None and number <= above:
        number = above + (1 if whole or below is None else (below - above) / 2)
    if below is not None and number >= below:
        number = below - (1 if whole or above is None else (below - above) / 2)
    if step is not None and step > 0:
        number = math.ceil(number / step) * step
    if whole:
        nearest = round(number)
        return nearest if low is None or nearest >= low else math.ceil(number)
    return int(number) if number == int(number) and abs(number) < 1e15 else number


def sized(text: str, schema: JsonObject) -> str:
    """The text within the schema's lengths."""
    longest, shortest = schema.get("maxLength"), schema.get("minLength")
    if isinstance(longest, int) and len(text) > longest:
        text = text[:longest].rsplit(" ", 1)[0] or text[:longest]
    if isinstance(shortest, int) and len(text) < shortest:
        text = text.ljust(shortest, ".")
    return text


def _number(schema: JsonObject, name: str) -> float | None:
    value = schema.get(name)
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None
