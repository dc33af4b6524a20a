"""The REST gateway: HTTP in, the app's API function invoked as API Gateway does it, HTTP out.

In: requests on a port of this machine, under its own names.
Out: the app's answers; API Gateway's own for what it refuses (unknown route, 10 MB, 29 s), in the form that
the template gives them. Files of the page directory are shown where the app has no route. CORS preflights are answered for routes that declare CORS.
Connections are kept alive; Nagle's algorithm is off (it costs 40 ms a request).
"""

import json
import mimetypes
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

from infra.local.application import API, Application
from infra.local.hosts import refusal
from infra.local.invocation import Answer, Invoker
from infra.local.rest_event import HttpRequest, HttpResponse, proxy_event, read_answer
from infra.local.rest_routes import RouteTable

MAX_REQUEST_BYTES: Final = 10 * 1024 * 1024
INTEGRATION_SECONDS: Final = 29.0
# A page holds a token: nothing but its own files runs in it, it speaks to this machine alone, and nobody frames it.
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src 'self' ws://127.0.0.1:* ws://localhost:*; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
_PAGE_HEADERS: Final = (("Content-Security-Policy", _POLICY), ("X-Content-Type-Options", "nosniff"), ("Referrer-Policy", "no-referrer"))


class RestGateway:
    """What answers a request; `use` takes a new application."""

    def __init__(self, invoker: Invoker, page: Path, refusals: Mapping[str, Any], *, integration_seconds: float = INTEGRATION_SECONDS) -> None:
        self._invoker, self._page, self._refusals = invoker, page, refusals
        self._integration_seconds = integration_seconds
        self.use(invoker.application)

    def use(self, application: Application) -> None:
        """The routes are exchanged at once: a request that is being answered keeps those that it was matched with."""
        routes = application.app.routes
        self._routing = routes, RouteTable(routes)

    def answer(self, request: HttpRequest) -> HttpResponse:
        if len(request.body) > MAX_REQUEST_BYTES:
            return self._refusal(413, "REQUEST_TOO_LARGE", "Request Too Long")
        routes, table = self._routing
        match = table.match(request.path)
        if match is None or (request.method not in routes[match.resource] and request.method != "OPTIONS"):
            shown = _file(self._page, request) if match is None else None
            return shown or self._refusal(403, "MISSING_AUTHENTICATION_TOKEN", "Missing Authentication Token")
        if request.method == "OPTIONS" and "OPTIONS" not in routes[match.resource]:
            return self._preflight(routes[match.resource])
        return self._integrate(json.dumps(proxy_event(request, match)).encode())

    def _integrate(self, event: bytes) -> HttpResponse:
        answer = self._invoker.invoke_within(API, event, self._integration_seconds)
        return self._refusal(504, "INTEGRATION_TIMEOUT", "Endpoint request timed out") if answer is None else self._told(answer)

    def _told(self, answer: Answer) -> HttpResponse:
        try:
            if not answer.failed:
                return read_answer(answer.value())
        except ValueError:
            pass
        return self._refusal(502, "INTEGRATION_FAILURE", "Internal server error")

    def _preflight(self, entries: Mapping[str, Any]) -> HttpResponse:
        cors = next((entry.cors for entry in entries.values() if entry.cors), None)
        if cors is None:
            return self._refusal(403, "MISSING_AUTHENTICATION_TOKEN", "Missing Authentication Token")
        headers = {**cors.get_access_control_headers(), "Access-Control-Allow-Methods": ",".join([*entries, "OPTIONS"])}
        return HttpResponse(200, list(headers.items()), b"")

    def _refusal(self, status: int, kind: str, message: str) -> HttpResponse:
        declared = self._refusals.get("DEFAULT_4XX" if status < 500 else "DEFAULT_5XX", {})
        template = declared.get("ResponseTemplates", {}).get("application/json", '{"message": $context.error.messageString}')
        body = template.replace("$context.error.responseType", kind).replace("$context.error.messageString", json.dumps(message))
        given = {"Content-Type": "'application/json'", **declared.get("ResponseParameters", {}).get("Headers", {})}
        return HttpResponse(status, [(name, str(value).strip("'")) for name, value in given.items()], body.encode())


def _file(page: Path, request: HttpRequest) -> HttpResponse | None:
    if request.method not in {"GET", "HEAD"} or not page.is_dir():
        return None
    path = (page / request.path.lstrip("/")).resolve()
    path = path / "index.html" if path.is_dir() else path
    if not path.is_relative_to(page.resolve()) or not path.is_file():
        return None
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    charset = "; charset=utf-8" if kind.startswith("text/") or kind.endswith(("javascript", "json")) else ""
    headers = [("Content-Type", kind + charset), ("Cache-Control", "no-cache"), *_PAGE_HEADERS]
    return HttpResponse(200, headers, path.read_bytes())


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True
    timeout = 75
    server: "RestServer"

    def _serve(self) -> None:
        if self.headers.get("Transfer-Encoding"):
            self.send_error(411)
            return
        length = int(self.headers.get("Content-Length") or 0)
        if length > MAX_REQUEST_BYTES:
            self.close_connection = True
        path, _, query = self.path.partition("?")
        body = self.rfile.read(min(length, MAX_REQUEST_BYTES + 1)) if length else b""
        headers = [(name, value) for name, value in self.headers.items()]
        stranger = refusal(self.headers)
        if stranger:
            self._send(HttpResponse(403, [("Content-Type", "text/plain; charset=utf-8")], stranger.encode()))
            return
        response = self.server.gateway.answer(HttpRequest(self.command, path, query, headers, body, self.client_address[0]))
        self._send(response)

    def _send(self, response: HttpResponse) -> None:
        self.send_response(response.status)
        for name, value in response.headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(response.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(response.body)
        self.wfile.flush()

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _serve  # noqa: N815

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 # the base class names it so
        pass


class RestServer(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256
    allow_reuse_address = True

    def __init__(self, gateway: RestGateway, port: int) -> None:
        self.gateway = gateway
        super().__init__(("127.0.0.1", port), _Handler)

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no error of ours."""

    def start(self) -> None:
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True, name="rest gateway").start()

    def close(self) -> None:
        self.shutdown()
        self.server_close()


def listen(gateway: RestGateway, wanted: int) -> RestServer:
    """A server on `wanted`, or on the next port that nobody listens on; 0 takes any."""
    for port in candidates(wanted):
        try:
            return RestServer(gateway, port)
        except OSError:
            continue
    raise OSError(f"no free port from {wanted} on")


def candidates(wanted: int) -> list[int]:
    """The ports to try, in order."""
    return [0] if wanted == 0 else [*range(wanted, min(wanted + 100, 65_536)), 0]
