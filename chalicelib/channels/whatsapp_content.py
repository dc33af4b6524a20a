"""What one message of WhatsApp's holds.

In: a message of a webhook and where it comes from. Out: what came: one value, or two where a person got a new number and a new id at once. A type
that is not in the table, a message without what its type promises, or without a sender, is `Unknown`. Pure, never raises.

An answer to a template's quick reply is a `button`, one to our own buttons and lists is `interactive`: two forms of one thing.
"""

import binascii
import re
from base64 import b64decode
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final, cast

from chalicelib.channels.inbound import (
    Address,
    AddressChanged,
    Came,
    ChoiceCame,
    ContactsCame,
    DeletionCame,
    EditCame,
    FormCame,
    LocationCame,
    MediaCame,
    MediaKind,
    Origin,
    ReactionCame,
    TextCame,
    Unknown,
)
from chalicelib.channels.vendor_json import each_at, load, number_at, object_at, text_at
from chalicelib.channels.whatsapp_address import address_of, id_of
from chalicelib.spec.model import JsonObject

Reading = Callable[[JsonObject, Origin], Came | None]
_HEX: Final = re.compile(r"[0-9a-fA-F]{64}")


def content_of(message: JsonObject, origin: Origin) -> Iterator[Came]:
    kind = text_at(message, "type")
    if text_at(message, "group_id"):  # an answer would go to the sender alone: groups are not spoken with
        yield Unknown(origin, f"group/{kind}")
    elif kind == "system":
        yield from _system(message, origin)
    else:
        read = _BY_TYPE.get(kind) if origin.sender else None
        yield (read(message, origin) if read is not None else None) or Unknown(origin, _kind_of(message))


def _kind_of(message: JsonObject) -> str:
    kind = text_at(message, "type")
    inner = text_at(message, kind, "type")
    return f"{kind}/{inner}" if inner else kind


def _text(message: JsonObject, origin: Origin) -> Came | None:
    text = text_at(message, "text", "body")
    return TextCame(origin, text) if text else None


def _media(message: JsonObject, origin: Origin) -> Came | None:
    kind = text_at(message, "type")
    told = object_at(message, kind)
    media_id, url = text_at(told, "id"), text_at(told, "url")
    if not media_id and not url:
        return None
    return MediaCame(
        origin,
        cast("MediaKind", kind),
        media_id=media_id,
        url=url,
        mime_type=text_at(told, "mime_type"),
        sha256=sha256_of(text_at(told, "sha256")),
        file_name=text_at(told, "filename"),
        caption=text_at(told, "caption"),
        is_voice=told.get("voice") is True,
    )


def sha256_of(told: str) -> str:
    """In hexadecimal; Meta writes it in base 64, here and there in hexadecimal. Empty for anything else."""
    if _HEX.fullmatch(told):
        return told.lower()
    try:
        raw = b64decode(told, validate=True)
    except (binascii.Error, ValueError):
        return ""
    return raw.hex() if len(raw) == 32 else ""


def _interactive(message: JsonObject, origin: Origin) -> Came | None:
    told = object_at(message, "interactive")
    kind = text_at(told, "type")
    if kind in ("button_reply", "list_reply"):
        payload = text_at(told, kind, "id")
        return ChoiceCame(origin, payload, text_at(told, kind, "title")) if payload else None
    if kind == "nfm_reply":
        try:
            return FormCame(origin, load(text_at(told, kind, "response_json").encode()))
        except ValueError:
            return None
    return None


def _button(message: JsonObject, origin: Origin) -> Came | None:
    payload = text_at(message, "button", "payload")
    return ChoiceCame(origin, payload, text_at(message, "button", "text")) if payload else None


def _location(message: JsonObject, origin: Origin) -> Came | None:
    told = object_at(message, "location")
    latitude, longitude = number_at(told, "latitude"), number_at(told, "longitude")
    if latitude is None or longitude is None:
        return None
    return LocationCame(origin, latitude, longitude, text_at(told, "name"), text_at(told, "address"))


def _contacts(message: JsonObject, origin: Origin) -> Came | None:
    cards = tuple(card for card in each_at(message, "contacts") if card)
    return ContactsCame(origin, cards) if cards else None


def _reaction(message: JsonObject, origin: Origin) -> Came | None:
    to = text_at(message, "reaction", "message_id")
    return ReactionCame(origin, to, text_at(message, "reaction", "emoji") or None) if to else None


def _order(message: JsonObject, origin: Origin) -> Came | None:
    order = object_at(message, "order")
    return FormCame(origin, {"order": order}) if order else None


def _edit(message: JsonObject, origin: Origin) -> Came | None:
    of, told = text_at(message, "edit", "original_message_id"), object_at(message, "edit", "message")
    kind = text_at(told, "type")
    text = text_at(told, "text", "body") or text_at(told, kind, "caption")
    return EditCame(origin, of, text) if of and text else None


def _revoke(message: JsonObject, origin: Origin) -> Came | None:
    of = text_at(message, "revoke", "original_message_id")
    return DeletionCame(origin, of) if of else None


def _system(message: JsonObject, origin: Origin) -> Iterator[Came]:
    """A new number, a new id, or both: an id changes with the number that it stands for."""
    told = object_at(message, "system")
    changes = [pair for pair in (_new_number(message, told), _new_id(message, told)) if pair is not None and pair[0] != pair[1]]
    if not changes:
        yield Unknown(origin, _kind_of(message))
    now = tuple(new for _, new in changes if new is not None)
    for number, (old, new) in enumerate(changes):
        own = replace(origin, vendor_id=f"{origin.vendor_id}/{number}" if number else origin.vendor_id, sender=now)
        yield AddressChanged(own, old, new)


def _new_number(message: JsonObject, told: JsonObject) -> tuple[Address, Address | None] | None:
    before, after = address_of(text_at(message, "from")), address_of(text_at(told, "wa_id") or text_at(told, "new_wa_id"))
    is_told = text_at(told, "type") in ("user_changed_number", "customer_changed_number")
    return (before, after) if is_told and before is not None else None


def _new_id(message: JsonObject, told: JsonObject) -> tuple[Address, Address | None] | None:
    before, after = id_of(text_at(told, "previous_user_id")), id_of(text_at(told, "user_id") or text_at(message, "from_user_id"))
    is_told = text_at(told, "type") in ("user_changed_number", "user_changed_user_id")
    return (before, after) if is_told and before is not None else None


_BY_TYPE: Final[Mapping[str, Reading]] = MappingProxyType(
    {
        "audio": _media,
        "button": _button,
        "contacts": _contacts,
        "document": _media,
        "edit": _edit,
        "image": _media,
        "interactive": _interactive,
        "location": _location,
        "order": _order,
        "reaction": _reaction,
        "revoke": _revoke,
        "sticker": _media,
        "text": _text,
        "video": _media,
    }
)
