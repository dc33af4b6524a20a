"""Amazon Bedrock's Converse API in Sluice's terms: what is sent, and what an answer says.

In: a `ModelRequest`, or an answer of Converse as boto3 reads it. Out: the arguments of `converse` and `converse_stream`, or a `ModelResponse`; an
answer that is no success is raised as the ModelFailure that it stands for, with what it cost. Sends a model only what its maker is known to take
there: a model whose name tells nothing (an application inference profile) gets text, tools and attachments, the rest in words.
https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html
"""

import base64
import itertools
import json
import re
from collections.abc import Iterator
from typing import Any, Final

from chalicelib.providers.claude_schema import strict_schema
from chalicelib.providers.claude_thinking import Thinking, generation, thinking
from chalicelib.providers.failures import ContentFiltered, ContextTooLong, ModelFailure, ModelRequestInvalid, ModelTruncated, ModelUnavailable
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

NAME: Final = "bedrock"
IMAGES: Final = {"image/png": "png", "image/jpeg": "jpeg", "image/gif": "gif", "image/webp": "webp"}
DOCUMENTS: Final = {
    "application/pdf": "pdf",
    "text/csv": "csv",
    "application/msword": "doc",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "application/vnd.ms-excel": "xls",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
    "text/html": "html",
    "text/plain": "txt",
    "application/json": "txt",
    "text/markdown": "md",
}
_FORCING: Final = ("amazon.nova", "mistral.mistral-large")  # makers beside Anthropic whose models can be made to call a tool
_CACHING: Final = ("amazon.nova",)
_KEPT: Final = frozenset(("text", "toolUse", "reasoningContent", "citationsContent"))  # blocks that go back as they came
_CACHE_POINT: Final = {"cachePoint": {"type": "default"}}
_STOPS: Final = {"end_turn": StopReason.END, "stop_sequence": StopReason.STOP_SEQUENCE, "tool_use": StopReason.TOOL_USE}
_REGIONAL_SINCE: Final = (4, 5)  # from here on Claude costs a tenth more where it is kept in one region or geography


def is_claude(model: str) -> bool:
    return "claude" in model


def plan(request: ModelRequest, model: str) -> Thinking:
    """How the model shall think. Zero tokens: the model's own limit, which differs from maker to maker."""
    if is_claude(model):
        return thinking(request, model, NAME)
    note = "off: not asked of this model on Bedrock" if request.thinking else ""
    forced = request.must_call and bool(request.tools) and _of(model, _FORCING)
    return Thinking(request.max_output_tokens or 0, forced=forced, note=note)


def arguments(request: ModelRequest, model: str, planned: Thinking) -> dict[str, Any]:
    """What `converse` is given. Raises ModelRequestInvalid for an attachment that Converse does not take."""
    schema = None if request.output is None or not _speaks_schemas(model) else strict_schema(request.output)
    kept = request.cache_prompt and (is_claude(model) or _of(model, _CACHING))
    words = system_text(request, forced=planned.forced, in_words=schema is None)
    system: list[dict[str, Any]] = [{"text": words}] if words else []
    tools = _tools(request)
    if kept and system:
        system.append(dict(_CACHE_POINT))
    elif kept and tools and is_claude(model):
        tools.append(dict(_CACHE_POINT))
    numbers = itertools.count(1)
    messages = [{"role": message.role.value, "content": _content(message, numbers)} for message in turns(request, NAME)]
    if kept and messages:
        messages[-1]["content"] = [*messages[-1]["content"], dict(_CACHE_POINT)]
    config: dict[str, Any] = {"effort": planned.effort} if planned.effort else {}
    if schema is not None:
        config["textFormat"] = {"type": "json_schema", "structure": {"jsonSchema": {"name": "answer", "schema": json.dumps(schema)}}}
    optional = {
        "system": system,
        "toolConfig": {"tools": tools, **({"toolChoice": {"any": {}}} if planned.forced else {})} if tools else None,
        "inferenceConfig": {"maxTokens": planned.max_tokens} if planned.max_tokens else None,
        "additionalModelRequestFields": {"thinking": planned.fields} if planned.fields else None,
        "outputConfig": config,
    }
    return {"modelId": model, "messages": messages, **{name: value for name, value in optional.items() if value}}


def _of(model: str, makers: tuple[str, ...]) -> bool:
    return any(maker in model for maker in makers)


def _speaks_schemas(model: str) -> bool:
    return is_claude(model) and generation(model).version >= (4, 5)


def _tools(request: ModelRequest) -> list[dict[str, Any]]:
    described = [(offer, {"description": offer.description} if offer.description else {}) for offer in offered(request)]
    return [{"toolSpec": {"name": offer.name, **words, "inputSchema": {"json": {"type": "object", **offer.arguments}}}} for offer, words in described]


def _content(message: ModelMessage, numbers: Iterator[int]) -> list[Any]:
    if message.native is not None and isinstance(message.native.content, list):
        return [_with_bytes(block) for block in message.native.content]
    return [_block(part, numbers) for part in message.parts]


def _block(part: Part, numbers: Iterator[int]) -> dict[str, Any]:
    match part:
        case Text(text):
            return {"text": text}
        case Attachment():
            return _attached(part, numbers)
        case ToolUse(given, name, parameters):
            return {"toolUse": {"toolUseId": call_id(given), "name": name, "input": parameters}}
        case ToolResult(given, _, text, is_error):
            said = {"toolUseId": call_id(given), "content": [{"text": text if text.strip() else "(nothing)"}]}
            return {"toolResult": {**said, "status": "error"} if is_error else said}


