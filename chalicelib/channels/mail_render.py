"""A message as a mail: MIME with a text and an HTML part that say the same.

In: a message, the mailbox it goes out from, what is known of its thread. Out: `Rendered` with one body: from, to, tags and the raw mail in ASCII, the
same bytes for the same message. Date and Message-ID are SES's to write. A line break in a subject, a name or an address is refused: it would begin a
header. Never: a link that decides; links lead to pages that ask.

Sources: RFC 5322, RFC 2369 and 8058 (unsubscribing), RFC 3834 (Auto-Submitted), Amazon SES Developer Guide (limits, tags).
"""

import base64
import hashlib
import html
import re
from dataclasses import dataclass
from email.charset import QP, Charset
from email.header import Header
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.policy import compat32
from email.utils import formataddr
from typing import Final, assert_never

from chalicelib.channels.mail_addresses import ReplyToken, message_ids, own_message_id, reply_address, sign
from chalicelib.channels.mail_headers import ADDRESS
from chalicelib.channels.mail_marks import html_of, plain_of
from chalicelib.channels.mail_replies import MARKER
from chalicelib.channels.outbound import Choice, Choices, Cut, Location, Media, Message, Reaction, Rendered, Seen, Template, Text
from chalicelib.spec.model import JsonObject

MAX_TEXT: Final = 50_000
MAX_SUBJECT: Final = 200
MAX_TITLE: Final = 200
MAX_CHOICES: Final = 50
MAX_RAW_BYTES: Final = 10 * 1024 * 1024  # SES slows down what is larger
MAX_THREAD: Final = 20
DELIVERY_TAG: Final = "sluice-delivery"
_LONGEST_TAG: Final = 256
_LINK: Final = re.compile(r"https?://[^\s<>\"']{1,2000}")
_UNSEEN: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_BUTTON: Final = "display:inline-block;padding:8px 16px;border:1px solid #333;border-radius:4px;text-decoration:none;color:#111"


@dataclass(frozen=True, slots=True)
class Unsubscribe:
    """For mail that is sent to many. `url`: a page that asks on GET and unsubscribes on POST."""

    url: str
    mailbox: str = ""


@dataclass(frozen=True, slots=True)
class Mailbox:
    """What mails go out from. `loop_id` marks them as ours. `keys` of reply tokens: the first signs, all are believed."""

    address: str
    domain: str
    loop_id: str
    keys: tuple[bytes, ...]
    name: str = ""
    subject: str = "Message"
    unsubscribe: Unsubscribe | None = None


@dataclass(frozen=True, slots=True)
class Thread:
    """What is known of the thread that a message belongs to: `references`, the Message-IDs before it, the one it answers last; what an answer to it
    is an answer to; the subject so far."""

    references: tuple[str, ...] = ()
    answered: ReplyToken | None = None
    subject: str = ""


@dataclass(frozen=True, slots=True)
class _Page:
    """Both forms of what a mail says."""

    text: str
    html: str
    cuts: tuple[Cut, ...] = ()


def render_mail(message: Message, mailbox: Mailbox, thread: Thread) -> Rendered:
    """What a mail cannot hold (templates, reactions, receipts) has no body, and a cut says so. Raises ValueError for what would break a header."""
    to = next((address for address in message.to if address.kind == "email"), None)
    if to is None:
        raise ValueError("the message has no mail address")
    page = _page(message)
    if page.text == "":
        return Rendered((to,), message.delivery_id, (), page.cuts)
    subject, cuts = _subject(message, mailbox, thread)
    mail = _mail(message.delivery_id, page)
    for name, value in _headers(message, mailbox, thread, _checked_address(to.value)):
        mail[name] = value
    mail["Subject"] = Header(subject, None if subject.isascii() else "utf-8", header_name="Subject").encode()
    raw = mail.as_bytes(policy=compat32.clone(linesep="\r\n", max_line_length=None)).decode("ascii")
    body: JsonObject = {"from": _sender(mailbox), "to": to.value, "raw": raw, "tags": _tags(message.delivery_id)}
    return Rendered((to,), message.delivery_id, (body,), (*page.cuts, *cuts))


