"""The app as a WSGI application: what speaks HTTP in-process reaches it as it would through API Gateway.

In: a WSGI environment. Out: the app's answer; for what has no route, what API Gateway says. Never: a socket.
"""

from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from app import app
from infra.local.rest_event import HttpRequest, HttpResponse, proxy_event, read_answer
from infra.local.rest_routes import RouteTable
from tests.factories.api_events import context

Environment = dict[str, Any]


def application(environment: Environment, start_response: Callable[..., Any]) -> Iterable[bytes]:
    """One request."""
    response = _answer(_request(environment))
    start_response(f"{response.status} {HTTPStatus(response.status).phrase}", [(name, str(value)) for name, value in response.headers])
    return [response.body]


def _answer(request: HttpRequest) -> HttpResponse:
    match = RouteTable(app.routes).match(request.path)
    if match is None or request.method not in app.routes[match.resource]:
        refused = b'{"type": "about:blank", "title": "Forbidden", "status": 403, "code": "gateway-refused", "detail": "no such route", "errors": []}'
        return HttpResponse(405 if match else 404, [("Content-Type", "application/problem+json")], refused)
    return read_answer(app(proxy_event(request, match), context()))


def _request(environment: Environment) -> HttpRequest:
    headers = [(name[5:].replace("_", "-").title(), str(value)) for name, value in environment.items() if name.startswith("HTTP_")]
    if environment.get("CONTENT_TYPE"):
        headers.append(("Content-Type", environment["CONTENT_TYPE"]))
    body = environment["wsgi.input"].read(int(environment.get("CONTENT_LENGTH") or 0))
    path = environment.get("RAW_URI") or environment.get("REQUEST_URI") or quote(environment["PATH_INFO"].encode("latin-1"))
    return HttpRequest(environment["REQUEST_METHOD"], path.partition("?")[0], environment.get("QUERY_STRING", ""), headers, body, "192.0.2.1")
