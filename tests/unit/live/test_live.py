"""Live watching: a ticket once, a connection, frames in order to whoever watches."""

import pytest

from chalicelib.clock import epoch_seconds
from chalicelib.errors import RunNotFound, TicketInvalid, WorkflowNotFound
from chalicelib.live.connections import connect, disconnect, subscribe, unsubscribe
from chalicelib.live.legacy import legacy_frame
from chalicelib.live.publish import event_frame, publish, send
from chalicelib.live.tickets import issue, redeem
from chalicelib.runs.nodes import node_started, node_succeeded
from chalicelib.store import connections, keys, table
from chalicelib.store.run_records import Run
from tests.factories.cloud import ANN, STRANGER, Cloud, cloud
from tests.factories.run_stories import attempt_at, events_of, started_run


def connected(connection_id: str = "one") -> str:
    connect(connection_id, ticket=issue(ANN).ticket)
    return connection_id


def heard(aws: Cloud, connection_id: str) -> list[object]:
    return [frame["number"] for to, frame in aws.frames if to == connection_id]


def test_a_ticket_opens_one_connection_once(aws: Cloud) -> None:
    issued = issue(ANN)
    assert issued.url == f"wss://sockets.test/api?ticket={issued.ticket}"
    assert redeem(issued.ticket) == ANN
    with pytest.raises(TicketInvalid):
        redeem(issued.ticket)


@pytest.mark.parametrize("ticket", ["", "guessed"])
def test_a_guess_opens_nothing(aws: Cloud, ticket: str) -> None:
    with pytest.raises(TicketInvalid):
        connect("one", ticket=ticket)


def test_an_old_ticket_opens_nothing(aws: Cloud) -> None:
    issued = issue(ANN)
    (pk,) = [item["PK"] for item in all_items() if "TICKET#" in item["PK"]]
    table.write(table.assign(keys.Key(pk, "TICKET"), {"expires_at": epoch_seconds()}))
    with pytest.raises(TicketInvalid):
        redeem(issued.ticket)


def test_the_secret_itself_is_not_stored(aws: Cloud) -> None:
    issued = issue(ANN)
    assert issued.ticket not in str(all_items())


def test_who_watches_a_run_hears_its_events_in_order(aws: Cloud) -> None:
    run = started_run()
    connected("one")
    connected("two")
    for connection_id in ("one", "two"):
        subscribe(connection_id, run_id=run.id)
    story(run)
    assert heard(aws, "one") == heard(aws, "two") == [2, 3, 4]
    frame = next(frame for to, frame in aws.frames if frame["number"] == 3)
    assert {**frame, "at": ""} == {
        "type": "node_started",
        "run_id": run.id,
        "workflow_id": run.workflow_id,
        "number": 3,
        "at": "",
        "node": "search",
        "data": {"attempt": 1},
    }


def test_who_watches_a_workflow_hears_all_its_runs_once(aws: Cloud) -> None:
    run = started_run()
    connected()
    subscribe("one", workflow_id=run.workflow_id)
    subscribe("one", run_id=run.id)
    story(run)
    assert heard(aws, "one") == [2, 3, 4]


def test_a_subscription_gives_what_was_missed(aws: Cloud) -> None:
    run = started_run()
    story(run)
    connected()
    assert [event.number for event in subscribe("one", run_id=run.id, since=2)] == [3, 4]
    assert subscribe("one", run_id=run.id) == ()


def test_who_watches_no_longer_hears_nothing(aws: Cloud) -> None:
    run = started_run()
    for connection_id, leave in (("one", unsubscribe), ("two", None)):
        connected(connection_id)
        subscribe(connection_id, run_id=run.id)
        if leave:
            leave(connection_id, run_id=run.id)
    disconnect("two")
    disconnect("unknown")
    unsubscribe("unknown", run_id=run.id)
    story(run)
    assert aws.frames == []


def test_a_connection_that_is_gone_is_forgotten(aws: Cloud) -> None:
    run = started_run()
    for connection_id in ("one", "two"):
        connected(connection_id)
        subscribe(connection_id, run_id=run.id)
    aws.refuse("apigatewaymanagementapi:PostToConnection", "GoneException", status=410)
    story(run)
    assert sum(connections.find_connection(one) is not None for one in ("one", "two")) == 1
    assert len(connections.list_watchers("org_local", [run.id])[run.id]) == 1


