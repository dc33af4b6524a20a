"""Short turns: the threads of the stack give the interpreter to one another every half millisecond.

Python's own turn is five milliseconds. An event goes through several threads on its way to a watcher, and so does a request; beside a busy one, each
would wait a turn out.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

SECONDS: Final = 0.0005


@contextmanager
def short_turns() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(SECONDS)
    try:
        yield
    finally:
        sys.setswitchinterval(before)
