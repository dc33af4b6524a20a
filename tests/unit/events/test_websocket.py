"""Live connections, from their events to the frames that are sent."""

from collections.abc import Iterator
from typing import Any

import pytest

import app
from chalicelib.live.tickets import issue
from chalicelib.runs.nodes import node_started
from chalicelib.runs.start import start
from chalicelib.store import connections
from chalicelib.store.run_records import NodeAttempt, Run
from tests.factories.api_events import context, websocket_event
from tests.factories.cloud import ANN, Cloud, cloud, published


@pytest.fixture
def aws() -> Iterator[Cloud]:
    with cloud() as found:
        yield found


def connected(connection_id: str = "C1=") -> None:
    answer = app.ws_connect(websocket_event("CONNECT", query={"ticket": issue(ANN).ticket}, connection_id=connection_id), context())
    assert answer == {"statusCode": 200}


def say(message: object) -> Any:
    return app.ws_message(websocket_event("MESSAGE", body=message), context())


def frames(aws: Cloud) -> list[Any]:
    return [frame for _, frame in aws.frames]


def a_run() -> Run:
    return start(ANN, workflow_id=published().workflow_id, input={"city": "Bonn"})


@pytest.mark.usefixtures("aws")
@pytest.mark.parametrize("query", [None, {}, {"ticket": "guessed"}])
def test_it_refuses_a_connection_without_a_ticket(query: dict[str, str] | None) -> None:
    assert app.ws_connect(websocket_event("CONNECT", query=query), context()) == {"statusCode": 401}


@pytest.mark.usefixtures("aws")
def test_it_takes_a_ticket_once() -> None:
    ticket = issue(ANN).ticket
    answers = [app.ws_connect(websocket_event("CONNECT", query={"ticket": ticket}, connection_id=name), context()) for name in ("C1=", "C2=")]
    assert [answer["statusCode"] for answer in answers] == [200, 401]


def test_it_answers_a_ping(aws: Cloud) -> None:
    connected()
    assert say({"action": "ping"}) == {"statusCode": 200}
    assert frames(aws) == [{"type": "pong"}]


def test_it_sends_what_was_missed_and_then_what_happens(aws: Cloud) -> None:
    run = a_run()
    connected()
    say({"action": "subscribe", "run_id": run.id, "since": 0})
    assert frames(aws)[0] == {"type": "connected", "run_id": run.id}
    assert frames(aws)[1]["type"] == "run_queued"
    node_started(NodeAttempt(organisation_id="org_local", run_id=run.id, node="search"))
    numbers = [frame["number"] for frame in frames(aws)[1:]]
    assert numbers == list(range(1, len(numbers) + 1))
    assert frames(aws)[-1]["type"] == "node_started"


def test_it_watches_all_runs_of_a_workflow(aws: Cloud) -> None:
    run = a_run()
    connected()
    say({"action": "subscribe", "workflow_id": run.workflow_id})
    node_started(NodeAttempt(organisation_id="org_local", run_id=run.id, node="search"))
    assert frames(aws)[0]["type"] == "connected"
    assert frames(aws)[-1]["run_id"] == run.id


def test_it_watches_the_workflow_that_the_address_names_under_the_names_that_it_asks_for(aws: Cloud) -> None:
    run = a_run()
    for name, more in (("old", {"names": "legacy"}), ("new", {})):
        query = {"ticket": issue(ANN).ticket, "workflow_id": run.workflow_id, **more}
        assert app.ws_connect(websocket_event("CONNECT", query=query, connection_id=name), context()) == {"statusCode": 200}
    node_started(NodeAttempt(organisation_id="org_local", run_id=run.id, node="search"))
    told = {to: [frame["type"] for each, frame in aws.frames if each == to][-1] for to in ("old", "new")}
    assert told == {"old": "step_started", "new": "node_started"}


def test_it_opens_no_connection_for_a_workflow_that_one_may_not_watch(aws: Cloud) -> None:
    query = {"ticket": issue(ANN).ticket, "workflow_id": "wf_0"}
    assert app.ws_connect(websocket_event("CONNECT", query=query), context()) == {"statusCode": 404}
    assert connections.find_connection("C1=") is None


def test_it_sends_what_was_missed_under_old_names(aws: Cloud) -> None:
    run = a_run()
    connected()
    node_started(NodeAttempt(organisation_id="org_local", run_id=run.id, node="search"))
    say({"action": "subscribe", "run_id": run.id, "since": 1, "names": "legacy"})
    assert frames(aws)[0]["type"] == "connected"
    assert frames(aws)[-1]["type"] == "step_started"


@pytest.mark.parametrize("end", ["unsubscribe", "disconnect"])
def test_it_sends_nothing_any_more_to_who_left(aws: Cloud, end: str) -> None:
    run = a_run()
    connected()
    say({"action": "subscribe", "run_id": run.id})
    if end == "disconnect":
        app.ws_disconnect(websocket_event("DISCONNECT"), context())
    else:
        say({"action": "unsubscribe", "run_id": run.id})
    before = len(aws.frames)
    node_started(NodeAttempt(organisation_id="org_local", run_id=run.id, node="search"))
    assert len(aws.frames) == before


@pytest.mark.parametrize(
    ("message", "code"),
    [
        (None, "message-invalid"),
        ("hello", "message-invalid"),
        ({}, "message-invalid"),
        ({"action": "shout"}, "message-invalid"),
        ({"action": "subscribe", "run_id": 7}, "message-invalid"),
        ({"action": "subscribe", "run_id": "run_0", "since": -1}, "message-invalid"),
        ({"action": "subscribe", "run_id": "run_0"}, "run-not-found"),
        ({"action": "subscribe", "workflow_id": "wf_0"}, "workflow-not-found"),
        ({"action": "subscribe"}, "run-not-found"),
    ],
)
def test_it_tells_the_client_what_it_cannot_do(aws: Cloud, message: object, code: str) -> None:
    connected()
    assert say(message) == {"statusCode": 200}
    (frame,) = frames(aws)
    assert (frame["type"], frame["code"]) == ("error", code)


def test_it_tells_a_connection_that_it_does_not_know(aws: Cloud) -> None:
    say({"action": "subscribe", "run_id": a_run().id})
    assert frames(aws)[0]["code"] == "ticket-invalid"


def test_it_stops_telling_a_connection_that_is_gone(aws: Cloud) -> None:
    run = a_run()
    connected()
    aws.refuse("apigatewaymanagementapi:PostToConnection", "GoneException", status=410)
    assert say({"action": "subscribe", "run_id": run.id, "since": 0}) == {"statusCode": 200}
    assert aws.frames == []