def test_who_asks_for_old_names_hears_them_beside_who_does_not(aws: Cloud) -> None:
    run = started_run()
    for connection_id in ("old", "new"):
        connected(connection_id)
        subscribe(connection_id, run_id=run.id, legacy=connection_id == "old")
    story(run)
    told = {to: [(frame["type"], frame.get("event")) for each, frame in aws.frames if each == to] for to in ("old", "new")}
    assert [name for name, _ in told["old"]] == ["started", "step_started", "step_completed"]
    assert [event for _, event in told["old"]] == [name for name, _ in told["new"]] == ["run_started", "node_started", "node_succeeded"]
    assert heard(aws, "old") == heard(aws, "new") == [2, 3, 4]


def test_who_left_hears_no_old_names_either(aws: Cloud) -> None:
    run = started_run()
    connected()
    subscribe("one", run_id=run.id, legacy=True)
    unsubscribe("one", run_id=run.id)
    subscribe("one", run_id=run.id)
    story(run)
    assert "step_started" not in [frame["type"] for _, frame in aws.frames]


def test_every_end_of_a_run_has_an_old_name() -> None:
    ends = ("run_succeeded", "run_failed", "run_timed_out", "run_cancelled")
    assert [legacy_frame({"type": end})["type"] for end in ends] == ["completed", "failed", "failed", "failed"]
    assert legacy_frame({"type": "gate_opened"}) == {"type": "gate_opened"}


def test_a_push_that_fails_fails_nothing(aws: Cloud) -> None:
    run = started_run()
    connected()
    subscribe("one", run_id=run.id)
    aws.refuse("apigatewaymanagementapi:PostToConnection", "LimitExceededException", status=429)
    story(run)
    assert heard(aws, "one") == [3, 4]
    aws.refuse("dynamodb:BatchGetItem", "ResourceNotFoundException")
    publish(events_of(run))


def test_nobody_is_pushed_to_where_there_is_no_gateway() -> None:
    with cloud(SLUICE_WEBSOCKET_ENDPOINT="") as aws:
        run = started_run()
        aws.calls.clear()
        publish(events_of(run))
        publish([])
        assert "dynamodb:BatchGetItem" not in aws.calls


def test_it_says_whether_a_connection_is_there(aws: Cloud) -> None:
    assert send("one", {"type": "pong"})
    aws.refuse("apigatewaymanagementapi:PostToConnection", "GoneException", status=410)
    assert not send("one", {"type": "pong"})


def test_only_what_is_there_can_be_watched(aws: Cloud) -> None:
    run = started_run()
    connected()
    connect("stranger", ticket=issue(STRANGER).ticket)
    with pytest.raises(RunNotFound):
        subscribe("stranger", run_id=run.id)
    with pytest.raises(WorkflowNotFound):
        subscribe("stranger", workflow_id=run.workflow_id)
    with pytest.raises(RunNotFound):
        subscribe("one")
    with pytest.raises(TicketInvalid):
        subscribe("unknown", run_id=run.id)


def test_an_old_connection_watches_nothing(aws: Cloud) -> None:
    run = started_run()
    connected()
    table.write(table.assign(keys.connection("one"), {"expires_at": 1}))
    with pytest.raises(TicketInvalid):
        subscribe("one", run_id=run.id)


def test_a_frame_leaves_out_what_is_empty(aws: Cloud) -> None:
    event = events_of(started_run())[0]
    assert set(event_frame(event)) == {"type", "run_id", "workflow_id", "number", "at", "data"}


def story(run: Run) -> None:
    node_started(attempt_at(run, "search"))
    node_succeeded(attempt_at(run, "search"), result=1)


def all_items() -> list[dict[str, str]]:
    from chalicelib.settings import settings
    from chalicelib.store.clients import client
    from chalicelib.store.items import decode

    return [decode(item) for item in client("dynamodb").scan(TableName=settings().table)["Items"]]
