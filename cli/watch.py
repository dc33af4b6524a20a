"""A run's events as they happen, each once and in order, whatever happens to the connection.

In: a client and a run. Out: an iterator of events (`type`, `number`, `node`, `data`, …) that ends with the event that ends the run, the last one
where it was resumed. The log is the truth: a push is taken when it is the next in number; a gap, a duplicate, a silence or a lost connection ends
in a look at the log. A model's words as they come are no events: they go to `on_text`; no log has them, and their numbers count something else."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any, Final, Literal, NotRequired, TypedDict

from websockets.exceptions import WebSocketException
from websockets.sync.client import ClientConnection, connect

from cli.api_client import Api, RunEvent
from cli.client import Client, Problem, Unreachable

ENDINGS: Final = frozenset({"run_succeeded", "run_failed", "run_timed_out", "run_cancelled"})
SILENCE_SECONDS: Final = 5
RETRY_SECONDS: Final = 0.5


class Words(TypedDict):
    """A frame of what a model says, as it comes; `call` names the model call, `number` counts its frames."""

    type: Literal["text"]
    run_id: str
    node: str
    item_path: NotRequired[str]
    call: str
    number: int
    text: str


Frame = RunEvent | Words
OnText = Callable[[Words], None]


@dataclass(frozen=True)
class Ahead:
    """A connection that hears a workflow's runs, from before one of them is started: a model may speak before a connection for the run is made."""

    workflow_id: str
    connection: ClientConnection

    def frames(self, run_id: str) -> Iterator[Frame | None]:
        """From now on of this run alone."""
        self.connection.send(json.dumps({"action": "subscribe", "run_id": run_id}))
        self.connection.send(json.dumps({"action": "unsubscribe", "workflow_id": self.workflow_id}))
        for frame in _frames(self.connection):
            yield frame if frame is not None and frame["run_id"] == run_id else None


@contextmanager
def ahead(client: Client, workflow_id: str) -> Iterator[Ahead | None]:
    """None where no connection can be had: the run is then watched as any other."""
    with ExitStack() as held:
        try:
            connection = held.enter_context(_connection(client, {"workflow_id": workflow_id}))
            connection.recv(timeout=SILENCE_SECONDS)  # it is subscribed
        except (OSError, WebSocketException, Problem, Unreachable):
            yield None
        else:
            yield Ahead(workflow_id, connection)


def watch(client: Client, run_id: str, *, on_text: OnText | None = None, listening: Ahead | None = None) -> Iterator[RunEvent]:
    """From the run's first event to its last."""
    seen = 0
    for frame in _as_told(client, run_id, listening):
        if frame is not None and frame["type"] == "text":
            if on_text is not None:
                on_text(frame)
            continue
        is_pushed = frame is not None and frame["number"] == seen + 1
        news = [frame] if frame is not None and is_pushed else _logged(client, run_id, seen)
        for each in news:
            seen = each["number"]
            yield each
            if each["type"] in ENDINGS and (is_pushed or not _goes_on(client, run_id, seen)):
                return


def _goes_on(client: Client, run_id: str, seen: int) -> bool:
    """Whether the run was resumed after that event: then its story is longer."""
    try:
        return Api(client).runs_get_run(run_id)["event_count"] > seen
    except (Problem, Unreachable):
        return False


def _as_told(client: Client, run_id: str, listening: Ahead | None) -> Iterator[Frame | None]:
    """Events and texts as the connection brings them, for ever; None says: look at the log."""
    while True:
        try:
            if listening is not None:
                first, listening = listening, None
                yield from first.frames(run_id)
            with _connection(client, {"run_id": run_id}) as connection:
                yield from _frames(connection)
        except (OSError, WebSocketException, Problem, Unreachable):
            time.sleep(RETRY_SECONDS)
            yield None


@contextmanager
def _connection(client: Client, topic: dict[str, str]) -> Iterator[ClientConnection]:
    ticket = Api(client).live_issue_ticket()
    with connect(ticket["url"], open_timeout=5) as connection:
        connection.send(json.dumps({"action": "subscribe", **topic}))
        yield connection


def _frames(connection: ClientConnection) -> Iterator[Frame | None]:
    while True:
        try:
            frame: Any = json.loads(connection.recv(timeout=SILENCE_SECONDS))
        except TimeoutError:
            connection.send(json.dumps({"action": "ping"}))
            yield None
            continue
        yield frame if "number" in frame else None


def _logged(client: Client, run_id: str, since: int) -> Iterator[RunEvent]:
    """What the log has after `since`."""
    after: int | None = since
    while True:
        page = Api(client).runs_list_events(run_id, since=after)
        yield from page["events"]
        if not page["events"]:
            return
        after = page["next_since"]
