"""What the fields of a machine may hold: one table.

In: nothing. Out: `VALUES`, by field. A field means the same wherever it may stand. Ranges as AWS's language service has them.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from chalicelib.compiler.asl_rules.texts import expression_of
from chalicelib.spec.model import Json

MAX_SECONDS: Final = 99_999_999
_RFC3339: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")


@dataclass(frozen=True, slots=True)
class Values:
    """What a field may hold, for the machine and in words."""

    accepts: Callable[[Json], bool]
    words: str


def is_expression(value: Json) -> bool:
    return isinstance(value, str) and expression_of(value) is not None


def _or_expression(values: Values) -> Values:
    return Values(lambda value: is_expression(value) or values.accepts(value), f"{values.words}, or an expression")


def _number(low: float, high: float, *, whole: bool = True) -> Values:
    kinds = (int,) if whole else (int, float)
    words = f"{'an integer' if whole else 'a number'} from {low:,} to {high:,}"
    return Values(lambda value: isinstance(value, kinds) and not isinstance(value, bool) and low <= value <= high, words)


def _one_of(*allowed: str) -> Values:
    return Values(lambda value: value in allowed, " or ".join(allowed))


def _array_of(kind: type, *, empty: bool) -> Callable[[Json], bool]:
    return lambda value: isinstance(value, list) and (empty or value != []) and all(isinstance(member, kind) for member in value)


def _is_constant(value: Json) -> bool:
    return isinstance(value, str) and value != "" and not value.startswith("{%")


def _are_states(value: Json) -> bool:
    return isinstance(value, dict) and value != {} and all(isinstance(state, dict) for state in value.values())


def _is_time(value: Json) -> bool:
    return isinstance(value, str) and _RFC3339.fullmatch(value) is not None


def _is_role(value: Json) -> bool:
    return isinstance(value, dict) and value.keys() == {"RoleArn"} and isinstance(value["RoleArn"], str) and value["RoleArn"] != ""


def _is_label(value: Json) -> bool:
    return isinstance(value, str) and 1 <= len(value) <= 40 and value.isascii()


CONSTANT_SECONDS: Final = _number(1, MAX_SECONDS)
ANYTHING: Final = Values(lambda _value: True, "anything")
_TEXT: Final = Values(lambda value: isinstance(value, str), "a text")
_CONSTANT: Final = Values(_is_constant, "a constant text, not empty")
_OBJECT: Final = Values(lambda value: isinstance(value, dict), "an object")
_OBJECTS: Final = Values(_array_of(dict, empty=False), "an array of objects, not empty")
_HANDLERS: Final = Values(_array_of(dict, empty=True), "an array of objects")

VALUES: Final[Mapping[str, Values]] = {
    "Arguments": _or_expression(_OBJECT),
    "Assign": _OBJECT,
    "BackoffRate": _number(1, MAX_SECONDS, whole=False),
    "Branches": _OBJECTS,
    "Catch": _HANDLERS,
    "Cause": _TEXT,
    "Choices": _OBJECTS,
    "Comment": _TEXT,
    "Condition": Values(is_expression, "an expression"),
    "Credentials": Values(_is_role, "an object with a RoleArn"),
    "Default": _CONSTANT,
    "End": Values(lambda value: value is True, "true"),
    "Error": _TEXT,
    "ErrorEquals": Values(_array_of(str, empty=False), "an array of error names, not empty"),
    "ExecutionType": _one_of("STANDARD", "EXPRESS"),
    "HeartbeatSeconds": _or_expression(CONSTANT_SECONDS),
    "IntervalSeconds": CONSTANT_SECONDS,
    "ItemBatcher": _OBJECT,
    "ItemProcessor": _OBJECT,
    "ItemReader": _OBJECT,
    "ItemSelector": _or_expression(_OBJECT),
    "Items": _or_expression(Values(lambda value: isinstance(value, list), "an array")),
    "JitterStrategy": _one_of("FULL", "NONE"),
    "Label": Values(_is_label, "1 to 40 characters"),
    "MaxAttempts": _number(0, MAX_SECONDS),
    "MaxConcurrency": _or_expression(_number(0, MAX_SECONDS)),
    "MaxDelaySeconds": _number(1, 31_622_400),
    "Mode": _one_of("INLINE", "DISTRIBUTED"),
    "Next": _CONSTANT,
    "Output": ANYTHING,
    "ProcessorConfig": _OBJECT,
    "QueryLanguage": ANYTHING,  # a rule of its own
    "Resource": _CONSTANT,
    "ResultWriter": _OBJECT,
    "Retry": _HANDLERS,
    "Seconds": _or_expression(_number(0, MAX_SECONDS)),
    "StartAt": _CONSTANT,
    "States": Values(_are_states, "an object of states"),
    "TimeoutSeconds": _or_expression(CONSTANT_SECONDS),
    "Timestamp": _or_expression(Values(_is_time, "a time such as 2026-01-31T12:00:00Z")),
    "ToleratedFailureCount": _or_expression(_number(0, MAX_SECONDS)),
    "ToleratedFailurePercentage": _or_expression(_number(0, 100, whole=False)),
    "Type": ANYTHING,  # a rule of its own
    "Version": _TEXT,
}
