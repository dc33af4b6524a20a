"""What the model is sent for the next turn: made anew from task and transcript each time, the same bytes from the same conversation.

In: task and transcript. Out: a `ModelRequest`. Tool results are always marked as data from outside. After an overflow of the model's window, results
older than the latest are shortened. The last turn offers no tools; since vendors refuse calls in a conversation without tools, calls and results are
told in words there.
"""

import json
from dataclasses import replace
from typing import Final

from chalicelib.agents.checks import limited
from chalicelib.agents.outside import defused, is_marked, with_instruction, wrap
from chalicelib.agents.task import AgentTask, AgentTool
from chalicelib.agents.transcript import Limit, Transcript
from chalicelib.providers.model import ModelMessage, ModelRequest, Part, Role, Text, ToolOffer, ToolResult, ToolUse, user

KEPT_LENGTH: Final = 1_000  # characters of an older result after an overflow
TURN_LENGTH: Final = 200_000  # characters of all results of one turn, shared out evenly where they are more
MAX_DESCRIPTION: Final = 4_000
_REACHED: Final[dict[Limit, str]] = {"turns": "the most turns that this task may take", "cost": "what this task may cost"}


def next_request(task: AgentTask, transcript: Transcript, *, limit: Limit | None = None) -> ModelRequest:
    """`limit` is what was reached, so that this is the last turn."""
    messages = conversation(task, transcript)
    if limit is not None:
        messages = _last(messages, limit)
    return ModelRequest(
        messages=messages,
        system=_system(task),
        output=task.output,
        max_output_tokens=task.max_output_tokens,
        tools=() if limit is not None else tuple(_offer(tool) for tool in task.tools if not tool.policy.never_runs),
        thinking=task.thinking,
        cache_prompt=task.cache_prompt,
    )


def conversation(task: AgentTask, transcript: Transcript) -> tuple[ModelMessage, ...]:
    """The opening turn, then the kept ones with their results marked."""
    latest = len(transcript.messages) - 1
    kept = (_shown(message, shorten=transcript.shortened and place < latest) for place, message in enumerate(transcript.messages))
    return (user(transcript.prompt, *task.attachments), *kept)


def can_shorten(transcript: Transcript) -> bool:
    """Whether an overflow may be met by shortening: once in a conversation, and only if there is something to shorten."""
    results = (part for message in transcript.messages[:-1] for part in message.parts if isinstance(part, ToolResult))
    return not transcript.shortened and any(len(result.text) > KEPT_LENGTH for result in results)


def _system(task: AgentTask) -> str | None:
    foreign = bool(task.tools or task.attachments) or is_marked(task.prompt)
    return with_instruction(task.system) if foreign else task.system


def _offer(tool: AgentTool) -> ToolOffer:
    return ToolOffer(tool.name, defused(tool.description)[:MAX_DESCRIPTION], tool.arguments)


def _shown(message: ModelMessage, *, shorten: bool) -> ModelMessage:
    if not message.parts:
        return replace(message, parts=(Text("(nothing)"),), native=None)
    if message.role is Role.ASSISTANT:
        return message
    results = sum(isinstance(part, ToolResult) for part in message.parts)
    most = KEPT_LENGTH if shorten else TURN_LENGTH // max(results, 1)
    return replace(message, parts=tuple(_marked(part, most) if isinstance(part, ToolResult) else part for part in message.parts))


def _marked(result: ToolResult, most: int) -> ToolResult:
    source = f"tool {result.name}{', an error' if result.is_error else ''}"
    return replace(result, text=wrap(limited(result.text, most=most), source=source))


def _last(messages: tuple[ModelMessage, ...], limit: Limit) -> tuple[ModelMessage, ...]:
    told = tuple(_in_words(message) for message in messages)
    ask = Text(f"You have reached {_REACHED[limit]}. No tool can be called any more. Answer now from what you have, and say what is missing.")
    return (*told[:-1], replace(told[-1], parts=(*told[-1].parts, ask)))


def _in_words(message: ModelMessage) -> ModelMessage:
    """The message without calls and results as such. Its vendor's own form would hold them, so it is left out with them."""
    if not any(isinstance(part, ToolUse | ToolResult) for part in message.parts):
        return message
    return ModelMessage(message.role, tuple(_word(part) for part in message.parts))


def _word(part: Part) -> Part:
    match part:
        case ToolUse():
            return Text(f"[called the tool {part.name} with {json.dumps(part.arguments, ensure_ascii=False)}]\n")
        case ToolResult():
            return Text(f"[the result of {part.name}]\n{part.text}\n")
        case _:
            return part
