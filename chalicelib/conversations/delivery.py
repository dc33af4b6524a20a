"""How far an outbound message came: a vendor's words on it, in whatever order they come, lead to the same status.

In: a `DeliveryCame`. Out: nothing; the status only ever goes forward. What is said of a message that is not known yet (its sending has not been
recorded) is kept for eight days, for whoever records it.
"""

from collections.abc import Iterator
from typing import Final, get_args

from chalicelib.channels.inbound import DeliveryCame
from chalicelib.conversations.envelope import Envelope
from chalicelib.errors import ConditionLost, Contention
from chalicelib.store import conversations, table
from chalicelib.store.conversation_records import ConversationMessage, DeliveryWord, MessageStatus

# `failed` says more than `sent` and less than `delivered`: of several devices one may fail, and what arrived has arrived.
ORDER: Final[tuple[MessageStatus, ...]] = ("queued", "sent", "failed", "delivered", "read")
_TRIES: Final = 6
_LOOKED_BACK: Final = 100  # messages, where a vendor names a moment
assert set(ORDER) == set(get_args(MessageStatus))


def forward(before: MessageStatus | None, word: MessageStatus) -> MessageStatus:
    """The status after a word: the further of both, so that words lead to the same status in any order and any number."""
    return word if before is None else max(before, word, key=ORDER.index)


def apply(envelope: Envelope, came: DeliveryCame) -> None:
    """Raises Contention."""
    word = DeliveryWord(status=came.status, error_code=came.error_code, error_text=came.error_text)
    if came.message_id:
        _apply_to(envelope, came.message_id, word)
        return
    for message in _until(envelope, came):
        _move(envelope.organisation_id, envelope.channel_id, message.vendor_id, word)


def catch_up(message: ConversationMessage) -> None:
    """A message is known now: what was said of it before. Raises Contention."""
    word = conversations.find_word(message.organisation_id, message.channel_id, message.vendor_id)
    if word is not None:
        _move(message.organisation_id, message.channel_id, message.vendor_id, word)


def _apply_to(envelope: Envelope, vendor_id: str, word: DeliveryWord) -> None:
    if _move(envelope.organisation_id, envelope.channel_id, vendor_id, word):
        return
    _keep_early(envelope, vendor_id, word)
    _move(envelope.organisation_id, envelope.channel_id, vendor_id, word)  # it may have become known meanwhile


def _move(organisation_id: str, channel_id: str, vendor_id: str, word: DeliveryWord) -> bool:
    """False where the message is not known."""
    for attempt in range(_TRIES):
        message = conversations.find_by_vendor_id(organisation_id, channel_id, vendor_id)
        if message is None:
            return False
        if message.direction == "inbound" or forward(message.status, word.status) == message.status:
            return True
        try:
            conversations.set_status(message, word)
        except ConditionLost:
            table.pause(attempt)
        else:
            return True
    raise Contention("a message's status is written by too many at once")


def _keep_early(envelope: Envelope, vendor_id: str, word: DeliveryWord) -> None:
    place = (envelope.organisation_id, envelope.channel_id, vendor_id)
    for attempt in range(_TRIES):
        before = conversations.find_word(*place)
        if before is not None and forward(before.status, word.status) == before.status:
            return
        try:
            conversations.keep_word(*place, word, before=before)
        except ConditionLost:
            table.pause(attempt)
        else:
            return
    raise Contention("what is said of a message is written by too many at once")


def _until(envelope: Envelope, came: DeliveryCame) -> Iterator[ConversationMessage]:
    """The latest outbound messages of the sender's conversation, up to the moment that the vendor names."""
    known = conversations.find_known(envelope.organisation_id, envelope.channel_id, envelope.digest, came.origin.sender)
    if known.identities:
        conversation_id = conversation_of(known.identities[0].contact_id)
        page = conversations.list_messages(envelope.organisation_id, conversation_id, limit=_LOOKED_BACK)
        yield from (each for each in page.messages if each.direction == "outbound" and each.at <= came.until)


def conversation_of(contact_id: str) -> str:
    """The one conversation with a contact."""
    return f"conv_{contact_id.partition('_')[2]}"
