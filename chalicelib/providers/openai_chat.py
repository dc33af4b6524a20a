"""A request in the words of OpenAI's chat completions, as far as the servers that imitate them understand.

In: a `ModelRequest`. Out: the arguments of the call. Structured output is asked for twice, in the server's own way and in words, since a grammar
alone does not tell the model what is wanted; in words alone beside tools, which such grammars shut out, and for an open schema, of which a server
makes what it likes. Documents are refused where they are no text: such servers take none.
"""

import base64
import json
from collections.abc import Iterable
from typing import Any, Final

from chalicelib.providers.failures import ModelRequestInvalid
from chalicelib.providers.model import Attachment, ModelMessage, ModelRequest, Role, Text, ToolResult, ToolUse
from chalicelib.providers.openai_schema import strict_schema
from chalicelib.providers.turns import system_text, turns
from chalicelib.spec.model import Json, JsonObject

NO_VENDOR: Final = ""  # there are no turns in a form of these servers' own
_TEXTUAL: Final = ("application/json", "application/xml", "application/yaml")


def chat_arguments(request: ModelRequest, model: str) -> dict[str, Any]:
    """Raises ModelRequestInvalid for a document that is no text."""
    arguments: dict[str, Any] = {"model": model}
    strict = None if request.output is None or request.tools else strict_schema(request.output)
    if strict is not None:
        arguments["response_format"] = {"type": "json_schema", "json_schema": {"name": "answer", "schema": strict, "strict": True}}
    system = system_text(request, forced=True, in_words=True)
    said = [turn for message in turns(request, NO_VENDOR) for turn in _said(message)]
    arguments["messages"] = [{"role": "system", "content": system}, *said] if system else said
    if request.tools:
        arguments["tools"] = [
            {"type": "function", "function": {"name": offer.name, "description": offer.description, "parameters": offer.arguments}}
            for offer in request.tools
        ]
        arguments["tool_choice"] = "required" if request.must_call else "auto"
    if request.max_output_tokens is not None:
        arguments["max_tokens"] = request.max_output_tokens  # the name that all of them know
    if request.thinking is not None:
        arguments["reasoning_effort"] = request.thinking
    return arguments


def _said(message: ModelMessage) -> list[Json]:
    if message.role is Role.ASSISTANT:
        return _assistant(message)
    results: list[Json] = [
        {"role": "tool", "tool_call_id": part.id, "content": f"Error: {part.text}" if part.is_error else part.text}
        for part in message.parts
        if isinstance(part, ToolResult)
    ]
    spoken = [part for part in message.parts if isinstance(part, Text | Attachment)]
    plain = all(isinstance(part, Text) for part in spoken)  # many servers' templates take nothing else
    said: JsonObject = {"role": "user", "content": message.text if plain else _contents(spoken)}
    return [*results, said] if spoken else results


def _assistant(message: ModelMessage) -> list[Json]:
    calls: list[Json] = [
        {"id": part.id, "type": "function", "function": {"name": part.name, "arguments": json.dumps(part.arguments, ensure_ascii=False)}}
        for part in message.parts
        if isinstance(part, ToolUse)
    ]
    if not calls and not message.text:
        return []
    turn: JsonObject = {"role": "assistant", "content": message.text}
    return [turn | ({"tool_calls": calls} if calls else {})]


def _contents(parts: Iterable[Text | Attachment]) -> list[Json]:
    return [{"type": "text", "text": part.text} if isinstance(part, Text) else _attached(part) for part in parts]


def _attached(part: Attachment) -> JsonObject:
    if part.is_image:
        return {"type": "image_url", "image_url": {"url": f"data:{part.media_type};base64,{part.data}"}}
    if not part.media_type.startswith("text/") and part.media_type not in _TEXTUAL:
        raise ModelRequestInvalid(f"this server takes no document of type {part.media_type}: send images or text, or name another provider")
    try:
        text = base64.b64decode(part.data, validate=True).decode()
    except ValueError as error:
        raise ModelRequestInvalid(f"the document {part.name or part.media_type} is no base64 of UTF-8 text") from error
    return {"type": "text", "text": f"{part.name or 'A document'}:\n{text}"}
