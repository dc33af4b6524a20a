"""What comes in by a channel, in one form for all of them.

In: nothing. Out: the values that `Channel.parse` gives, each with what all share (`Origin`). A vendor's kind that is none of these is `Unknown`,
never an error: vendors add kinds without a word. Never: who a sender is, which is for `conversations` to say; a right to anything.
"""

from dataclasses import dataclass
from typing import Literal

from chalicelib.spec.model import JsonObject

AddressKind = Literal["phone", "scoped_id", "email", "watcher"]
MediaKind = Literal["image", "video", "audio", "document", "sticker"]
DeliveryStatus = Literal["sent", "delivered", "read", "failed"]


@dataclass(frozen=True, slots=True)
class Address:
    """Where somebody is on a channel: a phone number (digits only), an id that holds for one account (BSUID, PSID, IGSID), a mail address (lower
    case), a person or role that looks at the console."""

    kind: AddressKind
    value: str


@dataclass(frozen=True, slots=True)
class Origin:
    """`account`: the number, page or mailbox of ours that it came to. `vendor_id` makes the event known again, also in another batch. `at` is UTC,
    ISO 8601. `sender`: the addresses of one person, the one to answer first; empty for what the vendor itself tells. `echo`: we, or a colleague in
    the vendor's own inbox, sent it. `automatic`: a machine did (an out-of-office reply, a bounce), so it answers nothing. `thread`: where the vendor
    names all messages before it (mail), their ids and its own, the oldest first."""

    channel: str
    account: str
    vendor_id: str
    at: str
    sender: tuple[Address, ...] = ()
    name: str = ""
    reply_to: str | None = None  # the vendor's id of the message that it answers
    echo: bool = False
    automatic: bool = False
    thread: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TextCame:
    origin: Origin
    text: str
    subject: str = ""


@dataclass(frozen=True, slots=True)
class ChoiceCame:
    """A tap: `payload` is what we put into the button, as it was; `title` what stood on it, which proves nothing."""

    origin: Origin
    payload: str
    title: str = ""


@dataclass(frozen=True, slots=True)
class FormCame:
    """A filled form of the vendor's own (a WhatsApp Flow)."""

    origin: Origin
    values: JsonObject


@dataclass(frozen=True, slots=True)
class MediaCame:
    """A file to fetch: by `media_id`, which the vendor resolves, or at `url`, which may expire. `sha256` in hexadecimal, where it is told."""

    origin: Origin
    kind: MediaKind
    media_id: str = ""
    url: str = ""
    mime_type: str = ""
    sha256: str = ""
    file_name: str = ""
    caption: str = ""
    is_voice: bool = False


@dataclass(frozen=True, slots=True)
class LocationCame:
    origin: Origin
    latitude: float
    longitude: float
    name: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True)
class ContactsCame:
    """Cards of people that somebody sent, as the vendor tells them."""

    origin: Origin
    cards: tuple[JsonObject, ...]


@dataclass(frozen=True, slots=True)
class ReactionCame:
    """`emoji` None: the reaction was taken back."""

    origin: Origin
    to: str
    emoji: str | None


@dataclass(frozen=True, slots=True)
class EditCame:
    """A message that came before has another text now."""

    origin: Origin
    of: str
    text: str


@dataclass(frozen=True, slots=True)
class DeletionCame:
    origin: Origin
    of: str


@dataclass(frozen=True, slots=True)
class AddressChanged:
    """The sender had another address before: what was bound to that is to be proven anew."""

    origin: Origin
    before: Address
    after: Address | None


@dataclass(frozen=True, slots=True)
class ConsentCame:
    """Somebody wants messages of a category, or none any more. `category` as the vendor names it; empty: all."""

    origin: Origin
    wanted: bool
    category: str = ""


@dataclass(frozen=True, slots=True)
class DeliveryCame:
    """What became of a message of ours. `message_id` is the vendor's; empty where `until` says that all up to a moment are meant. `delivery_id` is
    ours, where the vendor gives it back."""

    origin: Origin
    status: DeliveryStatus
    message_id: str = ""
    delivery_id: str = ""
    until: str = ""
    error_code: str = ""
    error_text: str = ""


@dataclass(frozen=True, slots=True)
class TemplateCame:
    """A message template changed at the vendor's: its status, its category, its quality."""

    origin: Origin
    template_id: str
    name: str
    language: str
    change: Literal["status", "category", "quality", "content"]
    value: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class AccountCame:
    """Something about the account itself (quality, limits, a ban), as the vendor tells it."""

    origin: Origin
    event: str
    details: JsonObject


@dataclass(frozen=True, slots=True)
class Unknown:
    """`kind` is the vendor's name for it."""

    origin: Origin
    kind: str


Came = (
    TextCame
    | ChoiceCame
    | FormCame
    | MediaCame
    | LocationCame
    | ContactsCame
    | ReactionCame
    | EditCame
    | DeletionCame
    | AddressChanged
    | ConsentCame
    | DeliveryCame
    | TemplateCame
    | AccountCame
    | Unknown
)
