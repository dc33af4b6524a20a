"""EventBridge's event patterns, which Lambda's stream filters share.

In: a pattern and an event, both JSON. Out: whether they match. Known operators: literal, null, prefix, suffix, equals-ignore-case, anything-but,
exists, numeric, wildcard, `$or`. Never guesses: an unknown operator is a `PatternError`.

Source: EventBridge User Guide, "Comparison operators for use in event patterns".
"""

import operator
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

_ABSENT: Final = object()
_COMPARE: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "=": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


class PatternError(ValueError):
    """A pattern uses an operator that is not known here."""


def matches(pattern: Mapping[str, Any], event: Any) -> bool:
    """Whether every field of the pattern holds."""
    return all(_field(key, wanted, event) for key, wanted in pattern.items())


def _field(key: str, wanted: Any, event: Any) -> bool:
    if key == "$or":
        return any(matches(option, event) for option in wanted)
    found = event.get(key, _ABSENT) if isinstance(event, Mapping) else _ABSENT
    match wanted:
        case Mapping():
            return matches(wanted, {} if found is _ABSENT else found)
        case list():
            values = found if isinstance(found, list) else [found]
            return any(_holds(condition, value) for condition in wanted for value in values)
        case _:
            raise PatternError(f"{key}: a pattern's leaf is an array")


def _holds(condition: Any, value: Any) -> bool:
    if not isinstance(condition, Mapping):
        return (type(condition) is type(value) and bool(condition == value)) or _same_number(condition, value)
    ((name, operand),) = condition.items()
    match name:
        case "exists":
            return (value is not _ABSENT) is bool(operand)
        case "anything-but":
            return value is not _ABSENT and not _any_of(operand, value)
        case "numeric":
            return _is_number(value) and all(_COMPARE[sign](value, bound) for sign, bound in zip(operand[::2], operand[1::2], strict=True))
        case _:
            return isinstance(value, str) and _text_holds(name, operand, value)


def _text_holds(name: str, operand: Any, value: str) -> bool:
    match name, operand:
        case "prefix" | "suffix", {"equals-ignore-case": text}:
            return _text_holds(name, str(text).lower(), value.lower())
        case "prefix", str():
            return value.startswith(operand)
        case "suffix", str():
            return value.endswith(operand)
        case "equals-ignore-case", str():
            return value.lower() == operand.lower()
        case "wildcard", str():
            return re.fullmatch(".*".join(map(re.escape, operand.split("*"))), value, re.DOTALL) is not None
        case _:
            raise PatternError(f"{name}: not known to the local stack")


def _any_of(operand: Any, value: Any) -> bool:
    return any(_holds(each, value) for each in (operand if isinstance(operand, list) else [operand]))


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _same_number(condition: Any, value: Any) -> bool:
    return _is_number(condition) and _is_number(value) and bool(condition == value)
