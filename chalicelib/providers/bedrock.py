"""Models on Amazon Bedrock, by its Converse API through boto3.

In: a `ModelRequest`. Out: a `ModelResponse`, or a `ModelFailure` translated from AWS's errors by one table. Model ids are Bedrock's own, inference
profiles and ARNs included. Credentials are those of the process, deployed the Lambda's role: there is no key to hold. AWS's own retries are off.
boto3's time-outs are one for all calls and per read, so requests go out here with what this call has left, and end with it.
"""

import contextlib
import json
import threading
from collections.abc import Generator, Iterable, Iterator
from functools import cached_property
from typing import Any, Final

from chalicelib.providers.bedrock_messages import NAME as NAME
from chalicelib.providers.bedrock_messages import arguments, plan, response
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
from chalicelib.providers.http_failures import retry_after
from chalicelib.providers.model import ModelRequest, ModelResponse, OnText
from chalicelib.providers.wall_clock import CONNECT_SECONDS

_BY_CODE: Final[dict[str, type[ModelFailure]]] = {
    "AccessDeniedException": ModelAuthFailed,
    "ExpiredTokenException": ModelAuthFailed,
    "IncompleteSignature": ModelAuthFailed,
    "InvalidSignatureException": ModelAuthFailed,
    "MissingAuthenticationTokenException": ModelAuthFailed,
    "UnrecognizedClientException": ModelAuthFailed,
    "InternalServerException": ModelUnavailable,
    "ModelErrorException": ModelUnavailable,
    "ModelNotReadyException": ModelUnavailable,
    "ModelStreamErrorException": ModelUnavailable,
    "ModelTimeoutException": ModelTimedOut,
    "ResourceNotFoundException": ModelRequestInvalid,
    "ServiceQuotaExceededException": ModelRateLimited,
    "ServiceUnavailableException": ModelOverloaded,
    "ThrottlingException": ModelRateLimited,
    "TooManyRequestsException": ModelRateLimited,
    "ValidationException": ModelRequestInvalid,
}
_TOO_LONG: Final = ("input is too long", "prompt is too long", "too many input tokens", "maximum context length", "exceeds the context")
_UNPAID: Final = ("invalid_payment_instrument", "payment instrument")  # of an AccessDeniedException that is about money
_BUSY: Final = frozenset((429, 503, 529))  # what a model's own server may have said behind a ModelErrorException


class BedrockProvider:
    """One per region and container: the client keeps its connections. Without a region or a boto3 session they are the process's own."""

    def __init__(self, *, region: str | None = None, endpoint_url: str | None = None, session: Any = None) -> None:
        self._session = session
        self._region = region
        self._endpoint_url = endpoint_url
        self._making = threading.Lock()
        self._now = threading.local()

    @property
    def name(self) -> str:
        return NAME

    @cached_property
    def _http(self) -> Any:
        from botocore.httpsession import URLLib3Session

        timeout: Any = (CONNECT_SECONDS, 60.0)  # the second of them is this call's own, see `_send`
        return URLLib3Session(timeout=timeout)

    @cached_property
    def _client(self) -> Any:
        import boto3
        from botocore.config import Config

        session: Any = self._session or boto3.session.Session()
        config = Config(retries={"mode": "standard", "total_max_attempts": 1}, user_agent="sluice")
        client = session.client("bedrock-runtime", region_name=self._region, endpoint_url=self._endpoint_url, config=config)
        client.meta.events.register("before-send.bedrock-runtime", self._send)
        return client

    def call(self, request: ModelRequest, *, model: str, seconds: float, on_text: OnText | None = None) -> ModelResponse:
        """One turn. Raises a ModelFailure."""
        with Deadline(seconds) as deadline:
            planned = plan(request, model)
            sent = arguments(request, model, planned)
            with _translating(model, deadline):
                answer = self._ask("converse" if on_text is None else "converse_stream", sent, deadline)
            if on_text is not None:
                answer = _told(answer["stream"], model, deadline, on_text)
            with _translating(model, deadline):
                return response(answer, model, planned.note)

    def _ask(self, operation: str, sent: dict[str, Any], deadline: Deadline) -> dict[str, Any]:
        with self._making:
            client = self._client
        self._now.deadline = deadline
        asked = {"converse": client.converse, "converse_stream": client.converse_stream}[operation]
        answer: dict[str, Any] = asked(**sent)
        return answer

    def _send(self, request: Any, **_: Any) -> Any:
        """Send a prepared request within this thread's deadline. boto3 reads the body."""
        deadline: Deadline = self._now.deadline
        request.stream_output = True
        request.context["read_timeout"] = deadline.left
        answer = self._http.send(request)
        deadline.cuts(answer.raw.shutdown)
        return answer


def _told(stream: Any, model: str, deadline: Deadline, on_text: OnText) -> dict[str, Any]:
    """The whole answer of a stream, in the form of one that is not streamed. What `on_text` raises is its own and goes up as it is."""
    answer: dict[str, Any] = {}
    with contextlib.closing(stream), contextlib.closing(_texts(stream, answer, model, deadline)) as texts:
        for text in texts:
            on_text(text)
    return answer


