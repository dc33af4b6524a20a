"""What a plain (unquoted) YAML scalar stands for in a workflow.

In: the scalar's text. Out: a JSON value, and whether the text is one of YAML 1.1's traps. Numbers are JSON's; other forms that YAML 1.1 would read as
numbers (`010`, `0x1F`, `1_000`, `12:30`) and its timestamps stay text. `yes`, `no`, `on` and `off` are the booleans that YAML makes of them.
"""

import math
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from chalicelib.spec.model import Json

_WORDS: Final[dict[str, Json]] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_DOUBTFUL_BOOLEANS: Final = {
    **dict.fromkeys(("yes", "Yes", "YES", "on", "On", "ON"), True),
    **dict.fromkeys(("no", "No", "NO", "off", "Off", "OFF"), False),
}
_NUMBER: Final = re.compile(r"[-+]?(?:0|[1-9][0-9]*)(?:\.[0-9]*)?(?:[eE][-+]?[0-9]+)?")
_DOUBTFUL_NUMBER: Final = re.compile(
    r"[-+]?(?:0[0-7_]+|0[xX][0-9a-fA-F_]+|0[bB][01_]+|[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?|[0-9]+(?:_[0-9]+)+(?:\.[0-9_]*)?"
    r"|\.[0-9]+(?:[eE][-+]?[0-9]+)?|\.(?:inf|Inf|INF|nan|NaN|NAN))"
)
_MAX_DIGITS: Final = 400


class Trap(StrEnum):
    NONE = "none"
    BOOLEAN = "boolean"  # YAML reads a boolean, a person may have meant a name
    NUMBER = "number"  # YAML 1.1 reads a number, here it stays text
    TOO_LARGE = "too large"  # a number that no JSON reader holds


@dataclass(frozen=True, slots=True)
class Scalar:
    value: Json
    trap: Trap = Trap.NONE


def plain_scalar(text: str) -> Scalar:
    if text in _WORDS:
        return Scalar(_WORDS[text])
    if text in _DOUBTFUL_BOOLEANS:
        return Scalar(_DOUBTFUL_BOOLEANS[text], Trap.BOOLEAN)
    if text[0] not in "-+.0123456789":
        return Scalar(text)
    if _NUMBER.fullmatch(text):
        return _number(text)
    return Scalar(text, Trap.NUMBER if _DOUBTFUL_NUMBER.fullmatch(text) else Trap.NONE)


def is_doubtful_boolean(text: str) -> bool:
    return text in _DOUBTFUL_BOOLEANS


def _number(text: str) -> Scalar:
    if len(text) > _MAX_DIGITS:
        return Scalar(0, Trap.TOO_LARGE)
    if text.lstrip("+-").isdigit():
        return Scalar(int(text)) if math.isfinite(_as_float(text)) else Scalar(0, Trap.TOO_LARGE)
    number = float(text)
    return Scalar(number) if math.isfinite(number) else Scalar(0, Trap.TOO_LARGE)


def _as_float(text: str) -> float:
    return float(text)
