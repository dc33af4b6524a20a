"""What comes in by a channel is kept once and in order, with who said it; and what a message leads to."""

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.channels.channel import InboundRequest
from chalicelib.channels.inbound import (
    AccountCame,
    Address,
    Came,
    ChoiceCame,
    DeliveryCame,
    DeliveryStatus,
    EditCame,
    LocationCame,
    MediaCame,
    ReactionCame,
    Unknown,
)
from chalicelib.conversations import channels
from chalicelib.conversations.delivery import ORDER, forward
from chalicelib.conversations.envelope import read
from chalicelib.conversations.receive import receive
from chalicelib.conversations.routing import fitted
from chalicelib.conversations.webhook import take
from chalicelib.errors import SignatureInvalid
from chalicelib.events.inbound import inbound
from chalicelib.runs.query import get_input, get_run, list_runs
from chalicelib.spec.model import JsonObject
from chalicelib.store import conversations, keys, table
from chalicelib.store.channel_records import ChannelRecord
from chalicelib.store.conversation_records import ConversationMessage, MessageStatus
from tests.factories.api_events import context
from tests.factories.channel_stories import (
    AT,
    DORA,
    OTHER,
    a_channel,
    a_text,
    a_word,
    batch_of,
    call,
    channel_cloud,
    deliver,
    envelope,
    origin,
    post,
    queued,
)
from tests.factories.cloud import ANN, Cloud, published
from tests.factories.trigger_stories import greeting

ID = Address("scoped_id", "US.13491208655302741918")


@pytest.fixture(autouse=True)
def aws() -> Iterator[Cloud]:
    with channel_cloud() as found:
        yield found


def heard(channel: ChannelRecord, *came: Came) -> list[ConversationMessage]:
    """Received, each for the first time or again."""
    found = [receive(envelope(channel, each)) for each in came]
    return [each for each in found if each is not None]


def everything() -> list[ConversationMessage]:
    """All messages of all conversations, in order."""
    pages = [conversations.list_messages("org_local", each.id, limit=1_000) for each in all_conversations()]
    return [message for page in pages for message in reversed(page.messages)]


def all_conversations() -> Sequence[Any]:
    return conversations.list_page("org_local", limit=1_000, cursor=None).conversations


def answering(name: str = "greeting", **properties: Any) -> str:
    return published({**greeting(**properties), "name": name}).workflow_id


def test_it_keeps_a_message_once_with_who_said_it() -> None:
    channel = a_channel()
    first, again = heard(channel, a_text("hello"), a_text("hello"))
    assert first == again
    assert (first.text, first.number, first.direction, first.kind, first.vendor_id, first.at) == ("hello", 1, "inbound", "TextCame", "wamid.1", AT)
    (conversation,) = all_conversations()
    assert (conversation.name, conversation.text, conversation.message_count) == ("Dora", "hello", 1)
    assert everything() == [first]


def test_it_keeps_messages_in_the_order_in_which_they_came() -> None:
    channel = a_channel()
    heard(channel, *(a_text(str(number), f"wamid.{number}") for number in range(12)))
    assert [(message.number, message.text) for message in everything()] == [(number + 1, str(number)) for number in range(12)]


def test_it_knows_a_person_by_each_of_their_addresses() -> None:
    channel, other = a_channel(), a_channel(name="sales", account="2")
    one, both, by_id = heard(channel, a_text("1", "1", (DORA,)), a_text("2", "2", (DORA, ID)), a_text("3", "3", (ID,)))
    assert one.contact_id == both.contact_id == by_id.contact_id
    assert by_id.number == 3
    (elsewhere,) = heard(other, a_text("4", "1", (DORA,)))  # the vendor's ids are each channel's own
    assert elsewhere.contact_id != one.contact_id


def test_it_marks_what_it_received_for_longer_than_a_vendor_sends_again() -> None:
    channel = a_channel()
    heard(channel, a_text())
    item = table.get(keys.received("org_local", envelope(channel, a_text()).digest))
    assert item is not None
    assert item["expires_at"] > 7 * 86_400 + 1_700_000_000


