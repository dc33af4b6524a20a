"""What Messenger and Instagram tell by their webhooks, read into the neutral form.

In: the body of a verified request, and whose it is (`Source`). Out: what came, item for item, in its order: several entries, several items in each
and several parts of one message. An item's `vendor_id` is made of the item alone, so that it is the same in whatever batch it comes again: `mid`
of a message, `mid#1` of its second part, else its kind with what it is about or with a digest. Moments are milliseconds, seconds or ISO texts.
Never: an error for what the vendor may add or leave out (`Unknown` instead), an echo of our own sending as if a person had written it.

Shapes: Meta's pages "Messenger Platform / Webhooks" and "Instagram Messaging webhooks", of 2025 and 2026.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Final

from chalicelib.channels.inbound import (
    Address,
    Came,
    ChoiceCame,
    ConsentCame,
    DeletionCame,
    DeliveryCame,
    DeliveryStatus,
    EditCame,
    LocationCame,
    MediaCame,
    Origin,
    ReactionCame,
    TextCame,
    Unknown,
)
from chalicelib.channels.meta_values import coordinates, moment
from chalicelib.channels.vendor_json import digest, each_at, load, object_at, text_at
from chalicelib.spec.model import JsonObject

_TEST_ENTRY: Final = "0"  # what the dashboard's button "Test" sends
_NEVER: Final = "1970-01-01T00:00:00.000Z"
_LONGEST_KIND: Final = 64
_ENVELOPE: Final = frozenset(("sender", "recipient", "timestamp"))
_STOPPED: Final = "STOP_NOTIFICATIONS"
_EMOJIS: Final = MappingProxyType({"love": "❤️", "smile": "😆", "wow": "😮", "sad": "😢", "angry": "😠", "like": "👍", "dislike": "👎"})


@dataclass(frozen=True, slots=True)
class Source:
    """`object`: how the vendor calls what it tells of. `app_id`: our app's, by which echoes of our own sendings are known."""

    channel: str
    object: str
    app_id: str = ""


@dataclass(frozen=True, slots=True)
class _Entry:
    source: Source
    account: str
    at: str


@dataclass(frozen=True, slots=True)
class _Item:
    """`told` is what stands under its `kind`."""

    entry: _Entry
    whole: JsonObject
    kind: str
    told: JsonObject

    @property
    def mid(self) -> str:
        return text_at(self.told, "mid")

    @property
    def is_echo(self) -> bool:
        """Also where the vendor does not say so: who answers its own messages never ends."""
        account = self.entry.account
        return self.told.get("is_echo") is True or bool(account and account == _id_of(self.whole, "sender"))

    def origin(self, vendor_id: str, *, reply_to: str | None = None, echo: bool = False) -> Origin:
        """`sender` is the person in any case, also where it was us who wrote."""
        person = _id_of(self.whole, "recipient" if self.is_echo else "sender")
        return Origin(
            self.entry.source.channel,
            self.entry.account,
            vendor_id,
            moment(self.whole.get("timestamp")) or self.entry.at,
            (Address("scoped_id", person),) if person else (),
            reply_to=reply_to,
            echo=echo,
        )

    def unknown(self, kind: str = "") -> Unknown:
        named = (kind or self.kind)[:_LONGEST_KIND]
        return Unknown(self.origin(f"{named}:{digest(self.whole)}"), named)


_Part = Callable[[Origin], Came]


def updates(body: bytes, source: Source) -> tuple[Came, ...]:
    """Raises ValueError for what is no JSON object of the vendor's about this `object`."""
    told = load(body)
    if told.get("object") != source.object:
        raise ValueError(f"it tells nothing of a {source.object}")
    return tuple(came for entry in each_at(told, "entry") for came in _of_entry(entry, source))


def _of_entry(told: JsonObject, source: Source) -> Iterator[Came]:
    entry = _Entry(source, text_at(told, "id"), moment(told.get("time")) or _NEVER)
    for item in each_at(told, "messaging"):
        yield from _of_item(item, entry)
    for item in each_at(told, "standby"):  # another app has the conversation: we see it and have no say in it
        yield _unread(item, entry, f"standby:{_kind_of(item)}")
    for change in each_at(told, "changes"):
        yield _unread(change, entry, text_at(change, "field") or "changes")
    if not any(key in told for key in ("messaging", "standby", "changes")):
        yield _unread(told, entry, "entry")


def _of_item(whole: JsonObject, entry: _Entry) -> Iterator[Came]:
    kind = next((kind for kind in _READERS if kind in whole), None)
    told = whole[kind] if kind is not None else None
    if kind is not None and isinstance(told, dict) and entry.account != _TEST_ENTRY:
        yield from _READERS[kind](_Item(entry, whole, kind, told))
    else:
        yield _unread(whole, entry, kind or _kind_of(whole))


def _unread(whole: JsonObject, entry: _Entry, kind: str) -> Came:
    return _Item(entry, whole, "test" if entry.account == _TEST_ENTRY else kind, {}).unknown()


def _of_message(item: _Item) -> Iterator[Came]:
    told, mid = item.told, item.mid
    if told.get("is_deleted") is True and mid:
        yield DeletionCame(item.origin(f"deleted:{mid}", echo=item.is_echo), mid)
    elif item.is_echo and mid and _is_ours(told, item.entry.source):
        yield DeliveryCame(item.origin(f"sent:{mid}"), "sent", mid, text_at(told, "metadata"))
    elif told.get("is_unsupported") is True:
        yield item.unknown("unsupported")
    else:
        yield from _contents(item)


