"""The parts of a mail: what it says, and the files that come with it.

In: a raw mail. Out: `Parts`: its text as people read it, and its files, each by the number of its part; the bytes of one file. Mails of strangers are
read here: depth, number and length of everything are limited, and no charset, encoding or header makes it raise. The tree is read under the old
policy of the standard library: the new one reads headers by a grammar while it parses, which a line of opening brackets breaks.
"""

import codecs
import hashlib
import re
from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message
from email.policy import compat32
from typing import Final

from chalicelib.channels.inbound import MediaKind
from chalicelib.channels.mail_headers import words
from chalicelib.channels.mail_html import text_of_html

MAX_RAW_BYTES: Final = 40 * 1024 * 1024  # what SES takes in (Amazon SES Developer Guide, "Service quotas")
MAX_CONTAINERS: Final = 200
MAX_DEPTH: Final = 20
MAX_PARTS: Final = 100
MAX_TEXT: Final = 100_000
MEDIA_PREFIX: Final = "part:"
_CONTAINER: Final = re.compile(rb"(?:multipart|message)/", re.IGNORECASE)
_NOT_FOR_TEXT: Final = frozenset(("idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined"))
_NO_TEXT: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_KINDS: Final[dict[str, MediaKind]] = {"image": "image", "video": "video", "audio": "audio"}


@dataclass(frozen=True, slots=True)
class File:
    media_id: str
    kind: MediaKind
    mime_type: str
    name: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Parts:
    """`left_out`: how many parts there were beyond the limits."""

    text: str
    files: tuple[File, ...]
    left_out: int = 0


def message_of(raw: bytes) -> "Message[str, str] | None":
    """The mail's tree; None where it is larger or holds more containers than any honest mail."""
    if len(raw) > MAX_RAW_BYTES or sum(1 for _ in _CONTAINER.finditer(raw)) > MAX_CONTAINERS:
        return None
    return message_from_bytes(raw, policy=compat32)


def parts_of(message: "Message[str, str]") -> Parts:
    leaves, left_out = _leaves(message)
    texts = _chosen(message, 0)
    files = [_file(index, leaf) for index, leaf in enumerate(leaves) if not _is_text(leaf)]
    said = "\n".join(text for text in texts if text.strip())
    return Parts(said[:MAX_TEXT].strip("\n"), tuple(files), left_out)


def part_bytes(raw: bytes, media_id: str) -> bytes:
    """The bytes of a file that `parts_of` told of. Raises LookupError where the mail has no such part."""
    number = media_id.removeprefix(MEDIA_PREFIX)
    message = message_of(raw)
    leaves = _leaves(message)[0] if message is not None else []
    if not re.fullmatch(r"[0-9]{1,3}", number) or int(number) >= len(leaves):
        raise LookupError(f"the mail has no part {media_id}")
    return _payload(leaves[int(number)])


def _leaves(message: "Message[str, str]") -> tuple[list["Message[str, str]"], int]:
    """All parts that hold no others, in their order. An attached mail is one file."""
    found: list[Message[str, str]] = []
    left_out = 0
    waiting = [(message, 0)]
    while waiting:
        part, depth = waiting.pop()
        below = _children(part)
        if below and depth < MAX_DEPTH:
            waiting.extend((child, depth + 1) for child in reversed(below))
        elif below or len(found) >= MAX_PARTS:
            left_out += 1
        else:
            found.append(part)
    return found, left_out


def _children(part: "Message[str, str]") -> list["Message[str, str]"]:
    payload = part.get_payload()
    return [each for each in payload if isinstance(each, Message)] if part.get_content_maintype() == "multipart" and isinstance(payload, list) else []


def _chosen(part: "Message[str, str]", depth: int) -> list[str]:
    """The texts of a part, of each set of alternatives the plainest that says anything."""
    below = _children(part)[:MAX_PARTS] if depth < MAX_DEPTH else []
    if not below:
        return [_text(part)] if _is_text(part) else []
    if part.get_content_subtype() != "alternative":
        return [text for child in below for text in _chosen(child, depth + 1)]
    plain_first = sorted(below, key=lambda child: child.get_content_type() != "text/plain")
    each = (_chosen(child, depth + 1) for child in plain_first)
    return next((texts for texts in each if any(text.strip() for text in texts)), [])


def _is_text(part: "Message[str, str]") -> bool:
    is_shown = part.get_content_disposition() != "attachment" and not _file_name(part)
    return is_shown and part.get_content_type() in {"text/plain", "text/html"} and not isinstance(part.get_payload(), list)


def _text(part: "Message[str, str]") -> str:
    text = _decoded(_payload(part)[: 4 * MAX_TEXT], part.get_content_charset("utf-8"))[:MAX_TEXT]
    shown = text_of_html(text) if part.get_content_type() == "text/html" else text
    lines = re.sub(r"\r\n?|\u2028|\u2029", "\n", shown).replace("\xa0", " ")
    return _NO_TEXT.sub("", lines)


def _file(index: int, part: "Message[str, str]") -> File:
    kind = _KINDS.get(part.get_content_maintype(), "document")
    return File(f"{MEDIA_PREFIX}{index}", kind, part.get_content_type()[:255], _file_name(part), hashlib.sha256(_payload(part)).hexdigest())


def _payload(part: "Message[str, str]") -> bytes:
    inner = part.get_payload()
    if isinstance(inner, list):  # an attached mail
        return b"\n".join(each.as_bytes() for each in inner if isinstance(each, Message))
    decoded = part.get_payload(decode=True)
    return decoded if isinstance(decoded, bytes) else b""


def _file_name(part: "Message[str, str]") -> str:
    """The name alone, without folders or what cannot be shown."""
    try:
        name = words(str(part.get_filename("")))
    except (LookupError, ValueError):
        return ""
    return _NO_TEXT.sub("", re.split(r"[/\\]", name)[-1])[:255].strip()


def _decoded(payload: bytes, charset: str) -> str:
    try:
        name = codecs.lookup(charset).name
        return payload.decode("utf-8" if name.replace("-", "_") in _NOT_FOR_TEXT else name, "strict")
    except (LookupError, ValueError):
        return _guessed(payload)


def _guessed(payload: bytes) -> str:
    try:
        return payload.decode("utf-8")
    except UnicodeDecodeError:
        return payload.decode("cp1252", "replace")
