"""API Gateway's proxy events (REST, version 1.0) and what it makes of a function's answer.

In: an HTTP request that has found its route. Out: the event; and from the function's answer status, headers and body.
"""

import base64
import json
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import parse_qsl

from infra.local.rest_routes import Match
from infra.local.template import ACCOUNT

STAGE: Final = "api"
_TEXT: Final = (
    "text/",
    "application/json",
    "application/problem+json",
    "application/xml",
    "application/javascript",
    "application/x-www-form-urlencoded",
)


@dataclass(frozen=True, slots=True)
class HttpRequest:
    method: str
    path: str  # as it came, still encoded
    query: str
    headers: Sequence[tuple[str, str]]
    body: bytes
    source_ip: str


@dataclass(frozen=True, slots=True)
class HttpResponse:
    status: int
    headers: Sequence[tuple[str, str]]
    body: bytes


def proxy_event(request: HttpRequest, match: Match) -> dict[str, Any]:
    """The event that the function gets."""
    multi_headers = _grouped(request.headers)
    multi_query = _grouped(parse_qsl(request.query, keep_blank_values=True))
    body, encoded = _body(request.body, multi_headers)
    return {
        "resource": match.resource,
        "path": request.path,
        "httpMethod": request.method,
        "headers": {name: values[-1] for name, values in multi_headers.items()} or None,
        "multiValueHeaders": multi_headers or None,
        "queryStringParameters": {name: values[-1] for name, values in multi_query.items()} or None,
        "multiValueQueryStringParameters": multi_query or None,
        "pathParameters": match.parameters or None,
        "stageVariables": None,
        "requestContext": _context(request, match, multi_headers),
        "body": body,
        "isBase64Encoded": encoded,
    }


def _context(request: HttpRequest, match: Match, headers: Mapping[str, list[str]]) -> dict[str, Any]:
    found = {name.lower(): values[-1] for name, values in headers.items()}
    now = datetime.now(tz=UTC)
    return {
        "resourceId": "local",
        "resourcePath": match.resource,
        "httpMethod": request.method,
        "extendedRequestId": uuid.uuid4().hex[:16],
        "requestTime": now.strftime("%d/%b/%Y:%H:%M:%S +0000"),
        "path": f"/{STAGE}{request.path}",
        "accountId": ACCOUNT,
        "protocol": "HTTP/1.1",
        "stage": STAGE,
        "domainPrefix": "localhost",
        "requestTimeEpoch": int(time.time() * 1000),
        "requestId": str(uuid.uuid4()),
        "identity": {
            "sourceIp": request.source_ip,
            "userAgent": found.get("user-agent"),
            "userArn": None,
            "caller": None,
            "user": None,
            "accountId": None,
        },
        "domainName": found.get("host", "localhost"),
        "apiId": "local",
    }


def read_answer(answer: Any) -> HttpResponse:
    """A function's answer as HTTP. Raises ValueError where API Gateway calls it a malformed proxy response."""
    if not isinstance(answer, dict) or not isinstance(answer.get("statusCode"), int):
        raise ValueError("no statusCode")
    headers = [(name, str(value)) for name, value in (answer.get("headers") or {}).items()]
    headers += [(name, str(value)) for name, values in (answer.get("multiValueHeaders") or {}).items() for value in values]
    if not any(name.lower() == "content-type" for name, _ in headers):
        headers.append(("Content-Type", "application/json"))
    body = answer.get("body") or ""
    text = body if isinstance(body, str) else json.dumps(body)
    return HttpResponse(answer["statusCode"], headers, base64.b64decode(text) if answer.get("isBase64Encoded") else text.encode())


def _grouped(pairs: Sequence[tuple[str, str]]) -> dict[str, list[str]]:
    grouped: dict[str, list[str]] = {}
    for name, value in pairs:
        grouped.setdefault(name, []).append(value)
    return grouped


def _body(body: bytes, headers: Mapping[str, list[str]]) -> tuple[str | None, bool]:
    if not body:
        return None, False
    kind = next((values[-1] for name, values in headers.items() if name.lower() == "content-type"), "application/json").lower()
    if kind.startswith(_TEXT) or "+json" in kind:
        try:
            return body.decode(), False
        except UnicodeDecodeError:
            pass
    return base64.b64encode(body).decode(), True