def _is_ours(told: JsonObject, source: Source) -> bool:
    """Our app put its delivery's id into what it sent. Where an app is named, it must be ours: others may use the same field."""
    app_id = text_at(told, "app_id")
    if app_id and source.app_id:
        return app_id == source.app_id
    return bool(text_at(told, "metadata"))


def _contents(item: _Item) -> Iterator[Came]:
    first = item.mid or f"message:{digest(item.whole)}"
    reply_to = text_at(item.told, "reply_to", "mid") or None
    parts = list(_parts(item.told)) or [partial(Unknown, kind="message")]
    for index, part in enumerate(parts):
        yield part(item.origin(f"{first}#{index}" if index else first, reply_to=reply_to, echo=item.is_echo))


def _parts(told: JsonObject) -> Iterator[_Part]:
    text, payload = text_at(told, "text"), text_at(told, "quick_reply", "payload")
    if payload:
        yield partial(ChoiceCame, payload=payload, title=text)
    elif text:
        yield partial(TextCame, text=text)
    for attachment in each_at(told, "attachments"):
        yield from _attached(attachment, text)


def _attached(told: JsonObject, text: str) -> Iterator[_Part]:
    kind, payload = text_at(told, "type"), object_at(told, "payload")
    url = text_at(payload, "url") or text_at(told, "url")
    place = coordinates(payload)
    match kind:
        case "location" if place is not None:
            yield partial(LocationCame, latitude=place[0], longitude=place[1], name=text_at(told, "title"))
        case "like_heart":
            yield partial(TextCame, text="❤️")
        case "fallback" if url:  # a link that was shared: mostly it stands in the text as well
            if url not in text:
                yield partial(TextCame, text="\n".join(filter(None, (text_at(told, "title") or text_at(payload, "title"), url))))
        case "image" if url and payload.get("sticker_id"):
            yield partial(MediaCame, kind="sticker", url=url)
        case "image" | "video" | "audio" if url:
            yield partial(MediaCame, kind=kind, url=url)
        case "reel" | "ig_reel" if url:
            yield partial(MediaCame, kind="video", url=url)
        case "file" | "share" | "story_mention" if url:  # whether a share or a story is an image or a video is not told
            yield partial(MediaCame, kind="document", url=url)
        case _:
            yield partial(Unknown, kind=f"attachment:{kind}"[:_LONGEST_KIND])


def _of_postback(item: _Item) -> Iterator[Came]:
    payload = text_at(item.told, "payload")
    if not payload:
        yield item.unknown()
        return
    yield ChoiceCame(item.origin(item.mid or f"postback:{digest(item.whole)}"), payload, text_at(item.told, "title"))


def _of_delivery(item: _Item) -> Iterator[Came]:
    named = item.told.get("mids")
    mids = [mid for mid in named if isinstance(mid, str) and mid] if isinstance(named, list) else []
    for mid in mids:
        yield _receipt(item, "delivered", mid)
    if not mids:
        yield _receipt_until(item, "delivered")


def _of_read(item: _Item) -> Iterator[Came]:
    yield _receipt(item, "read", item.mid) if item.mid else _receipt_until(item, "read")


def _receipt(item: _Item, status: DeliveryStatus, mid: str) -> Came:
    return DeliveryCame(item.origin(f"{status}:{mid}"), status, mid)


def _receipt_until(item: _Item, status: DeliveryStatus) -> Came:
    """Of everything to this person up to a moment."""
    until = moment(item.told.get("watermark"))
    return DeliveryCame(item.origin(f"{status}:{digest(item.whole)}"), status, until=until) if until else item.unknown()


def _of_reaction(item: _Item) -> Iterator[Came]:
    origin, named = item.origin(f"reaction:{digest(item.whole)}", echo=item.is_echo), text_at(item.told, "reaction")
    emoji = text_at(item.told, "emoji") or _EMOJIS.get(named, named)
    match text_at(item.told, "action"):
        case "react" if item.mid and emoji:
            yield ReactionCame(origin, item.mid, emoji)
        case "unreact" if item.mid:
            yield ReactionCame(origin, item.mid, None)
        case _:
            yield item.unknown()


def _of_edit(item: _Item) -> Iterator[Came]:
    text = text_at(item.told, "text")
    known = bool(item.mid and text)
    yield EditCame(item.origin(f"edit:{digest(item.whole)}", echo=item.is_echo), item.mid, text) if known else item.unknown()


def _of_optin(item: _Item) -> Iterator[Came]:
    """A consent is to what is named and never to all. Who ticked a box on a website is nobody yet: their id comes with their first message."""
    origin, wanted = item.origin(f"optin:{digest(item.whole)}"), text_at(item.told, "notification_messages_status") != _STOPPED
    yield ConsentCame(origin, wanted, text_at(item.told, "type") or "optin") if origin.sender else item.unknown()


# What an item is of, by the key that it has; whatever has none of these keys is `Unknown`, and so are referrals and passed conversations.
_READERS: Final[Mapping[str, Callable[[_Item], Iterator[Came]]]] = MappingProxyType(
    {
        "message": _of_message,
        "postback": _of_postback,
        "delivery": _of_delivery,
        "read": _of_read,
        "reaction": _of_reaction,
        "message_edit": _of_edit,
        "optin": _of_optin,
    }
)


def _kind_of(whole: JsonObject) -> str:
    return next((key for key in whole if key not in _ENVELOPE), "item")


def _id_of(whole: JsonObject, who: str) -> str:
    return text_at(whole, who, "id")
