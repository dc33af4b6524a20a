"""AWS calls that the stack answers itself, before they leave botocore: Invoke, PutEvents and @connections.

In: handlers by `<service>.<Operation>`. Out: `answering`, a context in which every boto3 session made from then on asks them first.
An answer is a parsed response; a refusal raises `Refusal` and reaches the caller as the ClientError that AWS would send.
"""

import io
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from botocore.handlers import BUILTIN_HANDLERS
from botocore.response import StreamingBody

from infra.local.invocation import Invoker, UnknownFunctionError

Handler = Callable[[dict[str, Any]], dict[str, Any]]


class Refusal(Exception):  # noqa: N818 # it is an answer
    """An error answer: HTTP status, error code, message, and what else the error's shape has."""

    def __init__(self, status: int, code: str, message: str = "", members: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.status, self.code, self.members = status, code, members or {}


@dataclass(frozen=True, slots=True)
class _Http:
    status_code: int


_answers: dict[str, Handler] = {}
_asked: set[str] = set()


@contextmanager
def answering(handlers: Mapping[str, Handler]) -> Iterator[None]:
    """`handlers` get botocore's request (url_path, body, headers, query_string)."""
    for name in handlers.keys() - _asked:
        BUILTIN_HANDLERS.append((f"before-call.{name}", _asking(name)))
        _asked.add(name)  # for good: a client that outlives its stack asks the next one
    _answers.update(handlers)
    try:
        yield
    finally:
        _answers.clear()


def _asking(name: str) -> Callable[..., Any]:
    def ask(params: dict[str, Any], **_others: Any) -> tuple[_Http, dict[str, Any]] | None:
        handler = _answers.get(name)
        return _answer(handler, params) if handler is not None else None

    return ask


def _answer(handler: Handler, params: dict[str, Any]) -> tuple[_Http, dict[str, Any]]:
    try:
        parsed = handler(params)
        status = parsed.pop("HTTPStatusCode", 200)
    except Refusal as refusal:
        status, parsed = refusal.status, {**refusal.members, "Error": {"Code": refusal.code, "Message": str(refusal)}}
    metadata = {"RequestId": str(uuid.uuid4()), "HTTPStatusCode": status, "HTTPHeaders": {}, "RetryAttempts": 0}
    return _Http(status), {**parsed, "ResponseMetadata": metadata}


STACK: Final = "local-"  # what the template puts before a function's name


def invoke(invoker: Invoker) -> Handler:
    """`lambda.Invoke`: in this process."""

    def answer(request: dict[str, Any]) -> dict[str, Any]:
        from urllib.parse import unquote

        name = unquote(request["url_path"].split("/functions/")[1].partition("/")[0]).removeprefix(STACK)
        kind = request["headers"].get("X-Amz-Invocation-Type", "RequestResponse")
        payload = _bytes(request.get("body")) or b"{}"
        try:
            if kind == "Event":
                invoker.send(name, payload)
                return {"HTTPStatusCode": 202, "StatusCode": 202, "Payload": _stream(b"")}
            result = invoker.invoke(name, payload)
        except UnknownFunctionError as unknown:
            raise Refusal(404, "ResourceNotFoundException", str(unknown.args[0])) from None
        failed = {"FunctionError": "Unhandled"} if result.failed else {}
        return {"StatusCode": 200, "ExecutedVersion": "$LATEST", "Payload": _stream(result.payload), **failed}

    return answer


def _stream(payload: bytes) -> StreamingBody:
    return StreamingBody(io.BytesIO(payload), len(payload))


def _bytes(body: Any) -> bytes:
    if body is None:
        return b""
    if isinstance(body, str):
        return body.encode()
    return bytes(body) if isinstance(body, (bytes, bytearray)) else bytes(body.read())