def test_it_keeps_everything_that_a_person_does_and_a_large_text_whole() -> None:
    channel = a_channel()
    large = "ü" * 50_000
    came: list[Came] = [
        a_text(large, "1"),
        ChoiceCame(origin("2"), "g1.opaque", "Yes"),
        MediaCame(origin("3"), "document", media_id="9", file_name="a.pdf"),
        LocationCame(origin("4"), 50.7, 7.1, name="Bonn"),
        ReactionCame(origin("5"), "1", "👍"),
        EditCame(origin("6"), "1", "hi"),
        Unknown(origin("7"), "poll"),
    ]
    kept = heard(channel, *came)
    assert [(each.kind, each.text) for each in kept[1:]] == [
        ("ChoiceCame", "Yes"),
        ("MediaCame", "a.pdf"),
        ("LocationCame", "Bonn"),
        ("ReactionCame", "👍"),
        ("EditCame", "hi"),
        ("Unknown", ""),
    ]
    assert kept[0].text == large[:4_000]
    assert kept[0].content.blob is not None
    assert heard(channel, AccountCame(origin("8", ()), "banned", {}), AccountCame(origin("8", ()), "banned", {})) == []
    assert len(everything()) == 7


def test_it_starts_one_run_of_the_channels_workflow_for_a_text() -> None:
    channel = a_channel(workflow_id=answering())
    first, again = heard(channel, a_text("hello"), a_text("hello"))
    assert first == again
    assert first.run_id is not None
    run = get_run(ANN, first.run_id)
    assert (run.trigger.type, run.trigger.source, run.started_by) == ("message", channel.id, "message:support")
    assert get_input(ANN, run.id) == {
        "text": "hello",
        "channel": {"id": channel.id, "type": "whatsapp", "name": "support"},
        "contact": {"id": first.contact_id, "name": "Dora", "address": {"kind": "phone", "value": DORA.value}},
        "conversation_id": first.conversation_id,
        "message_id": first.id,
        "attachments": [],
    }
    assert len(list_runs(ANN).runs) == 1


def test_it_tells_a_run_of_a_file() -> None:
    channel = a_channel(workflow_id=answering())
    (kept,) = heard(channel, MediaCame(origin(), "audio", media_id="77", mime_type="audio/ogg", is_voice=True, caption="listen"))
    assert kept.run_id is not None
    given = get_input(ANN, kept.run_id)
    assert isinstance(given, dict)
    assert given["text"] == "listen"
    assert given["attachments"] == [{"kind": "audio", "media_id": "77", "url": "", "mime_type": "audio/ogg", "file_name": "", "is_voice": True}]


@pytest.mark.parametrize(
    "came",
    [
        a_text(echo=True),
        a_text(automatic=True),
        ChoiceCame(origin(), "payload"),
        Unknown(origin(), "poll"),
    ],
    ids=["echo", "automatic", "choice", "unknown"],
)
def test_it_never_answers_what_no_person_wrote(came: Came) -> None:
    channel = a_channel(workflow_id=answering())
    (kept,) = heard(channel, came)
    assert (kept.workflow_id, kept.run_id, kept.refused) == (None, None, None)
    assert list_runs(ANN).runs == ()


def test_it_keeps_the_reason_why_a_message_started_nothing() -> None:
    strict = answering(n={"type": "integer"})
    picky = published({**greeting(), "name": "picky", "input": {"type": "object", "required": ["city"]}}).workflow_id
    channel = a_channel(workflow_id=picky)
    (refused,) = heard(channel, a_text())
    assert refused.refused is not None
    assert (refused.run_id, refused.refused.code) == (None, "input-invalid")
    assert heard(channel, a_text()) == [refused]  # again is the same
    channels.change(ANN, channel.id, channels.Wanted(workflow_id=strict, enabled=False))
    (paused,) = heard(channel, a_text(vendor_id="2"))
    assert paused.refused is not None
    assert paused.refused.code == "channel-paused"
    channels.resume(ANN, channel.id)
    assert heard(channel, a_text(vendor_id="3"))[0].run_id is not None


def test_it_gives_a_closed_schema_what_it_knows() -> None:
    given_: JsonObject = {"text": "hi", "attachments": []}
    closed: JsonObject = {"type": "object", "properties": {"text": {"type": "string"}}, "additionalProperties": False}
    assert fitted(closed, given_) == {"text": "hi"}
    assert fitted({"type": "object"}, given_) == given_


def test_it_keeps_what_a_removed_channel_had_in_the_queue() -> None:
    channel = a_channel(workflow_id=answering())
    post(channel, a_text())
    channels.remove(ANN, channel.id)
    deliver()
    assert [(each.text, each.run_id) for each in everything()] == [("hello", None)]


