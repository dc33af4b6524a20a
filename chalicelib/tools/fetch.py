"""One HTTP/1.1 exchange with a checked destination.

In: a `Destination`, method, headers, body, a time limit and a size limit. Out: `Answer`. It connects to the destination's own addresses (the name
serves only the Host header, SNI and the certificate), follows no redirect, uses no proxy, and holds the *whole* exchange to the time limit: a
peer that drips a byte at a time gains nothing. Never resolves a name.
"""

import io
import socket
import ssl
import time
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from http.client import HTTPConnection, HTTPException, HTTPResponse
from typing import Final

from chalicelib.tools.destination import Destination
from chalicelib.tools.failures import BodyTooLarge, HostUnreachable, HttpTimedOut

_CHUNK: Final = 65_536
EVENT_STREAM: Final = "text/event-stream"


@dataclass(frozen=True, slots=True)
class Question:
    """What is sent."""

    method: str
    headers: Mapping[str, str]
    body: bytes | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; header names in lower case, repeated ones joined by a comma."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Limits:
    """`seconds` for the whole exchange, `body_bytes` of the answer after decompression. `is_enough` may say of an event stream, which need not end
    by itself, that what was read so far will do."""

    seconds: float
    body_bytes: int
    is_enough: Callable[[bytes], bool] | None = None


@lru_cache(maxsize=1)
def _trusted() -> ssl.SSLContext:
    return ssl.create_default_context()


def fetch(destination: Destination, question: Question, *, limits: Limits, trust: ssl.SSLContext | None = None) -> Answer:
    """Send and receive once. `trust` replaces the system's certificate authorities.

    Raises: HostUnreachable, HttpTimedOut, BodyTooLarge.
    """
    deadline = Deadline(limits.seconds)
    connection = _PinnedConnection(destination, deadline=deadline, trust=trust)
    try:
        connection.request(question.method, destination.target, body=question.body, headers=dict(question.headers))
        with connection.getresponse() as response:
            body = _read(response, deadline=deadline, limits=limits)
            return Answer(status=response.status, headers=_headers(response), body=_decoded(body, response, limit=limits.body_bytes))
    except TimeoutError as error:
        raise HttpTimedOut(f"{destination.host} gave no whole answer within {limits.seconds:g} s") from error
    except ssl.SSLCertVerificationError as error:
        raise HostUnreachable(f"the certificate of {destination.host} is not trusted: {error.verify_message}") from error
    except (OSError, HTTPException) as error:
        raise HostUnreachable(f"{destination.host} cannot be reached or does not speak HTTP ({type(error).__name__})") from error
    finally:
        connection.close()


class Deadline:
    """A point in time that every wait of one exchange respects."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def left(self) -> float:
        """Seconds left. Raises TimeoutError at the end."""
        seconds = self._end - time.monotonic()
        if seconds <= 0:
            raise TimeoutError
        return seconds


class _PinnedConnection(HTTPConnection):
    """A connection to the addresses of a destination, none else."""

    def __init__(self, destination: Destination, *, deadline: Deadline, trust: ssl.SSLContext | None) -> None:
        super().__init__(destination.host, destination.port)
        self.default_port = 443 if destination.is_secure else 80  # what http.client leaves out of the Host header
        self._destination = destination
        self._deadline = deadline
        self._trust = trust

    def connect(self) -> None:
        plain = connect(self._destination, self._deadline)
        if not self._destination.is_secure:
            self.sock = _DeadlineSocket(plain, self._deadline)
            return
        try:
            plain.settimeout(self._deadline.left())
            secure = (self._trust or _trusted()).wrap_socket(plain, server_hostname=self._destination.host)
        except BaseException:
            plain.close()
            raise
        self.sock = _DeadlineSocket(secure, self._deadline)


def connect(destination: Destination, deadline: Deadline) -> socket.socket:
    """The first address that answers, in the resolver's order."""
    refusal: OSError = OSError("no address")
    for address in destination.addresses:
        try:
            return socket.create_connection((address, destination.port), timeout=deadline.left())
        except TimeoutError:
            raise
        except OSError as error:
            refusal = error
    raise refusal


class _DeadlineSocket:
    """What http.client needs of a socket, each wait cut to what is left of the deadline. Once read from, the reader owns the connection's end."""

    def __init__(self, inner: socket.socket, deadline: Deadline) -> None:
        self._inner = inner
        self._deadline = deadline
        self._is_read = False

    def sendall(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            self._inner.settimeout(self._deadline.left())
            view = view[self._inner.send(view[:_CHUNK]) :]

    def makefile(self, _mode: str) -> io.BufferedReader:
        self._is_read = True
        return io.BufferedReader(_DeadlineReader(self._inner, self._deadline), _CHUNK)

    def close(self) -> None:
        if not self._is_read:
            self._inner.close()


class _DeadlineReader(io.RawIOBase):
    def __init__(self, inner: socket.socket, deadline: Deadline) -> None:
        self._inner = inner
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        self._inner.settimeout(self._deadline.left())
        return self._inner.recv_into(buffer)

    def close(self) -> None:
        self._inner.close()
        super().close()


def _read(response: HTTPResponse, *, deadline: Deadline, limits: Limits) -> bytes:
    parts: list[bytes] = []
    size = 0
    is_stream = (response.getheader("Content-Type") or "").lower().startswith(EVENT_STREAM)
    while chunk := response.read1(_CHUNK):
        deadline.left()
        size += len(chunk)
        if size > limits.body_bytes:
            raise BodyTooLarge(f"the answer is larger than {limits.body_bytes} bytes")
        parts.append(chunk)
        if is_stream and b"\n" in chunk and limits.is_enough is not None and limits.is_enough(b"".join(parts)):
            return b"".join(parts)
    if response.length:  # promised by Content-Length and not received
        raise HTTPException("the connection ended before the answer did")
    return b"".join(parts)


def _headers(response: HTTPResponse) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in response.getheaders():
        key = name.lower()
        found[key] = f"{found[key]}, {value}" if key in found else value
    return found


def _decoded(body: bytes, response: HTTPResponse, *, limit: int) -> bytes:
    """The body without its compression; none was asked for, yet some servers compress all the same."""
    encoding = (response.getheader("Content-Encoding") or "identity").strip().lower()
    if encoding not in ("gzip", "x-gzip", "deflate") or not body:
        return body
    try:
        engine = zlib.decompressobj(wbits=47 if encoding != "deflate" else 15)
        plain = engine.decompress(body, limit + 1)
    except zlib.error as error:
        raise HTTPException("the compressed answer is broken") from error
    if len(plain) > limit:
        raise BodyTooLarge(f"the answer is larger than {limit} bytes")
    return plain
