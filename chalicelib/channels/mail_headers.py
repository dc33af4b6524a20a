"""The headers of a mail, as far as they can be read by everybody alike.

In: a parsed message or what one header says. Out: `Headers`, `Mailbox`, texts. Headers are read as they stand and never by a grammar that a hostile
line could exhaust or break; what is longer than any honest header is cut. Never: belief. Who sent a mail is for `mail_proof` to say.

Sources: RFC 5322 (mailboxes), RFC 2047 (encoded words).
"""

import re
from dataclasses import dataclass
from email.header import decode_header
from email.message import Message
from typing import Final

MAX_FIELDS: Final = 500
MAX_VALUE: Final = 8_000
MAX_WORDS: Final = 2_000
_ATOM: Final = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]"
_LABEL: Final = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
DOMAIN: Final = re.compile(rf"{_LABEL}(?:\.{_LABEL})+")
_ADDRESS: Final = rf"{_ATOM}+(?:\.{_ATOM}+)*@{_LABEL}(?:\.{_LABEL})+"
ADDRESS: Final = re.compile(_ADDRESS)
_WORD: Final = rf'(?:"(?:[^"\\]|\\.)*"|(?:{_ATOM}|\.)+)'
_ALONE: Final = re.compile(rf"\s*({_ADDRESS})\s*")
_NAMED: Final = re.compile(rf"\s*(?:({_WORD}(?:\s+{_WORD})*)\s*)?<({_ADDRESS})>\s*")
_IN_BRACKETS: Final = re.compile(rf"<({_ADDRESS})>")
_LONGEST_ADDRESS: Final = 254


@dataclass(frozen=True, slots=True)
class Headers:
    """`fields`: names in small letters, values unfolded, in their order. `is_plain`: nothing about them was cut, broken or odd, so that every reader
    sees the same."""

    fields: tuple[tuple[str, str], ...]
    is_plain: bool = True

    def all(self, name: str) -> tuple[str, ...]:
        return tuple(value for each, value in self.fields if each == name)

    def first(self, name: str) -> str:
        return next(iter(self.all(name)), "")


@dataclass(frozen=True, slots=True)
class Mailbox:
    """`address` in small letters."""

    address: str
    name: str = ""


def headers_of(message: "Message[str, str]") -> Headers:
    raw = list(message.raw_items())
    fields = tuple((name.lower(), _unfolded(str(value)[:MAX_VALUE])) for name, value in raw[:MAX_FIELDS])
    is_plain = not message.defects and message.get_unixfrom() is None and len(raw) <= MAX_FIELDS
    return Headers(fields, is_plain and all(len(str(value)) <= MAX_VALUE for _, value in raw))


def mailbox(value: str) -> Mailbox | None:
    """The one mailbox that a header names, if it can be read in one way alone: ASCII, no groups, no comments, no second address."""
    if not value.isascii() or len(value) > MAX_WORDS:
        return None
    if alone := _ALONE.fullmatch(value):
        return _mailbox(alone.group(1), "")
    named = _NAMED.fullmatch(value)
    return _mailbox(named.group(2), named.group(1) or "") if named else None


def likely_mailbox(value: str) -> Mailbox | None:
    """The mailbox that a header most likely names: good enough to answer to, proof of nothing."""
    if strict := mailbox(value):
        return strict
    short = value[:MAX_WORDS]
    found = _IN_BRACKETS.findall(short)
    return _mailbox(found[-1], short.partition("<")[0]) if found else None


def words(value: str) -> str:
    """A header's text with its encoded words decoded. Never raises: what cannot be decoded stays as it is."""
    short = value[:MAX_WORDS]
    try:
        pieces = decode_header(short)
    except ValueError:  # HeaderParseError among them
        return short
    return "".join(_decoded(*piece) for piece in pieces).strip()


def _decoded(piece: bytes | str, charset: str | None) -> str:
    if isinstance(piece, str):
        return piece
    try:
        return piece.decode(charset or "ascii", "replace")
    except (LookupError, ValueError):
        return piece.decode("utf-8", "replace")


def _mailbox(address: str, name: str) -> Mailbox | None:
    if len(address) > _LONGEST_ADDRESS:
        return None
    return Mailbox(address.lower(), words(re.sub(r'\\(.)|"', r"\1", name)).strip())


def _unfolded(value: str) -> str:
    """Bytes above 127 come as surrogates; they are UTF-8 nearly always (RFC 6532)."""
    text = value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return re.sub(r"[\r\n]+(?=[ \t])|[\r\n]+", "", text).strip()
