"""Code changes are picked up: the app's code in place, so that executions go on; the stack's own and the templates by a restart of the process.

In: the project's files, looked at twice a second. Out: `stack.reload()`, or a restart. A change that cannot be imported is told and the old code
goes on.
"""

import sys
import threading
import traceback
from collections.abc import Callable, Iterable, Iterator
from enum import Enum
from pathlib import Path
from typing import Final

from infra.local.project import Project

LOOK_SECONDS: Final = 0.5
SETTLE_SECONDS: Final = 0.2
_CODE: Final = ("app.py", "chalicelib", ".chalice")
_GROUND: Final = ("infra",)
_SUFFIXES: Final = frozenset({".py", ".json", ".yaml"})
_Stamps = dict[Path, tuple[int, int]]


class Changed(Enum):
    """What a change asks for."""

    CODE = "code"
    GROUND = "ground"


class Watcher:
    def __init__(self, project: Project, *, code: Iterable[str] = _CODE, ground: Iterable[str] = _GROUND) -> None:
        self._folder = project.folder
        self._watched = {Changed.CODE: tuple(code), Changed.GROUND: tuple(ground)}
        self._seen = {kind: self._stamps(kind) for kind in Changed}
        self._closed = threading.Event()

    def look(self) -> Changed | None:
        """What has changed since the last look; the ground counts more."""
        found = None
        for kind in Changed:
            stamps = self._stamps(kind)
            if stamps != self._seen[kind]:
                self._seen[kind] = stamps
                found = kind
        return found

    def watch(self, reload: Callable[[], None], restart: Callable[[], None]) -> None:
        """Look until closed, in this thread."""
        while not self._closed.wait(LOOK_SECONDS):
            match self._settled(self.look()):
                case Changed.CODE:
                    take(reload)
                case Changed.GROUND:
                    restart()
                    return
                case None:
                    pass

    def close(self) -> None:
        self._closed.set()

    def _settled(self, found: Changed | None) -> Changed | None:
        """Editors and version control write many files: what has changed once they are done. The ground counts more."""
        more = found
        while more is not None and not self._closed.wait(SETTLE_SECONDS):
            more = self.look()
            found = more if more is Changed.GROUND else found
        return found

    def _stamps(self, kind: Changed) -> _Stamps:
        stamps = {}
        for path in _files(self._folder, self._watched[kind]):
            try:
                status = path.stat()
            except FileNotFoundError:
                continue
            stamps[path] = (status.st_mtime_ns, status.st_size)
        return stamps


def take(reload: Callable[[], None]) -> bool:
    """Reload and say so; a fault is shown, not raised."""
    try:
        reload()
    except Exception:  # whatever the app's code raises when imported
        traceback.print_exc(limit=-3)
        print("sluice: the change cannot be imported; the code before it goes on", file=sys.stderr, flush=True)
        return False
    print("sluice: code taken anew; runs in flight go on", file=sys.stderr, flush=True)
    return True


def _files(folder: Path, names: Iterable[str]) -> Iterator[Path]:
    for name in names:
        path = folder / name
        if path.is_file():
            yield path
        elif path.is_dir():
            yield from (file for file in path.rglob("*") if file.suffix in _SUFFIXES and "__pycache__" not in file.parts)
