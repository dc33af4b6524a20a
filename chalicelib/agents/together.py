"""Calls at once: a few pieces of work under way in threads, their results taken as they come.

In: pieces of work. Out: their results in the order of their ends, or what one raised. Leaving waits for all that is under way
and forgets what it comes to: nothing runs on behind its caller's back. One at a time needs no thread. Never: more at once than were allowed.
"""

from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextvars import copy_context
from types import TracebackType
from typing import Final, Generic, TypeVar

AT_ONCE: Final = 8
Result = TypeVar("Result")


class Together(Generic[Result]):
    """At most `most` pieces of work under way."""

    def __init__(self, most: int = AT_ONCE) -> None:
        self._most = max(most, 1)
        self._threads = ThreadPoolExecutor(most, thread_name_prefix="call") if most > 1 else None
        self._under_way: list[Future[Result]] = []

    def __enter__(self) -> "Together[Result]":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._threads is not None:
            self._threads.shutdown(wait=True)

    @property
    def room(self) -> int:
        """How many more may begin."""
        return self._most - len(self._under_way)

    @property
    def is_idle(self) -> bool:
        return not self._under_way

    def start(self, work: Callable[[], Result]) -> None:
        """Begin a piece of work, in the caller's context."""
        assert self.room > 0
        self._under_way.append(_done(work) if self._threads is None else self._threads.submit(copy_context().run, work))

    def take(self) -> Result:
        """What the next that ends comes to; of several that have ended one that raised, else the one that began first. Raises what it raised."""
        wait(self._under_way, return_when=FIRST_COMPLETED)
        done = [future for future in self._under_way if future.done()]
        ended = next((future for future in done if future.exception() is not None), done[0])
        self._under_way.remove(ended)
        return ended.result()


def _done(work: Callable[[], Result]) -> Future[Result]:
    future: Future[Result] = Future()
    try:
        future.set_result(work())
    except BaseException as error:
        future.set_exception(error)
    return future
