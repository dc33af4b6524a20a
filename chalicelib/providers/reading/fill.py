"""A JSON Schema filled from a material, deterministically.

In: a schema and a `Material`. Out: a JSON value that satisfies the schema wherever that can be done without invention: what is required and not in
the material gets a neutral value (`unknown`, 0, false, the most neutral choice), what is optional and not there is left out. The search goes: JSON in
the prompt by the field's name, the row it belongs to, then the words of its name (`texts`, `figures`, `lists`).
"""

import re
from typing import Final

from chalicelib.providers.reading import writing
from chalicelib.providers.reading.cells import cell, of_row
from chalicelib.providers.reading.field import MAX_DEPTH, Field, bounded, resolved, sized
from chalicelib.providers.reading.figures import find_number, find_truth
from chalicelib.providers.reading.judge import choose, neutral
from chalicelib.providers.reading.lists import MOST, listed_numbers, listed_options, listed_rows, listed_texts
from chalicelib.providers.reading.material import Material
from chalicelib.providers.reading.texts import find_text
from chalicelib.providers.reading.words import name_words
from chalicelib.providers.structured import schema_faults
from chalicelib.spec.model import Json, JsonObject

UNKNOWN: Final = "unknown"
_MAX_FILLED_UP: Final = 50  # items that are added to reach `minItems`
_NEUTRAL_FORMATS: Final = {
    "date": "1970-01-01",
    "date-time": "1970-01-01T00:00:00Z",
    "time": "00:00:00Z",
    "email": "unknown@example.com",
    "uri": "https://example.com",
}


def fill(schema: JsonObject, material: Material) -> Json:
    """The value for a whole schema."""
    definitions = schema.get("$defs", schema.get("definitions"))
    field = Field("", schema, material, definitions if isinstance(definitions, dict) else {})
    found = _found(field)
    return _neutral(field) if found is None else found


def told(schema: JsonObject, material: Material) -> JsonObject | None:
    """The object of a schema with what the material tells; None where it lacks something required. Optional texts must stand there word for word."""
    definitions = schema.get("$defs", schema.get("definitions"))
    return _told_object(Field("", schema, material, definitions if isinstance(definitions, dict) else {}))


def _told_object(asked: Field) -> JsonObject | None:
    field = resolved(asked)
    properties, needed = field.schema.get("properties"), field.schema.get("required")
    required = set(needed) if isinstance(needed, list) else set()
    inner = {name: field.inside(name, part) for name, part in properties.items()} if isinstance(properties, dict) else {}
    values = {name: _told_value(part) for name, part in inner.items()} if field.depth <= MAX_DEPTH else {}
    found: JsonObject = {name: value for name, value in values.items() if value is not None and (name in required or _stands_there(value, field))}
    return None if required - found.keys() else found


def _stands_there(value: Json, field: Field) -> bool:
    return not isinstance(value, str) or value in field.material.text or value in field.material.prose


def _told_value(asked: Field) -> Json:
    """As `_found`, but a choice must be named, a list must be told as one, and an object must be told or be whole."""
    field = resolved(asked)
    if field.options:
        return next((option for option in field.options if _is_named(option, field.material)), None)
    if field.kind == "object":
        whole = _given(field) or _told_object(field)
        return whole or None
    if field.kind == "array":
        return _given(field)
    return _found(field)


def _is_named(option: Json, material: Material) -> bool:
    """A word of the material; one of a letter or two must be written alike."""
    text = str(option)
    flags = re.IGNORECASE if len(text) > 2 else re.NOFLAG
    return isinstance(option, str | int | float) and re.search(rf"(?<![\w-]){re.escape(text)}(?![\w-])", material.prose, flags) is not None


def _found(asked: Field) -> Json:
    """The value that the material has for a field; None where it has none."""
    field = resolved(asked)
    if "const" in field.schema:
        return field.schema["const"]
    if field.options:
        return _choice(field)
    given = _given(field)
    if given is not None:
        return given
    match field.kind:
        case "object":
            return _object(field)
        case "array":
            return _array(field)
        case "string":
            return _string(field)
        case "number" | "integer" as kind:
            return _number(field, whole=kind == "integer")
        case "boolean":
            return find_truth(field.name, field.material)
        case "null":
            return None
        case _:
            return writing.summary(field.material) if field.depth else {"text": writing.summary(field.material)}


