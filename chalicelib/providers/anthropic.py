"""Claude, by Anthropic's own SDK.

In: a `ModelRequest`. Out: a `ModelResponse`, or a `ModelFailure` translated from the SDK's errors by one table.
The SDK's retries are off (retries have one
owner) and its import costs most of a second, so it happens at the first call. Structured output is asked for by `output_config`; a schema that it
cannot
express (open objects, recursion) is asked for in words instead. Claude takes no sampling parameters. Never reads a key from the environment.
"""

from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from chalicelib.providers.failures import (
    ContentFiltered,
    ContextTooLong,
    ModelAuthFailed,
    ModelBillingStopped,
    ModelCancelled,
    ModelFailure,
    ModelOverloaded,
    ModelRateLimited,
    ModelRequestInvalid,
    ModelTimedOut,
    ModelTruncated,
    ModelUnavailable,
)
from chalicelib.providers.model import ModelRequest, ModelResponse, OnText, StopReason, Usage
from chalicelib.providers.prices import Tokens, cost
from chalicelib.providers.structured import schema_instruction
from chalicelib.spec.model import Json, JsonObject

if TYPE_CHECKING:
    import anthropic
    import httpx2
    from anthropic.types import Message

NAME: Final = "anthropic"
DEFAULT_MAX_OUTPUT_TOKENS: Final = 8_192
CONNECT_SECONDS: Final = 5.0

_BY_STATUS: Final[dict[int, type[ModelFailure]]] = {
    401: ModelAuthFailed,
    402: ModelBillingStopped,
    403: ModelAuthFailed,
    408: ModelTimedOut,
    409: ModelUnavailable,
    413: ContextTooLong,
    429: ModelRateLimited,
    499: ModelCancelled,
    504: ModelTimedOut,
    529: ModelOverloaded,
}
_BY_TYPE: Final[dict[str, type[ModelFailure]]] = {  # an error inside an answer of status 200 has only its type
    "authentication_error": ModelAuthFailed,
    "billing_error": ModelBillingStopped,
    "invalid_request_error": ModelRequestInvalid,
    "not_found_error": ModelRequestInvalid,
    "overloaded_error": ModelOverloaded,
    "permission_error": ModelAuthFailed,
    "rate_limit_error": ModelRateLimited,
    "timeout_error": ModelTimedOut,
}
_SPENT: Final = frozenset(
    (
        "contract_spend_limit_reached",
        "enforced_spend_limit_reached",
        "linked_organization_spend_limit_reached",
        "linked_organization_billing_unavailable",
    )
)  # codes of a 429 that waiting does not heal


class ClaudeProvider:
    """One per key and container: the client keeps its connections. `strict` makes the SDK check answers against its own types (for tests)."""

    def __init__(self, api_key: str, *, base_url: str | None = None, strict: bool = False) -> None:
        self._api_key = api_key
        self._base_url = base_url
        self._strict = strict

    @property
    def name(self) -> str:
        return NAME

    @cached_property
    def _client(self) -> "anthropic.Anthropic":
        import anthropic

        return anthropic.Anthropic(api_key=self._api_key, base_url=self._base_url, max_retries=0, _strict_response_validation=self._strict)

    def call(self, request: ModelRequest, *, model: str, seconds: float, on_text: OnText | None = None) -> ModelResponse:
        """One message. Raises a ModelFailure."""
        if seconds <= 0:
            raise ModelTimedOut("no time is left for the call")
        import anthropic
        import httpx2

        timeout = httpx2.Timeout(seconds, connect=min(CONNECT_SECONDS, seconds))
        try:
            message = self._client.messages.create(**_arguments(request, model), timeout=timeout)
        except anthropic.AnthropicError as error:
            raise _translated(error, model) from error
        except httpx2.TimeoutException as error:
            raise ModelTimedOut(f"{model} gave no whole answer in time") from error
        except (httpx2.HTTPError, ValueError) as error:  # a connection that breaks inside the answer; an answer that is no JSON
            raise ModelUnavailable(f"{model} gave a broken answer ({type(error).__name__})") from error
        response = _response(message, model)
        if on_text is not None:
            on_text(response.text)
        return response


def _arguments(request: ModelRequest, model: str) -> dict[str, Any]:
    schema = None if request.output is None else strict_schema(request.output)
    words = [request.system] if request.system else []
    if request.output is not None and schema is None:
        words.append(schema_instruction(request.output))
    arguments: dict[str, Any] = {
        "model": model,
        "max_tokens": request.max_output_tokens or DEFAULT_MAX_OUTPUT_TOKENS,
        "messages": [{"role": message.role.value, "content": message.text} for message in request.messages],
    }
    if words:
        arguments["system"] = "\n\n".join(words)
    if schema is not None:
        arguments["output_config"] = {"format": {"type": "json_schema", "schema": schema}}
    return arguments


def strict_schema(schema: JsonObject) -> JsonObject | None:
    """The schema in the part of JSON Schema that Claude's structured output takes; None where it cannot say the same.

    Objects must be closed there: an open one, such as `{type: object}`, would come back empty.
    """
    if _is_open(schema):
        return None
    from anthropic import transform_schema

    try:
        strict: JsonObject = transform_schema(_without_type_lists(schema))
    except (ValueError, AssertionError, TypeError, AttributeError, RecursionError):
        return None
    return strict


def _is_open(schema: Json) -> bool:
    """Whether some part lets in what its own properties and items do not tell."""
    if not isinstance(schema, dict):
        return True
    kinds = schema.get("type")
    kinds = kinds if isinstance(kinds, list) else [kinds]
    if "$ref" in schema or "patternProperties" in schema or "prefixItems" in schema or "not" in schema or "if" in schema:
        return True
    if "object" in kinds and (not schema.get("properties") or schema.get("additionalProperties", False) is not False):
        return True
    if "array" in kinds and "items" not in schema:
        return True
    return any(_is_open(part) for part in _parts(schema))


def _parts(schema: JsonObject) -> list[Json]:
    properties = schema.get("properties")
    found = list(properties.values()) if isinstance(properties, dict) else []
    for name in ("anyOf", "oneOf", "allOf"):
        variants = schema.get(name)
        found.extend(variants if isinstance(variants, list) else [])
    return [*found, schema["items"]] if "items" in schema else found


def _without_type_lists(schema: Json) -> Any:
    """`type: [a, b]` as `anyOf`, which the SDK's own translation understands."""
    if isinstance(schema, list):
        return [_without_type_lists(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    kinds = schema.get("type")
    if isinstance(kinds, list) and "enum" not in schema:
        shared = {name: value for name, value in schema.items() if name in ("description", "title")}
        rest = {name: value for name, value in schema.items() if name not in ("type", "description", "title")}
        return shared | {"anyOf": [_without_type_lists({"type": kind, **(rest if kind != "null" else {})}) for kind in kinds]}
    return {name: _without_type_lists(value) for name, value in schema.items()}


def _response(message: "Message", model: str) -> ModelResponse:
    usage = _usage(message, model)
    text = "".join(block.text for block in message.content if block.type == "text")
    match message.stop_reason:
        case "end_turn":
            stop = StopReason.END
        case "stop_sequence":
            stop = StopReason.STOP_SEQUENCE
        case "max_tokens":
            raise ModelTruncated(f"{model} reached the limit of {usage.output_tokens} output tokens before its answer was whole", usage=usage)
        case "model_context_window_exceeded":
            raise ContextTooLong(f"the conversation outgrew the context window of {model}", usage=usage)
        case "refusal":
            raise ContentFiltered(f"{model} declined to answer", usage=usage)
        case None:
            raise ModelTruncated(f"the answer of {model} has no end", usage=usage)
        case _:
            stop = StopReason.UNKNOWN
    return ModelResponse(text=text, stop=stop, usage=usage, notes={"message_id": message.id})


def _usage(message: "Message", model: str) -> Usage:
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
    )


def _translated(error: "anthropic.AnthropicError", model: str) -> ModelFailure:
    import anthropic

    match error:
        case anthropic.APITimeoutError():
            return ModelTimedOut(f"{model} gave no whole answer in time")
        case anthropic.APIConnectionError():
            return ModelUnavailable(f"no connection to {model}")
        case anthropic.APIResponseValidationError():
            return ModelUnavailable(f"{model} gave an answer of an unknown form")
        case anthropic.APIStatusError():
            return _by_status(error, model)
        case _:
            return ModelUnavailable(f"the call of {model} failed ({type(error).__name__})")


def _by_status(error: "anthropic.APIStatusError", model: str) -> ModelFailure:
    told = error.api_message or ""
    message = f"{model}: {error.status_code} {told[:300]}".strip()
    wait = _retry_after(error.response)
    kind = (
        _BY_STATUS.get(error.status_code) or _BY_TYPE.get(str(error.type)) or (ModelUnavailable if error.status_code >= 500 else ModelRequestInvalid)
    )
    if error.status_code == 429 and error.error_code in _SPENT:
        kind = ModelBillingStopped
    elif kind is ModelRequestInvalid and "prompt is too long" in told.lower():  # the vendor has no code of its own for it
        kind = ContextTooLong
    elif kind is ModelRequestInvalid and "credit balance" in told.lower():
        kind = ModelBillingStopped
    return kind(message, retry_after_seconds=wait)


def _retry_after(response: "httpx2.Response") -> float | None:
    try:
        return max(0.0, float(response.headers.get("retry-after", "")))
    except ValueError:
        return None
