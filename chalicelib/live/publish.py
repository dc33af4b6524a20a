"""Push events to the connections that watch their run or workflow. Best effort: never fails, never waits long; the log has what a push lost."""

from collections.abc import Sequence

from chalicelib.spec.model import JsonObject
from chalicelib.store.run_records import RunEvent


def publish(events: Sequence[RunEvent]) -> None:
    """Send each event as one frame, in order, to every watcher; forget connections that are gone. Never raises."""
    raise NotImplementedError


def event_frame(event: RunEvent) -> JsonObject:
    """The event as clients see it, in frames and in the API: `{type: "run_started", run_id, workflow_id, number, at, occurred_at?, node?,
    item_path?, data}`."""
    raise NotImplementedError


def send(connection_id: str, frame: JsonObject) -> bool:
    """Send one frame to one connection (`connected`, `pong`, missed events); False when it is gone."""
    raise NotImplementedError
