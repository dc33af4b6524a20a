"""What a Choice will answer where the way to it has just assigned what it asks: a question with the assigned values in place.

In: a question, and what a way assigns. Out: `asked_after`: the question as it stands on that way, or its answer where constants alone make it.
"""

import json
import re
from collections import deque
from collections.abc import Mapping
from enum import Enum
from typing import Final

from chalicelib.compiler.code import After, Code, Key, Part, Read, Template, code
from chalicelib.compiler.sheet import Outline

_FIELDS: Final = re.compile(r"(?:\.[A-Za-z_]\w*)+(?![\w(])")
_NAMES: Final = re.compile(r"\$\w*")
_IS_LABEL: Final = re.compile(r" = (?:'\w*'|true|false)$")  # as formulas ask; authored text goes on differently, or is not the compiler's to shorten
_HARMLESS: Final = frozenset({"$C", "$V", "$type", "$exists"})  # local names, and functions of nothing but their argument


class _Absent(Enum):
    NOTHING = "()"
    UNKNOWN = "?"


_Value = Template | _Absent


def asked_after(question: Code, assigns: Mapping[Key, Template], outline: Outline) -> Code | bool | None:
    """The question on a way that assigns this: what is left to ask, or the answer; None where it hangs on a value that the way computes."""
    left = _substituted(question, assigns, outline)
    if left is None or left == question:
        return left
    return _decided(_shortened(left))


def _substituted(question: Code, assigns: Mapping[Key, Template], outline: Outline) -> Code | None:
    """With the constants in place of what is read; None where something that is read is computed by the way."""
    parts: list[Part | Code] = []
    rest = deque(question.parts)
    while rest:
        part = rest.popleft()
        put = (part,) if isinstance(part, str) else _put(part, rest, assigns, outline)
        if put is None:
            return None
        parts.extend(put)
    return code(*parts)


def _put(part: Read | After, rest: deque[Part], assigns: Mapping[Key, Template], outline: Outline) -> tuple[Part | Code, ...] | None:
    """What stands for a read. A path behind it is taken from `rest`, and so is a comparison with a label: its answer is put instead."""
    derived = outline.derived.get(part.key)
    if derived is not None and (part.key not in assigns or isinstance(assigns[part.key], Code)):
        inner = _substituted(derived, assigns, outline)
        return None if inner is None else (part,) if inner == derived and part.key not in assigns else ("(", inner, ")")
    if part.key not in assigns:
        return (part,)
    value = _at(assigns[part.key], _taken(_FIELDS, rest).split(".")[1:])
    text = _text(value)
    if text is None:
        return None
    label = _taken(_IS_LABEL, rest)[3:].replace("'", '"')
    return ("true" if label == text else "false",) if label else (text,)


def _taken(pattern: re.Pattern[str], rest: deque[Part]) -> str:
    """What the next text begins with, taken from it."""
    following = rest[0] if rest else None
    found = pattern.match(following) if isinstance(following, str) else None
    if found is None:
        return ""
    rest.popleft()
    if left := found.string[found.end() :]:
        rest.appendleft(left)
    return found[0]


def _at(value: Template, fields: list[str]) -> _Value:
    """The value of a static path; only an object has fields."""
    found: _Value = value
    for name in fields:
        match found:
            case Code() | list() | _Absent.UNKNOWN:
                return _Absent.UNKNOWN
            case Mapping():
                found = found.get(name, _Absent.NOTHING)
            case _:
                return _Absent.NOTHING
    return found


def _text(value: _Value) -> str | None:
    """A constant as JSONata; None for anything else."""
    match value:
        case _Absent.NOTHING:
            return "()"
        case None | bool() | int() | float() | str():
            return json.dumps(value, ensure_ascii=False)
        case _:
            return None


def _shortened(question: Code) -> Code:
    """The question without those of its alternatives that cannot be."""
    parts = list(question.parts)
    for never in (("(", "false", ")", " or "), (" or ", "(", "false", ")")):
        while (at := _find(parts, never)) is not None:
            del parts[at : at + len(never)]
    return Code(tuple(parts))


def _find(parts: list[Part], wanted: tuple[str, ...]) -> int | None:
    return next((at for at in range(len(parts) - len(wanted) + 1) if tuple(parts[at : at + len(wanted)]) == wanted), None)


def _decided(question: Code) -> Code | bool:
    """The answer where constants alone make it."""
    if not all(isinstance(part, str) for part in question.parts):
        return question
    text = "".join(str(part) for part in question.parts)
    if not set(_NAMES.findall(text)) <= _HARMLESS:
        return question
    from jsonata import Jsonata
    from jsonata.jexception import JException

    try:
        answer = Jsonata(text).evaluate(None)
    except JException:
        return question  # it fails where it is asked
    return answer if isinstance(answer, bool) else question