def _attached(part: Attachment, numbers: Iterator[int]) -> dict[str, Any]:
    try:
        data = base64.b64decode(part.data, validate=True)
    except ValueError as error:
        raise ModelRequestInvalid(f"the attachment {part.name or part.media_type} is no base64") from error
    if part.media_type in IMAGES:
        return {"image": {"format": IMAGES[part.media_type], "source": {"bytes": data}}}
    if part.media_type in DOCUMENTS:
        name = f"{_plain(part.name)} {next(numbers)}"  # names must differ within a conversation
        return {"document": {"format": DOCUMENTS[part.media_type], "name": name, "source": {"bytes": data}}}
    raise ModelRequestInvalid(
        f"Bedrock takes no attachment of type {part.media_type}; it takes PNG, JPEG, GIF, WebP, PDF, Office, CSV, HTML and text"
    )


def _plain(name: str) -> str:
    """A document's name in the characters that Converse takes."""
    return " ".join(re.findall(r"[A-Za-z0-9()\[\]-]+", name))[:150] or "document"


def _with_bytes(block: Any) -> Any:
    """A block of `_as_json` as boto3 takes it."""
    hidden = block.get("reasoningContent", {}).get("redactedContent")
    return block if hidden is None else {"reasoningContent": {"redactedContent": base64.b64decode(hidden)}}


def _as_json(block: dict[str, Any]) -> Json:
    hidden = block.get("reasoningContent", {}).get("redactedContent")
    return block if hidden is None else {"reasoningContent": {"redactedContent": base64.b64encode(hidden).decode()}}


def response(answer: dict[str, Any], model: str, note: str = "") -> ModelResponse:
    """The answer, or the ModelFailure that its stop reason stands for."""
    blocks = answer["output"]["message"]["content"]
    usage = _usage(answer.get("usage"), model)
    return ModelResponse(
        text="".join(_text(block) for block in blocks),
        stop=_stop(answer["stopReason"], model, usage),
        usage=usage,
        notes={"thinking": note} if note else {},
        tool_uses=tuple(_tool_use(block["toolUse"]) for block in blocks if "toolUse" in block),
        native=_native(blocks),
    )


def _text(block: dict[str, Any]) -> str:
    cited = block.get("citationsContent", {}).get("content", [])
    return str(block.get("text", "")) + "".join(part.get("text", "") for part in cited)


def _tool_use(told: dict[str, Any]) -> ToolUse:
    given = told["input"]
    parameters: JsonObject = given if isinstance(given, dict) else {}
    return ToolUse(told["toolUseId"], told["name"], parameters)


def _native(blocks: list[dict[str, Any]]) -> Native | None:
    """The turn's own blocks, where the neutral parts would lose something of them or of their order."""
    kinds = [next(iter(block)) for block in blocks]
    if kinds == ["text"] * min(1, kinds.count("text")) + ["toolUse"] * kinds.count("toolUse"):
        return None
    return Native(NAME, [_as_json(block) for kind, block in zip(kinds, blocks, strict=True) if kind in _KEPT])


def _stop(told: str, model: str, usage: Usage) -> StopReason:
    failure: ModelFailure
    match told:
        case "max_tokens":
            failure = ModelTruncated(f"{model} reached the limit of {usage.output_tokens} output tokens before its answer was whole", usage=usage)
        case "model_context_window_exceeded":
            failure = ContextTooLong(f"the conversation outgrew the context window of {model}", usage=usage)
        case "guardrail_intervened" | "content_filtered" | "refusal":
            failure = ContentFiltered(f"{model} declined to answer ({told})", usage=usage)
        case "malformed_model_output" | "malformed_tool_use":
            failure = ModelUnavailable(f"{model} gave a broken answer ({told})", usage=usage)
        case _:
            return _STOPS.get(told, StopReason.UNKNOWN)
    raise failure


def _usage(told: dict[str, Any] | None, model: str) -> Usage:
    """Counts as totals: Converse's `inputTokens` leaves the cached ones out. An answer without counts has no cost, not one of zero."""
    if told is None:
        return Usage(provider=NAME, model=model)
    read, written = told.get("cacheReadInputTokens", 0), told.get("cacheWriteInputTokens", 0)
    hour = sum(detail["inputTokens"] for detail in told.get("cacheDetails", ()) if detail["ttl"] == "1h")
    tokens = Tokens(
        fresh=told["inputTokens"], output=told["outputTokens"], cache_read=read, cache_write=max(0, written - hour), cache_write_hour=hour
    )
    return Usage(
        provider=NAME,
        model=model,
        input_tokens=tokens.input,
        output_tokens=tokens.output,
        cached_tokens=read,
        cache_write_tokens=written,
        cost=price(model, tokens),
    )


def price(model: str, tokens: Tokens) -> int | None:
    """Micro-dollars of a call. Claude costs what it costs at Anthropic, and a tenth more since 4.5 where it is not called `global.`"""
    own = cost(NAME, model, tokens)
    found = re.search(r"claude-[a-z0-9-]+?(?=(?:-v\d+)?(?::\d+)?$)", model)
    if own is not None or found is None:
        return own
    listed = cost("anthropic", found.group(), tokens)
    if listed is None or model.startswith("global.") or generation(model).version < _REGIONAL_SINCE:
        return listed
    return (listed * 11 + 5) // 10
