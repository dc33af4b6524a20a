"""What comes in by a channel is received: kept once, in order, with who said it; then it leads to what the channel says.

In: an `Envelope`, at times several times. Out: the message as it is kept, or None for what is none. An event is known again for eight days by a mark
that is written with all that it changes; a run is known by its key for as long as it is kept, so that whoever comes back after a crash finds what
there is and does the rest. Never: a right to anything for what a message says; an answer to an echo or to a machine.
"""

import logging
from typing import Final, assert_never

from chalicelib import ids
from chalicelib.channels import inbound
from chalicelib.channels.inbound import Came
from chalicelib.clock import now_text
from chalicelib.conversations import delivery
from chalicelib.conversations.delivery import conversation_of
from chalicelib.conversations.envelope import Envelope, came_json
from chalicelib.conversations.routing import route, starts
from chalicelib.errors import ConditionLost, Contention
from chalicelib.store import conversations, table
from chalicelib.store.conversation_records import Contact, Conversation, ConversationMessage, Identity
from chalicelib.store.conversations import Known, NewMessage
from chalicelib.store.values import keep

TEXT_LENGTH: Final = 4_000  # of a message's beginning
_SHOWN: Final = 200  # of it, in the list of conversations
_TRIES: Final = 6
_log: Final = logging.getLogger(__name__)


def receive(envelope: Envelope) -> ConversationMessage | None:
    """Raises Contention, EngineUnavailable and what the table raises, for the queue to deliver again."""
    came = envelope.came
    if isinstance(came, inbound.DeliveryCame):
        delivery.apply(envelope, came)
        return None
    if not came.origin.sender:
        _note(envelope)
        return None
    kept = _sent_by_us(envelope) or _kept(envelope)
    if kept.direction == "outbound":
        delivery.catch_up(kept)
    return route(kept, came)


def _sent_by_us(envelope: Envelope) -> ConversationMessage | None:
    """An echo of what stands here already is no message more."""
    origin = envelope.came.origin
    return conversations.find_by_vendor_id(envelope.organisation_id, envelope.channel_id, origin.vendor_id) if origin.echo else None


def _note(envelope: Envelope) -> None:
    """What a vendor tells of itself has no conversation."""
    if conversations.mark_received(envelope.organisation_id, envelope.digest):
        _log.info("a vendor told something", extra={"channel_id": envelope.channel_id, "event": type(envelope.came).__name__})


def _kept(envelope: Envelope) -> ConversationMessage:
    """The message, kept now or before."""
    origin = envelope.came.origin
    for attempt in range(_TRIES):
        known = conversations.find_known(envelope.organisation_id, envelope.channel_id, envelope.digest, origin.sender)
        if known.place is not None:
            return conversations.get_message(envelope.organisation_id, known.place.conversation_id, known.place.number)
        new = _new(envelope, known)
        try:
            conversations.keep(new)
        except ConditionLost:
            table.pause(attempt)
        else:
            return new.message
    raise Contention("a conversation is written by too many at once")


def _new(envelope: Envelope, known: Known) -> NewMessage:
    """A message as it will stand, of a contact that is known by one of the addresses, or new."""
    origin, now, organisation_id = envelope.came.origin, now_text(), envelope.organisation_id
    contact_id = known.identities[0].contact_id if known.identities else ids.new_id(ids.CONTACT)
    before = conversations.find(organisation_id, conversation_of(contact_id))
    conversation = before or Conversation(
        id=conversation_of(contact_id),
        organisation_id=organisation_id,
        contact_id=contact_id,
        channel_id=envelope.channel_id,
        created_at=now,
        last_at=now,
    )
    message = _message(envelope, conversation, known, now)
    after = conversation.model_copy(
        update={
            "channel_id": envelope.channel_id,
            "name": origin.name or conversation.name,
            "text": message.text[:_SHOWN],
            "message_count": message.number,
            "last_at": now,
            "revision": conversation.revision + (before is not None),
        }
    )
    contact = None if known.identities else Contact(id=contact_id, organisation_id=organisation_id, name=origin.name, created_at=now)
    return NewMessage(envelope.digest, message, after, before, contact, _new_identities(envelope, known, contact_id, now))


def _new_identities(envelope: Envelope, known: Known, contact_id: str, now: str) -> tuple[Identity, ...]:
    held = {(each.kind, each.value) for each in known.identities}
    wanted = dict.fromkeys((each.kind, each.value) for each in envelope.came.origin.sender)
    return tuple(
        Identity(contact_id=contact_id, channel_id=envelope.channel_id, kind=kind, value=value, created_at=now)
        for kind, value in wanted
        if (kind, value) not in held
    )


def _message(envelope: Envelope, conversation: Conversation, known: Known, now: str) -> ConversationMessage:
    came, origin, organisation_id = envelope.came, envelope.came.origin, envelope.organisation_id
    workflow_id, refused = starts(known.channel, came)
    return ConversationMessage(
        id=ids.new_id(ids.MESSAGE),
        organisation_id=organisation_id,
        conversation_id=conversation.id,
        number=conversation.message_count + 1,
        contact_id=conversation.contact_id,
        channel_id=envelope.channel_id,
        direction="outbound" if origin.echo else "inbound",
        kind=type(came).__name__,
        vendor_id=origin.vendor_id,
        at=origin.at,
        received_at=now,
        text=text_of(came)[:TEXT_LENGTH],
        content=keep(organisation_id, f"conversations/{conversation.id}", came_json(came)),
        reply_to=origin.reply_to,
        echo=origin.echo,
        automatic=origin.automatic,
        status="sent" if origin.echo else None,
        workflow_id=workflow_id,
        refused=refused,
    )


def text_of(came: Came) -> str:
    """What a person would read of it."""
    match came:
        case inbound.TextCame(text=text) | inbound.EditCame(text=text):
            return text
        case inbound.ChoiceCame(title=title):
            return title
        case inbound.MediaCame(caption=caption, file_name=file_name):
            return caption or file_name
        case inbound.LocationCame(name=name, address=address):
            return name or address
        case inbound.ReactionCame(emoji=emoji):
            return emoji or ""
        case (
            inbound.FormCame()
            | inbound.ContactsCame()
            | inbound.DeletionCame()
            | inbound.AddressChanged()
            | inbound.ConsentCame()
            | inbound.DeliveryCame()
            | inbound.TemplateCame()
            | inbound.AccountCame()
            | inbound.Unknown()
        ):
            return ""
        case _:
            assert_never(came)
