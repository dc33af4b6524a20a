"""What the emulator does in place of the network: time between a request's leaving the SDK and its answer, and the calls there were.

In: a block of work in one thread. Out: `Share`: what of its time was the emulator's. The SDK's own work (serialising, signing, parsing) is not.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from time import perf_counter, thread_time
from typing import Any, Final

from moto.core.botocore_stubber import BotocoreStubber

from infra.local import calls
from infra.local.patches.patch import Patch, Replacement, applied


@dataclass
class Share:
    """Seconds, and calls of AWS."""

    processor: float = 0.0
    wall: float = 0.0
    calls: int = 0


class _Open(threading.local):
    share: Share | None = None
    depth: int = 0


_open: Final = _Open()


@contextmanager
def sharing() -> Iterator[Share]:
    """What the emulator takes of this thread's time in the block."""
    share = Share()
    with applied([Patch("measured", "", (_measured(BotocoreStubber, "__call__"), _measured(calls, "_answer")))]):
        _open.share = share
        try:
            yield share
        finally:
            _open.share = None


def _measured(owner: Any, attribute: str) -> Replacement:
    return Replacement(owner, attribute, _timing(getattr(owner, attribute)))


def _timing(answer: Callable[..., Any]) -> Callable[..., Any]:
    """The same, its time noted. An answer that asks for another within itself is one answer."""

    @wraps(answer)
    def timed(*given: Any, **named: Any) -> Any:
        share = _open.share
        if share is None or _open.depth:
            return answer(*given, **named)
        _open.depth += 1
        processor, wall = thread_time(), perf_counter()
        try:
            return answer(*given, **named)
        finally:
            share.processor += thread_time() - processor
            share.wall += perf_counter() - wall
            share.calls += 1
            _open.depth -= 1

    return timed
