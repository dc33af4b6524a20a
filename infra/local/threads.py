"""The threads of a part of the stack: begun by it, waited for when it is closed.

In: what a thread does, which ends once its part is closed. Out: `Threads`. A thread that went on would meet an environment that is taken away.
"""

import threading
import time
from collections.abc import Callable
from typing import Final

CLOSING_SECONDS: Final = 5.0  # a function that hangs must not keep the stack


class Threads:
    """Daemon threads: one that does not end in time does not keep the process."""

    def __init__(self) -> None:
        self._running: list[threading.Thread] = []

    def begin(self, work: Callable[[], None], name: str) -> None:
        thread = threading.Thread(target=work, daemon=True, name=name)
        self._running = [*(each for each in self._running if each.is_alive()), thread]
        thread.start()

    def wait(self) -> None:
        """Until all have ended, CLOSING_SECONDS in all."""
        deadline = time.monotonic() + CLOSING_SECONDS
        for thread in self._running:
            thread.join(max(0.0, deadline - time.monotonic()))
