"""Texts in WhatsApp's marks.

In: a text as people and models write them, in simple marks or Markdown. Out: the same in what WhatsApp shows: `*strong*`, `_soft_`, `~struck~`, lists
with a dash, links as their title and address. Code and addresses stay as they are. Pure; takes time in proportion to the text.

Source: https://faq.whatsapp.com/539178204879377
"""

import re
from collections.abc import Callable
from typing import Final

from chalicelib.channels.text_parts import clean

_CODE: Final = r"```.*?```|`[^`\n]{1,500}`"
_LINK: Final = r"!?\[(?P<title>[^\]\n]{0,300})\]\((?P<url>[^\s()]{1,2000})\)"
_ADDRESS: Final = r"https?://[^\s<>()*]+"
_KEPT: Final = re.compile(f"{_CODE}|{_LINK}|{_ADDRESS}", re.DOTALL)
_HELD: Final = re.compile("\x00([0-9]+)\x00")  # no cleaned text has this character
_MARKS: Final[tuple[tuple[re.Pattern[str], str], ...]] = (
    (re.compile(r"^([ \t]{0,20})[*+] +", re.MULTILINE), r"\1- "),
    (re.compile(r"^#{1,6} +(?:\*\*)?([^\n]{1,300}?)(?:\*\*)?(?: +#{1,6})?$", re.MULTILINE), r"*\1*"),
    (re.compile(r"\*\*\*(?=\S)([^\n*]{1,300}?)(?<=\S)\*\*\*"), r"*_\1_*"),
    (re.compile(r"\*\*(?=\S)([^\n]{1,300}?)(?<=\S)\*\*"), r"*\1*"),
    (re.compile(r"(?<!\w)__(?=\S)([^\n]{1,300}?)(?<=\S)__(?!\w)"), r"*\1*"),
    (re.compile(r"~~(?=\S)([^\n]{1,300}?)(?<=\S)~~"), r"~\1~"),
)


def marked(text: str) -> str:
    held: list[str] = []

    def hold(found: re.Match[str]) -> str:
        held.append(_shown(found))
        return f"\x00{len(held) - 1}\x00"

    told = _KEPT.sub(hold, clean(text))
    for pattern, mark in _MARKS:
        told = pattern.sub(mark, told)
    restore: Callable[[re.Match[str]], str] = lambda found: held[int(found[1])]  # noqa: E731
    return _HELD.sub(restore, told)


def _shown(found: re.Match[str]) -> str:
    title, url = found["title"], found["url"]
    if url is None:
        return found[0]
    return f"{title} ({url})" if title and title != url else url
