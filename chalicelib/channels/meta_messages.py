"""Messages in the form that Messenger and Instagram take.

In: a `Message` with an id of the person that holds for this account, and what the product takes (`Limits`). Out: `Rendered`: bodies of the Send API,
attachments first and choices on the last one, each with our delivery's id as its `metadata`, which comes back with the echo. A message that answers
nothing is none of ours to send: `messaging_type` is RESPONSE, and the service window is for the caller to know.

Choices become a button template where there are at most three and all of the text fits beside them: it stays in the conversation, while quick
replies vanish with the next message, so that a question that waits for hours keeps its answers. Else quick replies, up to thirteen. Else numbers.
Where a button cannot hold all of a choice (a long title, a description) the text lists the choices whole and the buttons bear their numbers.

Sources: Meta's pages "Send API", "Quick Replies", "Button Template", "Sender Actions" and "Send a Message" (Instagram), of 2026.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, assert_never

from chalicelib.channels.inbound import MediaKind
from chalicelib.channels.outbound import Choice, Choices, Cut, Location, Media, Message, Reaction, Rendered, Seen, Template, Text
from chalicelib.channels.plain_text import plain, shorten, split
from chalicelib.channels.text_parts import Measure, clean, size
from chalicelib.spec.model import Json, JsonObject

MAX_BUTTONS: Final = 3
MAX_BUTTON_TEXT: Final = 640
MAX_QUICK_REPLIES: Final = 13
MAX_TITLE: Final = 20
MAX_PAYLOAD: Final = 1000
MAX_METADATA: Final = 999  # "less than 1000"
_MAP: Final = "https://www.google.com/maps/search/?api=1&query="
_VARIATION: Final = "\ufe0f"  # asks for the coloured form of a sign
_TYPES: Final[Mapping[MediaKind, str]] = {"image": "image", "video": "video", "audio": "audio", "document": "file", "sticker": "image"}


@dataclass(frozen=True, slots=True)
class Limits:
    """`text`: the most that one text may measure, `whole`: that all texts of a message together may. `reactions`: the vendor's word for each emoji
    that it takes; None: it takes any. `files`: the media types that it takes as files; None: any."""

    channel: str
    text: int
    whole: int
    measure: Measure
    reactions: Mapping[str, str] | None = None
    files: frozenset[str] | None = None


def render(message: Message, limits: Limits) -> Rendered:
    """Raises TypeError for a message template, which only WhatsApp has: the caller sends its words. Raises ValueError for a message to nobody of
    this channel, and for media that are nowhere."""
    person = _person(message, limits)
    match message.content:
        case Text():
            contents, cuts = _texts(_paragraphs(message.content.subject, message.content.text), limits)
        case Choices():
            contents, cuts = _choices(message.content, limits)
        case Media():
            contents, cuts = _media(message.content, limits)
        case Location():
            contents, cuts = _texts(_place(message.content), limits)
        case Reaction():
            return _reaction(message, message.content, person, limits)
        case Seen():
            actions = ["mark_seen", *(["typing_on"] if message.content.typing else [])]
            return Rendered(message.to, message.delivery_id, tuple(_action(person, action) for action in actions))
        case Template():
            raise TypeError(f"{limits.channel} has no message templates")
        case _:
            assert_never(message.content)
    return _rendered(message, person, contents, cuts)


def _rendered(message: Message, person: str, contents: list[JsonObject], cuts: list[Cut]) -> Rendered:
    metadata: JsonObject = {"metadata": message.delivery_id}
    if len(message.delivery_id) > MAX_METADATA:
        metadata, cuts = {}, [*cuts, Cut("dropped", "metadata", 1)]
    bodies: list[JsonObject] = [
        {"recipient": {"id": person}, "messaging_type": "RESPONSE", "message": {**content, **metadata}} for content in contents
    ]
    return Rendered(message.to, message.delivery_id, tuple(bodies), tuple(cuts))


def _person(message: Message, limits: Limits) -> str:
    for address in message.to:
        if address.kind == "scoped_id":
            return address.value
    raise ValueError(f"nobody is named by an id of {limits.channel}")


def _paragraphs(*texts: str) -> str:
    return "\n\n".join(filter(None, (plain(text) for text in texts)))


def _texts(text: str, limits: Limits) -> tuple[list[JsonObject], list[Cut]]:
    shown, left = shorten(text, limits.whole, limits.measure)
    contents = _parts(shown, limits)
    if not contents:
        return [], [Cut("dropped", "text", 1)]  # of nothing no message can be made
    return contents, [Cut("shortened", "text", left)] if left else []


def _parts(text: str, limits: Limits) -> list[JsonObject]:
    return [{"text": part} for part in split(text, limits.text, limits.measure)]


def _choices(content: Choices, limits: Limits) -> tuple[list[JsonObject], list[Cut]]:
    """The question may be cut, its choices never are."""
    choices = content.choices
    question, left = shorten(_paragraphs(content.subject, content.text), limits.whole, limits.measure)
    cuts = [Cut("shortened", "text", left)] if left else []
    fit = len(choices) <= MAX_QUICK_REPLIES and all(size(choice.payload) <= MAX_PAYLOAD for choice in choices)
    is_listed = not (fit and question and all(_is_title_enough(choice) for choice in choices))
    listing = "\n".join(_line(index, choice) for index, choice in enumerate(choices, 1)) if is_listed else ""
    contents = _parts("\n\n".join(filter(None, (question, listing, plain(content.footer)))), limits)
    if not choices:
        return contents, cuts if contents else [Cut("dropped", "text", 1)]
    if not fit:
        return contents, [*cuts, Cut("numbered", "choices", len(choices))]
    titles = [_label(index, choice) if is_listed else _title(choice) for index, choice in enumerate(choices, 1)]
    return _tappable(contents, list(zip(titles, choices, strict=True)), limits), cuts


def _tappable(contents: list[JsonObject], titled: list[tuple[str, Choice]], limits: Limits) -> list[JsonObject]:
    *before, last = contents
    text = str(last["text"])
    if len(titled) <= MAX_BUTTONS and not before and limits.measure(text) <= MAX_BUTTON_TEXT:
        buttons: list[Json] = [{"type": "postback", "title": title, "payload": choice.payload} for title, choice in titled]
        return [{"attachment": {"type": "template", "payload": {"template_type": "button", "text": text, "buttons": buttons}}}]
    replies: list[Json] = [{"content_type": "text", "title": title, "payload": choice.payload} for title, choice in titled]
    return [*before, {**last, "quick_replies": replies}]


def _title(choice: Choice) -> str:
    return " ".join(plain(choice.title).split())


def _is_title_enough(choice: Choice) -> bool:
    return 0 < size(_title(choice)) <= MAX_TITLE and not choice.description.strip()


def _line(index: int, choice: Choice) -> str:
    description = " ".join(plain(choice.description).split())
    return f"{index}. {': '.join(filter(None, (_title(choice), description)))}"


def _label(index: int, choice: Choice) -> str:
    """The number says which line of the text is meant, so nothing is lost where the title is cut."""
    label, _ = shorten(f"{index}. {_title(choice)}".strip(), MAX_TITLE, size)
    return label


def _media(content: Media, limits: Limits) -> tuple[list[JsonObject], list[Cut]]:
    if not content.media_id and not content.url:
        raise ValueError("media have an id or an address")
    kind = _TYPES[content.kind]
    if kind == "file" and limits.files is not None and content.mime_type not in limits.files:
        return _as_link(content, limits)
    payload: JsonObject = {"attachment_id": content.media_id} if content.media_id else {"url": content.url}
    cuts = [Cut("dropped", "file_name", 1)] if kind == "file" and content.file_name else []
    captions, more = _texts(plain(content.caption), limits) if plain(content.caption) else ([], [])
    return [{"attachment": {"type": kind, "payload": payload}}, *captions], [*cuts, *more]


def _as_link(content: Media, limits: Limits) -> tuple[list[JsonObject], list[Cut]]:
    """A file that the product does not take, by its address; one that lies at the vendor has none."""
    cuts = [] if content.url else [Cut("dropped", "media", 1)]
    link = "\n".join(filter(None, (clean(content.file_name), clean(content.url)))) if content.url else ""
    caption, left = shorten(plain(content.caption), limits.whole, limits.measure)
    if left:
        cuts.append(Cut("shortened", "text", left))
    return _parts("\n\n".join(filter(None, (caption, link))), limits), cuts


def _place(content: Location) -> str:
    point = f"{content.latitude:.6f},{content.longitude:.6f}"
    return "\n".join(filter(None, (clean(content.name), clean(content.address), f"{_MAP}{point}")))


def _reaction(message: Message, content: Reaction, person: str, limits: Limits) -> Rendered:
    if not content.emoji:
        return Rendered(message.to, message.delivery_id, (_action(person, "unreact", message_id=content.to),))
    bare = content.emoji.replace(_VARIATION, "")
    word = content.emoji if limits.reactions is None else limits.reactions.get(bare)
    if word is None:
        return Rendered(message.to, message.delivery_id, (), (Cut("dropped", "reaction", 1),))
    return Rendered(message.to, message.delivery_id, (_action(person, "react", message_id=content.to, reaction=word),))


def _action(person: str, action: str, **payload: str) -> JsonObject:
    """A sender action: nothing else may stand in its body."""
    told: JsonObject = {"recipient": {"id": person}, "sender_action": action}
    return {**told, "payload": {**payload}} if payload else told
