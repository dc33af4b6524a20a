"""A wall-clock limit for one call of a vendor, bodies and streams included.

In: the seconds that a call may take. Out: whether they are over, how many are left, and a cut through the connection at their end. Time-outs of HTTP
clients are per read: an answer that drips outlives them all. So the call names its connection here once it has one; when the time is up, the
connection is shut down from aside and the read that waits on it returns. One thread of the process watches all calls: to start one a call would cost
more than the router may. Never interrupts what is no read: code that computes looks at `passed`.

The cut is for boto3, whose urllib3 has no place for a network of ours; SDKs upon httpx2 are held by `wall_clock`, which needs no thread and limits
the head of an answer, too. Here the head is limited read by read alone, since until it is there nobody knows the connection.
"""

import contextlib
import heapq
import itertools
import threading
import time
from collections.abc import Callable
from functools import lru_cache
from types import TracebackType

from chalicelib.providers.failures import ModelTimedOut


class Deadline:
    """`with Deadline(seconds) as deadline:` around one call. Raises ModelTimedOut where no time is left to begin with."""

    def __init__(self, seconds: float) -> None:
        if seconds <= 0:
            raise ModelTimedOut("no time is left for the call")
        self.end = time.monotonic() + seconds
        self._cuts: list[Callable[[], None]] = []
        self._lock = threading.Lock()

    def __enter__(self) -> "Deadline":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """The call is over: its connection serves others."""
        with self._lock:
            self._cuts = []

    @property
    def passed(self) -> bool:
        return time.monotonic() >= self.end

    @property
    def left(self) -> float:
        """Seconds, never less than a hundredth: HTTP clients take zero for `at once` or `never`."""
        return max(0.01, self.end - time.monotonic())

    def cuts(self, shutdown: Callable[[], None]) -> None:
        """Have `shutdown` called at the end: it must be harmless from another thread."""
        with self._lock:
            self._cuts.append(shutdown)
        _watch().add(self)

    def cut(self) -> None:
        """Shut down what was named, unless the call is over."""
        with self._lock:
            due, self._cuts = self._cuts, []
            for shutdown in due:
                with contextlib.suppress(OSError, ValueError, RuntimeError, AttributeError):  # the connection is closed or given back already
                    shutdown()


class _Watch:
    """Cuts each deadline at its time. Those of calls that are over stay until theirs, so that a new one need not wake the thread."""

    def __init__(self) -> None:
        self._due: list[tuple[float, int, Deadline]] = []
        self._changed = threading.Condition()
        self._numbers = itertools.count()
        threading.Thread(target=self._run, name="deadlines", daemon=True).start()

    def add(self, deadline: Deadline) -> None:
        with self._changed:
            heapq.heappush(self._due, (deadline.end, next(self._numbers), deadline))
            if self._due[0][2] is deadline:
                self._changed.notify()

    def _run(self) -> None:
        while True:
            self._next().cut()

    def _next(self) -> Deadline:
        with self._changed:
            while not self._due or self._due[0][0] > time.monotonic():
                self._changed.wait(self._due[0][0] - time.monotonic() if self._due else None)
            return heapq.heappop(self._due)[2]


@lru_cache(maxsize=1)
def _watch() -> _Watch:
    return _Watch()