@given(st.lists(st.sampled_from(ORDER), max_size=8))
def test_it_comes_to_the_same_status_by_whatever_order_of_words(words: list[MessageStatus]) -> None:
    found = set()
    for order in [words, words[::-1], sorted(words), *list(permutations(words))[:20]]:
        status: MessageStatus | None = None
        for word in order:
            after = forward(status, word)
            assert status is None or ORDER.index(after) >= ORDER.index(status)  # never backwards
            assert not (status == "failed" and word in {"queued", "sent"}) or after == "failed"
            status = after
        found.add(status)
    assert len(found) == 1


@pytest.mark.parametrize("order", list(permutations(["sent", "delivered", "read"])) + list(permutations(["sent", "failed"])))
def test_it_moves_an_outbound_message_forward_whether_it_is_known_before_or_after(order: tuple[DeliveryStatus, ...]) -> None:
    channel = a_channel()
    furthest = max(order, key=ORDER.index)
    for known_after in range(len(order) + 1):
        message_id = f"wamid.{known_after}"
        for number, status in enumerate(order):
            if number == known_after:
                heard(channel, a_text("from the inbox", message_id, echo=True))
            heard(channel, a_word(status, message_id, error_code="131026" if status == "failed" else ""))
        if known_after == len(order):
            heard(channel, a_text("from the inbox", message_id, echo=True))
        found = conversations.find_by_vendor_id("org_local", channel.id, message_id)
        assert found is not None
        assert (found.status, found.direction, found.error_code) == (furthest, "outbound", "131026" if furthest == "failed" else "")


def test_it_moves_all_up_to_a_moment_and_no_persons_message() -> None:
    channel = a_channel()
    heard(channel, a_text("mine", "in"), a_text("ours", "out", echo=True))
    for until, status in (("2026-11-27T09:59:59.999Z", "sent"), (AT, "read")):
        heard(channel, DeliveryCame(origin(f"read:{until}"), "read", until=until))
        assert [message.status for message in everything()] == [None, status]
    heard(channel, a_word("failed", "in"))
    assert everything()[0].status is None


def test_it_keeps_an_echo_of_what_stands_there_once() -> None:
    channel = a_channel()
    heard(channel, a_text("ours", echo=True), a_word("read", "wamid.1"), a_text("ours", echo=True))
    assert [(each.text, each.status) for each in everything()] == [("ours", "read")]


@pytest.mark.scenario
@pytest.mark.no_cover
def test_it_has_one_effect_for_each_event_however_often_and_in_whatever_order_it_is_called() -> None:
    """200 webhooks, each five times, shuffled; one in a hundred is forged."""
    chance = random.Random(20261127)
    channel = a_channel(workflow_id=answering())
    people = [Address("phone", f"49151000000{number:02}") for number in range(20)]
    calls = [call(a_text(f"text {number}", f"wamid.{number}", (people[number % 20],))) for number in range(200)]
    forged = [call(a_text("forged", f"forged.{number}"), secret=OTHER) for number in range(10)]
    made: list[InboundRequest] = [*calls * 5, *forged]
    chance.shuffle(made)
    refused = 0
    for number, each in enumerate(made):
        try:
            take(channel.id, each)
        except SignatureInvalid:
            refused += 1
        if number % 60 == 0:
            deliver()
    deliver()
    assert refused == 10
    assert Counter(each.text for each in everything()) == Counter(f"text {number}" for number in range(200))
    started = [each.run_id for each in everything()]
    assert len({run_id for run_id in started if run_id}) == 200
    assert {each.message_count for each in all_conversations()} == {10}


def test_it_delivers_the_rest_of_a_group_again_behind_what_failed(aws: Cloud) -> None:
    channel = a_channel()
    ida = Address("phone", "49151999")
    post(channel, a_text("1", "1"), a_text("a", "a", (ida,)), a_text("2", "2"))
    messages = queued()
    assert [read(each["Body"]).came.origin.vendor_id for each in messages] == ["1", "a", "2"]
    aws.refuse("dynamodb:TransactWriteItems", "InternalServerError", status=500)
    failed = inbound(batch_of(messages), context())["batchItemFailures"]
    assert [each["itemIdentifier"] for each in failed] == [messages[0]["MessageId"], messages[2]["MessageId"]]
    assert [each.text for each in everything()] == ["a"]
    deliver()
    assert sorted(each.text for each in everything()) == ["1", "2", "a"]
