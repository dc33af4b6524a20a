"""OpenAI's models by its Responses API.

In: a `ModelRequest`. Out: a `ModelResponse` whose native turn is the list of output items, or a `ModelFailure`. Nothing is stored at the vendor:
every call carries its whole conversation, and reasoning goes back in encrypted form. A response that failed comes with status 200, an error inside a
stream raises nothing in the SDK, and a stream may end without its terminal event: each is named here. Models of OpenAI's older families do not
reason; what asks for it is left out for them and the answer's notes say so. Never reads a key from the environment.
"""

import hashlib
import json
import mimetypes
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from chalicelib.providers.failures import ContentFiltered, ModelCancelled, ModelTruncated
from chalicelib.providers.model import (
    Attachment,
    Embedded,
    ModelMessage,
    ModelRequest,
    ModelResponse,
    Native,
    OnText,
    Part,
    Role,
    StopReason,
    Text,
    ToolOffer,
    ToolResult,
    ToolUse,
    Usage,
)
from chalicelib.providers.openai_client import each, limited, new_client, read_call, read_text, told_failure, translating
from chalicelib.providers.openai_embeddings import embed
from chalicelib.providers.openai_schema import strict_schema
from chalicelib.providers.openai_usage import RESPONSES, read_usage
from chalicelib.providers.turns import call_id, system_text, turns
from chalicelib.providers.wall_clock import within
from chalicelib.spec.model import Json, JsonObject

if TYPE_CHECKING:
    import httpx2
    import openai
    from openai.types.responses import Response, ResponseStreamEvent

NAME: Final = "openai"
MIN_OUTPUT_TOKENS: Final = 16  # the API takes no smaller limit
READ_OUT_SECONDS: Final = 0.05
_UNREASONING: Final = ("gpt-3.5", "gpt-4", "chatgpt-4o", "ft:gpt-3.5", "ft:gpt-4")
_LIST_PRICE_TIERS: Final = (None, "auto", "default")


class OpenAIProvider:
    """One per key and container: the client keeps its connections. `strict` makes the SDK check answers against its own types (for tests)."""

    def __init__(self, api_key: str, *, base_url: str | None = None, strict: bool = False) -> None:
        self._api_key = api_key
        self._base_url = base_url
        self._strict = strict

    @property
    def name(self) -> str:
        return NAME

    @cached_property
    def _client(self) -> "openai.OpenAI":
        return new_client(self, self._api_key, base_url=self._base_url, strict=self._strict)

    def call(self, request: ModelRequest, *, model: str, seconds: float, on_text: OnText | None = None) -> ModelResponse:
        """One response. Raises a ModelFailure."""
        arguments = _arguments(request, model)
        with limited(seconds) as timeout:
            if on_text is None:
                with translating(model):
                    response: Response = self._client.responses.create(**arguments, timeout=timeout)
            else:
                response = self._streamed(arguments, timeout, on_text)
        with translating(model):
            answer = _response(response, model)
        return answer if request.thinking is None or _reasons(model) else _without_thinking(answer)

    def _streamed(self, arguments: dict[str, Any], timeout: "httpx2.Timeout", on_text: OnText) -> "Response":
        model = arguments["model"]
        with translating(model):
            stream = self._client.responses.create(**arguments, stream=True, timeout=timeout)
        with stream:
            for event in each(iter(stream), model):
                with translating(model):
                    piece, final = _told(event, model)
                if final is not None:
                    _read_out(stream)
                    return final
                if piece:
                    on_text(piece)
        raise ModelTruncated(f"the answer of {model} has no end")

    def embed(self, texts: Sequence[str], *, model: str, seconds: float) -> Embedded:
        """Raises a ModelFailure."""
        return embed(self._client, texts, model=model, seconds=seconds, provider=NAME)


def _read_out(stream: "openai.Stream[ResponseStreamEvent]") -> None:
    """What is left of a stream behind its last event is its end: a connection read to there serves the next call, another one is thrown away."""
    with suppress(Exception), within(READ_OUT_SECONDS):
        list(stream)


def _told(event: "ResponseStreamEvent", model: str) -> tuple[str, "Response | None"]:
    """The text in an event, or the whole response where it is the last. What is thought, begun or of an unknown kind tells nothing."""
    match event.type:
        case "response.output_text.delta":
            return read_text(event.delta), None
        case "response.completed" | "response.incomplete" | "response.failed":
            return "", event.response
        case "error":
            raise told_failure(event.code, event.message, model)
        case _:
            return "", None


def _arguments(request: ModelRequest, model: str) -> dict[str, Any]:
    schema = None if request.output is None else _format(request.output)
    system = system_text(request, forced=True, in_words=schema is None)
    arguments: dict[str, Any] = {"model": model, "store": False, "input": [item for message in turns(request, NAME) for item in _items(message)]}
    if system:
        arguments["instructions"] = system
    if schema is not None:
        arguments["text"] = {"format": schema}
    if request.tools:
        arguments["tools"] = [_tool(offer) for offer in request.tools]
        arguments["tool_choice"] = "required" if request.must_call else "auto"
    if request.max_output_tokens is not None:
        arguments["max_output_tokens"] = max(MIN_OUTPUT_TOKENS, request.max_output_tokens)
    if request.cache_prompt:
        arguments["prompt_cache_key"] = _cache_key(arguments)
    return arguments | _reasoning(request, model)


