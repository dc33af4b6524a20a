"""A model's words on their way to who watches: batches of at most BATCH_SECONDS, in order, no event written for them.

In: pieces of a text as a model gives them. Out: frames `{type: "text", run_id, workflow_id, node, item_path?, call, number, text}` on the watching
connections; `number` counts a call's frames from 1, `call` tells one call of a node from the next. Best effort: nothing here fails or holds up the
call; the finished text is in the node run. Where nobody watches, nothing is sent and no thread begun.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from typing import Final

from chalicelib.live.publish import send_to_all
from chalicelib.settings import settings
from chalicelib.spec.model import JsonObject
from chalicelib.store import connections
from chalicelib.store.run_records import NodeAttempt

BATCH_SECONDS: Final = 0.05
LOOK_SECONDS: Final = 2.0  # how often it is asked who watches
_log: Final = logging.getLogger(__name__)

Watchers = Callable[[], Sequence[str]]
Send = Callable[[Sequence[str], JsonObject], None]


class TextStream:
    """One call's text. A context manager: what is left is sent at the end. `watchers` and `send` are handed in by tests."""

    def __init__(self, attempt: NodeAttempt, workflow_id: str, *, call: str, watchers: Watchers | None = None, send: Send | None = None) -> None:
        self._frame: JsonObject = {"type": "text", "run_id": attempt.run_id, "workflow_id": workflow_id, "node": attempt.node, "call": call}
        if attempt.item_path:
            self._frame["item_path"] = attempt.item_path
        topics = (attempt.run_id, workflow_id)
        self._watchers = watchers or (lambda: _watching(attempt.organisation_id, topics))
        self._send = send or _push
        self._seen: Sequence[str] = ()
        self._looked_at = float("-inf")
        self._pieces: list[str] = []
        self._number = 0
        self._ready = threading.Condition()
        self._closed = False
        self._thread: threading.Thread | None = None

    def add(self, piece: str) -> None:
        """Takes a piece; returns at once."""
        if not piece:
            return
        with self._ready:
            self._pieces.append(piece)
            if self._thread is None and not self._closed and self._is_watched():
                self._thread = threading.Thread(target=self._run, daemon=True, name="model's text")
                self._thread.start()
            self._ready.notify()

    @property
    def is_watched(self) -> bool:
        """Whether anybody would see it; asked of the table every LOOK_SECONDS at most."""
        return self._is_watched()

    def __enter__(self) -> "TextStream":
        return self

    def __exit__(self, *_: object) -> None:
        with self._ready:
            self._closed = True
            self._ready.notify()
        if self._thread is not None:
            self._thread.join(BATCH_SECONDS * 20)

    def _run(self) -> None:
        """Gathers for a moment, sends, until the call is over."""
        is_over = False
        while not is_over:
            with self._ready:
                self._ready.wait_for(lambda: self._pieces or self._closed)
                if not self._closed:
                    self._ready.wait(BATCH_SECONDS / 2)
                pieces, self._pieces = self._pieces, []
                is_over = self._closed
            self._give("".join(pieces))

    def _give(self, text: str) -> None:
        if not text:
            return
        self._number += 1
        try:
            if self._is_watched():
                self._send(self._seen, {**self._frame, "number": self._number, "text": text})
        except Exception:  # a push may never fail a call
            _log.info("a model's text was not pushed", exc_info=True)

    def _is_watched(self) -> bool:
        now = time.monotonic()
        if now - self._looked_at > LOOK_SECONDS:
            self._looked_at = now
            self._seen = self._safely_looked()
        return bool(self._seen)

    def _safely_looked(self) -> Sequence[str]:
        try:
            return self._watchers()
        except Exception:
            _log.info("nobody knows who watches", exc_info=True)
            return ()


def _watching(organisation_id: str, topics: tuple[str, str]) -> Sequence[str]:
    if not settings().websocket_endpoint:
        return ()
    return sorted(frozenset().union(*connections.list_watchers(organisation_id, topics).values()))


def _push(everyone: Sequence[str], frame: JsonObject) -> None:
    send_to_all(everyone, [frame])
