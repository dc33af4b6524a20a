"""Claude, by Anthropic's own SDK.

In: a `ModelRequest`. Out: a `ModelResponse`, or a `ModelFailure` translated from the SDK's errors by one table.
The SDK's retries are off (retries have one owner) and its import costs most of a second, so it happens at the first call. A stream counts as an
answer only with both `message_stop` and a stop reason: the SDK itself takes one that just ends for whole. Never reads a key from the environment.
"""

import contextlib
from collections.abc import Generator, Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from chalicelib.providers.anthropic_messages import NAME as NAME
from chalicelib.providers.anthropic_messages import arguments, response, usage_of
from chalicelib.providers.claude_thinking import thinking
from chalicelib.providers.deadline import Deadline
from chalicelib.providers.failures import (
    ContextTooLong,
    ModelAuthFailed,
    ModelBillingStopped,
    ModelFailure,
    ModelOverloaded,
    ModelRateLimited,
    ModelRequestInvalid,
    ModelTimedOut,
    ModelTruncated,
    ModelUnavailable,
)
from chalicelib.providers.http_failures import BY_STATUS, retry_after
from chalicelib.providers.model import ModelRequest, ModelResponse, OnText
from chalicelib.providers.wall_clock import CONNECT_SECONDS, timed_client, within

if TYPE_CHECKING:
    import anthropic
    import httpx2
    from anthropic.lib.streaming import MessageStream
    from anthropic.types import Message

_BY_TYPE: Final[dict[str, type[ModelFailure]]] = {  # an error inside a stream of status 200 has only its type
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

        return anthropic.Anthropic(
            api_key=self._api_key,
            base_url=self._base_url,
            max_retries=0,
            http_client=timed_client(self),
            _strict_response_validation=self._strict,
        )

    def call(self, request: ModelRequest, *, model: str, seconds: float, on_text: OnText | None = None) -> ModelResponse:
        """One message. Raises a ModelFailure."""
        with Deadline(seconds) as deadline, within(deadline.left):
            thought = thinking(request, model, NAME)
            sent = arguments(request, model, thought)
            if on_text is None:
                with _translating(model, deadline):
                    message: Message = self._client.messages.create(**sent, timeout=_timeout(deadline))
            else:
                message = self._stream(sent, model, deadline, on_text)
            with _translating(model, deadline):
                return response(message, model, thought.note)

    def _stream(self, sent: dict[str, Any], model: str, deadline: Deadline, on_text: OnText) -> "Message":
        """The whole message. What `on_text` raises is its own and goes up as it is."""
        with contextlib.ExitStack() as stack:
            with _translating(model, deadline):
                stream = stack.enter_context(self._client.messages.stream(**sent, timeout=_timeout(deadline)))
            for text in stack.enter_context(contextlib.closing(_texts(stream, model, deadline))):
                on_text(text)
            return stream.current_message_snapshot


def _texts(stream: "MessageStream[None]", model: str, deadline: Deadline) -> Generator[str]:
    """Pieces of text as they come. Raises ModelTruncated where the stream ends before the message does; what a broken one cost is told with it."""
    begun = ended = False
    try:
        with _translating(model, deadline):
            for event in stream:
                if deadline.passed:
                    break
                if event.type == "text" and event.text:
                    yield event.text
                begun = begun or event.type == "message_start"
                ended = begun and event.type == "message_stop"
            if not ended:
                raise _late(model) if deadline.passed else ModelTruncated(f"the answer of {model} has no end")
    except ModelFailure as failure:
        with contextlib.suppress(LookupError, TypeError, AttributeError):
            failure.usage = usage_of(stream.current_message_snapshot, model) if begun else None
        raise


def _late(model: str) -> ModelTimedOut:
    return ModelTimedOut(f"{model} gave no whole answer in time")


def _timeout(deadline: Deadline) -> "httpx2.Timeout":
    import httpx2

    return httpx2.Timeout(deadline.left, connect=min(CONNECT_SECONDS, deadline.left))


@contextlib.contextmanager
def _translating(model: str, deadline: Deadline) -> Iterator[None]:
    """Raise the SDK's errors as ours; whatever breaks after the time is up, broke because it was."""
    import anthropic
    import httpx2

    try:
        yield
    except (anthropic.AnthropicError, httpx2.HTTPError, ValueError, LookupError, TypeError, AttributeError) as error:
        late = deadline.passed or isinstance(error, (anthropic.APITimeoutError, httpx2.TimeoutException))
        raise (_late(model) if late else _translated(error, model)) from error


def _translated(error: Exception, model: str) -> ModelFailure:
    import anthropic

    match error:
        case anthropic.APIConnectionError():
            return ModelUnavailable(f"no connection to {model}")
        case anthropic.APIResponseValidationError():
            return ModelUnavailable(f"{model} gave an answer of an unknown form")
        case anthropic.APIStatusError():
            return _by_status(error, model)
        case _:  # a connection that breaks inside the answer; an answer that is no JSON
            return ModelUnavailable(f"{model} gave a broken answer ({type(error).__name__})")


def _by_status(error: "anthropic.APIStatusError", model: str) -> ModelFailure:
    told = error.api_message or ""
    message = f"{model}: {error.status_code} {told[:300]}".strip()
    refused = 300 <= error.status_code < 500
    kind = BY_STATUS.get(error.status_code) or _BY_TYPE.get(str(error.type)) or (ModelRequestInvalid if refused else ModelUnavailable)
    if error.status_code == 429 and error.error_code in _SPENT:
        kind = ModelBillingStopped
    elif kind is ModelRequestInvalid and "prompt is too long" in told.lower():  # the vendor has no code of its own for it
        kind = ContextTooLong
    elif kind is ModelRequestInvalid and "credit balance" in told.lower():
        kind = ModelBillingStopped
    return kind(message, retry_after_seconds=retry_after(error.response.headers))
