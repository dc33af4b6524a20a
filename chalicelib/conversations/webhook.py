"""A vendor's call to a channel: verified as it came, taken apart, and queued event by event.

In: a channel's id and the call. Out: how many events were queued, once all of them are. The signature is checked over the raw bytes, with all secrets
that hold, before anything is read of them; nothing is written for a call that does not hold. What could not be queued whole is refused, so that the
vendor sends it again: the queue and the receiver know again what they have. Never: a secret or a body in a log.
"""

import logging
from collections.abc import Iterator, Mapping
from typing import Final

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.channels.channel import InboundRequest
from chalicelib.channels.inbound import AccountCame, Came, TemplateCame, Unknown
from chalicelib.channels.meta_signature import challenge_of
from chalicelib.conversations.adapters import Means, adapter_of
from chalicelib.conversations.channels import app_secrets, verify_token
from chalicelib.conversations.envelope import Envelope, QueueMessage, batches, written
from chalicelib.errors import BodyTooLarge, ChannelNotFound, InputInvalid, SignatureInvalid, Unavailable
from chalicelib.settings import settings
from chalicelib.store import channels
from chalicelib.store.channel_records import ChannelRecord
from chalicelib.store.clients import client

MAX_BODY_BYTES: Final = 3 * 1024 * 1024  # Meta's own limit
_log: Final = logging.getLogger(__name__)


def take(channel_id: str, request: InboundRequest) -> int:
    """Raises BodyTooLarge, ChannelNotFound, SealBroken, SignatureInvalid, InputInvalid for what is no call of the vendor's at all, Unavailable."""
    if len(request.body) > MAX_BODY_BYTES:
        raise BodyTooLarge(f"a channel takes {MAX_BODY_BYTES:,} bytes at most")
    channel = _called(channel_id)
    adapter = adapter_of(channel, Means(app_secrets=app_secrets(channel)))
    if not adapter.verify(request):
        raise SignatureInvalid("the call does not prove that it is the vendor's")
    try:
        came = adapter.parse(request)
    except ValueError as fault:
        raise InputInvalid("this is no call of the vendor's") from fault
    messages = [written(envelope) for envelope in _addressed(channel, came)]
    for batch in batches(messages):
        _send(batch)
    return len(messages)


def handshake(channel_id: str, query: Mapping[str, str]) -> str:
    """What to say to a vendor that asks whether the address is ours. Raises ChannelNotFound, SealBroken, SignatureInvalid."""
    challenge = challenge_of(query, verify_token(_called(channel_id)))
    if challenge is None:
        raise SignatureInvalid("the call does not prove that it knows the verify token")
    return challenge


def _called(channel_id: str) -> ChannelRecord:
    """A channel that was never told an app's secret is nowhere to call. Raises ChannelNotFound."""
    channel = channels.get_called_from_outside(channel_id)
    if not channel.app_secrets:
        raise ChannelNotFound(f"there is no channel {channel_id}")
    return channel


def _addressed(called: ChannelRecord, came: tuple[Came, ...]) -> Iterator[Envelope]:
    """Each event with the channel of its account: a vendor's app has one address for all its numbers. What the vendor tells of itself belongs to
    the channel that it called. Of an account that is no channel's, nothing else is kept; the vendor could send it as often as it liked."""
    known: dict[str, str | None] = {called.account: called.id, "": called.id}
    for event in came:
        account = event.origin.account
        if account not in known:
            known[account] = channels.find_by_account(called.organisation_id, called.type, account)
        channel_id = known[account] or (called.id if _is_of_vendor(event) else None)
        if channel_id is None:
            _log.warning("an event is of an account that is no channel", extra={"channel_id": called.id, "event": type(event).__name__})
            continue
        yield Envelope(called.organisation_id, channel_id, event)


def _is_of_vendor(event: Came) -> bool:
    return isinstance(event, TemplateCame | AccountCame | Unknown) and not event.origin.sender


def _send(batch: list[QueueMessage]) -> None:
    entries = [
        {"Id": str(number), "MessageBody": one.body, "MessageGroupId": one.group, "MessageDeduplicationId": one.digest}
        for number, one in enumerate(batch)
    ]
    if not settings().inbound_queue:
        raise Unavailable("there is no queue for what comes in by channels")
    try:
        answer = client("sqs").send_message_batch(QueueUrl=settings().inbound_queue, Entries=entries)
    except (ClientError, BotoCoreError) as fault:
        raise Unavailable("what came could not be queued") from fault
    if answer.get("Failed"):
        raise Unavailable(f"{len(answer['Failed'])} of {len(batch)} events could not be queued")
