"""Reading JSON of vendors, which changes without a word: nothing that is missing or of another kind is an error.

In: a body, or a value out of one and the keys that lead to what is wanted. Out: that, or nothing of its kind. Never raises but in `load`, for what is
no JSON object.
"""

import json
import math
from collections.abc import Iterator
from hashlib import sha256

from chalicelib.spec.model import Json, JsonObject


def load(body: bytes) -> JsonObject:
    """The object that a body holds. What JSON can write and no store can hold (halves of letters, numbers beyond all bounds) is replaced. Raises
    ValueError."""
    try:
        found = _mended(json.loads(body, parse_constant=_refuse))
    except RecursionError as error:
        raise ValueError("the JSON is nested too deeply") from error
    if not isinstance(found, dict):
        raise ValueError("the body is no JSON object")
    return found


def at(value: Json, *keys: str) -> Json:
    """What stands under the keys, one inside the other."""
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def text_at(value: Json, *keys: str) -> str:
    """A text, or a whole number as text: vendors write ids as either."""
    found = at(value, *keys)
    if isinstance(found, int) and not isinstance(found, bool):
        return format(found, "d") if abs(found) < 10**40 else ""
    return found if isinstance(found, str) else ""


def object_at(value: Json, *keys: str) -> JsonObject:
    found = at(value, *keys)
    return found if isinstance(found, dict) else {}


def each_at(value: Json, *keys: str) -> Iterator[JsonObject]:
    """The objects of a list; an empty one for what is none, so that nothing goes missing. What is there and is no list counts as one."""
    found = at(value, *keys)
    for item in found if isinstance(found, list) else [] if found is None else [found]:
        yield item if isinstance(item, dict) else {}


def number_at(value: Json, *keys: str) -> float | None:
    found = at(value, *keys)
    if isinstance(found, bool) or not isinstance(found, int | float | str):
        return None
    try:
        number = float(found)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def digest(value: Json) -> str:
    """The same for the same value, for what bears no id of its own."""
    return sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:32]


def _refuse(constant: str) -> float:
    raise ValueError(f"{constant} is no JSON")


def _mended(value: Json) -> Json:
    match value:
        case str():
            return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        case dict():
            return {str(_mended(key)): _mended(inner) for key, inner in value.items()}
        case list():
            return [_mended(inner) for inner in value]
        case float():
            return value if math.isfinite(value) else None
        case _:
            return value
