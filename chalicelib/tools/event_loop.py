"""One event loop for the SDKs that know only asyncio, in a thread of its own for as long as the process lives.

In: what makes a coroutine, and a time limit. Out: the coroutine's result, in the caller's thread. The limit is a wall-clock one. Never: a loop per
call, which would break the clients that a loop keeps.
"""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import Final, TypeVar

from chalicelib.tools.failures import HttpTimedOut

_THREADS: Final = 32  # exchanges that may be under way at once
_GRACE_SECONDS: Final = 5.0  # for what has to be closed after the limit
Result = TypeVar("Result")


def run(make: Callable[[], Awaitable[Result]], *, seconds: float) -> Result:
    """Run a coroutine to its end. Raises HttpTimedOut at the limit, and what the coroutine raises."""

    async def limited() -> Result:
        async with asyncio.timeout(seconds):
            return await make()

    future = asyncio.run_coroutine_threadsafe(limited(), _loop())
    try:
        return future.result(seconds + _GRACE_SECONDS)
    except TimeoutError as error:
        future.cancel()
        raise HttpTimedOut(f"no whole answer within {seconds:g} s") from error


@lru_cache(maxsize=1)
def _loop() -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()
    loop.set_default_executor(ThreadPoolExecutor(_THREADS, thread_name_prefix="exchange"))
    threading.Thread(target=loop.run_forever, name="event-loop", daemon=True).start()
    return loop
