"""Anthropic's Messages API in Sluice's terms: what is sent, and what an answer says.

In: a `ModelRequest`, or the SDK's `Message`. Out: the arguments of `messages.create`, or a `ModelResponse`; an answer that is no success is raised as
the ModelFailure that it stands for, with what it cost. Never sends sampling parameters, which Claude no longer takes.
"""

import base64
from typing import TYPE_CHECKING, Any, Final

from chalicelib.providers.claude_schema import strict_schema
from chalicelib.providers.claude_thinking import Thinking
from chalicelib.providers.failures import ContentFiltered, ContextTooLong, ModelRequestInvalid, ModelTruncated
from chalicelib.providers.model import (
    Attachment,
    ModelMessage,
    ModelRequest,
    ModelResponse,
    Native,
    Part,
    StopReason,
    Text,
    ToolResult,
    ToolUse,
    Usage,
)
from chalicelib.providers.prices import Tokens, cost
from chalicelib.providers.turns import call_id, offered, system_text, turns
from chalicelib.spec.model import Json, JsonObject

if TYPE_CHECKING:
    from anthropic.types import Message

NAME: Final = "anthropic"
IMAGES: Final = frozenset(("image/jpeg", "image/png", "image/gif", "image/webp"))
_CACHED: Final[JsonObject] = {"type": "ephemeral"}


def arguments(request: ModelRequest, model: str, thinking: Thinking) -> dict[str, Any]:
    """What `messages.create` is given. Raises ModelRequestInvalid for an attachment that Claude does not take."""
    schema = None if request.output is None else strict_schema(request.output)
    config: JsonObject = {"effort": thinking.effort} if thinking.effort else {}
    if schema is not None:
        config["format"] = {"type": "json_schema", "schema": schema}
    tools, system = _tools(request), system_text(request, forced=thinking.forced, in_words=schema is None)
    optional = {
        "system": _cached_system(system) if system and request.cache_prompt else system,
        "tools": tools,
        "tool_choice": _tool_choice(request, thinking) if tools else None,
        "thinking": thinking.fields,
        "output_config": config,
        "cache_control": dict(_CACHED) if request.cache_prompt else None,  # marks the end of the conversation so far
    }
    if request.cache_prompt and tools and not system:
        tools[-1]["cache_control"] = dict(_CACHED)
    return {
        "model": model,
        "max_tokens": thinking.max_tokens,
        "messages": [{"role": message.role.value, "content": _content(message)} for message in turns(request, NAME)],
        **{name: value for name, value in optional.items() if value},
    }


def _cached_system(text: str) -> list[Json]:
    return [{"type": "text", "text": text, "cache_control": dict(_CACHED)}]


def _tools(request: ModelRequest) -> list[dict[str, Json]]:
    described = [(offer, {"description": offer.description} if offer.description else {}) for offer in offered(request)]
    return [{"name": offer.name, **words, "input_schema": {"type": "object", **offer.arguments}} for offer, words in described]


def _tool_choice(request: ModelRequest, thinking: Thinking) -> JsonObject | None:
    if not request.tools:
        return {"type": "none"}  # tools that only the conversation speaks of
    return {"type": "any"} if thinking.forced else None


def _content(message: ModelMessage) -> Json:
    if message.native is not None:
        return message.native.content
    if len(message.parts) == 1 and isinstance(message.parts[0], Text):
        return message.parts[0].text
    return [_block(part) for part in message.parts]


def _block(part: Part) -> JsonObject:
    match part:
        case Text(text):
            return {"type": "text", "text": text}
        case Attachment():
            return _attached(part)
        case ToolUse(given, name, parameters):
            return {"type": "tool_use", "id": call_id(given), "name": name, "input": parameters}
        case ToolResult(given, _, text, is_error):
            result: JsonObject = {"type": "tool_result", "tool_use_id": call_id(given), "content": text}
            return {**result, "is_error": True} if is_error else result


def _attached(part: Attachment) -> JsonObject:
    titled: JsonObject = {"title": part.name} if part.name else {}
    if part.media_type in IMAGES:
        return {"type": "image", "source": {"type": "base64", "media_type": part.media_type, "data": part.data}}
    if part.media_type == "application/pdf":
        return {"type": "document", "source": {"type": "base64", "media_type": part.media_type, "data": part.data}, **titled}
    if part.media_type.startswith("text/") or part.media_type == "application/json":
        return {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": as_text(part)}, **titled}
    raise ModelRequestInvalid(f"Claude takes no attachment of type {part.media_type}; it takes JPEG, PNG, GIF, WebP, PDF and text")


def as_text(part: Attachment) -> str:
    """The characters of an attachment of text. Raises ModelRequestInvalid where it is no UTF-8."""
    try:
        return base64.b64decode(part.data, validate=True).decode("utf-8")
    except ValueError as error:
        raise ModelRequestInvalid(f"the attachment {part.name or part.media_type} is no text in UTF-8") from error


def response(message: "Message", model: str, note: str = "") -> ModelResponse:
    """The answer, or the ModelFailure that its stop reason stands for."""
    usage = usage_of(message, model)
    return ModelResponse(
        text="".join(block.text for block in message.content if block.type == "text"),
        stop=_stop(message.stop_reason, model, usage),
        usage=usage,
        notes={"message_id": message.id, **({"thinking": note} if note else {})},
        tool_uses=tuple(ToolUse(block.id, block.name, _json(block.input)) for block in message.content if block.type == "tool_use"),
        native=_native(message),
    )


def _json(value: Any) -> JsonObject:
    return value if isinstance(value, dict) else {}


def _stop(told: str | None, model: str, usage: Usage) -> StopReason:
    match told:
        case "end_turn":
            return StopReason.END
        case "stop_sequence":
            return StopReason.STOP_SEQUENCE
        case "tool_use":
            return StopReason.TOOL_USE
        case "max_tokens":
            raise ModelTruncated(f"{model} reached the limit of {usage.output_tokens} output tokens before its answer was whole", usage=usage)
        case "model_context_window_exceeded":
            raise ContextTooLong(f"the conversation outgrew the context window of {model}", usage=usage)
        case "refusal":
            raise ContentFiltered(f"{model} declined to answer", usage=usage)
        case None:
            raise ModelTruncated(f"the answer of {model} has no end", usage=usage)
        case _:
            return StopReason.UNKNOWN


def _native(message: "Message") -> Native | None:
    """The turn's own blocks, where the neutral parts would lose something of them or of their order."""
    kinds = [block.type for block in message.content]
    if kinds == ["text"] * min(1, kinds.count("text")) + ["tool_use"] * kinds.count("tool_use"):
        return None
    blocks: Any = [block.to_dict(mode="json", warnings=False) for block in message.content]
    return Native(NAME, blocks)


def usage_of(message: "Message", model: str) -> Usage:
    """Counts as totals: Anthropic's own `input_tokens` leaves the cached ones out."""
    told = message.usage
    read, written = told.cache_read_input_tokens or 0, told.cache_creation_input_tokens or 0
    hour = told.cache_creation.ephemeral_1h_input_tokens if told.cache_creation else 0
    tokens = Tokens(fresh=told.input_tokens, output=told.output_tokens, cache_read=read, cache_write=written - hour, cache_write_hour=hour)
    return Usage(
        provider=NAME,
        model=message.model or model,
        input_tokens=tokens.input,
        output_tokens=told.output_tokens,
        cached_tokens=read,
        cache_write_tokens=written,
        cost=cost(NAME, message.model or model, tokens),
        reasoning_tokens=told.output_tokens_details.thinking_tokens if told.output_tokens_details else 0,
    )
