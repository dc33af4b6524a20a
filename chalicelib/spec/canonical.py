"""One text for one value: canonical JSON, its digest, and the authored form of a spec.

In: JSON values, `WorkflowSpec`. Out: text that is the same for equal values: sorted keys, no spaces, no escapes beyond what JSON asks, and
5.0 written as 5, since JSON knows one kind of number. NaN and infinity raise ValueError: they are no JSON.
"""

import hashlib
import json
from typing import Final

from chalicelib.spec.model import Json, JsonObject
from chalicelib.spec.workflow import WorkflowSpec

_EXACT_INTEGERS: Final = 2**53


def canonical_json(value: Json) -> str:
    return json.dumps(_plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def digest(value: Json) -> str:
    """SHA-256 of the canonical JSON, in hex."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()


def dump(spec: WorkflowSpec) -> JsonObject:
    """The spec as authored keys and values, without what equals a default; `load` of it gives the spec again."""
    document: JsonObject = spec.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    return document


def _plain(value: Json) -> Json:
    match value:
        case dict():
            return {key: _plain(member) for key, member in value.items()}
        case list():
            return [_plain(member) for member in value]
        case float() if value.is_integer() and abs(value) < _EXACT_INTEGERS:
            return int(value)
        case _:
            return value
