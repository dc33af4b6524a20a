"""Takes secrets out of what is about to be recorded, returned or told.

In: the secrets that a piece of work resolved (value by name), and its texts or JSON. Out: the same with `(secret <name>)` wherever a value stood: as
it is, URL-encoded, escaped as JSON, HTML or Python would, in hexadecimal, or inside base64 at any offset; also a beginning of it where a text was cut
off. Values under six characters are left alone: they would be found everywhere.
Never: a secret in what comes out. What it cannot know: a secret that a tool encrypts, splits or transforms in ways of its own.
"""

import html
import json
import math
import re
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final
from urllib.parse import quote, quote_plus

from chalicelib.spec.model import Json

MIN_CHARACTERS: Final = 6
_CUT_MARKS: Final = "\ufffd….[]() "  # what stands where something was left out, half a character among it
_PERCENT: Final = re.compile(r"%[0-9A-F]{2}")


@dataclass(frozen=True)
class Redaction:
    """`secrets`: values by secret name."""

    secrets: Mapping[str, str]

    def text(self, text: str) -> str:
        """The text without the secrets."""
        if len(text) < MIN_CHARACTERS or not self._labels:
            return text
        if any(form in text for form in self._labels):
            text = self._pattern.sub(lambda hit: self._labels[hit.group()], text)
        return self._without_cut_off(text)

    def json(self, value: Json) -> Json:
        """The value without the secrets, in its names and in its numbers too."""
        match value:
            case str():
                return self.text(value)
            case dict():
                return {self.text(name): self.json(member) for name, member in value.items()}
            case list():
                return [self.json(item) for item in value]
            case bool() | None:
                return value
            case _:
                return self._number(value)

    def _number(self, value: int | float) -> Json:
        shown = repr(value)
        return value if shown == (told := self.text(shown)) else told

    def _without_cut_off(self, text: str) -> str:
        """A text that was shortened may end within a secret."""
        whole = text.rstrip(_CUT_MARKS)
        start = max(0, len(whole) - max(map(len, self._labels)))
        for begun in self._beginnings.finditer(whole, start):
            rest = whole[begun.start() :]
            for form, label in self._labels.items():
                if form.startswith(rest):
                    return text[: begun.start()] + label
        return text

    @cached_property
    def _labels(self) -> dict[str, str]:
        """What stands for each form of each secret; the longest first, so that no form hides in another."""
        found = {form: f"(secret {name})" for name, value in self.secrets.items() for form in _forms(value)}
        return dict(sorted(found.items(), key=lambda pair: -len(pair[0])))

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        return re.compile("|".join(map(re.escape, self._labels)))

    @cached_property
    def _beginnings(self) -> re.Pattern[str]:
        """At every place, also within another beginning."""
        return re.compile("(?=" + "|".join({re.escape(form[:MIN_CHARACTERS]) for form in self._labels}) + ")")


def _forms(value: str) -> set[str]:
    """The ways in which a value may be written."""
    written = {value, value.strip()}
    return {form for plain in written if len(plain) >= MIN_CHARACTERS for form in (*_escaped(plain), *_base64(plain.encode()), *_hex(plain.encode()))}


def _escaped(plain: str) -> Iterator[str]:
    yield plain
    for encoded in (quote(plain, safe=""), quote(plain), quote_plus(plain)):
        yield encoded
        yield _PERCENT.sub(lambda hit: hit.group().lower(), encoded)
    yield json.dumps(plain)[1:-1]
    yield json.dumps(plain, ensure_ascii=False)[1:-1]
    yield repr(plain)[1:-1]
    yield html.escape(plain)


def _hex(plain: bytes) -> Iterator[str]:
    yield plain.hex()
    yield plain.hex().upper()


def _base64(plain: bytes) -> Iterator[str]:
    """The characters that these bytes alone decide, wherever they stand in what is encoded; and the whole, with its padding."""
    for encode in (b64encode, urlsafe_b64encode):
        yield encode(plain).decode()
        for offset in range(3):
            encoded = encode(bytes(offset) + plain).decode()
            yield encoded[math.ceil(offset * 8 / 6) : (offset + len(plain)) * 8 // 6]
