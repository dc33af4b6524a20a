"""Texts for channels that know no marks: Markdown's simple marks taken away, links written out, long texts in parts.

In: a text with `*strong*`, `_soft_`, lists and `[links](https://…)`; a length and how it is measured. Out: the same words without marks; parts that
fit. Nothing but marks, control characters and the white space between parts is lost; `shorten` alone takes words away, and says how many characters.
"""

import re
from typing import Final

from chalicelib.channels.text_parts import Measure, clean, end_of_part, fitting

_URL: Final = r"(?P<url>https?://\S+)"
_LINK: Final = r"!?\[(?P<title>[^\[\]\n]{1,500})\]\((?P<target>[^\s()]{1,2000}(?:\([^\s()]{0,200}\)[^\s()]{0,200})?)\)"
_MARKED: Final = r"(?<![\w*_~])(?P<mark>\*{1,3}|_{1,3}|~{1,2})(?=\S)(?P<inside>(?:(?!(?P=mark))[^\n]){1,300})(?<=\S)(?P=mark)(?![\w*_~])"
_FORM: Final = re.compile(f"{_URL}|{_LINK}|{_MARKED}")
_BULLET: Final = re.compile(r"^([ \t]*)[*+] (?=\S)", re.MULTILINE)
_DEPTH: Final = 3  # marks inside of marks


def plain(text: str) -> str:
    """`*so*`, `_so_` → `so`; `[here](https://a.example)` → `here (https://a.example)`; `* item` → `- item`. Addresses stay as they are."""
    shown = _BULLET.sub(r"\1- ", clean(text))
    for _ in range(_DEPTH):
        shown = _FORM.sub(_unmarked, shown)
    return shown.strip()


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
    kept = text[: fitting(text, most - measure(" …"), measure)]
    return f"{kept.rstrip()} …", len(text) - len(kept)


def split(text: str, most: int, measure: Measure) -> list[str]:
    """Parts that fit into `most` (at least 4), cut where a paragraph, a line, a sentence or a word ends; within a
    word only where it alone is too long. None of nothing."""
    parts, rest = [], text.strip()
    while rest:
        end = end_of_part(rest, most, measure)
        parts.append(rest[:end].rstrip())
        rest = rest[end:].lstrip()
    return parts
