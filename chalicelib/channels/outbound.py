"""What goes out, in one form for all channels.

In: nothing. Out: the values that `Channel.render` takes, and `Rendered`, what it makes of them: the bodies to send, one after the other, and what it
had to leave out or cut to fit the channel, which is recorded and shown, never silent. Texts are Markdown's simple marks (`*strong*`, `_soft_`, lists,
links), which each channel writes in its own way.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from chalicelib.channels.inbound import Address, MediaKind
from chalicelib.spec.model import JsonObject

CutKind = Literal["shortened", "dropped", "numbered"]


@dataclass(frozen=True, slots=True)
class Text:
    text: str
    subject: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """`payload` is opaque, at most 200 characters, and comes back with the tap. `link`: where a channel without buttons sends the person."""

    payload: str
    title: str
    description: str = ""
    link: str = ""


@dataclass(frozen=True, slots=True)
class Choices:
    """A question with answers to tap. Buttons where the channel has as many, else a list, else numbers to write."""

    text: str
    choices: tuple[Choice, ...]
    subject: str = ""
    footer: str = ""


@dataclass(frozen=True, slots=True)
class Media:
    """By `media_id`, which the vendor gave for an upload, or `url`, which the vendor fetches."""

    kind: MediaKind
    media_id: str = ""
    url: str = ""
    mime_type: str = ""
    file_name: str = ""
    caption: str = ""


@dataclass(frozen=True, slots=True)
class Location:
    latitude: float
    longitude: float
    name: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True)
class Template:
    """An approved message template with its values: by name where the template names them, else in order. `payloads`: of its quick replies."""

    name: str
    language: str
    values: Mapping[str, str] = field(default_factory=dict)
    header: Mapping[str, str] = field(default_factory=dict)
    is_named: bool = False
    payloads: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reaction:
    """`emoji` empty: takes it back."""

    to: str
    emoji: str


@dataclass(frozen=True, slots=True)
class Seen:
    """Says that a message was read and, where the channel knows it, that an answer is being written."""

    message_id: str
    typing: bool = False


Content = Text | Choices | Media | Location | Template | Reaction | Seen


@dataclass(frozen=True, slots=True)
class Message:
    """`to`: the addresses of one person, the best first. `delivery_id` is ours: it makes sending twice one sending where the vendor knows such keys,
    and comes back with its word on the delivery where it does. `reply_to`: the vendor's id of the message that this answers."""

    to: tuple[Address, ...]
    content: Content
    delivery_id: str
    reply_to: str | None = None
    expects_reply: bool = False


@dataclass(frozen=True, slots=True)
class Cut:
    """What was left out: `what` names it, `count` says how much (characters, choices)."""

    kind: CutKind
    what: str
    count: int


@dataclass(frozen=True, slots=True)
class Rendered:
    """`bodies` are the vendor's own form, sent in this order; the last one holds the choices. `cuts` empty: all of it is shown."""

    to: tuple[Address, ...]
    delivery_id: str
    bodies: tuple[JsonObject, ...]
    cuts: tuple[Cut, ...] = ()


@dataclass(frozen=True, slots=True)
class Sent:
    """What the vendor says of a sending. `address` is one of the person that it told us of."""

    message_id: str
    address: Address | None = None
