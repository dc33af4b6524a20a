"""A run's input: defaults applied, checked against the version's schema.

In: the version's input schema, what was given. Out: the input that the run gets. Raises InputInvalid with the faults by JSON pointer.
"""

import json
from functools import lru_cache
from typing import Final

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError

from chalicelib.errors import InputInvalid
from chalicelib.spec.canonical import canonical_json
from chalicelib.spec.indexed import indexed_value
from chalicelib.spec.model import Json, JsonObject
from chalicelib.store.blobs import json_text
from chalicelib.store.pointers import forged_in
from chalicelib.store.run_marks import Mark, input_field, label
from chalicelib.store.skeletons import POINTER

_FAULTS: Final = 20  # told at most
_KEPT_FIELD_BYTES: Final = 8 * 1024


def checked_input(schema: JsonObject, given: Json) -> Json:
    """The input with top-level defaults where a field is absent. Nothing in it may pass for a value of ours in S3: workers would follow it there."""
    value = with_defaults(schema, given)
    forged = forged_in(value)
    if forged is not None:
        message = f"a field {POINTER} that is an object is kept for values in S3"
        raise InputInvalid(f"the input is not what a workflow can take: {forged or '/'}: {message}", {forged: message})
    found: dict[str, str] = {}
    for fault in _validator(canonical_json(schema)).iter_errors(value):
        found.setdefault("".join(f"/{part}" for part in fault.absolute_path), fault.message)
        if len(found) == _FAULTS:
            break
    if found:
        where, what = next(iter(found.items()))
        raise InputInvalid(f"the input is not what this workflow takes: {f'{where}: ' if where else ''}{what}", found)
    return value


def with_defaults(schema: JsonObject, given: Json) -> Json:
    properties = schema.get("properties")
    if not isinstance(given, dict) or not isinstance(properties, dict):
        return given
    defaults = {name: about["default"] for name, about in properties.items() if isinstance(about, dict) and "default" in about}
    return {**defaults, **given}


def marks_of(spec: JsonObject, given: Json) -> tuple[Mark, ...]:
    """What a run is found by: its workflow's labels and the values of the fields that the workflow names."""
    labels, indexed = spec.get("labels"), spec.get("indexed")
    named = [(path, indexed_value(given, str(path))) for path in indexed] if isinstance(indexed, list) else []
    marks = [label(name, str(value)) for name, value in labels.items()] if isinstance(labels, dict) else []
    return (*marks, *(input_field(str(path), value) for path, value in named if value is not None))


def small_fields(value: Json, *, limit: int) -> tuple[str, ...]:
    """Top-level fields that stay readable beside a pointer: the smaller ones, as long as they fit. Names that a path reads otherwise do not."""
    if not isinstance(value, dict):
        return ()
    sizes = {name: len(json_text(member).encode()) for name, member in value.items() if not set(".[*") & set(name)}
    kept: list[str] = []
    for name, size in sorted(sizes.items(), key=lambda entry: entry[1]):
        limit -= size
        if limit < 0 or size > _KEPT_FIELD_BYTES:
            break
        kept.append(name)
    return tuple(kept)


@lru_cache(maxsize=64)
def _validator(schema_text: str) -> Draft202012Validator:
    schema = json.loads(schema_text)
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as fault:
        raise InputInvalid(f"the workflow's input schema is no JSON Schema: {fault.message}") from fault
    return Draft202012Validator(schema)
