"""What a watcher of a run sees: the run's state, made of its events, and the words of its models as they come.

In: events and frames of text. Out: `Progress`: the run's status, its nodes in the order in which they began, and the end of what a model is saying in
each. Pure; knows neither the API nor the screen.
"""

from dataclasses import dataclass, field, replace
from typing import Any, Final

from cli.api_client import RunEvent
from cli.watch import Words

HEARD_CHARACTERS: Final = 2000  # of a call's text that are kept
_ENDED: Final = frozenset({"succeeded", "failed", "continued", "skipped"})
_NODE_STATUS: Final = {
    "node_started": "running",
    "node_waiting": "waiting",
    "node_resumed": "running",
    "node_retrying": "retrying",
    "node_succeeded": "succeeded",
    "node_failed": "failed",
    "node_skipped": "skipped",
    "gate_opened": "waiting",
    "gate_timed_out": "waiting",
}
_RUN_STATUS: Final = {
    "run_queued": "queued",
    "run_started": "running",
    "run_waiting": "waiting",
    "run_resumed": "running",
    "run_succeeded": "succeeded",
    "run_failed": "failed",
    "run_timed_out": "timed_out",
    "run_cancelled": "cancelled",
}


@dataclass(frozen=True)
class Line:
    """One node (of one item): what is known of it. Times are the events' own. Status `continued`: it failed, and the run goes on."""

    node: str
    item_path: str
    status: str
    since: str
    ended: str | None = None
    data: dict[str, Any] = field(default_factory=dict)
    retries: int = 0


@dataclass(frozen=True)
class Heard:
    """What a model has said so far in one call of a node, its end; `number` is that of the last frame."""

    call: str
    number: int
    text: str

    def and_then(self, frame: Words) -> "Heard":
        """With a frame more; what lies between is said to be missing."""
        gap = "" if frame["number"] == self.number + 1 else " … "
        return Heard(self.call, frame["number"], (self.text + gap + frame["text"])[-HEARD_CHARACTERS:])


@dataclass
class Progress:
    status: str = "queued"
    lines: dict[tuple[str, str], Line] = field(default_factory=dict)
    heard: dict[tuple[str, str], Heard] = field(default_factory=dict)
    error: dict[str, Any] | None = None
    open_gate: str | None = None  # the node whose gate was opened last and is not decided

    def take(self, event: RunEvent) -> None:
        """Move on by one event. Types that it does not know change nothing."""
        kind = event["type"]
        self.status = _RUN_STATUS.get(kind, self.status)
        if kind == "run_resumed" and event["data"].get("resume"):
            self.status, self.error, self.open_gate = "queued", None, None
        if kind in ("run_failed", "run_timed_out", "run_cancelled"):
            self.error = event["data"].get("error") or {}
        if kind in _NODE_STATUS and event.get("node"):
            self._take_node(event, _NODE_STATUS[kind])
        if kind == "gate_opened":
            self.open_gate = event["data"].get("gate_id")
        if kind in ("gate_decided", "gate_timed_out"):
            self.open_gate = None
        if kind == "gate_decided":
            self._learn(event)

    def hear(self, frame: Words) -> None:
        """Move on by a frame of text. One that comes late, or twice, changes nothing."""
        key = (frame["node"], frame.get("item_path") or "")
        line, before = self.lines.get(key), self.heard.get(key)
        if line is not None and line.status in _ENDED:
            return
        if before is None or before.call != frame["call"]:
            before = Heard(frame["call"], 0, "")
        if frame["number"] > before.number:
            self.heard[key] = before.and_then(frame)

    def _learn(self, event: RunEvent) -> None:
        """What an event tells of a node without changing its status."""
        key = (event["node"], event.get("item_path") or "")
        if key in self.lines:
            self.lines[key] = replace(self.lines[key], data={**self.lines[key].data, **event["data"]})

    def _take_node(self, event: RunEvent, status: str) -> None:
        key = (event["node"], event.get("item_path") or "")
        at = event.get("occurred_at") or event["at"]
        if _is_continued(event):
            status = "continued"
        line = self.lines.get(key) or Line(*key, status=status, since=at)
        ended = at if status in _ENDED else None
        if status in _ENDED or status == "retrying":
            self.heard.pop(key, None)
        retries = line.retries + (status == "retrying")
        self.lines[key] = replace(line, status=status, ended=ended, data={**line.data, **event["data"]}, retries=retries)


def _is_continued(event: RunEvent) -> bool:
    """Whether the event tells of a failure that the run goes on from as from a success."""
    data = event["data"]
    return bool(data.get("continued") or data.get("details", {}).get("continued"))
