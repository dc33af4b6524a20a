"""Questions to a JSON Schema: is there a field, may it be missing, of which types is a value.

In: a schema (Draft 2020-12), a static path as references have it. Out: `FieldAnswer`. Paths follow JSONata: a field of a list is read of its
items, index 0 of a value that is no list is the value itself. Where a schema says nothing the answer is UNKNOWN, never a guess; a declared
object that does not list a field and does not say `additionalProperties` lacks it.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from chalicelib.spec.model import Json, JsonObject

ALL_TYPES: Final = frozenset({"null", "boolean", "number", "string", "array", "object"})
_MAX_REFERENCES: Final = 32
_COMBINED: Final = ("anyOf", "oneOf")


class Presence(StrEnum):
    FOUND = "found"
    ABSENT = "absent"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class FieldAnswer:
    """`schema` is what is known of the field's value, `{}` if nothing.

    `missing`: a read may find nothing there. `optional`: it may find nothing or null, which an operand does not bear.
    """

    presence: Presence
    schema: JsonObject
    missing: bool

    @property
    def optional(self) -> bool:
        return self.missing or "null" in json_types(self.schema)

    @property
    def is_absent(self) -> bool:
        return self.presence is Presence.ABSENT

    @property
    def is_unknown(self) -> bool:
        return self.presence is Presence.UNKNOWN


_UNKNOWN: Final = FieldAnswer(Presence.UNKNOWN, {}, missing=True)
_ABSENT: Final = FieldAnswer(Presence.ABSENT, {}, missing=True)


def field(schema: JsonObject, path: tuple[str | int, ...], *, defaults_filled: bool = False) -> FieldAnswer:
    """What the schema knows of the value at `path`. `defaults_filled`: a property with a `default` is never missing (the run's input)."""
    answer = FieldAnswer(Presence.FOUND, schema, missing=False)
    for part in path:
        step = _Step(answer.schema, part, defaults_filled=defaults_filled).answer(answer.schema)
        if step.presence is not Presence.FOUND:
            return step
        carried = {**step.schema, "$defs": schema["$defs"]} if "$defs" in schema else step.schema
        answer = FieldAnswer(Presence.FOUND, carried, missing=answer.optional or step.missing)
    return answer


def json_types(schema: JsonObject) -> frozenset[str]:
    """The types that a value of the schema may have; all of them where the schema does not say. `integer` counts as `number`."""
    return _types(schema, schema, _MAX_REFERENCES)


def value_schema(value: Json) -> JsonObject:
    """The schema of a constant: types, and for objects the fields."""
    match value:
        case None:
            return {"type": "null"}
        case bool():
            return {"type": "boolean"}
        case int() | float():
            return {"type": "number"}
        case str():
            return {"type": "string"}
        case list():
            return {"type": "array"}
        case _:
            return object_schema({key: value_schema(member) for key, member in value.items()})


def object_schema(properties: JsonObject) -> JsonObject:
    """An object that has exactly these properties."""
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


@dataclass(frozen=True, slots=True)
class _Step:
    """One part of a path, asked of a schema of `root`, in which `$ref`s resolve."""

    root: JsonObject
    part: str | int
    defaults_filled: bool
    references: int = _MAX_REFERENCES

    def answer(self, schema: Json) -> FieldAnswer:
        if not isinstance(schema, dict):
            return _ABSENT if schema is False else _UNKNOWN
        answers = list(self._constraints(schema))
        return _all_of(answers) if answers else self._own(schema)

    def _constraints(self, schema: JsonObject) -> Iterator[FieldAnswer]:
        """What each of the schema's combined parts says; nothing where it combines none."""
        parts = [part for name in _COMBINED for part in [_list(schema.get(name))] if part]
        reference = schema.get("$ref")
        members = _list(schema.get("allOf"))
        if not (parts or members or isinstance(reference, str)):
            return
        own = self._own(schema)
        if not own.is_unknown:
            yield own
        if isinstance(reference, str):
            yield self._referred(reference)
        yield from (self.answer(member) for member in members)
        yield from (_any_of([self.answer(member) for member in alternatives]) for alternatives in parts)

    def _referred(self, reference: str) -> FieldAnswer:
        target = resolve(self.root, reference)
        if target is None or self.references == 0:
            return _UNKNOWN
        return _Step(self.root, self.part, self.defaults_filled, self.references - 1).answer(target)

    def _own(self, schema: JsonObject) -> FieldAnswer:
        types = _declared_types(schema)
        if types is not None and not types & {"array", "object"} and not (isinstance(self.part, int) and self.part in (0, -1)):
            return _ABSENT
        return self._index(schema, types) if isinstance(self.part, int) else self._property(schema, self.part, types)

    def _index(self, schema: JsonObject, types: frozenset[str] | None) -> FieldAnswer:
        if types is None or ("array" in types and len(types - {"null"}) > 1):
            return _UNKNOWN
        if "array" not in types:
            return FieldAnswer(Presence.FOUND, schema, missing=False) if self.part in (0, -1) else _ABSENT
        return _found(schema.get("items", True), missing=True) if "prefixItems" not in schema else _UNKNOWN

    def _property(self, schema: JsonObject, name: str, types: frozenset[str] | None) -> FieldAnswer:
        if types is not None and "object" not in types:
            return self._of_items(schema)
        properties = schema.get("properties")
        if isinstance(properties, dict) and name in properties:
            is_filled = self.defaults_filled and isinstance(properties[name], dict) and "default" in _object(properties[name])
            return _found(properties[name], missing=name not in _list(schema.get("required")) and not is_filled)
        patterns = schema.get("patternProperties")
        for pattern, member in patterns.items() if isinstance(patterns, dict) else ():
            if re.search(pattern, name):
                return _found(member, missing=True)
        if "additionalProperties" in schema:
            return _found(schema["additionalProperties"], missing=True)
        return _ABSENT if isinstance(properties, dict) and properties else _UNKNOWN

    def _of_items(self, schema: JsonObject) -> FieldAnswer:
        """A field of a list: of each item, none where the list is empty, one or many values."""
        answer = self.answer(schema.get("items", True))
        return answer if answer.is_absent else _UNKNOWN


def resolve(root: JsonObject, reference: str) -> Json:
    """What a local `$ref` (`#/$defs/address`) points at, None where it points at nothing."""
    at: Json = root
    if not reference.startswith("#"):
        return None
    for token in reference[1:].split("/")[1:]:
        key = token.replace("~1", "/").replace("~0", "~")
        if isinstance(at, list) and key.isdecimal() and int(key) < len(at):
            at = at[int(key)]
        elif isinstance(at, dict) and key in at:
            at = at[key]
        else:
            return None
    return at


def _found(schema: Json, *, missing: bool) -> FieldAnswer:
    return _ABSENT if schema is False else FieldAnswer(Presence.FOUND, _object(schema), missing)


def _any_of(answers: list[FieldAnswer]) -> FieldAnswer:
    """One of several schemas holds: absent only where it is so in all."""
    found = [answer for answer in answers if answer.presence is Presence.FOUND]
    if not found or any(answer.is_unknown for answer in answers):
        return _ABSENT if all(answer.is_absent for answer in answers) else _UNKNOWN
    return FieldAnswer(Presence.FOUND, _joined("anyOf", found), missing=len(found) < len(answers) or any(answer.missing for answer in found))


def _all_of(answers: list[FieldAnswer]) -> FieldAnswer:
    """All of several schemas hold: what one knows is known."""
    found = [answer for answer in answers if answer.presence is Presence.FOUND]
    if found:
        return FieldAnswer(Presence.FOUND, _joined("allOf", found), missing=all(answer.missing for answer in found))
    return _UNKNOWN if any(answer.is_unknown for answer in answers) else _ABSENT


def _joined(keyword: str, found: list[FieldAnswer]) -> JsonObject:
    schemas: list[Json] = [answer.schema for answer in found]
    return found[0].schema if len(found) == 1 else {keyword: schemas}


def _types(schema: Json, root: JsonObject, references: int) -> frozenset[str]:
    if not isinstance(schema, dict):
        return frozenset() if schema is False else ALL_TYPES
    types = _declared_types(schema) or ALL_TYPES
    reference = schema.get("$ref")
    if isinstance(reference, str) and references:
        types &= _types(resolve(root, reference), root, references - 1)
    for member in _list(schema.get("allOf")):
        types &= _types(member, root, references)
    for name in _COMBINED:
        alternatives = _list(schema.get(name))
        if alternatives:
            types &= frozenset().union(*(_types(member, root, references) for member in alternatives))
    return types


def _declared_types(schema: JsonObject) -> frozenset[str] | None:
    declared = schema.get("type")
    if declared is not None:
        return _named(declared if isinstance(declared, list) else [declared])
    if "const" in schema:
        return _of_values([schema["const"]])
    values = schema.get("enum")
    return _of_values(values) if isinstance(values, list) else None


def _named(names: Iterable[Json]) -> frozenset[str]:
    return frozenset("number" if name == "integer" else str(name) for name in names)


def _of_values(values: Iterable[Json]) -> frozenset[str]:
    return frozenset(str(value_schema(value)["type"]) for value in values)


def _object(value: Json) -> JsonObject:
    return value if isinstance(value, dict) else {}


def _list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []
