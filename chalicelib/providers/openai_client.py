"""The OpenAI SDK as all its adapters use it: one client, calls within a time, its errors translated once, by tables.

In: a key, an address; what the SDK raises, codes of errors. Out: a client without retries (they have one owner), a `ModelFailure`. The SDK reads a
key, an organisation, a project and an address from the environment where it is given none: here it is always given them. It is imported at the first
call: that takes a third of a second. Never puts a key or a body into a message.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, TypeVar

from chalicelib.providers.failures import (
    ContentFiltered,
    ContextTooLong,
    ModelAuthFailed,
    ModelBillingStopped,
    ModelFailure,
    ModelOverloaded,
    ModelRateLimited,
    ModelRequestInvalid,
    ModelTimedOut,
    ModelUnavailable,
)
from chalicelib.providers.http_failures import BY_STATUS, retry_after
from chalicelib.providers.model import ToolUse, Usage
from chalicelib.providers.wall_clock import CONNECT_SECONDS, timed_client, within

if TYPE_CHECKING:
    import httpx2
    import openai

ADDRESS: Final = "https://api.openai.com/v1"
_NO_KEY: Final = "none"  # the SDK insists on one; servers that want none ignore it

_BY_STATUS: Final[dict[int, type[ModelFailure]]] = {**BY_STATUS, 503: ModelOverloaded}
_BY_CODE: Final[dict[str, type[ModelFailure]]] = {  # codes and types, in answers of any status and inside of streams
    "account_deactivated": ModelAuthFailed,
    "authentication_error": ModelAuthFailed,
    "billing_hard_limit_reached": ModelBillingStopped,
    "billing_not_active": ModelBillingStopped,
    "content_filter": ContentFiltered,
    "context_length_exceeded": ContextTooLong,
    "credit_balance_exhausted": ModelBillingStopped,
    "exceed_context_size_error": ContextTooLong,  # llama.cpp
    "insufficient_quota": ModelBillingStopped,
    "invalid_api_key": ModelAuthFailed,
    "organization_spend_limit_exceeded": ModelBillingStopped,
    "organization_usage_limit_exceeded": ModelBillingStopped,
    "project_spend_limit_exceeded": ModelBillingStopped,
    "rate_limit_exceeded": ModelRateLimited,
    "server_error": ModelUnavailable,
    "server_is_overloaded": ModelOverloaded,
    "slow_down": ModelOverloaded,
    "vector_store_timeout": ModelUnavailable,
}
_TOO_LONG: Final = ("maximum context length", "context size", "context window", "context length")  # servers without a code for it say so
Event = TypeVar("Event")
_UNEXPECTED: Final = (ValueError, TypeError, AttributeError, KeyError, IndexError)  # what reading an answer of another form ends in


def new_client(owner: object, key: str, *, base_url: str | None, strict: bool) -> "openai.OpenAI":
    """Its connections are closed when its owner is gone. `strict` makes the SDK check answers against its own types (for tests)."""
    import openai

    client = openai.OpenAI(
        api_key=key or _NO_KEY,
        admin_api_key="",
        base_url=base_url or ADDRESS,
        max_retries=0,
        http_client=timed_client(owner),
        _strict_response_validation=strict,
    )
    client.organization = client.project = None  # a key belongs to both; what the environment says of them is somebody else's
    return client


@contextmanager
def limited(seconds: float) -> Iterator["httpx2.Timeout"]:
    """Inside, all that the client does ends in time. Gives the time-out that each call of the SDK takes. Raises ModelTimedOut without any time."""
    if seconds <= 0:
        raise ModelTimedOut("no time is left for the call")
    import httpx2

    with within(seconds):
        yield httpx2.Timeout(seconds, connect=min(CONNECT_SECONDS, seconds))


@contextmanager
def translating(model: str) -> Iterator[None]:
    """Inside, the SDK is called or its answer read; only ModelFailures leave."""
    import openai

    try:
        yield
    except openai.OpenAIError as error:
        raise _translated(error, model) from error
    except _UNEXPECTED as error:  # no JSON, or JSON of another form: the SDK takes both as they come
        raise ModelUnavailable(f"{model} gave an answer that cannot be read ({type(error).__name__})") from error


def each(events: Iterator[Event], model: str) -> Iterator[Event]:
    """The events of a stream. What the consumer of them raises is its own and is not translated."""
    while True:
        with translating(model):
            event = next(events, None)
        if event is None:
            return
        yield event


def read_text(told: object) -> str:
    """Nothing is no text; anything else but text makes the answer unreadable (TypeError)."""
    if not isinstance(told, str | None):
        raise TypeError("no text")
    return told or ""


def read_call(id_: object, name: object, written: object, usage: Usage) -> ToolUse:
    """A call, whose arguments models write as text. Raises ModelUnavailable for half a call: another try writes another one."""
    if not isinstance(id_, str) or not isinstance(name, str) or not id_ or not name:
        raise ModelUnavailable(f"{usage.model} called a tool without an id or a name", usage=usage)
    try:
        arguments = written if isinstance(written, dict) else json.loads(str(written or "{}"), parse_constant=_refuse)
    except (ValueError, RecursionError):
        arguments = None
    if not isinstance(arguments, dict):
        raise ModelUnavailable(f"{usage.model} called {name} with arguments that are no JSON object", usage=usage)
    return ToolUse(id_, name, arguments)


def _refuse(constant: str) -> float:
    raise ValueError(constant)  # NaN and Infinity are no JSON


def told_failure(code: str | None, message: str | None, model: str, usage: Usage | None = None) -> ModelFailure:
    """A failure that is told inside an answer, not by its status."""
    kind = _by_code(code, message or "") or (ModelRequestInvalid if code else ModelUnavailable)
    return kind(f"{model}: {code or 'an error'} {(message or '')[:300]}".strip(), usage=usage)


def _translated(error: "openai.OpenAIError", model: str) -> ModelFailure:
    import openai

    match error:
        case openai.APITimeoutError():
            return ModelTimedOut(f"{model} gave no whole answer in time")
        case openai.APIConnectionError():
            return ModelUnavailable(f"no connection to {model}, or it broke")
        case openai.APIResponseValidationError():
            return ModelUnavailable(f"{model} gave an answer of an unknown form")
        case openai.APIStatusError():
            return _by_status(error, model)
        case openai.APIError():  # told in the middle of a stream
            return told_failure(error.code or error.type, error.message, model)
        case _:
            return ModelUnavailable(f"the call of {model} failed ({type(error).__name__})")


def _by_status(error: "openai.APIStatusError", model: str) -> ModelFailure:
    status = error.status_code
    kind = _by_code(error.code, error.message) or _by_code(error.type, "") or _BY_STATUS.get(status)
    kind = kind or (ModelUnavailable if status >= 500 else ModelRequestInvalid)
    return kind(f"{model}: {error.message[:300]}", retry_after_seconds=_retry_after(error.response))


def _by_code(told: object, message: str) -> type[ModelFailure] | None:
    """None where neither tells more than the status does."""
    code = told if isinstance(told, str) else ""
    if code in _BY_CODE:
        return _BY_CODE[code]
    if any(words in message.lower() for words in _TOO_LONG):
        return ContextTooLong
    if "policy" in code or (code == "invalid_prompt" and "policy" in message):  # `bio_policy`, `image_content_policy_violation`, new ones
        return ContentFiltered
    if code.isdigit():  # vLLM and llama.cpp tell the status as a code
        status = int(code)
        return _BY_STATUS.get(status) or (ModelUnavailable if status >= 500 else ModelRequestInvalid)
    return None


def _retry_after(response: "httpx2.Response") -> float | None:
    try:
        return max(0.0, float(response.headers["retry-after-ms"]) / 1000)
    except (KeyError, ValueError):
        return retry_after(response.headers)
