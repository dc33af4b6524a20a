"""Webhooks of channels: who may call, what is queued of a call, and what is done where the queue does not take it."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app import app
from chalicelib.channels.channel import InboundRequest
from chalicelib.channels.inbound import AccountCame, Came, MediaCame, TextCame, Unknown
from chalicelib.conversations import channels
from chalicelib.conversations.envelope import INLINE_BYTES, Envelope, QueueMessage, batches, came_json, came_of, read, written
from chalicelib.conversations.webhook import MAX_BODY_BYTES, take
from chalicelib.errors import BodyTooLarge, ChannelNotFound, InputInvalid, SignatureInvalid, Unavailable
from chalicelib.settings import settings
from tests.factories.api_events import context, rest_event
from tests.factories.channel_stories import (
    ACCOUNT,
    OTHER,
    SECRET,
    a_channel,
    a_text,
    a_word,
    body_of,
    call,
    channel_cloud,
    origin,
    post,
    queued,
    signature,
)
from tests.factories.cloud import ANN, Cloud

HOOK = "/api/v1/channels/{channel_id}/webhook"


@pytest.fixture(autouse=True)
def aws() -> Iterator[Cloud]:
    with channel_cloud() as found:
        yield found


def ask(method: str, channel_id: str, **request: Any) -> tuple[int, str]:
    answer = app(rest_event(method, HOOK, path={"channel_id": channel_id}, **request), context())
    return answer["statusCode"], answer["body"]


def test_it_answers_the_handshake_of_who_knows_the_verify_token() -> None:
    channel = a_channel()
    query = {"hub.mode": "subscribe", "hub.challenge": "1158201444", "hub.verify_token": channels.verify_token(channel)}
    assert ask("GET", channel.id, query=query) == (200, "1158201444")
    for wrong in ({"hub.verify_token": "x"}, {"hub.mode": "unsubscribe"}, {"hub.challenge": "<b>"}):
        status, body = ask("GET", channel.id, query={**query, **wrong})
        assert (status, json.loads(body)["code"]) == (401, "signature-invalid")


def test_it_queues_every_event_of_a_signed_call_and_answers_then() -> None:
    channel = a_channel()
    came = [a_text(f"text {number}", f"wamid.{number}") for number in range(23)]
    body = body_of(*came).decode()
    headers = {name.title(): value for name, value in signature(body.encode()).items()}
    assert ask("POST", channel.id, body=body, headers=headers) == (200, '{"queued_count":23}')
    attributes = queued()[0]["Attributes"]
    assert attributes["MessageGroupId"] == Envelope("org_local", channel.id, came[0]).group
    assert attributes["MessageDeduplicationId"] == Envelope("org_local", channel.id, came[0]).digest


def test_it_writes_nothing_for_a_call_that_is_not_the_vendors(aws: Cloud) -> None:
    channel = a_channel()
    good = call(a_text())
    before = len(aws.calls)
    for headers, body in [
        ({}, good.body),
        (signature(good.body, OTHER), good.body),
        (good.headers, good.body + b" "),
        ({**good.headers, "x-hub-signature-256": good.headers["x-hub-signature-256"].upper()}, good.body),
    ]:
        with pytest.raises(SignatureInvalid):
            take(channel.id, InboundRequest(headers, body))
    asked = {call for call in aws.calls[before:] if "Get" not in call}
    assert asked == set()
    assert queued() == []


def test_it_takes_the_secret_before_while_it_holds() -> None:
    channel = a_channel()
    channels.rotate(ANN, channel.id, app_secret=OTHER, overlap=timedelta(hours=1))
    assert [post(channel, a_text(vendor_id=secret), secret=secret) for secret in (SECRET, OTHER)] == [1, 1]
    channels.rotate(ANN, channel.id, app_secret="a-third-secret-of-the-vendor", overlap=timedelta(0))
    with pytest.raises(SignatureInvalid):
        post(channel, a_text(), secret=OTHER)


def test_it_is_nowhere_to_call_without_a_secret_or_an_adapter() -> None:
    for channel in (a_channel(app_secret=None), channels.create(ANN, channels.Named("email", "mail", "a@b.c", SECRET), channels.Wanted())[0]):
        with pytest.raises(ChannelNotFound):
            post(channel, a_text())
    assert json.loads(ask("POST", "chan_0", body="{}")[1])["code"] == "channel-not-found"


def test_it_refuses_what_is_too_large_and_what_is_no_call_of_the_vendor() -> None:
    channel = a_channel()
    with pytest.raises(BodyTooLarge):
        take(channel.id, InboundRequest({}, b"x" * (MAX_BODY_BYTES + 1)))
    for body in (b"", b"[]", b"\xff", b"{}"):
        with pytest.raises(InputInvalid):
            take(channel.id, InboundRequest(signature(body), body))


def test_it_refuses_a_call_that_could_not_be_queued_whole(aws: Cloud) -> None:
    channel = a_channel()
    aws.refuse("sqs:SendMessageBatch", "InternalError", times=1)
    with pytest.raises(Unavailable):
        post(channel, a_text())
    aws.reply("sqs:SendMessageBatch", lambda: {"Successful": [], "Failed": [{"Id": "0", "Code": "InternalError", "SenderFault": False}]})
    with pytest.raises(Unavailable, match="1 of 1"):
        post(channel, a_text())


def test_it_takes_nothing_where_there_is_no_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    channel = a_channel()
    monkeypatch.delenv("SLUICE_INBOUND_QUEUE")
    settings.cache_clear()
    with pytest.raises(Unavailable):
        post(channel, a_text())


def test_it_gives_an_event_to_the_channel_of_its_account() -> None:
    """A vendor's app has one address for all its numbers."""
    channel, other = a_channel(), a_channel(name="sales", account="2")
    numbers = [ACCOUNT, "2", "a number that is no channel's"]
    came = [TextCame(replace(origin(account), account=account), "hello") for account in numbers]
    assert post(channel, *came) == 2
    of_the_vendor = AccountCame(replace(origin("ban", ()), account="a business account"), "banned", {})
    assert post(channel, of_the_vendor) == 1
    assert {read(message["Body"]).channel_id for message in queued()} == {channel.id, other.id}


