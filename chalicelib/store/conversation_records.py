"""The records of conversations: who speaks, by which addresses, and what was said, in order."""

from typing import Annotated, Literal

from pydantic import Field

from chalicelib.channels.inbound import AddressKind
from chalicelib.store.record import Record
from chalicelib.store.run_records import Fault
from chalicelib.store.values import Stored

Direction = Literal["inbound", "outbound"]
MessageStatus = Literal["queued", "sent", "delivered", "read", "failed"]


class Contact(Record):
    """A person of whom the organisation knows addresses alone."""

    id: str
    organisation_id: str
    name: str = ""
    created_at: str


class Identity(Record):
    """An address by which a contact is known on one channel."""

    contact_id: str
    channel_id: str
    kind: AddressKind
    value: str
    created_at: str


class Conversation(Record):
    """All that is said with one contact. `channel_id`: by which the last message went. `text`: its beginning."""

    id: str
    organisation_id: str
    contact_id: str
    channel_id: str
    name: str = ""
    text: str = ""
    message_count: int = 0
    created_at: str
    last_at: str
    revision: Annotated[int, Field(ge=1)] = 1


class ConversationMessage(Record):
    """`number`: its place in the conversation, by when we had it; `at`: when the vendor says that it was sent. `kind`: what it is (`TextCame`);
    `content` all of it (`conversations.envelope`), `text` its beginning. `echo`, `automatic`: as `channels.inbound.Origin` has them. `status`: of an
    outbound one, how far it came. `workflow_id`: what it starts; then `run_id`, or `refused`, which says why there is none."""

    id: str
    organisation_id: str
    conversation_id: str
    number: int
    contact_id: str
    channel_id: str
    direction: Direction
    kind: str
    vendor_id: str
    at: str
    received_at: str
    text: str = ""
    content: Stored = Stored()
    reply_to: str | None = None
    echo: bool = False
    automatic: bool = False
    status: MessageStatus | None = None
    error_code: str = ""
    error_text: str = ""
    workflow_id: str | None = None
    run_id: str | None = None
    refused: Fault | None = None


class Place(Record):
    """Where a message stands: of an event that was received, and of the vendor's id of a message."""

    conversation_id: str
    number: int


class DeliveryWord(Record):
    """What a vendor said of a message that is not known yet."""

    status: MessageStatus
    error_code: str = ""
    error_text: str = ""
