"""The way to the REST API. Everything that the command line knows comes through here, asked by the operations of `cli.api_client`.

In: an address, and perhaps who is to act. Out: JSON documents, or `Problem` as the API tells it, or `Unreachable`. Requests carry what is
kept for that person here (`cli.credentials`), or SLUICE_TOKEN; an access token that is about to lapse is exchanged for the next one before.
"""

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

import httpx2

from cli import credentials
from cli.credentials import Credential

if TYPE_CHECKING:
    from cli.api_client import Tokens

# ruff: noqa: N818  (names that say what happened)

ROOT: Final = "/api/v1"  # below an address, where the REST API is
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
    """`person` chooses among those who have signed in here; `credential` is taken instead of what is kept; `sign` is shown each request before it
    is sent, and may add to its headers."""

    url: str
    person: str = ""
    credential: Credential | None = field(default=None, repr=False)
    sign: Callable[[httpx2.Request], None] | None = None
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

    def send(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, object] | None = None,
        body: Mapping[str, object] | None = None,
        key: str | None = None,
        match: str = "",
    ) -> Any:
        """The answer of one operation of `cli.api_client`; None where it is empty. `key` is its idempotency key: None for none, empty for one of this
        call's own. `match` is the ETag of what was read, where there is one."""
        answer = self._send(method, path, query or {}, body, {"Idempotency-Key": uuid4().hex if key == "" else key or "", "If-Match": match})
        return answer.json() if answer.content else None

    def text(self, method: str, path: str, *, query: Mapping[str, object] | None = None) -> str:
        """An answer that is a file, byte for byte."""
        return self._send(method, path, query or {}, None, {}).content.decode()

    def _send(
        self, method: str, path: str, query: Mapping[str, object], body: Mapping[str, object] | None, headers: Mapping[str, str]
    ) -> httpx2.Response:
        bearer = self._bearer()
        wanted = {name: _as_sent(value) for name, value in query.items() if value is not None}
        told = {**({"Authorization": f"Bearer {bearer}"} if bearer else {}), **{name: value for name, value in headers.items() if value}}
        answer = self._once(method, path, wanted, body, told)
        if answer.status_code >= 400:
            raise Problem(answer.status_code, _document(answer))
        return answer

    def _once(self, method: str, path: str, query: Mapping[str, Any], body: Mapping[str, Any] | None, headers: Mapping[str, str]) -> httpx2.Response:
        self._http = self._http or httpx2.Client(base_url=self.url, timeout=TIMEOUT_SECONDS)
        try:
            request = self._http.build_request(method, path, params=query, json=body, headers=dict(headers))
            if self.sign is not None:
                self.sign(request)
            return self._http.send(request)
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
        answer = self._once("POST", f"{ROOT}/auth/refresh", {}, {"refresh_token": before.refresh_token}, {})
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


def credential_of(tokens: "Tokens") -> Credential:
    """What the API answers to a sign-in, as it is kept."""
    return Credential(
        person=tokens["person"],
        access_token=tokens["access_token"],
        refresh_token=tokens.get("refresh_token") or "",
        expires_at=time.time() + tokens["expires_in"],
    )


def _document(answer: httpx2.Response) -> Mapping[str, Any]:
    try:
        document = answer.json()
    except ValueError:
        return {"detail": answer.text[:500]}
    return document if isinstance(document, dict) else {"detail": str(document)[:500]}
