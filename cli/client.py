"""The REST API as functions. Everything that the command line knows comes through here.

In: an address and the person to act as. Out: JSON documents, or `Problem` as the API tells it, or `Unreachable`.
A deployment's API takes requests signed with AWS credentials; the local stack takes a name.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

import httpx2

# ruff: noqa: N818  (names that say what happened)

TIMEOUT_SECONDS: Final = 35  # API Gateway ends at 29


class Problem(Exception):
    """An answer that is an error: `status`, `code`, `detail`, and the whole document."""

    def __init__(self, status: int, document: Mapping[str, Any]) -> None:
        self.status = status
        self.document = document
        self.code = str(document.get("code", "unknown"))
        super().__init__(str(document.get("detail") or document.get("title") or f"the API answered {status}"))


class Unreachable(Exception):
    """Nobody answers at the address."""


@dataclass
class Client:
    """`person` names who acts, where the API takes a name."""

    url: str
    person: str = "local"
    _http: httpx2.Client | None = field(default=None, repr=False)

    @property
    def is_local(self) -> bool:
        return (urlsplit(self.url).hostname or "") in {"127.0.0.1", "localhost", "::1"}

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_fault: object) -> None:
        self.close()

    def close(self) -> None:
        """Let the connection go; the next request makes a new one."""
        if self._http is not None:
            self._http.close()
            self._http = None

    def get(self, path: str, **query: str | int | None) -> Any:
        wanted = {name: value for name, value in query.items() if value is not None}
        return self._ask("GET", path, query=wanted)

    def text(self, path: str, **query: str | int | None) -> str:
        """An answer that is a file, byte for byte."""
        wanted = {name: value for name, value in query.items() if value is not None}
        return self._send("GET", path, wanted, None, {}).content.decode()

    def post(
        self, path: str, body: Mapping[str, Any] | None = None, *, headers: Mapping[str, str] | None = None, query: Mapping[str, str] | None = None
    ) -> Any:
        return self._ask("POST", path, body=body or {}, headers=headers or {}, query=query or {})

    def put(self, path: str, body: Mapping[str, Any], *, headers: Mapping[str, str] | None = None, **query: str | None) -> Any:
        wanted = {name: value for name, value in query.items() if value is not None}
        return self._ask("PUT", path, query=wanted, body=body, headers=headers or {})

    def delete(self, path: str, *, headers: Mapping[str, str] | None = None, **query: str) -> Any:
        return self._ask("DELETE", path, query=query, headers=headers or {})

    def _ask(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        body: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        answer = self._send(method, path, query or {}, body, headers or {})
        return answer.json() if answer.content else None

    def _send(self, method: str, path: str, query: Mapping[str, Any], body: Mapping[str, Any] | None, headers: Mapping[str, str]) -> httpx2.Response:
        self._http = self._http or httpx2.Client(base_url=self.url, timeout=TIMEOUT_SECONDS)
        request = self._http.build_request(method, path, params=query, json=body, headers=dict(headers))
        self._identify(request)
        try:
            answer = self._http.send(request)
        except httpx2.HTTPError as fault:
            raise Unreachable(f"no answer from {self.url} ({fault})") from fault
        if answer.status_code >= 400:
            raise Problem(answer.status_code, _document(answer))
        return answer

    def _identify(self, request: httpx2.Request) -> None:
        if self.is_local:
            request.headers["X-Sluice-As"] = self.person
            return
        from cli.signature import sign

        sign(request)


def _document(answer: httpx2.Response) -> Mapping[str, Any]:
    try:
        document = answer.json()
    except ValueError:
        return {"detail": answer.text[:500]}
    return document if isinstance(document, dict) else {"detail": str(document)[:500]}
