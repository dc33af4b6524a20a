"""Texts that fit: shortened, or in parts.

In: a text and a limit. Out: what fits, and how many characters do not. Lengths are counted as UTF-16 does, an emoji as two, which is the strictest
way that a vendor may count letters. A cut never falls into a letter that consists of several. Pure.
"""

import unicodedata
from dataclasses import dataclass
from typing import Final

MORE: Final = "…"
_JOINER: Final = "\u200d"
_ENDS: Final = ("\n\n", "\n", ". ", " ")  # where a text is parted, the best first


@dataclass(frozen=True, slots=True)
class Parts:
    """`left`: the characters that are in none of the texts."""

    texts: tuple[str, ...]
    left: int = 0


def size(text: str) -> int:
    return len(text) + sum(letter > "\uffff" for letter in text)


def clean(text: str) -> str:
    """Without control characters and halves of letters, which vendors refuse."""
    return "".join(letter for letter in text if unicodedata.category(letter) not in ("Cc", "Cs") or letter in "\n\t")


def one_line(text: str) -> str:
    return " ".join(clean(text).split())


def shortened(text: str, limit: int) -> tuple[str, int]:
    """The text, or its beginning and a sign that there is more; and how many characters are left out."""
    if size(text) <= limit:
        return text, 0
    shown = text[: _fitting(text, limit - size(MORE))].rstrip()
    return f"{shown}{MORE}", len(text) - len(shown)


def parted(text: str, limit: int, *, at_most: int) -> Parts:
    """The text in parts of a limit, cut between paragraphs, lines, sentences or words where it can be; blanks at the cuts go. No part for a blank
    text."""
    found: list[str] = []
    rest = text.strip()
    while rest and len(found) < at_most:
        part = rest[: _end(rest, limit)].rstrip()
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


def _end(text: str, limit: int) -> int:
    """Where the first part ends."""
    furthest = _fitting(text, limit)
    if furthest == len(text):
        return furthest
    for mark in _ENDS:
        found = text.rfind(mark, furthest // 2, furthest)
        if found > 0:
            return found + len(mark)
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


def _fitting(text: str, limit: int) -> int:
    """How many characters fit, whole letters only."""
    units = 0
    for count, letter in enumerate(text):
        units += size(letter)
        if units > limit:
            return next((end for end in range(count, 0, -1) if not _joins(text, end)), count)
    return len(text)


def _joins(text: str, at: int) -> bool:
    """Whether the characters around a place make up one letter."""
    before, after = text[at - 1], text[at]
    is_tone = "\U0001f3fb" <= after <= "\U0001f3ff"
    return is_tone or _JOINER in (before, after) or unicodedata.category(after).startswith("M")
