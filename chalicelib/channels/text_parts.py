"""Texts that fit: shortened, or in parts.

In: a text, a limit and how it is measured. Out: what fits, and how many characters do not. Lengths are counted as UTF-16 does unless something else
is said, an emoji as two, which is the strictest way that a vendor may count letters. A cut never falls into a letter of several characters. Pure.
"""

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

Measure = Callable[[str], int]
MORE: Final = "…"
_JOINER: Final = "\u200d"
_FOLLOWERS: Final = frozenset((_JOINER, "\ufe0e", "\ufe0f", *map(chr, range(0x1F3FB, 0x1F400))))  # what changes the sign before it
_LONGEST_SIGN: Final = 16
_ENDS: Final = ("\n\n", "\n", ". ", "! ", "? ", " ")  # where a text is parted, the best first


@dataclass(frozen=True, slots=True)
class Parts:
    """`left`: the characters that are in none of the texts."""

    texts: tuple[str, ...]
    left: int = 0


def size(text: str) -> int:
    return len(text) + sum(letter > "\uffff" for letter in text)


def utf8_bytes(text: str) -> int:
    return len(text.encode())


def clean(text: str) -> str:
    """Without control characters and halves of letters, which vendors refuse."""
    return "".join(letter for letter in text if unicodedata.category(letter) not in ("Cc", "Cs") or letter in "\n\t")


def one_line(text: str) -> str:
    return " ".join(clean(text).split())


def shortened(text: str, limit: int) -> tuple[str, int]:
    """The text, or its beginning and a sign that there is more; and how many characters are left out."""
    if size(text) <= limit:
        return text, 0
    shown = text[: fitting(text, limit - size(MORE))].rstrip()
    return f"{shown}{MORE}", len(text) - len(shown)


def parted(text: str, limit: int, *, at_most: int) -> Parts:
    """The text in parts of a limit, cut between paragraphs, lines, sentences or words where it can be; blanks at the cuts go. No part for a blank
    text."""
    found: list[str] = []
    rest = text.strip()
    while rest and len(found) < at_most:
        part = rest[: end_of_part(rest, limit)].rstrip()
        rest = rest[len(part) :].lstrip()
        found.append(part)
    if not rest:
        return Parts(tuple(found))
    last, left = shortened(f"{found[-1]}\n{rest}", limit)
    return Parts((*found[:-1], last), left)


def with_last(text: str, last_limit: int, limit: int, *, at_most: int) -> Parts:
    """The text in parts of which the last one has a limit of its own and is whole: it holds the question."""
    whole = text.strip()
    start = _start(whole, last_limit)
    before = parted(whole[:start], limit, at_most=at_most - 1)
    return Parts((*before.texts, whole[start:]), before.left)


def end_of_part(text: str, most: int, measure: Measure = size) -> int:
    """Where the first part ends: after a paragraph, a line, a sentence or a word; within a word only where it alone is too long."""
    furthest = fitting(text, most, measure)
    if furthest == len(text):
        return furthest
    for start in (furthest // 2, 1):  # a part that is less than half full is worse than a poorer place
        for mark in _ENDS:
            place = text.rfind(mark, start, furthest + 1)
            if place > 0:
                return place + len(mark.rstrip())
    return furthest


def _start(text: str, limit: int) -> int:
    """Where the last part begins, as early as it may."""
    earliest, units = len(text), 0
    while earliest and (units := units + size(text[earliest - 1])) <= limit:
        earliest -= 1
    if earliest == 0:
        return 0
    for mark in _ENDS:
        found = text.find(mark, earliest, earliest + (len(text) - earliest) // 2)
        if found >= 0:
            return found + len(mark) + _blanks(text[found + len(mark) :])
    return next((start for start in range(earliest, len(text)) if not _joins(text, start)), earliest)


def _blanks(text: str) -> int:
    return len(text) - len(text.lstrip())


def fitting(text: str, most: int, measure: Measure = size) -> int:
    """How many characters fit, whole letters only; a letter that alone is too long is cut through."""
    units = end = 0
    while end < len(text) and units + measure(text[end]) <= most:
        units += measure(text[end])
        end += 1
    return next((place for place in range(end, max(0, end - _LONGEST_SIGN), -1) if not _joins(text, place)), end)


def _joins(text: str, at: int) -> bool:
    """Whether the characters around a place make up one letter."""
    return at < len(text) and (_follows(text[at]) or text[at - 1] == _JOINER)


def _follows(letter: str) -> bool:
    return letter in _FOLLOWERS or unicodedata.category(letter).startswith("M")
