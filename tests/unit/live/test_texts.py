"""A model's text on its way to who watches: in order, in batches, without holding up the call."""

import threading
import time
from collections.abc import Sequence
from typing import Any

import pytest

from chalicelib.live.texts import BATCH_SECONDS, TextStream
from chalicelib.spec.model import JsonObject
from chalicelib.store.run_records import NodeAttempt

ATTEMPT = NodeAttempt(organisation_id="org_local", run_id="run_1", node="write", item_path="parts:2")


class Watching:
    """Connections that keep what they are sent, and when."""

    def __init__(self, *connections: str) -> None:
        self.connections = connections
        self.frames: list[JsonObject] = []
        self.looked = 0

    def watchers(self) -> Sequence[str]:
        self.looked += 1
        return self.connections

    def send(self, everyone: Sequence[str], frame: JsonObject) -> None:
        assert tuple(everyone) == self.connections
        self.frames.append(frame)

    def stream(self, **more: Any) -> TextStream:
        return TextStream(ATTEMPT, "wf_1", call="turn-1", **{"watchers": self.watchers, "send": self.send, **more})


def test_it_sends_all_of_it_in_order_and_in_batches() -> None:
    watching = Watching("a", "b")
    with watching.stream() as text:
        for number in range(500):
            text.add(f"{number} ")
    assert "".join(str(frame["text"]) for frame in watching.frames) == "".join(f"{number} " for number in range(500))
    assert [frame["number"] for frame in watching.frames] == list(range(1, len(watching.frames) + 1))
    assert len(watching.frames) < 250
    assert {name: value for name, value in watching.frames[0].items() if name not in ("number", "text")} == {
        "type": "text",
        "run_id": "run_1",
        "workflow_id": "wf_1",
        "node": "write",
        "item_path": "parts:2",
        "call": "turn-1",
    }


def test_it_sends_the_first_words_before_the_last_are_there() -> None:
    watching, came = Watching("a"), threading.Event()

    def send(everyone: Sequence[str], frame: JsonObject) -> None:
        watching.send(everyone, frame)
        came.set()

    with watching.stream(send=send) as text:
        text.add("Once")
        assert came.wait(BATCH_SECONDS * 100)
        text.add(" upon a time")
    assert [frame["text"] for frame in watching.frames] == ["Once", " upon a time"]


def test_it_begins_no_thread_where_nobody_watches() -> None:
    watching = Watching()
    before = threading.active_count()
    with watching.stream() as text:
        for _ in range(100):
            text.add("word ")
        assert threading.active_count() == before
    assert (watching.frames, watching.looked) == ([], 1)


def test_it_never_fails_or_holds_up_the_call() -> None:
    def broken(everyone: Sequence[str], frame: JsonObject) -> None:
        raise OSError("gone")

    began = time.monotonic()
    with Watching("a").stream(send=broken) as text:
        text.add("word")
    with Watching("a").stream(watchers=lambda: 1 / 0) as text:
        text.add("")
        text.add("word")
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("endpoint", ["", "http://127.0.0.1:1"])
def test_it_asks_the_table_who_watches(endpoint: str, aws: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from chalicelib.settings import settings

    monkeypatch.setenv("SLUICE_WEBSOCKET_ENDPOINT", endpoint)
    settings.cache_clear()
    with TextStream(ATTEMPT, "wf_1", call="turn-1") as text:
        text.add("word")
    settings.cache_clear()
