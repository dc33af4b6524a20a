"""How much a Claude may think before it answers, and what its generations take of that, at Anthropic's own API and on Bedrock.

In: a request and a model's name, either vendor's. Out: a `Thinking`: the fields to send and the tokens to ask for. Never calls anybody.

Since 4.6 Claude decides by itself (`adaptive`) and `effort` guides it; before, thinking has a budget of tokens. Since 5 it thinks unless told not to;
Fable and Mythos cannot be told. A forced tool call and thinking exclude each other everywhere (the API refuses both together).
https://platform.claude.com/docs/en/build-with-claude/thinking
"""

import re
from dataclasses import dataclass
from typing import Final

from chalicelib.providers.model import Effort, ModelRequest, Role, ToolUse
from chalicelib.providers.turns import own
from chalicelib.spec.model import JsonObject

DEFAULT_MAX_OUTPUT_TOKENS: Final = 8_192
MOST_OUTPUT_TOKENS: Final = 64_000  # every Claude since 4.5 gives so many
LEAST_BUDGET: Final = 1_024
ROOM: Final[dict[Effort, int]] = {"low": 2_048, "medium": 8_192, "high": 24_576}  # tokens to think with, on top of the answer's

_NAME: Final = re.compile(r"claude-([a-z]+)-(\d+)(?:-(\d{1,2}))?(?!\d)")
_OLD_NAME: Final = re.compile(r"claude-(?:v?\d|instant)")
_ALWAYS: Final = frozenset(("fable", "mythos"))


@dataclass(frozen=True, slots=True)
class Thinking:
    """What to send. `forced`: the model can be made to call a tool. `note` is told where thinking was asked for and is left out."""

    max_tokens: int
    fields: JsonObject | None = None
    effort: Effort | None = None
    forced: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True)
class Generation:
    """What a model's name tells of it. A name that tells nothing is taken for a recent model."""

    family: str
    version: tuple[int, int]

    @property
    def adaptive(self) -> bool:
        return self.version >= (4, 6)

    @property
    def unasked(self) -> bool:
        """Thinks unless it is told not to."""
        return self.version >= (5, 0)

    @property
    def always(self) -> bool:
        return self.unasked and self.family in _ALWAYS


def generation(model: str) -> Generation:
    if _OLD_NAME.search(model):
        return Generation("claude", (3, 0))
    found = _NAME.search(model)
    if found is None:
        return Generation("mythos" if "mythos" in model else "", (5, 0))
    return Generation(found.group(1), (int(found.group(2)), int(found.group(3) or 0)))


def thinking(request: ModelRequest, model: str, vendor: str) -> Thinking:
    """How the model shall think about this request, and with how many tokens all in all. `vendor` is who is asked: only its own turns are signed."""
    about = generation(model)
    asked = request.max_output_tokens or DEFAULT_MAX_OUTPUT_TOKENS
    if request.must_call and request.tools and not about.always:
        note = "off: a tool must be called" if request.thinking else ""
        return Thinking(asked, {"type": "disabled"} if about.unasked else None, forced=True, note=note)
    if request.thinking is None:
        vast = about.unasked and request.max_output_tokens is None
        return Thinking(_with_room(asked, ROOM["high"]) if vast else asked)
    total = _with_room(asked, ROOM[request.thinking])
    if about.adaptive:
        return Thinking(total, {"type": "adaptive"}, effort=request.thinking)
    if total - asked < LEAST_BUDGET:
        return Thinking(asked, note=f"off: {asked} output tokens leave no room to think")
    if _in_unsigned_round(request, vendor):
        return Thinking(asked, note="off: this round of tools was begun without thinking")
    return Thinking(total, {"type": "enabled", "budget_tokens": total - asked})


def _with_room(asked: int, room: int) -> int:
    return max(asked, min(asked + room, MOST_OUTPUT_TOKENS))


def _in_unsigned_round(request: ModelRequest, vendor: str) -> bool:
    """Whether the last assistant's turn called tools without the signed thinking that a budget of thinking asks for there."""
    last = next((message for message in reversed(request.messages) if message.role is Role.ASSISTANT), None)
    if last is None or not any(isinstance(part, ToolUse) for part in last.parts):
        return False
    told = own(last, vendor)
    first = told.content[0] if told is not None and isinstance(told.content, list) and told.content else None
    return not isinstance(first, dict) or not ("reasoningContent" in first or first.get("type") in ("thinking", "redacted_thinking"))
