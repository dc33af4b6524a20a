"""A wall-clock limit for one call of a vendor, bodies and streams included.

In: the seconds that a call may take. Out: whether they are over, how many are left, and a cut through the connection at their end. Time-outs of HTTP
clients are per read: an answer that drips outlives them all. So the call names its connection here once it has one; when the time is up, the
connection is shut down from aside and the read that waits on it returns. Never interrupts what is no read: code that computes looks at `passed`.
"""

import contextlib
import threading
import time
from collections.abc import Callable
from types import TracebackType

from chalicelib.providers.failures import ModelTimedOut


class Deadline:
    """`with Deadline(seconds) as deadline:` around one call. Raises ModelTimedOut where no time is left to begin with."""

    def __init__(self, seconds: float) -> None:
        if seconds <= 0:
            raise ModelTimedOut("no time is left for the call")
        self._end = time.monotonic() + seconds
        self._cuts: list[Callable[[], None]] = []
        self._lock = threading.Lock()
        self._timer = threading.Timer(seconds, self._cut)
        self._timer.daemon = True

    def __enter__(self) -> "Deadline":
        self._timer.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._timer.cancel()

    @property
    def passed(self) -> bool:
        return time.monotonic() >= self._end

    @property
    def left(self) -> float:
        """Seconds, never less than a hundredth: HTTP clients take zero for `at once` or `never`."""
        return max(0.01, self._end - time.monotonic())

    def cuts(self, shutdown: Callable[[], None]) -> None:
        """Have `shutdown` called at the end: it must be harmless from another thread, and when the call is over."""
        with self._lock:
            self._cuts.append(shutdown)
        if self.passed:
            self._cut()

    def _cut(self) -> None:
        with self._lock:
            due, self._cuts = self._cuts, []
        for shutdown in due:
            with contextlib.suppress(OSError, ValueError, RuntimeError, AttributeError):  # the connection is closed or given back already
                shutdown()
