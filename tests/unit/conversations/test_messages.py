"""Messages to people and their replies."""

import pytest

from chalicelib.access.principal import Principal
from chalicelib.access.scopes import ALL
from chalicelib.conversations.message import Outgoing, ask, send_message
from chalicelib.conversations.reply import list_waiting, reply
from chalicelib.errors import AlreadyReplied, MessageNotFound, RunEnded, RunNotFound
from chalicelib.spec.model import JsonObject
from chalicelib.store import answers, keys, table
from chalicelib.store.message_records import SentMessage
from chalicelib.store.run_records import Run
from chalicelib.store.statuses import NodeStatus, RunStatus
from chalicelib.store.values import load
from tests.factories.cloud import ANN, BOB, STRANGER, Cloud, Sent
from tests.factories.run_stories import TOKEN, attempt_at, check_journal, ended, node_of, now, started_run, told

HELLO = Outgoing(text="When do you arrive?", to="guest")


def asked(run: Run, node: str = "ask_guest", *, token: str = TOKEN, retry: int = 0) -> SentMessage:
    return ask(
        attempt_at(run, node, retry=retry), message=HELLO, token=token, deadline_seconds=60, settled={"enough": "true"} if retry == 0 else None
    )


def test_a_message_is_sent_once_for_each_visit(aws: Cloud) -> None:
    run = started_run()
    first = send_message(attempt_at(run, "tell"), message=HELLO)
    assert send_message(attempt_at(run, "tell", retry=1), message=HELLO).id == first.id
    assert send_message(attempt_at(run, "tell", visit=1), message=HELLO).id != first.id
    assert list_waiting(ANN, run.id) == ()


def test_who_is_asked_is_waited_for(aws: Cloud) -> None:
    run = started_run()
    message = asked(run)
    assert list_waiting(ANN, run.id) == (message,)
    assert now(run).status is RunStatus.WAITING
    assert told(run)[2:] == ["node_succeeded enough", "node_started ask_guest", "node_waiting ask_guest", "run_waiting"]
    check_journal(run)


def test_the_reply_is_recorded_and_sent(aws: Cloud) -> None:
    run = started_run()
    message = asked(run)
    replied = reply(ANN, run.id, text="At noon")
    assert (replied.reply, replied.replied_by) == ("At noon", "ann")
    output: JsonObject = {"message_id": message.id, "reply": "At noon"}
    assert aws.answers == [Sent(TOKEN, output)]
    assert load("org_local", node_of(run, "ask_guest").result) == output
    assert answers.list_undelivered("org_local") == ()
    assert list_waiting(ANN, run.id) == ()
    check_journal(run)


def test_the_first_reply_wins(aws: Cloud) -> None:
    run = started_run()
    message = asked(run)
    reply(ANN, run.id, text="At noon")
    with pytest.raises(AlreadyReplied, match="ann"):
        reply(BOB, run.id, text="At one", message_id=message.id)
    with pytest.raises(MessageNotFound):
        reply(BOB, run.id, text="At one")
    assert len(aws.answers) == 1


def test_a_new_token_is_answered(aws: Cloud) -> None:
    run = started_run()
    asked(run)
    asked(run, token="newer", retry=1)
    reply(ANN, run.id, text="At noon")
    asked(run, token="newest", retry=2)
    assert [sent.token for sent in aws.answers] == ["newer", "newest"]
    assert node_of(run, "ask_guest").status is NodeStatus.SUCCEEDED
    check_journal(run)


def test_a_reply_goes_to_the_message_that_is_meant(aws: Cloud) -> None:
    run = started_run()
    first, second = asked(run), asked(run, "ask_host")
    assert reply(ANN, run.id, text="x", node="ask_host").id == second.id
    assert reply(ANN, run.id, text="x").id == first.id


@pytest.mark.parametrize("message_id", ["msg_1", "gone"])
def test_what_waits_for_nothing_takes_no_reply(aws: Cloud, message_id: str) -> None:
    run, other = started_run(), started_run()
    elsewhere = asked(other)
    silent = send_message(attempt_at(run, "tell"), message=HELLO)
    for known in (message_id, elsewhere.id, silent.id):
        with pytest.raises(MessageNotFound):
            reply(ANN, run.id, text="x", message_id=known)
    with pytest.raises(MessageNotFound, match="nowhere"):
        reply(ANN, run.id, text="x", node="nowhere")
    with pytest.raises(RunNotFound):
        reply(STRANGER, run.id, text="x")


def test_an_ended_run_takes_no_reply(aws: Cloud) -> None:
    run = started_run()
    asked(run)
    ended(run, "ABORTED")
    with pytest.raises(RunEnded):
        reply(Principal("org_local", "ann", scopes=ALL), run.id, text="x")
    assert list_waiting(ANN, run.id) == ()


def test_the_token_stands_in_the_message_s_item_alone(aws: Cloud) -> None:
    run = started_run()
    message = asked(run)
    reply(ANN, run.id, text="x")
    stored = table.get(keys.message("org_local", message.id))
    assert stored is not None
    assert [name for name, value in stored.items() if TOKEN in str(value)] == ["task_token"]
    assert all(TOKEN not in str(item) for item in table.query_all(keys.run("org_local", run.id).pk))
