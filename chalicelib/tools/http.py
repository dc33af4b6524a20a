"""The http tools: one request to an allowed place.

In: `{url, query, headers, json | text | form, timeout_seconds}`. Out: `{status, headers, body}`, the body parsed where it is JSON, text where it
is text, else `{"base64": …}`. A status of 400 and above raises. GET and HEAD follow at most three redirects, each checked like the first URL,
without credentials once the host changes; other methods answer a redirect as it is. Requests that change something carry `Idempotency-Key`, so
that a retry is recognised. Never sends a hop-by-hop header, never reads a proxy from the environment.
"""

import base64
import json
import math
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Final
from urllib.parse import urlencode, urljoin, urlsplit

from chalicelib.spec.model import Json, JsonObject
from chalicelib.tools.destination import Destination
from chalicelib.tools.failures import ArgumentsInvalid, BodyTooLarge, HttpRejected, HttpServerFailed, HttpThrottled, HttpTimedOut, UrlRefused
from chalicelib.tools.fetch import Answer, Limits, Question, fetch
from chalicelib.tools.tool import Surroundings, Tool

METHODS: Final = ("get", "post", "put", "patch", "delete", "head", "options")
MAX_SECONDS: Final = 10.0
MAX_BODY_BYTES: Final = 1_048_576
MAX_REDIRECTS: Final = 3
_MARGIN_SECONDS: Final = 1.0  # kept back of the caller's time, to record what happened
_SAFE_METHODS: Final = ("get", "head", "options")
_REDIRECTS: Final = (301, 302, 303, 307, 308)
_OURS: Final = frozenset(
    ("host", "content-length", "transfer-encoding", "connection", "keep-alive", "upgrade", "te", "trailer", "expect", "accept-encoding",
     "proxy-authorization", "proxy-connection")
)  # fmt: skip
_HARMLESS: Final = frozenset(("accept", "accept-language", "user-agent"))
_HEADER_NAME: Final = re.compile(r"^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}$")
_HEADER_VALUE: Final = re.compile(r"^[\t\x20-\x7e\x80-\xff]{0,8192}$")

Exchange = Callable[[Destination, Question, Limits], Answer]


@dataclass(frozen=True, slots=True)
class _Request:
    url: str
    question: Question
    follows: bool


def http_tools(exchange: Exchange | None = None) -> tuple[Tool, ...]:
    """One tool per method. `exchange` replaces the network's part, `fetch`."""
    send = exchange or (lambda destination, question, limits: fetch(destination, question, limits=limits))
    return tuple(Tool(name=f"http.{method}", run=partial(_run, method, send)) for method in METHODS)


def _run(method: str, exchange: Exchange, arguments: JsonObject, surroundings: Surroundings) -> Json:
    headers = _headers(arguments.get("headers"))
    body = _body(arguments, headers)
    if method not in _SAFE_METHODS:
        headers.setdefault("idempotency-key", surroundings.idempotency_key)
    url = _with_query(str(arguments["url"]), arguments.get("query"))
    request = _Request(url=url, question=Question(method=method.upper(), headers=headers, body=body), follows=method in ("get", "head"))
    answer = _follow(request, exchange=exchange, surroundings=surroundings, seconds=_seconds(arguments.get("timeout_seconds"), surroundings))
    _raise_for_status(answer)
    return {"status": answer.status, "headers": dict(answer.headers), "body": _content(answer)}


def _follow(request: _Request, *, exchange: Exchange, surroundings: Surroundings, seconds: float) -> Answer:
    ends_at = surroundings.seconds_left() - seconds
    for _ in range(MAX_REDIRECTS + 1):
        left = surroundings.seconds_left() - ends_at
        if left <= 0:
            raise HttpTimedOut(f"no whole answer within {seconds:g} s")
        answer = exchange(surroundings.destinations.check(request.url), request.question, Limits(seconds=left, body_bytes=MAX_BODY_BYTES))
        location = answer.headers.get("location")
        if not (request.follows and answer.status in _REDIRECTS and location):
            return answer
        request = _redirected(request, location)
    raise UrlRefused(f"more than {MAX_REDIRECTS} redirects")


