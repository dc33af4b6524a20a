"""Answers that shall satisfy a JSON Schema: read from text, checked, and the schema put into the words of a prompt.

In: an answer's text, a schema. Out: the value and its faults as readable lines. Every provider's answer is checked here again: vendors and SDKs
enforce
constraints unequally. Never repairs a value by itself.
"""

import json
import re
from itertools import islice
from typing import Final

from chalicelib.spec.model import Json, JsonObject

MAX_FAULTS: Final = 8
MAX_STARTS: Final = 50  # where a value may begin in an answer: each try costs
_FENCED: Final = re.compile(r"```(?:json)?\s*\n(.*?)```", re.DOTALL)


class NotJson(ValueError):  # noqa: N818  (never crosses a machine)
    """A text in which no JSON value was found."""


def read_json(text: str) -> Json:
    """The JSON value of an answer: the whole text, a fenced block, or the first object or array in it. Raises NotJson."""
    fenced = _FENCED.search(text)
    for candidate in (text, fenced.group(1) if fenced else ""):
        try:
            value: Json = json.loads(candidate, parse_constant=_refuse)
        except (ValueError, RecursionError):
            continue
        return value
    return _first_value(text)


def _first_value(text: str) -> Json:
    decoder = json.JSONDecoder(parse_constant=_refuse)
    for start in islice(re.finditer(r"[\[{]", text), MAX_STARTS):
        try:
            value, _ = decoder.raw_decode(text, start.start())
        except (ValueError, RecursionError):
            continue
        found: Json = value
        return found
    raise NotJson("the answer holds no JSON value")


def schema_faults(value: Json, schema: JsonObject) -> tuple[str, ...]:
    """What of the schema the value breaks, one line each: `amount: 'x' is not of type 'number'`."""
    import jsonschema

    validator = jsonschema.Draft202012Validator(schema)
    found = sorted(validator.iter_errors(value), key=lambda error: [str(part) for part in error.absolute_path])
    return tuple(f"{'.'.join(str(part) for part in error.absolute_path) or 'the value'}: {error.message[:300]}" for error in found[:MAX_FAULTS])


def is_open(schema: Json) -> bool:
    """Whether some part of a schema lets in what its own properties and items do not tell. Vendors' strict modes would lose that, or refuse it."""
    if not isinstance(schema, dict):
        return True
    kinds = schema.get("type")
    kinds = kinds if isinstance(kinds, list) else [kinds]
    if "$ref" in schema or "patternProperties" in schema or "prefixItems" in schema or "not" in schema or "if" in schema:
        return True
    if "object" in kinds and (not schema.get("properties") or schema.get("additionalProperties", False) is not False):
        return True
    if "array" in kinds and "items" not in schema:
        return True
    return any(is_open(part) for part in _parts(schema))


def _parts(schema: JsonObject) -> list[Json]:
    properties = schema.get("properties")
    found = list(properties.values()) if isinstance(properties, dict) else []
    for name in ("anyOf", "oneOf", "allOf"):
        variants = schema.get(name)
        found.extend(variants if isinstance(variants, list) else [])
    return [*found, schema["items"]] if "items" in schema else found


def schema_instruction(schema: JsonObject) -> str:
    """The schema as a request in words, for models or schemas that the vendor's own structured output does not serve."""
    return (
        "Answer with one JSON value and nothing else: no explanation, no code fence. It must satisfy this JSON Schema:\n"
        f"{json.dumps(schema, ensure_ascii=False, separators=(',', ':'))}"
    )


def repair_request(faults: tuple[str, ...]) -> str:
    """The turn that asks a model to mend its answer."""
    lines = "\n".join(f"- {fault}" for fault in faults)
    return f"That answer does not satisfy the schema:\n{lines}\nAnswer again with the whole corrected JSON value and nothing else."


def _refuse(constant: str) -> float:
    raise ValueError(constant)
