"""The REST API as functions. Everything that the command line knows comes through here.

In: an address, and perhaps who is to act. Out: JSON documents, or `Problem` as the API tells it, or `Unreachable`. Requests carry what is
kept for that person here (`cli.credentials`), or SLUICE_TOKEN; an access token that is about to lapse is exchanged for the next one before.
"""

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import httpx2

from cli import credentials
from cli.credentials import Credential

# ruff: noqa: N818  (names that say what happened)

TIMEOUT_SECONDS: Final = 35  # API Gateway ends at 29
SPARE_SECONDS: Final = 60  # an access token that lapses sooner is exchanged first


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
    """`person` chooses among those who have signed in here; `credential` is taken instead of what is kept."""

    url: str
    person: str = ""
    credential: Credential | None = field(default=None, repr=False)
    _http: httpx2.Client | None = field(default=None, repr=False)

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

    def patch(self, path: str, body: Mapping[str, Any]) -> Any:
        return self._ask("PATCH", path, body=body)

    def delete(self, path: str, *, headers: Mapping[str, str] | None = None, **query: str) -> Any:
        return self._ask("DELETE", path, query=query, headers=headers or {})

    def send(self, method: str, path: str, *, query: Mapping[str, Any], body: Mapping[str, Any] | None, key: str, match: str = "") -> Any:
        """One operation of `cli.api_client`; `key` is its idempotency key, `match` the ETag of what was read, where there is one."""
        wanted = {name: _as_sent(value) for name, value in query.items() if value is not None}
        told = {"Idempotency-Key": key, "If-Match": match}
        return self._ask(method, path, query=wanted, body=body, headers={name: value for name, value in told.items() if value})

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
        if not answer.content:
            return None
        return answer.json() if "json" in answer.headers.get("Content-Type", "json") else answer.text

    def _send(self, method: str, path: str, query: Mapping[str, Any], body: Mapping[str, Any] | None, headers: Mapping[str, str]) -> httpx2.Response:
        bearer = self._bearer()
        sent = {**({"Authorization": f"Bearer {bearer}"} if bearer else {}), **headers}
        answer = self._once(method, path, query, body, sent)
        if answer.status_code >= 400:
            raise Problem(answer.status_code, _document(answer))
        return answer

    def _once(self, method: str, path: str, query: Mapping[str, Any], body: Mapping[str, Any] | None, headers: Mapping[str, str]) -> httpx2.Response:
        self._http = self._http or httpx2.Client(base_url=self.url, timeout=TIMEOUT_SECONDS)
        try:
            return self._http.send(self._http.build_request(method, path, params=query, json=body, headers=dict(headers)))
        except httpx2.HTTPError as fault:
            raise Unreachable(f"no answer from {self.url} ({fault})") from fault

    def _bearer(self) -> str:
        """What to send; empty where nobody has signed in. Raises Problem (401) for a person who has not."""
        found = self.credential
        if found is None:
            found = credentials.find(self.url, self.person)
            if found is None and self.person:
                raise Problem(401, {"code": "not-signed-in", "detail": f"{self.person} has not signed in here; `sluice login {self.person}` does"})
        if found is None:
            return os.environ.get("SLUICE_TOKEN", "")
        if found.refresh_token and found.expires_at - time.time() < SPARE_SECONDS:
            found = self._renewed(found)
        self.credential = found
        return found.bearer

    def _renewed(self, before: Credential) -> Credential:
        """The next pair of tokens. Raises Problem (401) where the session is over, and forgets it."""
        answer = self._once("POST", "/api/v1/auth/refresh", {}, {"refresh_token": before.refresh_token}, {})
        if answer.status_code >= 400:
            if answer.status_code == 401:
                credentials.forget(self.url, before.person)
            raise Problem(answer.status_code, _document(answer))
        after = credential_of(answer.json())
        credentials.save(self.url, after)
        return after


def _as_sent(value: object) -> object:
    """As a query has it."""
    return str(value).lower() if isinstance(value, bool) else value


def credential_of(document: Mapping[str, Any]) -> Credential:
    """What the API answers to a sign-in, as it is kept."""
    return Credential(
        person=str(document["person"]),
        access_token=str(document["access_token"]),
        refresh_token=str(document.get("refresh_token") or ""),
        expires_at=time.time() + float(document["expires_in"]),
    )


def _document(answer: httpx2.Response) -> Mapping[str, Any]:
    try:
        document = answer.json()
    except ValueError:
        return {"detail": answer.text[:500]}
    return document if isinstance(document, dict) else {"detail": str(document)[:500]}