def _texts(stream: Iterable[dict[str, Any]], answer: dict[str, Any], model: str, deadline: Deadline) -> Generator[str]:
    """Pieces of text as they come; `answer` is filled at the end. Raises ModelTruncated where the stream ends before the message does."""
    blocks: dict[int, dict[str, Any]] = {}
    stop: str | None = None
    with _translating(model, deadline):
        for event in stream:
            if deadline.passed:
                break
            match event:
                case {"contentBlockStart": {"contentBlockIndex": index, "start": {"toolUse": begun}}}:
                    blocks[index] = {"toolUse": {**begun, "input": ""}}
                case {"contentBlockDelta": {"contentBlockIndex": index, "delta": delta}}:
                    if text := _grown(blocks.setdefault(index, {}), delta):
                        yield text
                case {"messageStop": {"stopReason": told}}:
                    stop = told
                case {"metadata": {"usage": usage}}:
                    answer["usage"] = usage
                case _:
                    continue
        if deadline.passed and stop is None:
            raise ModelTimedOut(f"{model} gave no whole answer in time")
        if stop is None:
            raise ModelTruncated(f"the answer of {model} has no end")
        content = [_finished(blocks[index], stop) for index in sorted(blocks) if blocks[index]]
        answer.update(stopReason=stop, output={"message": {"content": content}})


def _grown(block: dict[str, Any], delta: dict[str, Any]) -> str:
    """Add a delta to its block. The text of it that is the answer's."""
    match delta:
        case {"text": text}:
            block["text"] = block.get("text", "") + text
            return str(text)
        case {"toolUse": {"input": piece}}:
            block["toolUse"]["input"] += piece
        case {"reasoningContent": {"redactedContent": hidden}}:
            told = block.setdefault("reasoningContent", {"redactedContent": b""})
            told["redactedContent"] += hidden
        case {"reasoningContent": reasoning}:
            told = block.setdefault("reasoningContent", {"reasoningText": {"text": ""}})["reasoningText"]
            for name, piece in reasoning.items():
                told[name] = told.get(name, "") + piece
        case _:
            pass
    return ""


def _finished(block: dict[str, Any], stop: str) -> dict[str, Any]:
    """A block of a whole stream. Arguments that are no JSON are a fault, unless the answer broke off in them anyway."""
    if "toolUse" not in block:
        return block
    try:
        parameters = json.loads(block["toolUse"]["input"] or "{}")
    except ValueError:
        if stop in ("end_turn", "tool_use"):
            raise
        parameters = {}
    return {"toolUse": {**block["toolUse"], "input": parameters}}


@contextlib.contextmanager
def _translating(model: str, deadline: Deadline) -> Iterator[None]:
    """Raise AWS's errors as ours; whatever breaks after the time is up, broke because it was."""
    from botocore.eventstream import ParserError
    from botocore.exceptions import BotoCoreError, ClientError, ConnectTimeoutError, ReadTimeoutError
    from urllib3 import exceptions as wire

    try:
        yield
    except (BotoCoreError, ClientError, ParserError, wire.HTTPError, ValueError, LookupError, TypeError, AttributeError) as error:
        late = deadline.passed or isinstance(error, (ConnectTimeoutError, ReadTimeoutError, wire.TimeoutError))
        raise (ModelTimedOut(f"{model} gave no whole answer in time") if late else _translated(error, model)) from error


def _translated(error: Exception, model: str) -> ModelFailure:
    from botocore import exceptions

    match error:
        case exceptions.ClientError():
            return _by_code(error, model)
        case exceptions.NoCredentialsError() | exceptions.PartialCredentialsError() | exceptions.CredentialRetrievalError():
            return ModelAuthFailed("there are no AWS credentials here to call Bedrock with")
        case exceptions.NoRegionError():
            return ModelRequestInvalid("no AWS region is set to call Bedrock in")
        case exceptions.ParamValidationError():
            return ModelRequestInvalid(f"{model}: Bedrock takes no such request")
        case exceptions.EndpointConnectionError():
            return ModelUnavailable(f"no connection to Bedrock for {model}")
        case _:  # a connection that breaks inside the answer; an answer that is none
            return ModelUnavailable(f"{model} gave a broken answer ({type(error).__name__})")


def _by_code(error: Any, model: str) -> ModelFailure:
    told, answer = error.response.get("Error", {}), error.response.get("ResponseMetadata", {})
    code, words = str(told.get("Code", "")), str(told.get("Message", ""))
    status = answer.get("HTTPStatusCode", 500)
    kind = _BY_CODE.get(code[:1].upper() + code[1:]) or (ModelRequestInvalid if 300 <= status < 500 else ModelUnavailable)
    if kind is ModelRequestInvalid and any(sign in words.lower() for sign in _TOO_LONG):  # the vendor has no code of its own for it
        kind = ContextTooLong
    elif kind is ModelAuthFailed and any(sign in words.lower() for sign in _UNPAID):
        kind = ModelBillingStopped
    elif kind is ModelUnavailable and error.response.get("originalStatusCode") in _BUSY:
        kind = ModelOverloaded
    return kind(f"{model}: {code} {words[:300]}".strip(), retry_after_seconds=retry_after(answer.get("HTTPHeaders", {})))
