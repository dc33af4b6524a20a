"""A conversation made fit for vendors that are strict about its form.

In: a `ModelRequest`. Out: its turns without empty texts, roles in alternation, ids of calls that every vendor takes, the tools that its turns speak
of, and a system prompt that asks in words for what a vendor's fields do not. Never changes what was said, and leaves a vendor's own form of a turn
alone.
"""

import hashlib
import re
from itertools import groupby
from typing import Final

from chalicelib.providers.model import ModelMessage, ModelRequest, Native, Part, Role, Text, ToolOffer, ToolResult, ToolUse
from chalicelib.providers.structured import schema_instruction

CALL_FIRST: Final = "Call at least one of the tools now."  # for models that cannot be made to
TOOLS_FIRST: Final = "Use the tools first where you need them. The following holds for your final answer."
_ID: Final = re.compile(r"[a-zA-Z0-9_-]{1,64}")


def turns(request: ModelRequest, vendor: str) -> list[ModelMessage]:
    """The messages with blank texts left out where a turn says something else, empty assistants' turns left out, users' turns in a row made one,
    with results of tools before all else. Turns keep their own form where it is this vendor's.
    """
    said = [ModelMessage(message.role, _spoken(message.parts), own(message, vendor)) for message in request.messages]
    there = [message for message in said if message.parts or message.native is not None]
    found: list[ModelMessage] = []
    for role, group in groupby(there, key=lambda message: message.role):
        if role is Role.USER:
            parts = [part for message in group for part in message.parts]
            found.append(ModelMessage(role, tuple(sorted(parts, key=lambda part: not isinstance(part, ToolResult)))))
        else:
            found.extend(group)
    return found


def own(message: ModelMessage, vendor: str) -> Native | None:
    """The turn in this vendor's own form, where it has one."""
    return message.native if message.native is not None and message.native.provider == vendor else None


def _spoken(parts: tuple[Part, ...]) -> tuple[Part, ...]:
    kept = tuple(part for part in parts if not isinstance(part, Text) or part.text.strip())
    return kept or parts[:1]


def offered(request: ModelRequest) -> tuple[ToolOffer, ...]:
    """The request's tools; where it has none, those that its turns call, which vendors refuse to read of otherwise."""
    if request.tools:
        return request.tools
    names = dict.fromkeys(part.name for message in request.messages for part in message.parts if isinstance(part, ToolUse))
    return tuple(ToolOffer(name, "This tool is no longer there.", {"type": "object", "properties": {}}) for name in names)


def system_text(request: ModelRequest, *, forced: bool, in_words: bool) -> str:
    """The system prompt, with what the vendor's own fields do not say: a call that is not `forced`, and `in_words` the output's schema."""
    words = [request.system] if request.system else []
    if request.must_call and request.tools and not forced:
        words.append(CALL_FIRST)
    if request.output is not None and in_words:
        words.extend([TOOLS_FIRST] if request.tools else [])
        words.append(schema_instruction(request.output))
    return "\n\n".join(words)


def call_id(given: str) -> str:
    """An id of a call as it is, or, where a strict vendor would refuse another vendor's, one that stands for it."""
    if _ID.fullmatch(given):
        return given
    return f"call_{hashlib.sha256(given.encode()).hexdigest()[:24]}"
