"""Questions with answers to tap, as WhatsApp has them: up to three buttons, else a list of up to ten, else numbers to write.

In: the question and its choices. Out: the content of each message to send, the last one with what is tapped, and what was cut. Where descriptions
have no place, they stand in the text. Pure.

Source of the limits: Meta's OpenAPI document of the Business Messaging API, v23.0.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from chalicelib.channels.outbound import Choice, Choices, Cut
from chalicelib.channels.text_parts import one_line, parted, shortened, size, with_last
from chalicelib.channels.whatsapp_marks import marked
from chalicelib.spec.model import Json, JsonObject

MAX_TEXT: Final = 4_096
MAX_BODY: Final = 1_024
MAX_HEADER: Final = 60
MAX_FOOTER: Final = 60
MAX_BUTTONS: Final = 3
MAX_BUTTON_TITLE: Final = 20
MAX_ROWS: Final = 10
MAX_ROW_TITLE: Final = 24
MAX_ROW_DESCRIPTION: Final = 72
MAX_PAYLOAD: Final = 200  # of a row; a button takes 256
MAX_BODIES: Final = 10  # messages for one text; more would be too many for the number and the reader
_BODIES_OF_NUMBERS: Final = 2
NOTHING: Final = "…"  # where something has to stand


@dataclass(frozen=True, slots=True)
class Contents:
    each: tuple[JsonObject, ...]
    cuts: tuple[Cut, ...] = ()


def text_content(text: str) -> JsonObject:
    return {"type": "text", "text": {"body": text}}


def texts_of(text: str, subject: str = "") -> Contents:
    """A text in as many messages as it needs. None for a blank one."""
    found = parted(_under(subject, marked(text)), MAX_TEXT, at_most=MAX_BODIES)
    return Contents(tuple(map(text_content, found.texts)), _cuts(("text", found.left)))


def choices_of(asked: Choices, *, list_button: str) -> Contents:
    """`list_button`: what opens the list."""
    titles = [one_line(choice.title) or str(number) for number, choice in enumerate(asked.choices, 1)]
    if not titles:
        return texts_of(f"{asked.text}\n\n{asked.footer}", asked.subject)
    if not _can_be_tapped(asked.choices) or len(titles) > MAX_ROWS:
        return _numbered(asked, titles)
    fit = len(set(titles)) == len(titles) and all(size(title) <= MAX_BUTTON_TITLE for title in titles)
    return _buttons(asked, titles) if fit and len(titles) <= MAX_BUTTONS else _list(asked, titles, list_button)


def _can_be_tapped(choices: Sequence[Choice]) -> bool:
    """Whether every answer could be known again by what comes back."""
    payloads = [choice.payload for choice in choices]
    return len(set(payloads)) == len(payloads) and all(0 < size(each) <= MAX_PAYLOAD and each == each.strip() for each in payloads)


def _buttons(asked: Choices, titles: Sequence[str]) -> Contents:
    pairs = list(zip(titles, asked.choices, strict=True))
    described = [f"{title}: {one_line(choice.description)}" for title, choice in pairs if choice.description.strip()]
    buttons: list[Json] = [{"type": "reply", "reply": {"id": choice.payload, "title": title}} for title, choice in pairs]
    return _interactive(asked, "\n".join(described), "button", {"buttons": buttons})


def _list(asked: Choices, titles: Sequence[str], list_button: str) -> Contents:
    rows: list[Json] = []
    cuts: list[Cut] = []
    for number, (title, choice) in enumerate(zip(titles, asked.choices, strict=True), 1):
        row, cut = _row(title, choice, number)
        rows.append(row)
        cuts += cut
    button, _ = shortened(list_button, MAX_BUTTON_TITLE)
    found = _interactive(asked, "", "list", {"button": button, "sections": [{"rows": rows}]})
    return Contents(found.each, (*found.cuts, *cuts))


def _row(title: str, choice: Choice, number: int) -> tuple[JsonObject, tuple[Cut, ...]]:
    """A title that is too long stands in the description, whole where it fits; what stood there follows it or gives way."""
    short, title_left = shortened(title, MAX_ROW_TITLE)
    description = one_line(choice.description)
    dropped = 0
    if title_left:
        both = f"{title}: {description}" if description else title
        description, dropped = (both, 0) if size(both) <= MAX_ROW_DESCRIPTION else (title, len(description))
    shown, left = shortened(description, MAX_ROW_DESCRIPTION)
    row: JsonObject = {"id": choice.payload, "title": short, **({"description": shown} if shown else {})}
    cuts = _cuts((f"title {number}", title_left), (f"description {number}", 0 if title_left else left))
    return row, (*cuts, Cut("dropped", f"description {number}", dropped)) if dropped else cuts


def _interactive(asked: Choices, under: str, kind: str, action: JsonObject) -> Contents:
    text = "\n\n".join(part for part in (marked(asked.text).strip(), under) if part)
    found = with_last(text or NOTHING, MAX_BODY, MAX_TEXT, at_most=MAX_BODIES)
    header, header_left = shortened(one_line(asked.subject), MAX_HEADER)
    footer, footer_left = shortened(one_line(asked.footer), MAX_FOOTER)
    interactive: JsonObject = {"type": kind, "body": {"text": found.texts[-1]}, "action": action}
    if header:
        interactive["header"] = {"type": "text", "text": header}
    if footer:
        interactive["footer"] = {"text": footer}
    before = tuple(map(text_content, found.texts[:-1]))
    cuts = _cuts(("text", found.left), ("subject", header_left), ("footer", footer_left))
    return Contents((*before, {"type": "interactive", "interactive": interactive}), cuts)


def _numbered(asked: Choices, titles: Sequence[str]) -> Contents:
    lines = [
        f"{number}. {title}{': ' if choice.description.strip() else ''}{one_line(choice.description)}"
        for number, (title, choice) in enumerate(zip(titles, asked.choices, strict=True), 1)
    ]
    answers = "\n\n".join(part for part in ("\n".join(lines), one_line(asked.footer)) if part)
    text = _under(asked.subject, marked(asked.text)).strip()
    numbered = Cut("numbered", "choices", len(titles))
    if size(text) + size(answers) + 2 <= MAX_TEXT:
        return Contents((text_content(f"{text}\n\n{answers}".strip()),), (numbered,))
    question = parted(text, MAX_TEXT, at_most=MAX_BODIES - _BODIES_OF_NUMBERS)
    listed = parted(answers, MAX_TEXT, at_most=_BODIES_OF_NUMBERS)
    each = tuple(map(text_content, (*question.texts, *listed.texts)))
    return Contents(each, (numbered, *_cuts(("text", question.left), ("choices", listed.left))))


def _under(subject: str, text: str) -> str:
    title = one_line(subject).replace("*", "")
    return f"*{title}*\n\n{text}" if title else text


def _cuts(*found: tuple[str, int]) -> tuple[Cut, ...]:
    return tuple(Cut("shortened", what, left) for what, left in found if left)
