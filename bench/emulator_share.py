"""What the emulator does in place of the network: time between a request's leaving the SDK and its answer, and the calls there were.

In: a block of work in one thread. Out: `Share`: what of its time was the emulator's, and which operations were called. The SDK's own work
(serialising, signing, parsing) is not the emulator's.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import wraps
from time import perf_counter, thread_time
from typing import Any, Final

from moto.core.botocore_stubber import BotocoreStubber

from infra.local import calls
from infra.local.patches.patch import Patch, Replacement, applied


@dataclass
class Share:
    """Seconds, and calls of AWS (`dynamodb.GetItem`, `s3.GetObject`; what is neither may be `other`)."""

    processor: float = 0.0
    wall: float = 0.0
    calls: list[str] = field(default_factory=list)


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
            share.calls.append(_name((*given, *named.values())))
            _open.depth -= 1

    return timed


def _name(given: tuple[Any, ...]) -> str:
    """Of the operation: moto is asked by botocore's event, the stack by what goes over the wire, which tells DynamoDB's operations."""
    event = next((each for each in given if isinstance(each, str)), "")
    wire: dict[str, Any] = next((each for each in given if isinstance(each, dict)), {})
    target = str(wire.get("headers", {}).get("X-Amz-Target", ""))
    return event.removeprefix("before-send.") or target.replace("DynamoDB_20120810", "dynamodb") or "other"
