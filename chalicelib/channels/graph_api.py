"""Calls of Meta's Graph API: WhatsApp, Messenger and Instagram speak it alike.

In: an address, a token, a time limit, a table from a vendor's error codes to what is to be done; a path and a body. Out: the answer's JSON object, or
`SendFailure`. Every call is made once: who repeats it, and when, is not decided here. The address is called as it is given: no proxy, no redirect
(it would carry the token elsewhere). What the Graph says of an error is told without what was sent. Never: a token, a text or an address of a person
in a failure.

A call that may have been taken though no answer came is `unknown`: Meta knows no keys that would make a second sending harmless.
"""

import logging
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from chalicelib.channels.failures import Act, SendFailure
from chalicelib.providers.http_failures import retry_after
from chalicelib.providers.wall_clock import timed_client, within
from chalicelib.spec.model import Json, JsonObject

if TYPE_CHECKING:
    import httpx2

ADDRESS: Final = "https://graph.facebook.com"
VERSION: Final = "v25.0"
# What a code means whichever product is asked; a vendor's own table goes first. A key is `code`, or `code/subcode`, which goes before it.
ACTS: Final[Mapping[str, Act]] = MappingProxyType(
    {
        "0": "stop_account",  # the token was not understood
        "1": "retry",
        "2": "retry",
        "3": "stop_account",  # no such right
        "4": "slow_down",  # the app calls too often
        "10": "stop_account",
        "17": "slow_down",
        "32": "slow_down",
        "33": "dead_letter",  # what the path names is not there
        "100": "dead_letter",  # a parameter
        "102": "stop_account",
        "190": "stop_account",  # the token is over
        "341": "slow_down",
        "368": "stop_account",  # blocked for breaking a policy
        "429": "slow_down",
        "613": "slow_down",
        "80007": "slow_down",
    }
)
_PERMISSIONS: Final = range(200, 300)
_BY_STATUS: Final[Mapping[int, Act]] = MappingProxyType({401: "stop_account", 403: "stop_account", 429: "slow_down"})
_NO_ACTS: Final[Mapping[str, Act]] = MappingProxyType({})
_NO_WAITS: Final[Mapping[str, float]] = MappingProxyType({})
_OURS: Final = re.compile(r"[a-z_]*|.{1,2}")  # words of the API's own; all else that a body says is somebody's
_FOREIGN: Final = re.compile(r"https?://\S+|\+?\d{7,}")
_MAX_TOLD: Final = 300