def _redirected(request: _Request, location: str) -> _Request:
    """The next hop. Across hosts only headers that cannot be a credential go along."""
    try:
        url = urljoin(request.url, location)
        same_place = urlsplit(url)[:2] == urlsplit(request.url)[:2]
    except ValueError as error:
        raise UrlRefused("the redirect leads to a URL that cannot be read") from error
    if same_place:
        return replace(request, url=url)
    kept = {name: value for name, value in request.question.headers.items() if name in _HARMLESS}
    return replace(request, url=url, question=replace(request.question, headers=kept))


def _seconds(asked: Json, surroundings: Surroundings) -> float:
    wanted = min(float(asked), MAX_SECONDS) if isinstance(asked, int | float) else MAX_SECONDS
    seconds = min(wanted, surroundings.seconds_left() - _MARGIN_SECONDS)
    if seconds <= 0:
        raise HttpTimedOut("no time is left for the request")
    return seconds


def _with_query(url: str, query: Json) -> str:
    """The URL with the members of `query` added; null is left out, a list repeats its name."""
    if not isinstance(query, dict):
        return url
    pairs = [(name, _plain(item)) for name, value in query.items() for item in (value if isinstance(value, list) else [value]) if item is not None]
    plain = url.partition("#")[0]
    return f"{plain}{'&' if '?' in plain else '?'}{urlencode(pairs)}" if pairs else plain


def _plain(value: Json) -> str:
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _headers(given: Json) -> dict[str, str]:
    """The caller's headers by lower-case name. Refuses those that are ours to set and those that would break the message."""
    headers = {"user-agent": "Sluice", "accept": "*/*"}
    for name, value in (given if isinstance(given, dict) else {}).items():
        if value is None:
            continue
        text = _plain(value)
        if name.lower() in _OURS:
            raise ArgumentsInvalid(f"the header {name} cannot be set")
        if not _HEADER_NAME.match(name) or not _HEADER_VALUE.match(text):
            raise ArgumentsInvalid("a header has a name or a value that HTTP does not allow")
        headers[name.lower()] = text
    return headers


def _body(arguments: JsonObject, headers: dict[str, str]) -> bytes | None:
    """The body's bytes; sets the content type where the caller did not."""
    given = [name for name in ("json", "text", "form") if name in arguments]
    if len(given) > 1:
        raise ArgumentsInvalid(f"only one of json, text and form can be sent, not {' and '.join(given)}")
    match given:
        case ["json"]:
            kind, body = "application/json", json.dumps(arguments["json"], ensure_ascii=False, allow_nan=False).encode()
        case ["text"]:
            kind, body = "text/plain; charset=utf-8", _plain(arguments["text"]).encode()
        case ["form"]:
            fields = arguments["form"] if isinstance(arguments["form"], dict) else {}
            kind, body = "application/x-www-form-urlencoded", urlencode({name: _plain(value) for name, value in fields.items()}).encode()
        case _:
            return None
    if len(body) > MAX_BODY_BYTES:
        raise BodyTooLarge(f"the request is larger than {MAX_BODY_BYTES} bytes")
    headers.setdefault("content-type", kind)
    return body


def _raise_for_status(answer: Answer) -> None:
    if answer.status < 400:
        return
    message = f"the answer was {answer.status}: {answer.body[:300].decode('utf-8', 'replace')}".rstrip(": ")
    if answer.status == 429:
        raise HttpThrottled(message)
    if answer.status >= 500:
        raise HttpServerFailed(message)
    raise HttpRejected(message)


def _content(answer: Answer) -> Json:
    kind = answer.headers.get("content-type", "").lower()
    charset = re.search(r"charset=\"?([a-z0-9._-]+)", kind)
    try:
        text = answer.body.decode(charset.group(1) if charset else "utf-8")
    except (UnicodeDecodeError, LookupError):
        return {"base64": base64.b64encode(answer.body).decode("ascii")}
    if not re.match(r"\s*[\w.+-]+/([\w.+-]+\+)?json\b", kind):
        return text
    return _parsed(text)


def _parsed(text: str) -> Json:
    """JSON where it is JSON; the text itself where it only claims to be."""
    try:
        value: Json = json.loads(text, parse_constant=_refuse_constant, parse_float=_finite)
    except (ValueError, RecursionError):
        return text
    return value


def _refuse_constant(name: str) -> float:
    raise ValueError(name)


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(text)
    return number
