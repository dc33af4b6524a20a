"""Schemas of an OpenAPI document as JSON Schema that stands by itself.

In: a document, a schema in it and where it stands. Out: a schema without `$ref`, with 3.0's own words turned into JSON Schema's. References lead into
the document alone; what refers to itself, or goes too deep, ends in a schema that takes anything. Never: a reference to another document.
"""

from dataclasses import dataclass
from typing import Final

from chalicelib.spec.model import Json, JsonObject

MAX_DEPTH: Final = 24
MAX_VALUES: Final = 50_000
_FOREIGN_WORDS: Final = frozenset(
    ("discriminator", "xml", "externalDocs", "example", "examples", "deprecated", "nullable", "readOnly", "writeOnly", "$schema", "$id", "$anchor")
)


class Unresolved(Exception):  # noqa: N818
    """A reference that leads nowhere, or out of the document. `pointer` is where it stands."""

    def __init__(self, pointer: str, message: str) -> None:
        self.pointer = pointer
        super().__init__(message)


class TooMuch(Exception):  # noqa: N818
    """A document whose schemas, written out, have no end."""


@dataclass(slots=True)
class Reader:
    """Reads one document; counts what it writes out."""

    document: JsonObject
    count: int = 0

    def resolve(self, value: Json, pointer: str) -> JsonObject:
        """An object, or what its chain of references leads to. Raises Unresolved."""
        for _ in range(MAX_DEPTH):
            if not isinstance(value, dict):
                raise Unresolved(pointer, "an object is needed here")
            reference = value.get("$ref")
            if not isinstance(reference, str):
                return value
            value = self._follow(reference, pointer)
        raise Unresolved(pointer, "the references go in a circle")

    def schema(self, value: Json, pointer: str, *, seen: tuple[str, ...] = ()) -> Json:
        """A schema without references. Raises Unresolved, TooMuch."""
        self.count += 1
        if self.count > MAX_VALUES:
            raise TooMuch
        if not isinstance(value, dict):
            return value
        reference = value.get("$ref")
        if isinstance(reference, str):
            if reference in seen or len(seen) >= MAX_DEPTH:
                return {"description": "as above"}
            return self.schema(self._follow(reference, pointer), reference.removeprefix("#"), seen=(*seen, reference))
        written = {name: self._member(name, member, f"{pointer}/{name}", seen) for name, member in value.items() if _is_kept(name)}
        return _as_json_schema(value, written)

    def _member(self, name: str, member: Json, pointer: str, seen: tuple[str, ...]) -> Json:
        match name, member:
            case "properties" | "patternProperties" | "$defs", dict():
                kept = {field: inner for field, inner in member.items() if not (isinstance(inner, dict) and inner.get("readOnly") is True)}
                return {field: self.schema(inner, f"{pointer}/{field}", seen=seen) for field, inner in kept.items()}
            case "allOf" | "anyOf" | "oneOf" | "prefixItems", list():
                return [self.schema(inner, f"{pointer}/{index}", seen=seen) for index, inner in enumerate(member)]
            case "items" | "additionalProperties" | "not" | "if" | "then" | "else" | "contains" | "propertyNames", dict():
                return self.schema(member, pointer, seen=seen)
            case _:
                return member

    def _follow(self, reference: str, pointer: str) -> Json:
        if not reference.startswith("#/"):
            raise Unresolved(pointer, f"the reference {reference[:100]} leads out of the document; bundle it first")
        found: Json = self.document
        for step in reference[2:].split("/"):
            name = step.replace("%7B", "{").replace("%7D", "}").replace("~1", "/").replace("~0", "~")
            if not isinstance(found, dict) or name not in found:
                raise Unresolved(pointer, f"the reference {reference[:100]} leads nowhere")
            found = found[name]
        return found


def _is_kept(name: str) -> bool:
    return name not in _FOREIGN_WORDS and not name.startswith("x-")


def _as_json_schema(authored: JsonObject, written: JsonObject) -> JsonObject:
    """3.0 says `nullable` and boolean limits; fields that are only ever read are not required of who sends."""
    for limit, exclusive in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        if isinstance(written.get(exclusive), bool):
            is_exclusive = written.pop(exclusive)
            if is_exclusive and limit in written:
                written[exclusive] = written.pop(limit)
    kind, choices, required = written.get("type"), written.get("enum"), written.get("required")
    if authored.get("nullable") is True:
        written |= {"type": [kind, "null"]} if isinstance(kind, str) else {}
        written |= {"enum": [*choices, None]} if isinstance(choices, list) else {}
    properties, before = written.get("properties"), authored.get("properties")
    if isinstance(required, list) and isinstance(properties, dict) and isinstance(before, dict):
        written["required"] = [name for name in required if name in properties or name not in before]
    return written