def test_it_sends_a_large_event_by_way_of_s3() -> None:
    channel = a_channel()
    large = a_text("ü" * INLINE_BYTES)
    assert post(channel, large) == 1
    (message,) = queued()
    assert len(message["Body"]) < 1_000
    assert read(message["Body"]).came == large


def test_it_keeps_one_persons_events_in_one_group_and_others_apart() -> None:
    def group(came: Came) -> str:
        return Envelope("org_local", "chan_1", came).group

    same = {group(a_text(vendor_id=str(number))) for number in range(3)}
    words = {group(a_word(status)) for status in ("sent", "read")}
    others = {group(AccountCame(origin(str(number), ()), "banned", {})) for number in range(2)}
    assert (len(same), len(words), len(others), len(same | words | others)) == (1, 1, 2, 4)


def test_it_reads_what_it_wrote_whatever_was_in_it() -> None:
    for came in (
        a_text("null \x00 and \uffff and \U0001f600"),
        MediaCame(origin(), "image", media_id="1", is_voice=True),
        Unknown(origin(), "kind"),
        AccountCame(origin("1", ()), "event", {"kind": ["a", {"b": None}]}),
    ):
        assert read(written(Envelope("org_local", "chan_1", came)).body).came == came
    assert came_of(came_json(a_text("half \ud83d of one"))).text == "half � of one"  # type: ignore[union-attr]


@given(st.lists(st.integers(1, 200 * 1024), max_size=40))
def test_it_sends_as_many_at_once_as_the_queue_takes(sizes: list[int]) -> None:
    messages = [QueueMessage("x" * size, str(number), str(number)) for number, size in enumerate(sizes)]
    found = list(batches(messages))
    assert [each for batch in found for each in batch] == messages
    assert all(0 < len(batch) <= 10 and sum(len(each.body) for each in batch) <= 256 * 1024 for batch in found)


def test_it_asks_aws_twice_for_a_call_of_a_channel_that_is_known(aws: Cloud) -> None:
    channel = a_channel()
    post(channel, a_text(vendor_id="1"))
    before = len(aws.calls)
    post(channel, *(a_text(vendor_id=str(number)) for number in range(2, 12)))
    assert aws.calls[before:] == ["dynamodb:GetItem", "sqs:SendMessageBatch"]
