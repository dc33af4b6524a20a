"""The way of an SDK to the outside: every request that it makes goes through our checks.

In: a configured endpoint or a URL, where connections may go, how long everything may take. Out: `Guard`, and transports built on it for the two HTTP
libraries that SDKs use. Each request is checked like an http tool's, goes to the addresses that were checked, follows no redirect, knows no proxy
and ends at the deadline; headers of the endpoint go to its own origin alone. Never: a connection that an SDK opens by itself.
"""

import asyncio
import json
import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from chalicelib.spec.canonical import canonical_json
from chalicelib.tools.destination import ANY_PUBLIC_HOST, Destinations
from chalicelib.tools.failures import (
    ArgumentsInvalid,
    HostUnreachable,
    HttpServerFailed,
    HttpThrottled,
    HttpTimedOut,
    ToolFailure,
    UrlRefused,
)
from chalicelib.tools.fetch import EVENT_STREAM, Answer, Deadline, Limits, Question, fetch
from chalicelib.tools.ports import Endpoint

if TYPE_CHECKING:
    import httpx
    import httpx2

MAX_BODY_BYTES: Final = 1_048_576
MARGIN_SECONDS: Final = 1.0  # kept back of the caller's time, to record what happened
_HOP: Final = frozenset(("host", "connection", "content-length", "transfer-encoding", "accept-encoding", "te", "keep-alive", "upgrade"))
_DECODED: Final = frozenset(("content-encoding", "content-length", "transfer-encoding", "connection"))


def endpoint_of(named: str, configured: Mapping[str, Endpoint], *, kind: str) -> Endpoint:
    """The configured endpoint of a name, or the one at a URL. Raises ArgumentsInvalid."""
    if named in configured:
        return configured[named]
    if "://" in named:
        return Endpoint(url=named)
    known = f"it is one of {', '.join(sorted(configured))}, or a URL" if configured else "none is configured; a URL is needed"
    raise ArgumentsInvalid(f"there is no {kind} called {named}: {known}")


def destinations_for(endpoint: Endpoint, destinations: Destinations, *, is_configured: bool) -> Destinations:
    """Where requests for an endpoint may go. Who configures an endpoint names its host outright."""
    if not is_configured:
        return destinations
    try:
        places = (endpoint.url, endpoint.signed_by.jwks_url if endpoint.signed_by is not None else "")
        named = {urlsplit(place).netloc.rpartition("@")[2].lower() for place in places if place}
    except ValueError as error:
        raise UrlRefused("the configured URL cannot be read") from error
    allowed = destinations.allowed_hosts or frozenset((ANY_PUBLIC_HOST,))
    return replace(destinations, allowed_hosts=allowed | named)