def _reasoning(request: ModelRequest, model: str) -> dict[str, Any]:
    if not _reasons(model):
        return {}
    effort = {} if request.thinking is None else {"reasoning": {"effort": request.thinking}}
    return {"include": ["reasoning.encrypted_content"], **effort}


def _reasons(model: str) -> bool:
    return not model.startswith(_UNREASONING) and "-chat" not in model


def _cache_key(arguments: dict[str, Any]) -> str:
    """Calls that begin alike are brought to the same cache: instructions and tools are the beginning."""
    beginning = json.dumps([arguments.get("instructions"), arguments.get("tools")], sort_keys=True)
    return hashlib.sha256(beginning.encode()).hexdigest()[:32]


def _format(schema: JsonObject) -> JsonObject | None:
    """How the answer's schema is asked for; None: in words, since the API takes only objects."""
    strict = strict_schema(schema)
    if strict is None and schema.get("type") != "object":
        return None
    return {"type": "json_schema", "name": "answer", "schema": strict or schema, "strict": strict is not None}


def _tool(offer: ToolOffer) -> JsonObject:
    strict = strict_schema(offer.arguments)
    return {
        "type": "function",
        "name": offer.name,
        "description": offer.description,
        "parameters": strict or offer.arguments,
        "strict": strict is not None,
    }


def _items(message: ModelMessage) -> list[Json]:
    """The input items of one turn. A turn of this vendor's goes back as it came."""
    if message.native is not None and isinstance(message.native.content, list):
        return message.native.content
    called: list[Json] = [item for part in message.parts if (item := _call_item(part)) is not None]
    if message.role is Role.ASSISTANT:
        said: JsonObject = {"role": "assistant", "content": message.text}
        return [said, *called] if message.text else called
    spoken: list[Json] = [content for part in message.parts if (content := _content(part)) is not None]
    return [*called, {"role": "user", "content": spoken}] if spoken else called  # results stand right behind the calls


def _content(part: Part) -> JsonObject | None:
    match part:
        case Text(text):
            return {"type": "input_text", "text": text} if text else None
        case Attachment(media_type, data, name):
            url = f"data:{media_type};base64,{data}"
            if part.is_image:
                return {"type": "input_image", "image_url": url, "detail": "auto"}
            return {"type": "input_file", "filename": name or f"document{mimetypes.guess_extension(media_type) or ''}", "file_data": url}
        case _:
            return None


def _call_item(part: Part) -> JsonObject | None:
    match part:
        case ToolUse(call, name, arguments):
            return {"type": "function_call", "call_id": call_id(call), "name": name, "arguments": json.dumps(arguments, ensure_ascii=False)}
        case ToolResult(call, _, text, is_error):
            return {"type": "function_call_output", "call_id": call_id(call), "output": f"Error: {text}" if is_error else text}
        case _:
            return None


def _response(response: "Response", model: str) -> ModelResponse:
    usage = _usage(response, model)
    match response.status:
        case "completed":
            return _answer(response, usage)
        case "failed":
            error = response.error
            spent = None if response.usage is None else usage  # mostly nothing is billed, and nothing told
            raise told_failure(error.code if error else None, error.message if error else None, model, spent)
        case "cancelled":
            raise ModelCancelled(f"{model} was stopped before its answer was whole", usage=usage)
        case "incomplete" if response.incomplete_details and response.incomplete_details.reason == "content_filter":
            raise ContentFiltered(f"the answer of {model} was stopped by the vendor's content filter", usage=usage)
        case "incomplete":
            why = (response.incomplete_details and response.incomplete_details.reason) or "no reason told"
            raise ModelTruncated(f"the answer of {model} is incomplete after {usage.output_tokens} output tokens ({why})", usage=usage)
        case _:
            raise ModelTruncated(f"the answer of {model} has no end", usage=usage)


def _answer(response: "Response", usage: Usage) -> ModelResponse:
    texts: list[str] = []
    uses: list[ToolUse] = []
    for item in response.output:
        if item.type == "function_call":
            uses.append(read_call(item.call_id, item.name, item.arguments, usage))
        elif item.type == "message":
            for content in item.content:
                if content.type == "refusal":
                    raise ContentFiltered(f"{usage.model} declined to answer", usage=usage)
                texts.append(read_text(content.text))
    tier = response.service_tier
    native: list[Any] = [item.to_dict(mode="json", exclude_none=True, warnings=False) for item in response.output]
    return ModelResponse(
        text="".join(texts),
        stop=StopReason.TOOL_USE if uses else StopReason.END,
        usage=usage,
        notes={"response_id": read_text(response.id)} | ({} if tier in _LIST_PRICE_TIERS else {"service_tier": read_text(tier)}),
        tool_uses=tuple(uses),
        native=Native(NAME, native),
    )


def _without_thinking(answer: ModelResponse) -> ModelResponse:
    return replace(answer, notes={**answer.notes, "thinking": "left out: this model takes no effort"})


def _usage(response: "Response", model: str) -> Usage:
    """A tier other than the standard one has other prices, so its calls are unpriced."""
    priced_as = NAME if response.service_tier in _LIST_PRICE_TIERS else None
    return read_usage(response.usage, RESPONSES, provider=NAME, model=read_text(response.model) or model, priced_as=priced_as)
