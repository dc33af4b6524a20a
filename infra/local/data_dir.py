"""The directory that holds what survives a restart, one stack at a time.

In: a path. Out: `claimed`, a context that holds the directory's lock; `running`, who holds it. The lock is the kernel's: it is gone when its process
is, however that ended.
"""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO


class DataDirInUseError(RuntimeError):
    """Another stack uses the directory; the message says which."""


class Claim:
    """The lock file; `tell` writes into it what others are told."""

    def __init__(self, folder: Path, file: IO[str]) -> None:
        self.folder, self._file = folder, file

    def tell(self, url: str, websocket_url: str) -> None:
        self._file.seek(0)
        self._file.truncate()
        json.dump({"pid": os.getpid(), "url": url, "websocket_url": websocket_url}, self._file)
        self._file.flush()


@contextmanager
def claimed(folder: Path) -> Iterator[Claim]:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DataDirInUseError(_who(folder)) from None
        yield Claim(folder, file)
        file.seek(0)
        file.truncate()


def running(folder: Path) -> dict[str, str] | None:
    """What the stack that uses the directory says of itself ({pid, url, websocket_url}); None when nobody does."""
    try:
        with (folder / "lock").open("r+", encoding="utf-8") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                told: dict[str, str] = json.loads(file.read() or "{}")
                return told
    except OSError:
        pass
    return None


def _who(folder: Path) -> str:
    told = running(folder) or {}
    where = f"process {told['pid']} at {told['url']}" if "pid" in told else "another process that is just starting"
    return f"{folder} is in use by {where}: stop it, or choose another directory with --data"
