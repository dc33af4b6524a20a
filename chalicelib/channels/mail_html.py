"""What an HTML mail says, as plain text.

In: HTML of strangers. Out: its text, quoted parts with `> ` before each line, so that what is new can be told from what was there. Time grows with
the length alone: tags are found by one expression that cannot go back, since the standard library's parser needs minutes for some mails.
"""

import html
import re
from dataclasses import dataclass, field
from typing import Final

_TAG: Final = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9:]{0,30})([^<>]*)>|<[!?][^<>]*>")
_SILENT: Final = frozenset(("head", "script", "style", "template", "title"))
_BLOCKS: Final = frozenset(
    ("address", "blockquote", "div", "dl", "dt", "dd", "footer", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "ol", "p", "pre",
     "section", "table", "tr", "ul")
)  # fmt: skip
_SPACED: Final = frozenset(("br", "h1", "h2", "h3", "h4", "h5", "h6", "p"))
_VOID: Final = frozenset(("br", "hr", "img", "input", "link", "meta", "wbr"))
_QUOTES: Final = re.compile(r"""(?:class|id)\s*=\s*["']?[^"']{0,200}?(?:gmail_quote|yahoo_quoted|moz-cite-prefix|protonmail_quote)""", re.IGNORECASE)
_REST_IS_QUOTED: Final = re.compile(r"""id\s*=\s*["']?(?:divRplyFwdMsg|appendonsend|mail-editor-reference-message-container)""", re.IGNORECASE)
_MAX_DEPTH: Final = 500


@dataclass(slots=True)
class _Page:
    lines: list[str] = field(default_factory=list)
    line: list[str] = field(default_factory=list)
    open: list[tuple[str, bool]] = field(default_factory=list)  # each open element that counts, and whether it quotes
    silent: str = ""
    is_quoted: bool = False  # all the rest is

    def end_line(self, *, spaced: bool = False) -> None:
        """`spaced`: an empty line may follow."""
        text = " ".join("".join(self.line).split())
        self.line = []
        if text or (spaced and self.lines and self.lines[-1]):
            self.lines.append(f"> {text}" if text and self.quotes else text)

    @property
    def quotes(self) -> bool:
        return self.is_quoted or any(quotes for _, quotes in self.open[-_MAX_DEPTH:])


def text_of_html(page: str) -> str:
    """The text. Never raises."""
    read = _Page()
    at = 0
    shown = _without_comments(page)
    for tag in _TAG.finditer(shown):
        _say(read, shown[at : tag.start()])
        _turn(read, closes=bool(tag.group(1)), name=(tag.group(2) or "").lower(), attributes=tag.group(3) or "")
        at = tag.end()
    _say(read, shown[at:])
    read.end_line()
    return "\n".join(read.lines).strip("\n")


def _say(read: _Page, text: str) -> None:
    if not read.silent:
        read.line.append(html.unescape(text))


def _turn(read: _Page, *, closes: bool, name: str, attributes: str) -> None:
    if read.silent:
        read.silent = "" if closes and name == read.silent else read.silent
    elif name in _SILENT and not closes:
        read.silent = name
    else:
        if name == "br" or name in _BLOCKS:
            read.end_line(spaced=name in _SPACED)
        _nest(read, closes=closes, name=name, attributes=attributes)
        if name == "li" and not closes:
            read.line.append("- ")


def _nest(read: _Page, *, closes: bool, name: str, attributes: str) -> None:
    """Elements that quote, and those of the same name around and inside them, so that the right end tag ends the quote."""
    if closes:
        if read.open and read.open[-1][0] == name:
            read.open.pop()
        return
    quotes = name == "blockquote" or bool(_QUOTES.search(attributes[:1_000]))
    read.is_quoted = read.is_quoted or bool(_REST_IS_QUOTED.search(attributes[:1_000]))
    if name not in _VOID and len(read.open) < _MAX_DEPTH and (quotes or (read.open and read.open[-1][0] == name)):
        read.open.append((name, quotes))


def _without_comments(page: str) -> str:
    """Comments go, an unfinished one with all that follows."""
    kept: list[str] = []
    at = 0
    while (start := page.find("<!--", at)) >= 0:
        kept.append(page[at:start])
        end = page.find("-->", start + 4)
        at = end + 3 if end >= 0 else len(page)
    return "".join((*kept, page[at:]))
