"""The repository of contacts, conversations and what is said in them.

In: records. Out: records, pages. A message is kept together with the mark that its event was received, its place in the conversation, and whoever is
new: all or nothing, and once. Never: a status that goes backwards; that is `conversations.delivery`'s to say, and conditional here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from chalicelib.channels.inbound import Address
from chalicelib.clock import epoch_seconds
from chalicelib.errors import ConditionLost, ConversationNotFound
from chalicelib.store import keys, table
from chalicelib.store.channel_records import ChannelRecord
from chalicelib.store.conversation_records import Contact, Conversation, ConversationMessage, DeliveryWord, Identity, Place
from chalicelib.store.cursors import cursor_in, cursor_of, start_in, start_of
from chalicelib.store.items import Item, fields_of, item_of, record_of
from chalicelib.store.pages import all_of, as_read, at_index, in_partition, walk, whole
from chalicelib.store.run_records import Fault
from chalicelib.store.table import Write

KEPT_SECONDS: Final = 8 * 86_400  # of what was received: a vendor sends again for seven days
_AT_REVISION: Final = "attribute_exists(PK) AND #revision = :read"
_UNSETTLED: Final = "attribute_exists(PK) AND attribute_not_exists(#run_id) AND attribute_not_exists(#refused)"


@dataclass(frozen=True, slots=True)
class Known:
    """What is known already where an event comes in: where it was kept, if it was; its channel; of its addresses, whose they are."""

    place: Place | None
    channel: ChannelRecord | None
    identities: tuple[Identity, ...]


@dataclass(frozen=True, slots=True)
class NewMessage:
    """A message to keep, with who and what is new or changes by it. `before`: the conversation as it was read."""

    digest: str
    message: ConversationMessage
    conversation: Conversation
    before: Conversation | None
    contact: Contact | None
    identities: tuple[Identity, ...]


@dataclass(frozen=True, slots=True)
class ConversationPage:
    conversations: tuple[Conversation, ...]
    cursor: str | None


@dataclass(frozen=True, slots=True)
class MessagePage:
    messages: tuple[ConversationMessage, ...]
    cursor: str | None


def find_known(organisation_id: str, channel_id: str, digest: str, addresses: Sequence[Address]) -> Known:
    mark, channel = keys.received(organisation_id, digest), keys.channel(organisation_id, channel_id)
    identities = [keys.identity(organisation_id, channel_id, each.kind, each.value) for each in addresses]
    found = table.get_many([mark, channel, *identities])
    return Known(
        record_of(Place, found[mark]) if mark in found else None,
        record_of(ChannelRecord, found[channel]) if channel in found else None,
        tuple(record_of(Identity, found[key]) for key in identities if key in found),
    )


def keep(new: NewMessage) -> None:
    """Raises ConditionLost where the event was received, or something that was read has changed."""
    message, organisation_id = new.message, new.message.organisation_id
    place = Place(conversation_id=message.conversation_id, number=message.number)
    mark = item_of(place, keys.received(organisation_id, new.digest), expires_at=epoch_seconds() + KEPT_SECONDS)
    writes = [
        table.put(mark, condition=table.ABSENT),
        _conversation_write(new.conversation, new.before),
        table.put(item_of(message, keys.conversation_message(organisation_id, message.conversation_id, message.number)), condition=table.ABSENT),
        table.put(item_of(place, keys.vendor_message(organisation_id, message.channel_id, message.vendor_id))),
        *(table.put(_identity_item(organisation_id, each), condition=table.ABSENT) for each in new.identities),
    ]
    if new.contact is not None:
        writes.append(table.put(item_of(new.contact, keys.contact(organisation_id, new.contact.id)), condition=table.ABSENT))
    table.transact(writes)


def mark_received(organisation_id: str, digest: str) -> bool:
    """Of an event that leaves nothing else. False where it was received before."""
    nowhere = item_of(Place(conversation_id="", number=0), keys.received(organisation_id, digest), expires_at=epoch_seconds() + KEPT_SECONDS)
    try:
        table.write(table.put(nowhere, condition=table.ABSENT))
    except ConditionLost:
        return False
    return True


def _conversation_write(conversation: Conversation, before: Conversation | None) -> Write:
    organisation_id = conversation.organisation_id
    place = keys.conversation_list(organisation_id, f"{conversation.last_at}#{conversation.id}")
    item = item_of(conversation, keys.conversation(organisation_id, conversation.id), place)
    return table.put(item, condition=_AT_REVISION, values={"read": before.revision}) if before else table.put(item, condition=table.ABSENT)


def _identity_item(organisation_id: str, identity: Identity) -> Item:
    return item_of(identity, keys.identity(organisation_id, identity.channel_id, identity.kind, identity.value))


def settle(message: ConversationMessage, *, run_id: str | None = None, refused: Fault | None = None) -> ConversationMessage:
    """What a message led to, once; a settled one stays as it is."""
    after = message.model_copy(update={"run_id": run_id, "refused": refused})
    changes = {name: fields_of(after)[name] for name in ("run_id", "refused") if getattr(after, name) is not None}
    try:
        table.write(table.assign(_key(message), changes, condition=_UNSETTLED))
    except ConditionLost:
        return get_message(message.organisation_id, message.conversation_id, message.number)
    return after


def set_status(message: ConversationMessage, word: DeliveryWord) -> None:
    """Raises ConditionLost where the status is not the one that was read any more."""
    condition = "attribute_not_exists(#status)" if message.status is None else "#status = :read"
    values: dict[str, Any] = {} if message.status is None else {"read": message.status}
    changes = {"status": word.status, "error_code": word.error_code, "error_text": word.error_text}
    table.write(table.assign(_key(message), changes, condition=condition, values=values))


def _key(message: ConversationMessage) -> keys.Key:
    return keys.conversation_message(message.organisation_id, message.conversation_id, message.number)


def find_by_vendor_id(organisation_id: str, channel_id: str, vendor_id: str) -> ConversationMessage | None:
    """The message that a vendor calls so."""
    item = table.get(keys.vendor_message(organisation_id, channel_id, vendor_id))
    if item is None:
        return None
    place = record_of(Place, item)
    return get_message(organisation_id, place.conversation_id, place.number)


def find_word(organisation_id: str, channel_id: str, vendor_id: str) -> DeliveryWord | None:
    item = table.get(keys.delivery_word(organisation_id, channel_id, vendor_id))
    return record_of(DeliveryWord, item) if item else None


def keep_word(organisation_id: str, channel_id: str, vendor_id: str, word: DeliveryWord, *, before: DeliveryWord | None) -> None:
    """What was said of a message that is not known yet, for whoever makes it known. Raises ConditionLost."""
    item = item_of(word, keys.delivery_word(organisation_id, channel_id, vendor_id), expires_at=epoch_seconds() + KEPT_SECONDS)
    at = "#status = :read" if before else table.ABSENT
    table.write(table.put(item, condition=at, values={"read": before.status} if before else None))


def get_message(organisation_id: str, conversation_id: str, number: int) -> ConversationMessage:
    """Raises ConversationNotFound."""
    item = table.get(keys.conversation_message(organisation_id, conversation_id, number))
    if item is None:
        raise ConversationNotFound(f"there is no message {number} of {conversation_id}")
    return record_of(ConversationMessage, item)


def find(organisation_id: str, conversation_id: str) -> Conversation | None:
    item = table.get(keys.conversation(organisation_id, conversation_id))
    return record_of(Conversation, item) if item else None


def get(organisation_id: str, conversation_id: str) -> Conversation:
    """Raises ConversationNotFound."""
    found = find(organisation_id, conversation_id)
    if found is None:
        raise ConversationNotFound(f"there is no conversation {conversation_id}")
    return found


def list_page(organisation_id: str, *, limit: int, cursor: str | None) -> ConversationPage:
    """Those with the latest message first. Raises CursorInvalid."""
    place = keys.conversation_list(organisation_id)
    start = start_of(place, organisation_id, cursor)
    walked = walk(at_index(place, backwards=True), whole(lambda item: record_of(Conversation, item)), all_of, limit=limit, after=start)
    return ConversationPage(walked.found, cursor_of(place, walked.last))


def list_messages(organisation_id: str, conversation_id: str, *, limit: int, cursor: str | None = None) -> MessagePage:
    """The latest first. Raises CursorInvalid."""
    pk = keys.conversation(organisation_id, conversation_id).pk
    read = in_partition(pk, "MESSAGE#", backwards=True)
    load = as_read(lambda item: record_of(ConversationMessage, item))
    walked = walk(read, load, all_of, limit=limit, after=start_in(pk, cursor))
    return MessagePage(walked.found, cursor_in(pk, walked.last))
