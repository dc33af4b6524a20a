"""The simple marks of a message (`*strong*`, `_soft_`, lists, links) as HTML and as plain text.

In: Markdown's simple marks, perhaps written by a model or a stranger. Out: HTML in which nothing but those marks is markup, and text in which links
show where they lead. Never: a link to anything but http, https and mail.
"""

import html
import re
from typing import Final

_LINK: Final = re.compile(r"\[([^\[\]\n]{1,500})\]\(((?:https?://|mailto:)[^\s()<>\"']{1,2000})\)")
_STRONG: Final = re.compile(r"(?<![\w*])(\*{1,2})(?=[^\s*])([^*\n]{1,1000})(?<=\S)\1(?![\w*])")
_SOFT: Final = re.compile(r"(?<![\w_])_(?=[^\s_])([^_\n]{1,1000})(?<=\S)_(?![\w_])")
_BULLET: Final = re.compile(r"[-*•] +(.+)")
_NUMBER: Final = re.compile(r"[0-9]{1,3}[.)] +(.+)")


def html_of(text: str) -> str:
    """Paragraphs, lists, strong and soft words, links; all else escaped."""
    blocks: list[tuple[str, list[str]]] = []
    for line in text.split("\n"):
        kind, said = _kind(line)
        if not blocks or blocks[-1][0] != kind or kind == "":
            blocks.append((kind, []))
        blocks[-1][1].append(_inline(said))
    return "\n".join(_block(kind, lines) for kind, lines in blocks if kind)


def plain_of(text: str) -> str:
    """The text with its marks, which read well enough, and each link as `title (address)`."""
    return _LINK.sub(lambda link: link[2] if link[1] == link[2] else f"{link[1]} ({link[2]})", text)


def _kind(line: str) -> tuple[str, str]:
    stripped = line.strip()
    if bullet := _BULLET.fullmatch(stripped):
        return "ul", bullet[1]
    if number := _NUMBER.fullmatch(stripped):
        return "ol", number[1]
    return ("p" if stripped else ""), stripped


def _block(kind: str, lines: list[str]) -> str:
    if kind == "p":
        return f"<p>{'<br>'.join(lines)}</p>"
    return f"<{kind}>{''.join(f'<li>{line}</li>' for line in lines)}</{kind}>"


def _inline(text: str) -> str:
    said: list[str] = []
    at = 0
    for link in _LINK.finditer(text):
        said += [_stressed(text[at : link.start()]), f'<a href="{html.escape(link[2])}">{_stressed(link[1])}</a>']
        at = link.end()
    return "".join((*said, _stressed(text[at:])))


def _stressed(text: str) -> str:
    strong = _STRONG.sub(r"<strong>\2</strong>", html.escape(text))
    return _SOFT.sub(r"<em>\1</em>", strong)
