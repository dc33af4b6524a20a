"""Run events under the names that earlier clients know.

In: a frame. Out: the same frame under the old name, its own name in `event`; what has no old name is left as it is. Never: a change of what it tells.
"""

from collections.abc import Mapping
from typing import Final

from chalicelib.spec.model import JsonObject
from chalicelib.store.statuses import EventType

OLD_NAMES: Final[Mapping[str, str]] = {
    EventType.RUN_STARTED: "started",
    EventType.NODE_STARTED: "step_started",
    EventType.NODE_SUCCEEDED: "step_completed",
    EventType.NODE_FAILED: "step_completed",
    EventType.RUN_SUCCEEDED: "completed",
    EventType.RUN_FAILED: "failed",
    EventType.RUN_TIMED_OUT: "failed",
    EventType.RUN_CANCELLED: "failed",
}


def legacy_frame(frame: JsonObject) -> JsonObject:
    """The frame of an event under its old name."""
    old = OLD_NAMES.get(str(frame["type"]))
    return frame if old is None else {**frame, "type": old, "event": frame["type"]}
