"""A small cache of what others told us, for minutes, per container.

In: keys and values. Out: values that are not too old. Safe among threads; never holds more than it is made for.
"""

import time
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Generic, TypeVar

Value = TypeVar("Value")


class TtlCache(Generic[Value]):
    """`seconds` is how long a value holds, `size` how many there may be."""

    def __init__(self, *, seconds: float, size: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._size = size
        self._clock = clock
        self._kept: dict[Hashable, tuple[float, Value]] = {}
        self._lock = Lock()

    def get(self, key: Hashable) -> Value | None:
        with self._lock:
            ends_at, value = self._kept.get(key, (0.0, None))
            return value if ends_at > self._clock() else None

    def put(self, key: Hashable, value: Value) -> None:
        with self._lock:
            self._kept.pop(key, None)
            while len(self._kept) >= self._size:
                del self._kept[next(iter(self._kept))]  # the oldest
            self._kept[key] = (self._clock() + self._seconds, value)

    def drop(self, key: Hashable) -> None:
        with self._lock:
            self._kept.pop(key, None)

    def clear(self) -> None:
        with self._lock:
            self._kept.clear()