def delivery_of_tag(value: str) -> str:
    """The delivery id in a tag that `render_mail` wrote; empty where it is none."""
    try:
        return base64.urlsafe_b64decode(value + "=" * (-len(value) % 4)).decode()
    except ValueError:
        return ""


def _page(message: Message) -> _Page:
    content = message.content
    match content:
        case Text():
            return _said(content.text)
        case Choices():
            return _asked(content)
        case Media():
            return _linked(content)
        case Location():
            place = f"https://www.openstreetmap.org/?mlat={content.latitude}&mlon={content.longitude}"
            return _said("\n".join(part for part in (content.name, content.address, place) if part))
        case Template():
            return _Page("", "", (Cut("dropped", "template", 1),))
        case Reaction():
            return _Page("", "", (Cut("dropped", "reaction", 1),))
        case Seen():
            return _Page("", "", (Cut("dropped", "receipt", 1),))
        case _:
            assert_never(content)


def _said(text: str, what: str = "text") -> _Page:
    shown, cuts = _cut(_UNSEEN.sub("", text.replace("\r\n", "\n").replace("\r", "\n")), MAX_TEXT, what)
    return _Page(plain_of(shown).strip("\n") or " ", html_of(shown), cuts)


def _asked(content: Choices) -> _Page:
    said, foot = _said(content.text), _said(content.footer, "footer") if content.footer else _Page("", "")
    kept = [_titled(choice) for choice in content.choices[:MAX_CHOICES]]
    choices = [choice for choice, _ in kept]
    cuts = [*said.cuts, *(cut for _, found in kept for cut in found), *foot.cuts]
    if left := len(content.choices) - len(choices):
        cuts.append(Cut("dropped", "choices", left))
    if unlinked := sum(1 for choice in choices if not choice.link):
        cuts.append(Cut("numbered", "choices", unlinked))
    numbered = [_numbered(number, choice) for number, choice in enumerate(choices, 1)]
    buttons = [_button(number, choice) for number, choice in enumerate(choices, 1)]
    text = "\n\n".join(part for part in (said.text, "\n".join(numbered), foot.text) if part)
    return _Page(text, "\n".join((said.html, *buttons, foot.html)), tuple(cuts))


def _titled(choice: Choice) -> tuple[Choice, tuple[Cut, ...]]:
    if choice.link and not _LINK.fullmatch(choice.link):
        raise ValueError("the link of a choice is no web address")
    title, cuts = _cut(_line(choice.title), MAX_TITLE, "title")
    description, more = _cut(_line(choice.description), MAX_TITLE, "description")
    return Choice(choice.payload, title, description, choice.link), (*cuts, *more)


def _numbered(number: int, choice: Choice) -> str:
    said = f"{number}. {choice.title}" + (f" ({choice.description})" if choice.description else "")
    return f"{said}\n   {choice.link}" if choice.link else said


def _button(number: int, choice: Choice) -> str:
    title = html.escape(choice.title)
    shown = f'<a href="{html.escape(choice.link)}" style="{_BUTTON}">{title}</a>' if choice.link else f"{number}. {title}"
    return f"<p>{shown}{f'<br>{html.escape(choice.description)}' if choice.description else ''}</p>"


def _linked(content: Media) -> _Page:
    """A file is a link: its bytes are not at hand here."""
    if not _LINK.fullmatch(content.url):
        page = _said(content.caption)
        return _Page(page.text if content.caption else "", page.html, (*page.cuts, Cut("dropped", "file", 1)))
    name = re.sub(r"[\[\]]", "", _line(content.file_name))[:MAX_TITLE] or content.kind
    page = _said(content.caption) if content.caption else _Page("", "")
    shown = f'<p><a href="{html.escape(content.url)}">{html.escape(name)}</a></p>'
    return _Page("\n\n".join(part for part in (page.text, f"{name}: {content.url}") if part), page.html + shown, page.cuts)


