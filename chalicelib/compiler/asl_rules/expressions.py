"""The syntax of a machine's expressions, each form of them parsed once.

In: the text between `{%` and `%}`. Out: what `syntax.read_syntax` says of it, sooner. Machines repeat themselves: a plain path needs no parser; the
operands of a chain of `and` and `or` are looked at one by one; expressions that differ in names and texts alone are of one form. Where a form has a
fault, or anything is out of the ordinary, the text itself is parsed.
"""

import re
from functools import lru_cache
from typing import Final

from chalicelib.compiler.asl_rules.syntax import COUNTED, Read, Syntax, read_syntax
from chalicelib.spec.syntax_tree import Fault

_PLAIN: Final = re.compile(r"\s*\$([A-Za-z]\w*)((?:\.[A-Za-z_]\w*)*)\s*")
_KEYWORDS: Final = frozenset({"and", "or", "in", "true", "false", "null", "function"})
_UNUSUAL: Final = re.compile(r"[\\/\ue000\ue001]|\.\s*['\"]")  # escapes, patterns, comments, texts as steps of a path
_TOKEN: Final = re.compile(r"""'[^']*'|"[^"]*"|`[^`]*`|[()\[\]{}]|\s(?:and|or)(?=\s)|:=|[?;|]""")
_NAMED: Final = re.compile(r"""(?P<text>'[^']*'|"[^"]*")|`[^`]*`|\$(?P<name>[^\W\d]\w*)(?P<path>(?:\.[^\W\d]\w*)*)""")
_NAME, _PATH = "\ue000", "\ue001"  # how forms write names and paths; no expression has these characters


@lru_cache(maxsize=32_768)
def parse(text: str) -> Syntax | Fault:
    """The syntax of an expression. Never raises."""
    plain = _PLAIN.fullmatch(text)
    if plain is not None and _KEYWORDS.isdisjoint(fields := plain[2].split(".")[1:]):
        return Syntax((Read(plain[1], tuple(fields)),))
    if _UNUSUAL.search(text):
        return read_syntax(text)
    return _by_operands(text) or _by_form(text) or read_syntax(text)


# --- chains ------------------------------------------------------------------------------------------------------


def _by_operands(text: str) -> Syntax | None:
    """The syntax of a chain of `or` or of `and`, from that of its operands; None where it is no such chain, or one of them has a fault."""
    inner = _unwrapped(text)
    operands = _split(text if inner is None else inner)
    if len(operands) < 2:
        return None
    parsed = [parse(operand) for operand in operands]
    found = [each for each in parsed if isinstance(each, Syntax)]
    return _chained(found, wrapped=inner is not None) if len(found) == len(parsed) else None


def _chained(operands: list[Syntax], *, wrapped: bool) -> Syntax:
    """Chains lean to the left: the first operand lies as deep as the second, each further one a level higher."""
    count = len(operands)
    length = min(COUNTED, operands[0].operands + count - 1)
    reads = dict.fromkeys(read for each in operands for read in each.reads)
    top_level = dict.fromkeys(shown for each in operands for shown in each.top_level)
    depth = max(each.depth + min(count - 1, count - index) for index, each in enumerate(operands))
    chain = max(length, *(each.chain for each in operands))
    return Syntax(tuple(reads), tuple(top_level), 1 if wrapped else length, chain, depth + wrapped)


def _unwrapped(text: str) -> str | None:
    """What a pair of parentheses holds that is the whole text."""
    trimmed = text.strip()
    if not (trimmed.startswith("(") and trimmed.endswith(")")):
        return None
    depth = 0
    for token in _TOKEN.finditer(trimmed):
        depth += {"(": 1, ")": -1}.get(token[0], 0)
        if depth == 0 and token.end() < len(trimmed):
            return None
    return trimmed[1:-1]


def _split(text: str) -> list[str]:
    """The operands of the outermost `or`s, or else `and`s; the text alone where something binds looser, or a name that is bound reaches further."""
    cuts: dict[str, list[re.Match[str]]] = {"or": [], "and": []}
    blocks: list[bool] = []  # the brackets around: whether each is a block
    for token in _TOKEN.finditer(text):
        shown = token[0].strip()
        if shown in {"(", "[", "{"}:
            blocks.append(shown == "(" and _is_block(text, token.start()))
        elif shown in {")", "]", "}"}:
            blocks = blocks[:-1]
        elif (shown == ":=" and not (blocks and blocks[-1])) or (not blocks and shown in {"?", ";", "|"}):
            return [text]
        elif not blocks and shown in cuts:
            cuts[shown].append(token)
    chosen = cuts["or"] or cuts["and"]
    starts = [0, *(cut.end() for cut in chosen)]
    ends = [*(cut.start() for cut in chosen), len(text)]
    return [text[start:end] for start, end in zip(starts, ends, strict=True)]


def _is_block(text: str, at: int) -> bool:
    """Whether a parenthesis holds an expression, not a call's arguments: nothing that could be called stands before it."""
    end = at
    while end and text[end - 1].isspace():
        end -= 1
    start = end
    while start and (text[start - 1].isalnum() or text[start - 1] in "_$`)]}"):
        start -= 1
    return text[start:end] in {"", "and", "or", "in"}


# --- forms -------------------------------------------------------------------------------------------------------


def _by_form(text: str) -> Syntax | None:
    """The syntax of the expression's form, with the names put back; None where the form has a fault or a name is not as names are."""
    written: dict[str, str] = {}

    def abridged(match: re.Match[str]) -> str:
        if match["text"] is not None:
            return "''"
        if match["name"] is None:
            return match[0]
        name = written.setdefault("$" + match["name"], f"{_NAME}{len(written)}")
        return f"${name}" + (f".{written.setdefault(match['path'], f'{_PATH}{len(written)}')}" if match["path"] else "")

    form = _parse_form(_NAMED.sub(abridged, text))
    meant = {short: long for long, short in written.items()}
    if isinstance(form, Fault) or not all(read.name in meant for read in form.reads):
        return None
    reads = (Read(meant[read.name][1:], _fields(read.path, meant), read.called) for read in form.reads)
    return Syntax(tuple(dict.fromkeys(reads)), form.top_level, form.operands, form.chain, form.depth)


_parse_form: Final = lru_cache(maxsize=8_192)(read_syntax)


def _fields(path: tuple[str, ...], meant: dict[str, str]) -> tuple[str, ...]:
    return tuple(field for part in path for field in (meant[part].split(".")[1:] if part in meant else (part,)))
