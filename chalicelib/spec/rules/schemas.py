"""The JSON Schemas that a workflow carries: its input, an agent's output, a gate's form.

In: `Authored`. Out: diagnostics. They are Draft 2020-12; `$ref` stays inside the schema. What the usual keywords hold is checked here, since the full
validator takes milliseconds per schema and speaks of metaschemas; it is asked only where a schema uses other keywords.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

from chalicelib.spec.diagnostic import Diagnostic
from chalicelib.spec.model import Json, JsonObject
from chalicelib.spec.nodes import AgentCall, HumanGate
from chalicelib.spec.rules.authored import Authored
from chalicelib.spec.schema_fields import resolve

TYPES: Final = ("array", "boolean", "integer", "null", "number", "object", "string")
_SCHEMA: Final = frozenset({"additionalProperties", "contains", "items", "not", "propertyNames"})
_SCHEMAS: Final = frozenset({"allOf", "anyOf", "oneOf", "prefixItems"})
_NAMED_SCHEMAS: Final = frozenset({"$defs", "patternProperties", "properties"})
_NUMBERS: Final = frozenset({"exclusiveMaximum", "exclusiveMinimum", "maximum", "minimum", "multipleOf"})
_COUNTS: Final = frozenset({"maxItems", "maxLength", "maxProperties", "minItems", "minLength", "minProperties"})
_TEXTS: Final = frozenset({"$comment", "$ref", "$schema", "description", "format", "pattern", "title"})
_BOOLEANS: Final = frozenset({"deprecated", "readOnly", "uniqueItems", "writeOnly"})
_LISTS: Final = frozenset({"enum", "examples", "required"})
_ANYTHING: Final = frozenset({"const", "default"})
_USUAL: Final = _SCHEMA | _SCHEMAS | _NAMED_SCHEMAS | _NUMBERS | _COUNTS | _TEXTS | _BOOLEANS | _LISTS | _ANYTHING | {"type"}
_RARE: Final = frozenset(
    {
        "$anchor", "$dynamicAnchor", "$dynamicRef", "$id", "$vocabulary", "contentEncoding", "contentMediaType", "contentSchema",
        "dependentRequired", "dependentSchemas", "else", "if", "maxContains", "minContains", "then", "unevaluatedItems", "unevaluatedProperties",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Fault:
    code: str
    path: str
    message: str
    hint: str = ""


def bad_schemas(authored: Authored) -> Iterator[Diagnostic]:
    for path, schema in _schemas(authored):
        found = list(_faults(schema, schema, ""))
        if not found and any(key in _RARE for _, part in _parts(schema, "") for key in part):
            found = list(_judged(schema))
        for fault in found:
            yield authored.error(fault.code, fault.message, _joined(path, fault.path), fault.hint)


def schemas_of_no_object(authored: Authored) -> Iterator[Diagnostic]:
    for path, schema in _schemas(authored):
        kind = schema.get("type", "object")
        if kind != "object" and kind in TYPES:
            message = f"the schema has to be of an object, not of type `{kind}`"
            yield authored.error("schema-no-object", message, f"{path}.type", "put the value into a property of an object")


def unknown_keywords(authored: Authored) -> Iterator[Diagnostic]:
    """JSON Schema ignores what it does not know, so a slip of the pen would check nothing."""
    for path, schema in _schemas(authored):
        for place, part in _parts(schema, ""):
            for key in part:
                if key not in _USUAL | _RARE and not key.startswith("x-"):
                    near = get_close_matches(key, sorted(_USUAL | _RARE), n=1)
                    hint = f"did you mean `{near[0]}`?" if near else "fields stand under `properties`"
                    yield authored.warning("unknown-keyword", f"JSON Schema has no keyword `{key}`", _joined(path, _joined(place, key)), hint)


def required_unknown(authored: Authored) -> Iterator[Diagnostic]:
    for path, schema in _schemas(authored):
        for place, part in _parts(schema, ""):
            properties, required = part.get("properties"), part.get("required")
            if isinstance(properties, dict) and isinstance(required, list) and "additionalProperties" not in part:
                for index, name in enumerate(required):
                    if isinstance(name, str) and name not in properties:
                        where = _joined(path, _joined(place, f"required.{index}"))
                        yield authored.warning("required-unknown", f"`{name}` is required, but is no property", where)


def _schemas(authored: Authored) -> Iterator[tuple[str, JsonObject]]:
    workflow_input = authored.value("input")
    if isinstance(workflow_input, dict):
        yield "input", workflow_input
    for path, agent in authored.of_type(AgentCall):
        if agent.output is not None:
            yield f"{path}.output", agent.output
    for path, gate in authored.of_type(HumanGate):
        if gate.form is not None:
            yield f"{path}.form", gate.form


def _parts(schema: Json, path: str) -> Iterator[tuple[str, JsonObject]]:
    """The schema and the schemas inside it, as far as they are objects."""
    if not isinstance(schema, dict):
        return
    yield path, schema
    for key, value in schema.items():
        for inner, member in _inner(key, value):
            yield from _parts(member, _joined(path, inner))


def _inner(key: str, value: Json) -> Iterator[tuple[str, Json]]:
    if key in _SCHEMA:
        yield key, value
    elif key in _SCHEMAS and isinstance(value, list):
        yield from ((f"{key}.{index}", member) for index, member in enumerate(value))
    elif key in _NAMED_SCHEMAS and isinstance(value, dict):
        yield from ((f"{key}.{name}", member) for name, member in value.items())


def _faults(schema: Json, root: JsonObject, path: str) -> Iterator[_Fault]:
    if isinstance(schema, bool):
        return
    if not isinstance(schema, dict):
        yield _Fault("bad-schema", path, "a schema has to be an object, true or false", "write `{type: string}`")
        return
    for key, value in schema.items():
        at = _joined(path, key)
        yield from _keyword_faults(key, value, root, at)
        for inner, member in _inner(key, value):
            yield from _faults(member, root, _joined(path, inner))


def _keyword_faults(key: str, value: Json, root: JsonObject, path: str) -> Iterator[_Fault]:
    match key:
        case "type":
            yield from _type_faults(value, path)
        case "$ref":
            yield from _reference_faults(value, root, path)
        case "pattern":
            yield from _pattern_faults(value, path)
        case "required":
            if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
                yield _Fault("bad-schema", path, "`required` is a list of names", "write `required: [name]` beside `properties`")
        case _:
            if not _fits(key, value):
                yield _Fault("bad-schema", path, f"`{key}` has to be {_wanted(key)}")


def _type_faults(value: Json, path: str) -> Iterator[_Fault]:
    for name in value if isinstance(value, list) and value else [value]:
        if name not in TYPES:
            near = get_close_matches(str(name), TYPES, n=1)
            hint = f"did you mean `{near[0]}`?" if near else f"one of {', '.join(TYPES)}"
            yield _Fault("bad-schema", path, f"JSON has no type `{name}`", hint)


def _reference_faults(value: Json, root: JsonObject, path: str) -> Iterator[_Fault]:
    if not isinstance(value, str) or not value.startswith("#"):
        hint = "copy it into `$defs` and write `#/$defs/<name>`"
        yield _Fault("remote-schema", path, f"`$ref: {value}` leads out of the schema", hint)
    elif resolve(root, value) is None:
        yield _Fault("bad-schema", path, f"`$ref: {value}` leads nowhere", "write `#/$defs/<name>`")


def _pattern_faults(value: Json, path: str) -> Iterator[_Fault]:
    try:
        re.compile(value if isinstance(value, str) else "(")
    except re.error as error:
        yield _Fault("bad-schema", path, f"`pattern` is no regular expression: {error.msg}")


def _fits(key: str, value: Json) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if key in _NUMBERS:
        return is_number
    if key in _COUNTS:
        return is_number and isinstance(value, int) and value >= 0
    if key in _TEXTS:
        return isinstance(value, str)
    if key in _BOOLEANS:
        return isinstance(value, bool)
    if key in _NAMED_SCHEMAS:
        return isinstance(value, dict)
    return isinstance(value, list) and (bool(value) or key not in _SCHEMAS) if key in _LISTS | _SCHEMAS else True


def _wanted(key: str) -> str:
    kinds = (
        (_NUMBERS, "a number"),
        (_COUNTS, "a whole number from 0"),
        (_TEXTS, "a text"),
        (_BOOLEANS, "true or false"),
        (_NAMED_SCHEMAS, "an object of schemas"),
        (_SCHEMAS, "a list of schemas"),
        (_LISTS, "a list"),
    )
    return next(words for keys, words in kinds if key in keys)


def _judged(schema: JsonObject) -> Iterator[_Fault]:
    """What the full validator says."""
    from jsonschema import Draft202012Validator

    for error in Draft202012Validator(Draft202012Validator.META_SCHEMA).iter_errors(schema):
        yield _Fault("bad-schema", ".".join(map(str, error.absolute_path)), f"this is no JSON Schema: {error.message}")


def _joined(path: str, rest: str) -> str:
    return f"{path}.{rest}" if path and rest else path or rest