def _mail(delivery_id: str, page: _Page) -> MIMEMultipart:
    mark = html.escape(MARKER)
    text = f"{MARKER}\n\n{page.text}\n"
    shown = f'<!DOCTYPE html><html><body>\n<p style="color:#999;font-size:small">{mark}</p>\n{page.html}\n</body></html>\n'
    mail = MIMEMultipart("alternative", boundary=_boundary(delivery_id, text, shown))
    charset = Charset("utf-8")
    charset.body_encoding = QP
    mail.attach(MIMEText(text, "plain", charset))  # type: ignore[arg-type]  # typeshed: a Charset is taken, and documented
    mail.attach(MIMEText(shown, "html", charset))  # type: ignore[arg-type]
    return mail


def _boundary(*of: str) -> str:
    """Chance has no place in it: the same mail has the same bytes. In quoted-printable no line can hold `=_`."""
    return f"=_{hashlib.sha256(chr(0).join(of).encode()).hexdigest()[:40]}"


def _headers(message: Message, mailbox: Mailbox, thread: Thread, to: str) -> list[tuple[str, str]]:
    before = [each for each in thread.references if message_ids(each) == (each,)][-MAX_THREAD:]
    own = own_message_id(message.delivery_id, mailbox.domain)
    headers = [
        ("From", _sender(mailbox)),
        ("To", to),
        ("References", "\n ".join(dict.fromkeys((*before, own)))),
        ("Auto-Submitted", "auto-replied" if message.reply_to or before else "auto-generated"),
        ("X-Auto-Response-Suppress", "All"),
        ("X-Loop", _line_or_refuse(mailbox.loop_id)),
    ]
    if before:
        headers.append(("In-Reply-To", before[-1]))
    if thread.answered is not None:
        headers.append(("Reply-To", reply_address(mailbox.domain, sign(mailbox.keys[0], thread.answered))))
    return [*headers, *_unsubscribing(mailbox.unsubscribe)]


def _unsubscribing(way: Unsubscribe | None) -> list[tuple[str, str]]:
    if way is None:
        return []
    if not re.fullmatch(r"https://[!-;=?-~]{1,900}", way.url):
        raise ValueError("the page for unsubscribing is no https address")
    also = f", <mailto:{_checked_address(way.mailbox)}>" if way.mailbox else ""
    return [("List-Unsubscribe", f"<{way.url}>{also}"), ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")]


def _subject(message: Message, mailbox: Mailbox, thread: Thread) -> tuple[str, tuple[Cut, ...]]:
    own = message.content.subject if isinstance(message.content, Text | Choices) else ""
    earlier = f"Re: {re.sub(r'^(?:re: *)+', '', thread.subject, flags=re.IGNORECASE)}" if thread.subject else ""
    return _cut(_line_or_refuse(own or earlier or mailbox.subject), MAX_SUBJECT, "subject")


def _sender(mailbox: Mailbox) -> str:
    return formataddr((_line_or_refuse(mailbox.name), _checked_address(mailbox.address)))


def _checked_address(address: str) -> str:
    if not ADDRESS.fullmatch(address) or len(address) > 254:
        raise ValueError("not a mail address that can be sent to")
    return address


def _line_or_refuse(text: str) -> str:
    """Raises ValueError for everything that any reader takes for the end of a line, and for what is no character."""
    if len(text.splitlines()) > 1 or _UNSEEN.search(text) or "\n" in text or text != "".join(text.splitlines()):
        raise ValueError("a line of a header holds a line break or a control character")
    return text


def _line(text: str) -> str:
    return " ".join(_UNSEEN.sub(" ", text).split())


def _cut(text: str, most: int, what: str) -> tuple[str, tuple[Cut, ...]]:
    left = len(text) - most
    return (text, ()) if left <= 0 else (f"{text[: most - 2]} …", (Cut("shortened", what, left + 2),))


def _tags(delivery_id: str) -> JsonObject:
    """Values of tags hold letters, digits, `-` and `_` alone, so it is in base 64."""
    value = base64.urlsafe_b64encode(delivery_id.encode()).decode().rstrip("=")
    return {DELIVERY_TAG: value} if len(value) <= _LONGEST_TAG else {}
