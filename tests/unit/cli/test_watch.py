"""A run's events, each once and in order, whatever the connection does."""

import itertools
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import Thread
from typing import Any

import pytest
from websockets.sync.server import ServerConnection, serve

from cli import watch as watching
from cli.api_client import RunEvent
from cli.client import Client
from tests.factories.cli_documents import RUN, event, text
from tests.factories.fake_api import Refusal, serving_api

EVENTS = f"GET /api/v1/workflows/runs/{RUN}/events"
TICKET = "POST /api/v1/live/tickets"


@contextmanager
def gateway(frames: Sequence[object]) -> Iterator[str]:
    """A WebSocket server that sends these frames to whoever subscribes, then says nothing more."""

    def converse(connection: ServerConnection) -> None:
        connection.recv()
        for frame in frames:
            connection.send(json.dumps(frame))
        for _ in connection:
            pass

    server = serve(converse, "127.0.0.1", 0)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"ws://127.0.0.1:{server.socket.getsockname()[1]}/?ticket=t"
    finally:
        server.shutdown()
        thread.join()


def numbers(client: Client) -> list[int]:
    return [each["number"] for each in itertools.islice(watching.watch(client, RUN), 20)]


def pages(*events: RunEvent) -> list[dict[str, Any]]:
    return [{"events": list(events), "next_since": 99}, {"events": [], "next_since": 99}]


def test_it_takes_what_is_pushed_in_order() -> None:
    frames = [event(1, "run_queued"), event(2, "run_started"), event(3, "run_succeeded")]
    with gateway(frames) as url, serving_api({TICKET: {"url": url}, EVENTS: {"events": [], "next_since": 0}}) as api:
        assert numbers(Client(api.url)) == [1, 2, 3]


def test_it_gets_what_a_gap_lacks_from_the_log() -> None:
    frames = [event(1, "run_queued"), event(3, "run_succeeded")]
    log = pages(event(2, "run_started"), event(3, "run_succeeded"))
    with gateway(frames) as url, serving_api({TICKET: {"url": url}, EVENTS: log}) as api:
        assert numbers(Client(api.url)) == [1, 2, 3]


def test_it_looks_at_the_log_when_nothing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "SILENCE_SECONDS", 0.05)
    with (
        gateway([{"type": "connected"}]) as url,
        serving_api({TICKET: {"url": url}, EVENTS: [{"events": [], "next_since": 0}, *pages(event(1, "run_failed"))]}) as api,
    ):
        assert numbers(Client(api.url)) == [1]


def test_it_goes_on_without_a_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "RETRY_SECONDS", 0.01)
    with serving_api({TICKET: {"url": "ws://127.0.0.1:9/"}, EVENTS: pages(event(1, "run_queued"), event(2, "run_cancelled"))}) as api:
        assert numbers(Client(api.url)) == [1, 2]


def test_it_hands_on_a_models_words_and_counts_them_among_no_events() -> None:
    frames = [event(1, "run_queued"), text(1, "Dear "), text(2, "Ada"), event(2, "run_started"), text(3, "."), event(3, "run_succeeded")]
    heard: list[str] = []
    with gateway(frames) as url, serving_api({TICKET: {"url": url}}) as api:
        told = list(watching.watch(Client(api.url), RUN, on_text=lambda frame: heard.append(frame["text"])))
        assert [asked for asked, _, _ in api.asked] == [TICKET]  # nothing had to be looked up
    assert [each["type"] for each in told] == ["run_queued", "run_started", "run_succeeded"]
    assert "".join(heard) == "Dear Ada."


def test_it_passes_over_words_that_nobody_wants() -> None:
    frames = [event(1, "run_queued"), text(2, "Dear"), event(2, "run_failed")]
    with gateway(frames) as url, serving_api({TICKET: {"url": url}}) as api:
        assert numbers(Client(api.url)) == [1, 2]


def test_it_hears_a_workflow_before_its_run_is_started() -> None:
    frames = [
        {"type": "connected"},
        {**event(1, "run_queued"), "run_id": "run_other"},
        event(1, "run_queued"),
        text(1, "Dear"),
        event(2, "run_failed"),
    ]
    log = [{"events": [], "next_since": 0}]
    heard: list[str] = []
    with gateway(frames) as url, serving_api({TICKET: {"url": url}, EVENTS: log}) as api:
        client = Client(api.url)
        with watching.ahead(client, "wf_1") as listening:
            told = list(watching.watch(client, RUN, on_text=lambda frame: heard.append(frame["text"]), listening=listening))
        assert [asked for asked, _, _ in api.asked].count(TICKET) == 1
    assert ([each["type"] for each in told], heard) == (["run_queued", "run_failed"], ["Dear"])


def test_it_watches_as_ever_where_it_could_not_listen_before() -> None:
    frames = [event(1, "run_queued"), event(2, "run_failed")]
    with gateway(frames) as url, serving_api({TICKET: [{"url": "ws://127.0.0.1:9/"}, {"url": url}]}) as api:
        client = Client(api.url)
        with watching.ahead(client, "wf_1") as listening:
            assert listening is None
            assert [each["number"] for each in watching.watch(client, RUN, listening=listening)] == [1, 2]


def test_it_goes_on_past_the_end_of_a_run_that_was_resumed() -> None:
    log = pages(event(1, "run_queued"), event(2, "run_failed"), event(3, "run_resumed"), event(4, "run_succeeded"))
    with serving_api({TICKET: Refusal(503, "unavailable"), EVENTS: log, f"GET /api/v1/workflows/runs/{RUN}": {"event_count": 4}}) as api:
        assert numbers(Client(api.url)) == [1, 2, 3, 4]
