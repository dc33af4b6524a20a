"""A run's events as they happen, each once and in order, whatever happens to the connection.

In: a client and a run. Out: an iterator of events (`type`, `number`, `node`, `data`, …) that ends with the event that ends the run.
The log is the truth: a push is taken when it is the next in number; a gap, a duplicate, a silence or a lost connection ends in a look at the log.
A model's words as they come are no events: they go to `on_text`; no log has them, and their numbers count something else.
"""

import json
import time
from collections.abc import Callable, Iterator
from typing import Any, Final

from websockets.exceptions import WebSocketException
from websockets.sync.client import ClientConnection, connect

from cli.client import Client, Problem, Unreachable

Event = dict[str, Any]
OnText = Callable[[Event], None]
ENDINGS: Final = frozenset({"run_succeeded", "run_failed", "run_timed_out", "run_cancelled"})
SILENCE_SECONDS: Final = 5
RETRY_SECONDS: Final = 0.5


def watch(client: Client, run_id: str, *, on_text: OnText | None = None) -> Iterator[Event]:
    """From the run's first event to its last."""
    seen = 0
    for event in _as_told(client, run_id):
        if event is not None and event["type"] == "text":
            if on_text is not None:
                on_text(event)
            continue
        news = [event] if event is not None and event["number"] == seen + 1 else _logged(client, run_id, seen)
        for each in news:
            seen = each["number"]
            yield each
            if each["type"] in ENDINGS:
                return


def _as_told(client: Client, run_id: str) -> Iterator[Event | None]:
    """Events and texts as the connection brings them, for ever; None says: look at the log."""
    while True:
        try:
            ticket = client.post("/api/v1/live/tickets")
            with connect(ticket["url"], open_timeout=5) as connection:
                connection.send(json.dumps({"action": "subscribe", "run_id": run_id}))
                yield from _frames(connection)
        except (OSError, WebSocketException, Problem, Unreachable):
            time.sleep(RETRY_SECONDS)
            yield None


def _frames(connection: ClientConnection) -> Iterator[Event | None]:
    while True:
        try:
            frame = json.loads(connection.recv(timeout=SILENCE_SECONDS))
        except TimeoutError:
            connection.send(json.dumps({"action": "ping"}))
            yield None
            continue
        yield frame if "number" in frame else None


def _logged(client: Client, run_id: str, since: int) -> Iterator[Event]:
    """What the log has after `since`."""
    while True:
        page = client.get(f"/api/v1/workflows/runs/{run_id}/events", since=since)
        yield from page["events"]
        if not page["events"]:
            return
        since = page["next_since"]
