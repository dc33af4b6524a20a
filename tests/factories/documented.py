"""Answers held against the API's document: what a route answers and does not promise breaks the test that made it answer so.

In: an app. Out: nothing; `hold` has its answers watched from then on.
"""

import json
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from chalice.app import Request, Response
from jsonschema import Draft202012Validator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from chalicelib.api.contract import contract_of
from chalicelib.api.openapi import document

_NAME = "urn:sluice:openapi"


class Undocumented(BaseException):
    """An answer that the document does not know. No `Exception`: no code under test catches it."""


class Documented:
    """The document of an app, and its schemas ready to check with."""

    def __init__(self, routes: Mapping[str, Mapping[str, Any]]) -> None:
        self.document: dict[str, Any] = document(routes)
        self._registry: Registry[Any] = Registry().with_resource(_NAME, DRAFT202012.create_resource(self.document))
        self.validator = lru_cache(maxsize=None)(self._validator)

    def operation(self, method: str, path: str) -> Any:
        return self.document["paths"][path][method.lower()]

    def faults(self, value: object, *pointer: str) -> list[str]:
        """What of a value does not fit the schema at a place of the document."""
        place = "/".join(part.replace("~", "~0").replace("/", "~1") for part in pointer)
        return [f"{'/'.join(map(str, fault.absolute_path))}: {fault.message}" for fault in self.validator(place).iter_errors(value)]

    def _validator(self, place: str) -> Draft202012Validator:
        return Draft202012Validator({"$ref": f"{_NAME}#/{place}"}, registry=self._registry)

    def faults_of_answer(self, method: str, path: str, status: int, kind: str, body: object) -> list[str]:
        """What is wrong with an answer."""
        promised = self.operation(method, path)["responses"]
        if str(status) not in promised:
            return [f"{status} is not among its answers ({', '.join(promised)})"]
        place = ["paths", path, method.lower(), "responses", str(status)]
        answer = promised[str(status)]
        if "$ref" in answer:
            place = answer["$ref"].removeprefix("#/").split("/")
            answer = self.document["components"]["responses"][place[-1]]
        if body is None or body == "":
            return [f"{status} has a body"] if "content" in answer else []
        if kind not in answer.get("content", {}):
            return [f"{kind} is not among the forms of {status} ({', '.join(answer.get('content', {}))})"]
        return self.faults(body, *place, "content", kind, "schema")


@lru_cache(maxsize=1)
def of_the_app() -> Documented:
    from app import app

    return Documented(app.routes)


def hold(app: Any) -> None:
    """Hold what the app's routes answer against its document."""

    def held(request: Request, get_response: Callable[[Request], Response]) -> Response:
        response = get_response(request)
        path = str(request.context.get("resourcePath"))
        entry = app.routes.get(path, {}).get(request.method)
        ours = entry is not None and contract_of(entry.view_function) is not None
        if ours and not (isinstance(response.body, dict) and "Code" in response.body):  # the framework's own comes later
            _check(request.method, path, response)
        return response

    app.register_middleware(held, "http")


def _check(method: str, path: str, response: Response) -> None:
    body = response.body
    if isinstance(body, dict | list):
        body = json.loads(json.dumps(body))
    kind = str(response.headers.get("Content-Type", "application/json"))
    found = of_the_app().faults_of_answer("GET" if method == "HEAD" else method, path, response.status_code, kind, body)
    if found:
        raise Undocumented(
            f"{method} {path} answered {response.status_code} otherwise than its declaration says: {'; '.join(found[:5])}\n{str(body)[:500]}"
        )
