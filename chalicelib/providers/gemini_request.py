"""A request in Gemini's terms.

In: a `ModelRequest` and a model's name. Out: contents and a config of the SDK's types.
A turn that came from Gemini goes back as it came, since it carries signatures of the model's thoughts; any other one is written from its parts.
Raises ModelRequestInvalid for what cannot be written.
"""

import base64
import json
from typing import TYPE_CHECKING, Final

from chalicelib.providers.failures import ModelRequestInvalid
from chalicelib.providers.gemini_schema import expressible
from chalicelib.providers.model import Attachment, Effort, ModelMessage, ModelRequest, Native, Part, Role, Text, ToolResult, ToolUse
from chalicelib.providers.structured import schema_instruction

if TYPE_CHECKING:
    from google.genai import types

NAME: Final = "google"
OWN_ID: Final = "gemini-call-"  # begins the ids that we make up for calls without one; Gemini is never told them
UNSIGNED: Final = b"skip_thought_signature_validator"  # what Google has one send for a call that Gemini did not make (docs/thought-signatures)
_OLD: Final = ("gemini-1", "gemini-2", "models/gemini-1", "models/gemini-2")  # no thinking levels, no check of signatures
_BUDGETS: Final[dict[Effort, int]] = {"low": 1_024, "medium": 8_192, "high": 24_576}


def contents(request: ModelRequest, model: str) -> "list[types.Content]":
    """The conversation. Turns that hold nothing are left out: Gemini refuses them."""
    written = (_content(message, signed=not model.startswith(_OLD)) for message in request.messages)
    return [content for content in written if content.parts]


def config(request: ModelRequest, model: str, seconds: float) -> "types.GenerateContentConfig":
    """Everything beside the conversation."""
    from google.genai import types

    schema = None if request.output is None or request.tools else expressible(request.output)
    words = [request.system] if request.system else []
    if request.output is not None and schema is None:  # with tools too: not every model takes both
        words.append(schema_instruction(request.output))
    return types.GenerateContentConfig(
        system_instruction="\n\n".join(words) or None,
        max_output_tokens=request.max_output_tokens,
        response_mime_type=None if schema is None else "application/json",
        response_json_schema=schema,
        tools=_tools(request),
        tool_config=_tool_config(request),
        thinking_config=None if request.thinking is None else _thinking(request.thinking, model),
        automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True),
        automatic_continuation=False,
        http_options=types.HttpOptions(timeout=max(1, int(seconds * 1000))),  # milliseconds
    )


def _tools(request: ModelRequest) -> "types.ToolListUnion | None":
    from google.genai import types

    if not request.tools:
        return None
    offers = [
        types.FunctionDeclaration(name=offer.name, description=offer.description, parameters_json_schema=offer.arguments) for offer in request.tools
    ]
    return [types.Tool(function_declarations=offers)]


def _tool_config(request: ModelRequest) -> "types.ToolConfig | None":
    from google.genai import types

    if not (request.tools and request.must_call):
        return None
    return types.ToolConfig(function_calling_config=types.FunctionCallingConfig(mode=types.FunctionCallingConfigMode.ANY))


def _thinking(effort: Effort, model: str) -> "types.ThinkingConfig":
    """Older models take a number of tokens, newer ones a level."""
    from google.genai import types

    if model.startswith(_OLD):
        return types.ThinkingConfig(thinking_budget=_BUDGETS[effort])
    return types.ThinkingConfig(thinking_level=types.ThinkingLevel(effort.upper()))


def _content(message: ModelMessage, *, signed: bool) -> "types.Content":
    from google.genai import types

    returned = _returned(message.native)
    if returned is not None:
        return returned
    parts = [_part(part) for part in message.parts if part != Text("")]  # which Gemini refuses
    calls = [part for part in parts if part.function_call is not None]
    if calls and signed:
        calls[0].thought_signature = UNSIGNED  # Gemini signs the first call of a turn
    return types.Content(role="user" if message.role is Role.USER else "model", parts=parts)


def _returned(native: Native | None) -> "types.Content | None":
    """A turn of Gemini's own as it came; None where there is none, or one that this release of the SDK no longer reads."""
    from google.genai import types

    if native is None or native.provider != NAME:
        return None
    try:
        return types.Content.model_validate_json(json.dumps(native.content))
    except ValueError:
        return None


def _part(part: Part) -> "types.Part":
    from google.genai import types

    match part:
        case Text():
            return types.Part(text=part.text)
        case Attachment():
            return types.Part(inline_data=types.Blob(mime_type=part.media_type, data=_decoded(part)))
        case ToolUse():
            return types.Part(function_call=types.FunctionCall(id=_sent_id(part.id), name=part.name, args=part.arguments))
        case ToolResult():
            told = {"error" if part.is_error else "output": part.text}
            return types.Part(function_response=types.FunctionResponse(id=_sent_id(part.id), name=part.name, response=told))


def _sent_id(told: str) -> str | None:
    return None if told.startswith(OWN_ID) else told


def _decoded(attachment: Attachment) -> bytes:
    try:
        return base64.b64decode(attachment.data, validate=True)
    except ValueError as error:
        raise ModelRequestInvalid(f"the attachment {attachment.name or attachment.media_type} is not base64") from error
