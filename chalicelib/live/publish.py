"""Push events to the connections that watch their run or workflow. Best effort: never fails, never waits long; the log has what a push lost.

In: events that are written. Out: one frame per event and watcher, in order for each watcher. A connection that is gone is forgotten.
"""

import json
import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import Final

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.live.legacy import legacy_frame
from chalicelib.settings import settings
from chalicelib.spec.model import Json, JsonObject
from chalicelib.store import connections
from chalicelib.store.clients import client
from chalicelib.store.run_records import RunEvent

_THREADS: Final = 16
_log: Final = logging.getLogger(__name__)


def publish(events: Sequence[RunEvent]) -> None:
    """Send each event as one frame, in order, to every watcher; forget connections that are gone. Never raises."""
    if not events or not settings().websocket_endpoint:
        return
    try:
        _publish(events)
    except Exception:  # a push may never fail a run
        _log.warning("events not pushed", exc_info=True, extra={"run_id": events[0].run_id})


def event_frame(event: RunEvent) -> JsonObject:
    """The event as clients see it, in frames and in the API: `{type: "run_started", run_id, workflow_id, number, at, occurred_at?, node?,
    item_path?, data}`."""
    frame: JsonObject = {"type": event.type, "run_id": event.run_id, "workflow_id": event.workflow_id, "number": event.number, "at": event.at}
    optional: dict[str, Json] = {"occurred_at": event.occurred_at, "node": event.node, "item_path": event.item_path}
    return frame | {name: value for name, value in optional.items() if value} | {"data": event.data}


def send(connection_id: str, frame: JsonObject) -> bool:
    """Send one frame to one connection (`connected`, `pong`, missed events); False when it is gone."""
    gateway = client("apigatewaymanagementapi", endpoint_url=settings().websocket_endpoint)
    try:
        gateway.post_to_connection(ConnectionId=connection_id, Data=json.dumps(frame, ensure_ascii=False).encode())
    except gateway.exceptions.GoneException:
        return False
    except (ClientError, BotoCoreError) as fault:
        _log.info("frame not sent", extra={"connection_id": connection_id, "fault": str(fault)})
    return True


def _publish(events: Sequence[RunEvent]) -> None:
    organisation_id, run_id, workflow_id = events[0].organisation_id, events[0].run_id, events[0].workflow_id
    watching = connections.watching(organisation_id, (run_id, workflow_id))
    everyone = frozenset[str]().union(*watching.by_topic.values())
    frames = [event_frame(event) for event in events]
    gone = _gone(everyone - watching.legacy, frames) + _gone(everyone & watching.legacy, [legacy_frame(frame) for frame in frames])
    for connection_id in gone:
        connections.forget(connection_id)
        for topic in (topic for topic, ids in watching.by_topic.items() if connection_id in ids):
            connections.drop_watcher(organisation_id, topic, connection_id)


def _gone(listening: frozenset[str], frames: Sequence[JsonObject]) -> list[str]:
    """Send to all of them; who is there no longer."""
    ordered = sorted(listening)
    return [each for each, is_alive in zip(ordered, send_to_all(ordered, frames), strict=True) if not is_alive]


def send_to_all(everyone: Sequence[str], frames: Sequence[JsonObject]) -> list[bool]:
    """Each connection its frames in order; which of them are still there."""
    if len(everyone) <= 1:
        return [_send_all(connection_id, frames) for connection_id in everyone]
    return list(_pool().map(lambda connection_id: _send_all(connection_id, frames), everyone))


def _send_all(connection_id: str, frames: Sequence[JsonObject]) -> bool:
    return all(send(connection_id, frame) for frame in frames)


@lru_cache(maxsize=1)
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(_THREADS, thread_name_prefix="push")
