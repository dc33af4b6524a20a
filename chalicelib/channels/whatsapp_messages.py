"""Messages in WhatsApp's form.

In: a neutral message. Out: `Rendered`, whose bodies are posted one after the other as they are, and what was cut to fit. To whom: the first of the
person's addresses that WhatsApp can reach, a number as `to`, an id as `recipient`. Each body carries our delivery id, which comes back with every
status. Pure. Raises ValueError for what no cut makes sendable: nobody to send to, no file, an id that is too long.

Source: https://developers.facebook.com/documentation/business-messaging/whatsapp/messages/send-messages
"""

from typing import Final, assert_never

from chalicelib.channels.outbound import Choices, Location, Media, Message, Reaction, Rendered, Seen, Template, Text
from chalicelib.channels.text_parts import clean, one_line, size
from chalicelib.channels.whatsapp_choices import MAX_BODY as MAX_CAPTION
from chalicelib.channels.whatsapp_choices import Contents, choices_of, texts_of
from chalicelib.channels.whatsapp_marks import marked
from chalicelib.channels.whatsapp_template_message import template_content
from chalicelib.spec.model import JsonObject

MAX_DELIVERY_ID: Final = 512
LIST_BUTTON: Final = "Choose"
_WITHOUT_CAPTION: Final = frozenset(("audio", "sticker"))


def rendered(message: Message, *, list_button: str = LIST_BUTTON) -> Rendered:
    content = message.content
    if isinstance(content, Seen):
        return Rendered(message.to, message.delivery_id, (_seen(content),))
    found = _contents(content, list_button)
    envelope = _envelope(message)
    bodies = [{**envelope, **each} for each in found.each]
    if bodies and message.reply_to and not isinstance(content, Reaction):
        bodies[0]["context"] = {"message_id": message.reply_to}
    return Rendered(message.to, message.delivery_id, tuple(bodies), found.cuts)


def _contents(told: Text | Choices | Media | Location | Template | Reaction, list_button: str) -> Contents:
    match told:
        case Text() as text:
            return texts_of(text.text, text.subject)
        case Choices() as asked:
            return choices_of(asked, list_button=list_button)
        case Media() as media:
            return _media(media)
        case Location() as place:
            return Contents((_location(place),))
        case Template() as template:
            content, cuts = template_content(template)
            return Contents((content,), cuts)
        case Reaction() as reaction:
            return Contents(({"type": "reaction", "reaction": {"message_id": reaction.to, "emoji": reaction.emoji}},))
        case _:
            assert_never(told)


def _envelope(message: Message) -> JsonObject:
    if not 0 < size(message.delivery_id) <= MAX_DELIVERY_ID:
        raise ValueError(f"a delivery id has 1 to {MAX_DELIVERY_ID} characters")
    address = next((address for address in message.to if address.kind in ("phone", "scoped_id")), None)
    if address is None:
        raise ValueError("the person has no address that WhatsApp reaches")
    return {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to" if address.kind == "phone" else "recipient": address.value,
        "biz_opaque_callback_data": message.delivery_id,
    }


def _seen(seen: Seen) -> JsonObject:
    told: JsonObject = {"messaging_product": "whatsapp", "status": "read", "message_id": seen.message_id}
    return {**told, "typing_indicator": {"type": "text"}} if seen.typing else told


def _media(media: Media) -> Contents:
    """What is too long for a caption, or belongs to a kind without one, follows as a text."""
    if not media.media_id and not media.url:
        raise ValueError("a file needs an id or an address")
    file: JsonObject = {"id": media.media_id} if media.media_id else {"link": media.url}
    if media.kind == "document" and media.file_name:
        file["filename"] = one_line(media.file_name)
    caption = marked(media.caption).strip()
    is_caption = bool(caption) and media.kind not in _WITHOUT_CAPTION and size(caption) <= MAX_CAPTION
    if is_caption:
        file["caption"] = caption
    after = Contents(()) if is_caption else texts_of(media.caption)
    told: JsonObject = {"type": media.kind}
    return Contents(({**told, media.kind: file}, *after.each), after.cuts)


def _location(place: Location) -> JsonObject:
    told: JsonObject = {"latitude": place.latitude, "longitude": place.longitude}
    named = {"name": clean(place.name).strip(), "address": clean(place.address).strip()}
    return {"type": "location", "location": {**told, **{key: text for key, text in named.items() if text}}}