@dataclass(slots=True)
class Guard:
    """Of one call. `failure` is the first thing that went wrong on the wire, `status` the last refusal of a server: SDKs tell little of either."""

    endpoint: Endpoint
    destinations: Destinations
    deadline: Deadline
    failure: ToolFailure | None = None
    status: int = 0

    async def exchange(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """One request. Raises a ToolFailure, which is kept as well."""
        try:
            return await asyncio.get_running_loop().run_in_executor(None, self._exchange, method, url, headers, body)
        except ToolFailure as failure:
            self.failure = self.failure or failure
            raise

    def _exchange(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        destination = self.destinations.check(url)
        sent = {name.lower(): value for name, value in headers.items() if name.lower() not in _HOP}
        if _origin(url) == _origin(self.endpoint.url):
            sent |= {name.lower(): value for name, value in self.endpoint.headers.items()}
        try:
            limits = Limits(seconds=self.deadline.left(), body_bytes=MAX_BODY_BYTES, is_enough=_holds_answer)
        except TimeoutError as error:
            raise HttpTimedOut("no time is left for the request") from error
        answer = fetch(destination, Question(method, sent, body or None), limits=limits)
        if 300 <= answer.status < 400:
            raise UrlRefused("the server redirects; use the URL that it redirects to")
        self.status = answer.status if answer.status >= 400 else self.status
        return answer

    def blame(self) -> ToolFailure | None:
        """What went wrong on the wire, if anything did."""
        if self.failure is not None:
            return self.failure
        if self.status == 429:
            return HttpThrottled("the answer was 429")
        return HttpServerFailed(f"the answer was {self.status}") if self.status >= 500 else None


def _origin(url: str) -> tuple[str, str, int | None]:
    parts = urlsplit(url)
    return parts.scheme, (parts.hostname or "").lower(), parts.port or {"https": 443, "http": 80}.get(parts.scheme)


def _holds_answer(body: bytes) -> bool:
    """Whether a stream of events holds a JSON-RPC answer, after which nothing more is awaited. What a server asks meanwhile stays unanswered."""
    for event in re.split(rb"\r?\n\r?\n", body)[:-1]:
        data = b"\n".join(line[5:] for line in event.splitlines() if line.startswith(b"data:"))
        try:
            message = json.loads(data)
        except (ValueError, RecursionError):
            continue
        if isinstance(message, dict) and "id" in message and message.keys() & {"result", "error"}:
            return True
    return False


def _shown_headers(answer: Answer) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name not in _DECODED}


@lru_cache(maxsize=1)
def _hush() -> None:
    """What SDKs log are URLs, cards and foreign bodies, any of which may hold a credential: nothing of it reaches a log."""
    for name in ("httpx", "httpx2", "mcp", "a2a"):
        logging.getLogger(name).setLevel(logging.CRITICAL)


def httpx_client(guard: Guard) -> "httpx.AsyncClient":
    """For SDKs on httpx."""
    import httpx

    _hush()

    class Guarded(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            answer = await guard.exchange(request.method, str(request.url), request.headers, await request.aread())
            return httpx.Response(answer.status, headers=_shown_headers(answer), content=answer.body, request=request)

    return httpx.AsyncClient(transport=Guarded(), trust_env=False, follow_redirects=False)


def httpx2_client(guard: Guard) -> "httpx2.AsyncClient":
    """For SDKs on httpx2. A stream that only listens is refused: what a server says unasked has no reader here."""
    import httpx2

    _hush()

    class Guarded(httpx2.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
            if request.method == "GET" and EVENT_STREAM in request.headers.get("accept", ""):
                return httpx2.Response(405, request=request)
            answer = await guard.exchange(request.method, str(request.url), request.headers, await request.aread())
            return httpx2.Response(answer.status, headers=_shown_headers(answer), content=answer.body, request=request)

    return httpx2.AsyncClient(transport=Guarded(), trust_env=False, follow_redirects=False)


def broken(error: BaseException, guard: Guard) -> ToolFailure | None:
    """The failure of ours in what an SDK raised, also where it comes in a group."""
    if guard.blame() is not None:
        return guard.blame()
    if isinstance(error, ToolFailure):
        return error
    if isinstance(error, BaseExceptionGroup):
        return next((found for inner in error.exceptions if (found := broken(inner, guard))), None)
    if isinstance(error, OSError):
        return HostUnreachable("the connection broke")
    return None


def open_guard(named: str, endpoint: Endpoint, configured: Mapping[str, Endpoint], *, destinations: Destinations, seconds: float) -> Guard:
    """The guard of one call. The endpoint's own URL is checked before an SDK sees it. Raises HttpTimedOut where no time is left, UrlRefused."""
    if seconds <= 0:
        raise HttpTimedOut("no time is left for the request")
    allowed = destinations_for(endpoint, destinations, is_configured=named in configured and endpoint.is_own)
    allowed.check(endpoint.url)
    return Guard(endpoint, allowed, Deadline(seconds))


def identity(endpoint: Endpoint) -> tuple[str, tuple[tuple[str, str], ...], str]:
    """Under which a cache knows an endpoint: what one set of credentials may see, another may not, and a card of which no signature was
    asked is none for those who ask for one."""
    signers = endpoint.signed_by
    return endpoint.url, tuple(sorted(endpoint.headers.items())), "" if signers is None else canonical_json([*signers.keys, signers.jwks_url])
