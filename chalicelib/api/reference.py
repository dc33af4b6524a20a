"""Routes: the API's own description, for programs and for people."""

from collections.abc import Mapping
from functools import lru_cache
from http import HTTPMethod
from typing import Any, Final

from chalice.app import Blueprint

from chalicelib.access.scopes import Access
from chalicelib.api.address import base_url
from chalicelib.api.docs_page import POLICY, render
from chalicelib.api.endpoint import Answer, Call, Nothing, endpoint
from chalicelib.api.openapi import document
from chalicelib.api.shape import Media
from chalicelib.api.shapes import FREE
from chalicelib.spec.model import JsonObject

routes = Blueprint(__name__)
HTML: Final = "text/html; charset=utf-8"
_KEPT: Final = {"Cache-Control": "public, max-age=300"}


@endpoint(routes, HTTPMethod.GET, "/api/v1/openapi.json", scope=Access.PUBLIC, answers={200: FREE})
def get_document(call: Call[Nothing, Nothing]) -> Answer:  # noqa: ARG001  (its annotation says what may come)
    """This document: OpenAPI 3.1.

    It is made of the routes that are registered: what is not in it is not there.
    """
    return Answer({**_document(), "servers": [{"url": base_url(routes.current_request)}]}, headers=_KEPT)


@endpoint(routes, HTTPMethod.GET, "/api/v1/docs", scope=Access.PUBLIC, answers={200: Media(HTML)})
def get_page(call: Call[Nothing, Nothing]) -> Answer:  # noqa: ARG001  (its annotation says what may come)
    """This document as a page to read.

    Each code of a problem has its place in it, which `type` of a problem document links to.
    """
    return Answer(_page(), headers={"Content-Type": HTML, "Content-Security-Policy": POLICY, **_KEPT})


@lru_cache(maxsize=1)
def _document() -> JsonObject:
    all_routes: Mapping[str, Mapping[str, Any]] = routes.current_app.routes
    return document(all_routes)


@lru_cache(maxsize=1)
def _page() -> str:
    return render(_document())