class GraphApi:
    """Connections are kept from call to call. `acts` and `waits` (seconds) are the vendor's, by code."""

    def __init__(
        self,
        base_url: str,
        version: str,
        token: str,
        timeout_seconds: float,
        *,
        acts: Mapping[str, Act] = _NO_ACTS,
        waits: Mapping[str, float] = _NO_WAITS,
    ) -> None:
        self._root = f"{base_url.rstrip('/')}/{version}"
        self._token = token
        self._timeout_seconds = timeout_seconds
        self._acts = acts
        self._waits = waits
        self._client: httpx2.Client | None = None

    def post(self, path: str, body: JsonObject) -> JsonObject:
        """Raises SendFailure."""
        with self._calling(unanswered="unknown") as timeout:
            answer = self._http().post(self._url(path), json=body, headers=self._headers(), timeout=timeout)
        return self._read(answer, body, unanswered="unknown")

    def get(self, path: str, **query: str) -> JsonObject:
        """Raises SendFailure."""
        with self._calling(unanswered="retry") as timeout:
            answer = self._http().get(self._url(path), params=query, headers=self._headers(), timeout=timeout)
        return self._read(answer, {}, unanswered="retry")

    def upload(self, path: str, fields: Mapping[str, str], file_name: str, content: bytes, mime_type: str) -> JsonObject:
        """A form with the file as its part `file`. A second time it leaves two files and harms nobody: no answer is `retry`. Raises SendFailure."""
        files = {"file": (file_name, content, mime_type)}
        with self._calling(unanswered="retry") as timeout:
            answer = self._http().post(self._url(path), data=dict(fields), files=files, headers=self._headers(), timeout=timeout)
        return self._read(answer, {"file": file_name}, unanswered="retry")

    def download(self, url: str, max_bytes: int) -> "tuple[httpx2.Response, bytes]":
        """An answer with its body, from any address, with the token: where the token may go is for the caller to know. Raises SendFailure for no
        answer and for one of more than `max_bytes`, of which no more is read."""
        with (
            self._calling(unanswered="retry") as timeout,
            self._http().stream("GET", url, headers=self._headers(), timeout=timeout) as answer,
        ):
            parts, size = [], 0
            for part in answer.iter_bytes():
                size += len(part)
                if size > max_bytes:
                    raise SendFailure("dead_letter", f"the file is larger than {max_bytes} bytes", code="too-large")
                parts.append(part)
            return answer, b"".join(parts)

    def _failure(self, error: Mapping[str, Json], status: int, sent: JsonObject, wait_seconds: float | None) -> SendFailure:
        code, subcode = _number(error.get("code")), _number(error.get("error_subcode"))
        full = f"{code}/{subcode}" if subcode else code
        act = act_of(full, self._acts, is_transient=error.get("is_transient") is True or status >= 500)
        wait = next((self._waits[key] for key in (full, code) if key in self._waits), wait_seconds)
        return SendFailure(act, _told(error, sent, self._token), code=full, wait_seconds=wait)

    def _read(self, answer: "httpx2.Response", sent: JsonObject, *, unanswered: Act) -> JsonObject:
        told, status = _object(answer), answer.status_code
        wait = retry_after(answer.headers)
        error = told.get("error") if told is not None else None
        if isinstance(error, dict):
            raise self._failure(error, status, sent, wait)
        if told is not None and answer.is_success:
            return told
        act = _BY_STATUS.get(status, unanswered if answer.is_success or status >= 500 or status == 408 else "dead_letter")
        raise SendFailure(act, f"the Graph answered {status} without a reason", code=str(status), wait_seconds=wait)

    @contextmanager
    def _calling(self, *, unanswered: Act) -> "Iterator[httpx2.Timeout]":
        """Inside, one call is made, in time; of what it raises only SendFailures leave."""
        import httpx2

        self._http()  # what it takes to make it is no time of the call
        try:
            with within(self._timeout_seconds):
                yield httpx2.Timeout(self._timeout_seconds)
        except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout) as error:
            raise SendFailure("retry", "the Graph cannot be reached") from error
        except (httpx2.InvalidURL, httpx2.UnsupportedProtocol) as error:
            raise SendFailure("dead_letter", "the address cannot be read") from error
        except httpx2.HTTPError as error:
            raise SendFailure(unanswered, f"the Graph gave no whole answer ({type(error).__name__})") from error

    def _http(self) -> "httpx2.Client":
        if self._client is None:
            logging.getLogger("httpx2").setLevel(logging.WARNING)  # it logs addresses, and those of files open them
            self._client = timed_client(self)
        return self._client

    def _url(self, path: str) -> str:
        return f"{self._root}/{quote(path, safe='/')}"

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._token}"}


def act_of(code: str, acts: Mapping[str, Act] = _NO_ACTS, *, is_transient: bool = False) -> Act:
    """What is to be done about a code (`code` or `code/subcode`), also one that a webhook tells later. `acts`: the vendor's own table."""
    general, _, _ = code.partition("/")
    for table in (acts, ACTS):
        for key in (code, general):
            if key in table:
                return table[key]
    if general.isdigit() and int(general) in _PERMISSIONS:
        return "stop_account"
    return "retry" if is_transient else "dead_letter"


def _object(answer: "httpx2.Response") -> JsonObject | None:
    """None where it is no JSON object: in front of the Graph stand machines that answer in HTML."""
    try:
        told = answer.json()
    except (ValueError, RecursionError):
        return None
    return told if isinstance(told, dict) else None


def _number(told: Json) -> str:
    return str(told) if isinstance(told, int | str) and not isinstance(told, bool) else ""


def _told(error: Mapping[str, Json], sent: JsonObject, token: str) -> str:
    """The Graph's own words without what was sent, addresses and numbers, and its trace, by which its support finds the call."""
    data = error.get("error_data")
    details = data.get("details") if isinstance(data, dict) else None
    words = " ".join(word for word in (error.get("message"), details) if isinstance(word, str))
    for text in sorted({token, *_texts(sent)}, key=len, reverse=True):
        words = words.replace(text, "…") if text else words
    trace = error.get("fbtrace_id")
    traced = f" (fbtrace_id {trace})" if isinstance(trace, str) and trace.isalnum() else ""
    return f"the Graph refused: {_FOREIGN.sub('…', words)[:_MAX_TOLD]}{traced}"


def _texts(value: Json) -> Iterator[str]:
    match value:
        case str() if _OURS.fullmatch(value) is None:
            yield value
        case dict():
            for inner in value.values():
                yield from _texts(inner)
        case list():
            for inner in value:
                yield from _texts(inner)
        case _:
            return
