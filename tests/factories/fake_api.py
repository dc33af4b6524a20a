"""The REST API as the command line meets it: scripted answers on loopback, every request remembered.

In: answers by "METHOD path" (a document, a `Refusal`, or a list of them, one a request). Out: `serving_api`, a server with `url` and `asked`.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.fixtures.http_server import Reply, Request, Server


@dataclass(frozen=True)
class Refusal:
    status: int
    code: str
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class FakeApi:
    answers: dict[str, Any]
    url: str = ""
    asked: list[tuple[str, Any, dict[str, str]]] = field(default_factory=list)

    def answer(self, request: Request) -> Reply:
        path = request.target.partition("?")[0]
        key = f"{request.method} {path}"
        self.asked.append((f"{request.method} {request.target}", json.loads(request.body) if request.body else None, request.headers))
        found = self.answers.get(key, Refusal(404, "not-found"))
        if isinstance(found, list):
            found = found.pop(0) if len(found) > 1 else found[0]
        if isinstance(found, Refusal):
            body = {"status": found.status, "code": found.code, "detail": f"refused: {found.code}", **found.extra}
            return Reply(found.status, {"content-type": "application/problem+json"}, json.dumps(body).encode())
        return Reply(200, {"content-type": "application/json"}, json.dumps(found).encode() if found is not None else b"")

    def bodies(self, key: str) -> list[Any]:
        return [body for asked, body, _ in self.asked if asked.partition("?")[0] == key]


@contextmanager
def serving_api(answers: Mapping[str, Any]) -> Iterator[FakeApi]:
    api = FakeApi(dict(answers))
    server = Server(api.answer)
    server.start()
    api.url = f"http://{server.host}"
    try:
        yield api
    finally:
        server.stop()
