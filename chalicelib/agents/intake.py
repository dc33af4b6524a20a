"""A model's response as a turn that can be kept, and its calls numbered.

In: a `ModelResponse`. Out: the turn and the calls, `asked` and not yet checked. What no store or schema check could take (half characters,
arguments that are no object, too deep, too large or too many) is replaced here, and the call carries the fault; the vendor's own form of such a
turn is left out.
"""

import json
import re
from dataclasses import dataclass, replace
from typing import Any, Final

from chalicelib.agents.transcript import CallState
from chalicelib.providers.model import ModelMessage, ModelResponse, Native, Part, Role, Text, ToolUse
from chalicelib.spec.model import Json, JsonObject

MAX_ARGUMENTS_LENGTH: Final = 100_000  # characters of JSON
MAX_ARGUMENTS_DEPTH: Final = 40
MAX_CALLS: Final = 32  # in one turn
MAX_NAME_LENGTH: Final = 64
_NAME: Final = re.compile(r"[^a-zA-Z0-9_-]")  # what vendors take in a conversation


@dataclass(frozen=True, slots=True)
class Taken:
    """`calls` are numbered from the given number on, in the model's order."""

    message: ModelMessage
    calls: tuple[CallState, ...]


def take(response: ModelResponse, *, first: int) -> Taken:
    calls = tuple(_call(use, number=first + place, place=place) for place, use in enumerate(_told_apart(response.tool_uses, first)))
    said: tuple[Part, ...] = (Text(clean(response.text)),) if response.text.strip() else ()
    whole = all(call.use == use for call, use in zip(calls, response.tool_uses, strict=True)) and clean(response.text) == response.text
    native = _native(response.native) if whole else None
    return Taken(ModelMessage(Role.ASSISTANT, (*said, *(call.use for call in calls)), native), calls)


def take_last(response: ModelResponse) -> Taken:
    """The turn in which nothing may be called: its calls are left out."""
    if not response.tool_uses:
        return take(response, first=0)
    return take(replace(response, tool_uses=(), native=None), first=0)


def clean(text: str) -> str:
    """The text with half characters (lone surrogates), which no store takes, replaced."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def clean_arguments(arguments: object) -> tuple[JsonObject, str]:
    """(arguments that can be kept, what is wrong with them)."""
    if not isinstance(arguments, dict):
        return {}, "the arguments are no JSON object"
    try:
        cleaned = _cleaned(arguments, MAX_ARGUMENTS_DEPTH)
        size = len(json.dumps(cleaned, allow_nan=False))
    except (TypeError, ValueError, RecursionError) as error:
        return {}, f"the arguments cannot be taken: {error}"
    if size > MAX_ARGUMENTS_LENGTH:
        return {}, f"the arguments have {size:,} characters; {MAX_ARGUMENTS_LENGTH:,} are taken"
    return cleaned, ""


def _told_apart(uses: tuple[ToolUse, ...], first: int) -> list[ToolUse]:
    """The calls with ids of which none is empty or comes twice: results are tied to calls by them."""
    seen: set[str] = set()
    found: list[ToolUse] = []
    for place, use in enumerate(uses):
        mine = use if use.id and use.id not in seen else replace(use, id=f"call-{first + place}")
        seen.add(mine.id)
        found.append(mine)
    return found


def _call(use: ToolUse, *, number: int, place: int) -> CallState:
    arguments, fault = clean_arguments(use.arguments)
    name = _NAME.sub("_", use.name)[:MAX_NAME_LENGTH] or "_"
    if name != use.name:
        fault = "that is no tool's name"
    if place >= MAX_CALLS:
        arguments, fault = {}, f"too many calls at once; {MAX_CALLS} are taken in one turn"
    return CallState(number, ToolUse(clean(use.id), name, arguments), fault=fault)


def _native(native: Native | None) -> Native | None:
    """The vendor's own form, where it can be kept."""
    if native is None:
        return None
    try:
        json.dumps(native.content, ensure_ascii=False, allow_nan=False).encode()
    except (TypeError, ValueError, RecursionError):
        return None
    return native


def _cleaned(value: Any, depth: int) -> Any:
    if depth == 0:
        raise ValueError(f"they are nested more than {MAX_ARGUMENTS_DEPTH} deep")
    match value:
        case str():
            return clean(value)
        case dict():
            return {clean(str(name)): _cleaned(member, depth - 1) for name, member in value.items()}
        case list():
            return [_cleaned(item, depth - 1) for item in value]
        case _:
            return value


def as_text(value: Json) -> str:
    """A tool's result as text for a model: a text as it is, anything else as JSON."""
    try:
        return clean(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str))
    except (TypeError, ValueError, RecursionError):  # keys that are no text, a circle, or too deep: told rather than met anew at every entry
        return "[the result is no JSON that can be told]"
