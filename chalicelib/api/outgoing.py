"""What every response gets on its way out, whoever made it: security headers, CORS, a validator, the place where its problem is explained.

In: a request and its response. Out: the response, or 304 for one that the caller has already. Never: a change of what is told.
"""

import json
from collections.abc import Callable
from hashlib import sha256
from http import HTTPStatus
from typing import Final

from chalice.app import Request, Response

from chalicelib.api.address import base_url
from chalicelib.api.problem import CONTENT_TYPE

READING: Final = frozenset({"GET", "HEAD"})
HEADERS: Final = {
    "Strict-Transport-Security": "max-age=63072000; includeSubDomains",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Access-Control-Allow-Origin": "*",
}
_UNSTORED: Final = "no-store"
_ASKED_AGAIN: Final = "private, no-cache"  # kept by the caller alone, who asks each time whether it still holds


def dress(request: Request, get_response: Callable[[Request], Response]) -> Response:
    """Middleware: outermost, so that it sees what everything else answers."""
    response = get_response(request)
    if response.headers.get("Content-Type") == CONTENT_TYPE and isinstance(response.body, dict):
        response.body = {**response.body, "type": f"{base_url(request)}{response.body['type']}"}
    if isinstance(response.body, dict | list):
        response.body = json.dumps(response.body, separators=(",", ":"))
    response.headers = {**HEADERS, **response.headers}
    if request.method in READING and response.status_code == HTTPStatus.OK:
        response = _validated(request, response)
    response.headers.setdefault("Cache-Control", _UNSTORED)
    if request.method == "HEAD":
        response.body = ""
    return response


def _validated(request: Request, response: Response) -> Response:
    """With an ETag, where it may be kept; without the body, where the caller has it. A thing's own ETag, which changes are compared with, stays."""
    kept = str(response.headers.setdefault("Cache-Control", _ASKED_AGAIN))
    if _UNSTORED in kept:
        return response
    etag = str(response.headers.setdefault("ETag", f'"{sha256(response.body.encode()).hexdigest()[:32]}"'))
    response.headers["Vary"] = "Authorization, X-Api-Key"
    if _is_known(request.headers.get("If-None-Match", ""), etag):
        headers = {name: value for name, value in response.headers.items() if name != "Content-Type"}
        return Response(body="", status_code=304, headers=headers)
    return response


def _is_known(known: str, etag: str) -> bool:
    """Whether `If-None-Match` names it: a list, in which a weak one counts too (RFC 9110, 13.1.2)."""
    return known.strip() == "*" or etag in {each.strip().removeprefix("W/") for each in known.split(",")}