def _choice(field: Field) -> Json:
    told = cell(field) or _told(field)
    same = [option for option in field.options if told is not None and str(option).lower() == str(told).strip().lower()]
    return same[0] if same else choose(field.options, field.material.prose, field=field.name, lines=field.material.lines)


def _given(field: Field) -> Json:
    """A value of the same name that the prompt holds as JSON, if it is of the right kind. A text under work is not its own better version."""
    if writing.rewrites(field.material):
        return None
    told = _told(field)
    return told if told is not None and not schema_faults(told, field.schema) else None


def _told(field: Field) -> Json:
    words = name_words(field.name)
    pairs = ((name, value) for found in field.material.objects for name, value in found.items())
    return next((value for name, value in pairs if value is not None and words and name_words(name) == words), None)


def _object(field: Field) -> Json:
    properties = field.schema.get("properties")
    if field.depth > MAX_DEPTH:
        return {}
    if not isinstance(properties, dict) or not properties:
        known = field.material.objects
        return dict(known[0]) if known else {"text": writing.summary(field.material)}
    needed = field.schema.get("required")
    filled = {name: _found(field.inside(name, schema)) for name, schema in properties.items()}
    required = needed if isinstance(needed, list) else []
    for name in required:
        if isinstance(name, str) and filled.get(name) is None:
            inner = field.inside(name, properties.get(name))
            filled[name] = None if inner.takes_null else _neutral(inner)
    return {name: value for name, value in filled.items() if value is not None or name in required}


def _string(field: Field) -> Json:
    told = of_row(field)
    found = told if isinstance(told, str) and told else find_text(field.name, field.schema, field.material)
    return sized(found, field.schema) if found else None


def _number(field: Field, *, whole: bool) -> Json:
    told = of_row(field)
    number = told if isinstance(told, int | float) else find_number(field.name, field.schema, field.material)
    return None if number is None else bounded(number, field.schema, whole=whole)


def _array(field: Field) -> Json:
    items = field.schema.get("items")
    inner = resolved(field.inside(field.name, items if isinstance(items, dict) else {"type": "string"}))
    most, least = field.schema.get("maxItems"), field.schema.get("minItems")
    limit = most if isinstance(most, int) else MOST
    found = _items(inner, limit)[:limit] if inner.depth <= MAX_DEPTH else []
    if field.schema.get("uniqueItems") is True:
        found = [item for at, item in enumerate(found) if item not in found[:at]]
    missing = min(least, _MAX_FILLED_UP) - len(found) if isinstance(least, int) else 0
    return [*found, *(_neutral(inner) for _ in range(missing))]


def _items(field: Field, limit: int) -> list[Json]:
    if field.options:
        return listed_options(field.options, field.material)
    match field.kind:
        case "object":
            return [_object(field.of_row(row)) for row in listed_rows(field.name, field.material, limit)]
        case "string":
            return [sized(text, field.schema) for text in listed_texts(field.name, field.material, limit)]
        case "number" | "integer" as kind:
            return [bounded(number, field.schema, whole=kind == "integer") for number in listed_numbers(field.material)]
        case _:
            return []


def _neutral(asked: Field) -> Json:
    """A value that claims nothing."""
    field = resolved(asked)
    if "default" in field.schema:
        return field.schema["default"]
    if "const" in field.schema:
        return field.schema["const"]
    if field.options:
        return neutral(field.options)
    match field.kind:
        case "object":
            return _object(field.of_nothing())
        case "array":
            return _array(field.of_nothing())
        case "number" | "integer" as kind:
            return bounded(0, field.schema, whole=kind == "integer")
        case "boolean":
            return False
        case "null":
            return None
        case _:
            return sized(_NEUTRAL_FORMATS.get(str(field.schema.get("format")), UNKNOWN), field.schema)
