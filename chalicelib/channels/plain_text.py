"""Texts for channels that know no marks: Markdown's simple marks taken away, links written out, long texts in parts.

In: a text with `*strong*`, `_soft_`, lists and `[links](https://…)`; a length and how it is measured. Out: the same words without marks; parts that
fit. Nothing but marks, control characters and the white space between parts is lost; `shorten` alone takes words away, and says how many characters.
"""

import re
import unicodedata
from collections.abc import Callable
from typing import Final

Measure = Callable[[str], int]

_URL: Final = r"(?P<url>https?://\S+)"
_LINK: Final = r"!?\[(?P<title>[^\[\]\n]{1,500})\]\((?P<target>[^\s()]{1,2000}(?:\([^\s()]{0,200}\)[^\s()]{0,200})?)\)"
_MARKED: Final = r"(?<![\w*_~])(?P<mark>\*{1,3}|_{1,3}|~{1,2})(?=\S)(?P<inside>(?:(?!(?P=mark))[^\n]){1,300})(?<=\S)(?P=mark)(?![\w*_~])"
_FORM: Final = re.compile(f"{_URL}|{_LINK}|{_MARKED}")
_BULLET: Final = re.compile(r"^([ \t]*)[*+] (?=\S)", re.MULTILINE)
_UNSHOWN: Final = frozenset(("Cc", "Cs"))  # control characters and halves of surrogate pairs
_BREAKS: Final = ("\n\n", "\n", ". ", "! ", "? ", " ")
_JOINER: Final = "\u200d"
_FOLLOWERS: Final = frozenset((_JOINER, "\ufe0e", "\ufe0f", *map(chr, range(0x1F3FB, 0x1F400))))  # what changes the sign before it
_LONGEST_SIGN: Final = 16
_DEPTH: Final = 3  # marks inside of marks


def utf8_bytes(text: str) -> int:
    return len(text.encode())


def utf16_units(text: str) -> int:
    """Never less than the number of characters, however the vendor counts those."""
    return len(text.encode("utf-16-le")) // 2


def plain(text: str) -> str:
    """`*so*`, `_so_` → `so`; `[here](https://a.example)` → `here (https://a.example)`; `* item` → `- item`. Addresses stay as they are."""
    shown = _BULLET.sub(r"\1- ", cleaned(text))
    for _ in range(_DEPTH):
        shown = _FORM.sub(_unmarked, shown)
    return shown.strip()


def cleaned(text: str) -> str:
    """Without what no screen shows and no vendor takes."""
    return "".join(letter for letter in text if unicodedata.category(letter) not in _UNSHOWN or letter in "\n\t")


def _unmarked(found: re.Match[str]) -> str:
    if found["url"] is not None:
        return found["url"]
    if found["target"] is not None:
        title, target = found["title"].strip(), found["target"]
        return target if title in {"", target} else f"{title} ({target})"
    return found["inside"]


def shorten(text: str, most: int, measure: Measure) -> tuple[str, int]:
    """The text, ended by ` …` where it does not fit, and how many characters of it were left out."""
    if measure(text) <= most:
        return text, 0
    kept = text[: _fitting(text, most - measure(" …"), measure)]
    return f"{kept.rstrip()} …", len(text) - len(kept)


def split(text: str, most: int, measure: Measure) -> list[str]:
    """Parts that fit into `most` (at least 4), cut where a paragraph, a line, a sentence or a word ends; within a
    word only where it alone is too long. None of nothing."""
    parts, rest = [], text.strip()
    while rest:
        end = _end(rest, most, measure)
        parts.append(rest[:end].rstrip())
        rest = rest[end:].lstrip()
    return parts


def _end(text: str, most: int, measure: Measure) -> int:
    fitting = _fitting(text, most, measure)
    if fitting == len(text):
        return fitting
    for start in (fitting // 2, 1):  # a part that is less than half full is worse than a poorer place
        for sign in _BREAKS:
            place = text.rfind(sign, start, fitting + 1)
            if place > 0:
                return place + len(sign.rstrip())
    return fitting


def _fitting(text: str, most: int, measure: Measure) -> int:
    """How many characters fit; a sign of several characters (an emoji with a skin, a letter with an accent) is not cut through."""
    size = end = 0
    while end < len(text) and size + measure(text[end]) <= most:
        size += measure(text[end])
        end += 1
    return _between_signs(text, end) or end


def _between_signs(text: str, end: int) -> int:
    """0 where there is no such place nearby."""
    for place in range(end, max(0, end - _LONGEST_SIGN), -1):
        if place == len(text) or not (_follows(text[place]) or text[place - 1] == _JOINER):
            return place
    return 0


def _follows(letter: str) -> bool:
    return letter in _FOLLOWERS or unicodedata.combining(letter) != 0
