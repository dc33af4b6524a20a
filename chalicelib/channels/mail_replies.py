"""What is new in a reply: the text above all that a mail program copied below it.

In: a mail's text. Out: the new text, empty where nothing can be told to be new: silence decides nothing, and an old text taken for a new one would.
Our own marker line comes first, then the lines by which mail programs introduce a quote in thirteen languages (`mail-parser-reply`), then `>`.
Those lines are looked for in a copy in which every line is short and plain, since the library's expressions go back without end in others.
"""

import re
from functools import lru_cache
from typing import Final

MARKER: Final = "## reply above this line ##"
MAX_TEXT: Final = 50_000
MAX_LINES: Final = 2_000
_MAX_LINE: Final = 300
_LONGEST_ATTRIBUTION: Final = 2
_LANGUAGES: Final = ("en", "de", "cs", "da", "es", "fr", "it", "ja", "ko", "nl", "pl", "sv", "zh")


def new_text(text: str, *, is_reply: bool) -> str:
    """Of a mail that answers none, all of it is new but what stands below our marker."""
    lines = [line.rstrip() for line in text[:MAX_TEXT].split("\n")[:MAX_LINES]]
    marker = next((at for at, line in enumerate(lines) if MARKER in line.lower()), None)
    above = lines[:marker]
    if not is_reply and marker is None:
        return _joined(lines)
    return _without_quotes(above) or _below_quote(lines)


def _without_quotes(lines: list[str]) -> str:
    introduction = _introduction(lines)
    own = _without_attribution(lines[: introduction[0]] if introduction is not None else lines)
    return _joined(_without_signature([line for line in own if not _is_quote(line)]))


def _without_attribution(lines: list[str]) -> list[str]:
    """Without the one or two lines above the first quote that say, in whatever language, who wrote it when: they end in a colon and name a date or
    an address."""
    first = next((at for at, line in enumerate(lines) if _is_quote(line)), 0)
    said = [at for at in range(first) if lines[at]][-2:]
    if not said or not lines[said[-1]].endswith((":", "：")):
        return lines
    is_broken = lines[said[0]].endswith("<")  # the address begins the next line
    told = next((at for at in (said if is_broken else reversed(said)) if re.search(r"[0-9@]", lines[at])), None)
    return lines if told is None else [*lines[:told], *lines[said[-1] + 1 :]]


def _below_quote(lines: list[str]) -> str:
    """The answer of somebody who writes below: only where the quote is marked line by line, since else nobody knows where it ends."""
    start, end = _introduction(lines) or (0, 0)
    if end - start > _LONGEST_ATTRIBUTION or (end and not lines[end - 1].endswith((":", "："))):
        return ""  # the headers of the copied mail, whose text may quote too
    below = lines[end:]
    first = next((line for line in below if line), "")
    quotes = [at for at, line in enumerate(below) if _is_quote(line)]
    return _joined(_without_signature(below[quotes[-1] + 1 :])) if quotes and _is_quote(first) else ""


def _introduction(lines: list[str]) -> tuple[int, int] | None:
    """The first line that introduces a quote, and the first after it."""
    plain = "\n".join(_plain(line) for line in lines)
    found = _introductions().search(plain)
    if found is None:
        return None
    start = found.start() + len(found.group()) - len(found.group().lstrip())
    return plain.count("\n", 0, start), plain.count("\n", 0, found.end()) + 1


@lru_cache(maxsize=1)
def _introductions() -> re.Pattern[str]:
    from mailparser_reply.parser import EmailMessage

    return re.compile(EmailMessage(text="", languages=list(_LANGUAGES)).HEADER_REGEX)


def _plain(line: str) -> str:
    return " ".join(line.split())[:_MAX_LINE]


def _is_quote(line: str) -> bool:
    return line.lstrip().startswith(">")


def _without_signature(lines: list[str]) -> list[str]:
    """Up to the line of two dashes that begins a signature (RFC 3676)."""
    at = next((at for at, line in enumerate(lines) if line == "--" and any(lines[:at])), None)
    return lines[:at]


def _joined(lines: list[str]) -> str:
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
