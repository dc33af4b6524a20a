"""A wall-clock limit for HTTP: what is read, written or connected within `within(seconds)` ends when they are over.

In: seconds. Out: a client of httpx2 whose every wait is cut to what is left. HTTP libraries limit each wait by itself, so an answer that drips byte
by byte would outlive any time-out of theirs. The looking up of a host's name is not limited. Never starts a thread.

`deadline` does the same for boto3, which is not built on httpx2.
"""

import time
import weakref
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, cast

if TYPE_CHECKING:
    import ssl

    import httpcore2
    import httpx2

CONNECT_SECONDS: Final = 5.0
_IDLE_SECONDS: Final = 30.0  # how long a connection is kept for the next call
_CONNECTIONS: Final = 100
_DAY: Final = 86_400.0

_ends_at: ContextVar[float | None] = ContextVar("ends_at", default=None)


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Everything that the clients of `timed_client` do inside, in this thread, ends `seconds` from now."""
    token = _ends_at.set(time.monotonic() + seconds)
    try:
        yield
    finally:
        _ends_at.reset(token)


@lru_cache(maxsize=1)
def trust() -> "ssl.SSLContext":
    """The authorities of this machine, read once: each reading costs a tenth of a second of Lambda's time."""
    import httpx2

    return httpx2.create_ssl_context()


def timed_client(owner: object) -> "httpx2.Client":
    """A client that keeps its connections until its owner is gone, and follows no redirect (it would carry a key elsewhere)."""
    import httpcore2
    import httpx2

    transport = httpx2.HTTPTransport(verify=trust())
    transport._pool = httpcore2.ConnectionPool(  # noqa: SLF001  (httpx2 has no parameter for the network behind its pool)
        ssl_context=trust(),
        max_connections=_CONNECTIONS,
        keepalive_expiry=_IDLE_SECONDS,
        network_backend=cast("httpcore2.NetworkBackend", TimedNetwork(httpcore2.SyncBackend())),
    )
    client = httpx2.Client(transport=transport, follow_redirects=False)
    weakref.finalize(owner, client.close)
    return client


class TimedNetwork:
    """Connects like the network that it wraps, in the time that is left."""

    def __init__(self, inner: "httpcore2.NetworkBackend") -> None:
        self._inner = inner

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> "TimedStream":
        wait = min(CONNECT_SECONDS, _left(timeout, "ConnectTimeout"))
        return TimedStream(self._inner.connect_tcp(host, port, wait, local_address, socket_options))

    def sleep(self, seconds: float) -> None:
        self._inner.sleep(seconds)


class TimedStream:
    """Reads and writes like the connection that it wraps, in the time that is left."""

    def __init__(self, inner: "httpcore2.NetworkStream") -> None:
        self._inner = inner

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, _left(timeout, "ReadTimeout"))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, _left(timeout, "WriteTimeout"))

    def close(self) -> None:
        self._inner.close()

    def start_tls(self, ssl_context: "ssl.SSLContext", server_hostname: str | None = None, timeout: float | None = None) -> "TimedStream":
        return TimedStream(self._inner.start_tls(ssl_context, server_hostname, _left(timeout, "ConnectTimeout")))

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


def _left(timeout: float | None, failure: str) -> float:
    """How long the next wait may take. Raises httpcore2's time-out of that name when nothing is left."""
    import httpcore2

    ends_at = _ends_at.get()
    wait = _DAY if timeout is None else timeout
    left = wait if ends_at is None else min(wait, ends_at - time.monotonic())
    if left <= 0:
        kind: type[Exception] = {
            "ConnectTimeout": httpcore2.ConnectTimeout,
            "ReadTimeout": httpcore2.ReadTimeout,
            "WriteTimeout": httpcore2.WriteTimeout,
        }[failure]
        raise kind("the time for the whole call is over")
    return left
