"""Channels on the emulator: the queue of what comes in, a vendor that signs, and the function that takes from the queue.

In: nothing. Out: `channel_cloud()`, the cloud with the queue and with `ParrotChannel`, a small adapter in the place of WhatsApp's; `call`, a signed
webhook; `post`, which has it taken; `deliver`, which hands what is queued to the function, in its order, until nothing is left.
"""

import hashlib
import hmac
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Final

import pytest

from chalicelib.access.sealing import forget_master_key
from chalicelib.channels.channel import InboundRequest
from chalicelib.channels.inbound import Address, Came, DeliveryCame, DeliveryStatus, Origin, TextCame
from chalicelib.channels.meta_signature import HEADER, is_signed
from chalicelib.channels.outbound import Message, Rendered, Sent
from chalicelib.conversations import adapters, channels
from chalicelib.conversations.adapters import Means
from chalicelib.conversations.channels import Named, Wanted
from chalicelib.conversations.envelope import Envelope, came_json, came_of
from chalicelib.conversations.webhook import take
from chalicelib.events.inbound import inbound
from chalicelib.settings import settings
from chalicelib.store.channel_records import ChannelRecord
from chalicelib.store.clients import client
from tests.factories.api_events import context
from tests.factories.cloud import ANN, Cloud, cloud, listen

SECRET: Final = "a-secret-of-the-vendors-app"
OTHER: Final = "another-secret-of-the-vendors-app"
ACCOUNT: Final = "106540352242922"
QUEUE: Final = "https://sqs.eu-central-1.amazonaws.com/123456789012/inbound.fifo"
AT: Final = "2026-11-27T10:00:00.000Z"
DORA: Final = Address("phone", "4915112345678")


class ParrotChannel:
    """Signs as Meta does, and posts events as the queue writes them."""

    name = "parrot"

    def __init__(self, means: Means) -> None:
        self._secrets = means.app_secrets

    def verify(self, request: InboundRequest) -> bool:
        return is_signed(request.body, request.headers.get(HEADER, ""), self._secrets)

    def parse(self, request: InboundRequest) -> tuple[Came, ...]:
        told = json.loads(request.body)
        if not isinstance(told, dict) or "events" not in told:
            raise ValueError("no parrot said this")
        return tuple(came_of(each) for each in told["events"])

    def render(self, message: Message) -> Rendered:
        return Rendered(message.to, message.delivery_id, ())

    def send(self, rendered: Rendered) -> tuple[Sent, ...]:
        return ()


@contextmanager
def parrots() -> Iterator[None]:
    """WhatsApp's channels are parrots."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(adapters.ADAPTERS, "whatsapp", lambda channel, means: ParrotChannel(means))
        yield


@contextmanager
def channel_cloud(**environment: str) -> Iterator[Cloud]:
    forget_master_key()  # the last test's table held another
    with cloud(SLUICE_INBOUND_QUEUE=QUEUE, **environment) as found, parrots():
        listen(client("sqs"))
        client("sqs").create_queue(QueueName="inbound.fifo", Attributes={"FifoQueue": "true", "VisibilityTimeout": "0"})
        yield found


def a_channel(*, name: str = "support", account: str = ACCOUNT, app_secret: str | None = SECRET, **wanted: Any) -> ChannelRecord:
    return channels.create(ANN, Named("whatsapp", name, account, app_secret), Wanted(**wanted))[0]


def origin(vendor_id: str = "wamid.1", sender: Sequence[Address] = (DORA,), **more: Any) -> Origin:
    return Origin("whatsapp", ACCOUNT, vendor_id, AT, tuple(sender), **{"name": "Dora", **more})


def a_text(text: str = "hello", vendor_id: str = "wamid.1", sender: Sequence[Address] = (DORA,), **more: Any) -> TextCame:
    return TextCame(origin(vendor_id, sender, **more), text)


def a_word(status: DeliveryStatus, message_id: str = "wamid.out", **more: Any) -> DeliveryCame:
    return DeliveryCame(replace(origin(f"{message_id}:{status}"), sender=()), status, message_id, **more)


def body_of(*came: Came) -> bytes:
    return json.dumps({"events": [came_json(each) for each in came]}).encode()


def signature(body: bytes, secret: str = SECRET) -> dict[str, str]:
    return {HEADER: f"sha256={hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}"}


def call(*came: Came, secret: str = SECRET) -> InboundRequest:
    body = body_of(*came)
    return InboundRequest(signature(body, secret), body)


def post(channel: ChannelRecord, *came: Came, secret: str = SECRET) -> int:
    return take(channel.id, call(*came, secret=secret))


def envelope(channel: ChannelRecord, came: Came) -> Envelope:
    return Envelope(channel.organisation_id, channel.id, came)


def queued() -> list[dict[str, Any]]:
    """What the queue hands over now."""
    received = client("sqs").receive_message(QueueUrl=settings().inbound_queue, MaxNumberOfMessages=10, AttributeNames=["All"])
    found: list[dict[str, Any]] = received.get("Messages", [])
    return found


def batch_of(messages: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """As Lambda's poller tells the function of it."""
    records = [
        {"eventSource": "aws:sqs", "messageId": each["MessageId"], "body": each["Body"], "attributes": each["Attributes"]} for each in messages
    ]
    return {"Records": records}


def deliver_once() -> bool:
    """One batch; what was handled is deleted. False where there was none."""
    messages = queued()
    if not messages:
        return False
    failed = {each["itemIdentifier"] for each in inbound(batch_of(messages), context())["batchItemFailures"]}
    for message in messages:
        if message["MessageId"] not in failed:
            client("sqs").delete_message(QueueUrl=settings().inbound_queue, ReceiptHandle=message["ReceiptHandle"])
    return True


def deliver() -> None:
    while deliver_once():
        pass
