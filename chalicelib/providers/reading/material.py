"""A prompt taken apart: the instruction, the material that it is about, and the JSON values that stand in it.

In: a prompt as text. Out: `Material`. Answers shall come from the material: an instruction such as "classify as billing or technical" names every
choice and proves none. Never fails: what cannot be taken apart is all material.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Final

from chalicelib.providers.reading.lexicon import COMMON
from chalicelib.providers.reading.words import stem, words_of
from chalicelib.spec.model import Json, JsonObject

_FENCE: Final = re.compile(r"```[\w-]*\n(.*?)```|\"\"\"(.*?)\"\"\"|^-{3,}\n(.*?)(?:\n-{3,}|\Z)", re.DOTALL | re.MULTILINE)
_TAG: Final = re.compile(r"<([a-zA-Z][\w-]{0,40})>")
_MAX_TAGS: Final = 100
_BULLET: Final = re.compile(r"^\s*(?:[-*•–]|\d{1,2}[.)])\s+(.*\S)")
_MAX_INSTRUCTION: Final = 900
_MAX_JSON_STARTS: Final = 200
_SENTENCE: Final = re.compile(r"(?<=[.!?…])[\"')\]]*\s+(?=[\"'(\[]?[A-ZÄÖÜ0-9])|\n+")
_ORDER: Final = re.compile(
    r"(?i)(?:^|[.!?:]\s|\n)\s{0,9}(?:please\s+)?(?:analy[sz]e|answer|assess|check|choose|classify|compare|compose|convert|decide|describe|"
    r"detect|draft|"
    r"edit|estimate|evaluate|explain|extract|fill|find|give|identify|improve|judge|label|list|look at|make|match|name|plan|polish|prepare|propose|"
    r"rank|rate|read|recommend|redraft|rephrase|research|return|review|revise|rewrite|route|score|shorten|sort|split|suggest|summari[sz]e|tag|tell|translate|triage|"
    r"turn|write|you are)\b(?!\s+question\s*:)"
)
_QUERY: Final = re.compile(r"(?im)^[ \t]*(?:(?:research|the)\s+)?(?:question|answer|claim|statement|query)\s*[:=]\s*(\S.*)$")


@dataclass(frozen=True)
class Material:
    """`instruction` and `text` are parts of the prompt; both may be the whole of it."""

    instruction: str
    text: str

    @cached_property
    def prose(self) -> str:
        """The text with its JSON written out as lines: `name: value`, and a bullet for each text of a list."""
        return _written_out(self.text)

    @cached_property
    def lines(self) -> tuple[str, ...]:
        return tuple(line.strip() for line in self.prose.splitlines() if line.strip())

    @cached_property
    def bullets(self) -> tuple[str, ...]:
        return tuple(found.group(1) for line in self.prose.splitlines() if (found := _BULLET.match(line)))

    @cached_property
    def sentences(self) -> tuple[str, ...]:
        """Sentences of prose; headers of mails, greetings, labelled lines and scraps left out."""
        parts = (_plain(part) for part in _SENTENCE.split(self.prose))
        return tuple(part for part in parts if _is_sentence(part))

    @cached_property
    def values(self) -> tuple[Json, ...]:
        """The JSON objects and arrays in the text, outermost only."""
        return tuple(value for value, _, _ in _json_values(self.text))

    @cached_property
    def objects(self) -> tuple[JsonObject, ...]:
        """Every JSON object in the text, outer before inner."""
        return tuple(_objects(list(self.values)))

    @cached_property
    def query(self) -> str | None:
        """What the material is asked: a line `Question: …`, `Answer: …` or `Claim: …` of the instruction."""
        found = _QUERY.search(self.instruction)
        return found.group(1).strip() if found else None

    def about(self, text: str) -> "Material":
        """The same instruction about a part of the material."""
        return Material(self.instruction, text)


def read_material(prompt: str, *, system: str | None = None) -> Material:
    """Take a prompt apart: marked blocks first, then what follows the paragraph or line that says what to do.

    With a system prompt the whole of the prompt is material, unless it says itself what to do.
    """
    found = _taken_apart(prompt.strip(), asks=system is None)
    if not system:
        return found
    instruction = system if found.instruction == found.text else f"{system}\n{found.instruction}"
    return Material(instruction, found.text)


def _taken_apart(text: str, *, asks: bool) -> Material:
    instruction, blocks = _blocks(text)
    inner = "\n\n".join(block.strip() for block in blocks if block.strip())
    if inner:
        return Material(instruction.strip(), inner)
    apart = _after_paragraph(text, asks=asks) or _after_announcement(text) or _before_order(text) or _after_colon(text)
    return apart or Material(text, text)


def _blocks(text: str) -> tuple[str, list[str]]:
    """What stands outside marked blocks, and the blocks: fenced, quoted, ruled off, or between a tag and its end."""
    blocks: list[str] = []
    outside: list[str] = []
    at = 0
    for opening in islice(_TAG.finditer(text), _MAX_TAGS):
        closing = text.find(f"</{opening.group(1)}>", opening.end()) if opening.start() >= at else -1
        if closing >= 0:
            outside.append(text[at : opening.start()])
            blocks.append(text[opening.end() : closing])
            at = closing + len(opening.group(1)) + 3
    if blocks:
        return " ".join((*outside, text[at:])), blocks
    found = [next((group for group in hit.groups() if group), "") for hit in _FENCE.finditer(text)]
    return (_FENCE.sub(" ", text), found) if found else (text, [])


def is_order(text: str) -> bool:
    """Whether a text says what to do."""
    return bool(_ORDER.search(text))


def _after_paragraph(text: str, *, asks: bool) -> Material | None:
    head, _, tail = text.partition("\n\n")
    if not tail.strip() or len(head) > _MAX_INSTRUCTION or not (is_order(head) or (asks and "?" in head)):
        return None
    return Material(head.strip(), tail.strip())


def _after_announcement(text: str) -> Material | None:
    """After the first line that gives an order and ends with a colon; a list of what to find belongs to the order."""
    lines = text.splitlines()
    for number, line in enumerate(lines[:-1]):
        rest = next((later for later in lines[number + 1 :] if later.strip()), "")
        goes_on = bool(_BULLET.match(rest)) and any(later.rstrip().endswith(":") for later in lines[number + 2 :])
        head, tail = "\n".join(lines[: number + 1]), "\n".join(lines[number + 1 :])
        if line.rstrip().endswith(":") and rest and not goes_on and is_order(head) and len(head) <= _MAX_INSTRUCTION:
            return Material(head.strip(), tail.strip())
    return None


def _before_order(text: str) -> Material | None:
    """The order may also stand last."""
    head, _, tail = text.rpartition("\n\n")
    return Material(tail.strip(), head.strip()) if head.strip() and len(tail) <= 200 and is_order(tail) and not is_order(head) else None


def _after_colon(text: str) -> Material | None:
    """`Classify this mail: My order …`: the order is the shorter, first part."""
    found = re.match(r"([^:]{3,300}):\s+(.+)", text, re.DOTALL)
    return Material(found.group(1).strip(), found.group(2).strip()) if found is not None and is_order(found.group(1)) else None


def topic_of(material: Material) -> str:
    """What the prompt is about, in a few words: a `topic:` line, a quoted phrase, the object of the instruction, or the first words."""
    labels = re.compile(r"(?im)^[ \t]*(?:(?:research|the)\s+)?(?:topic|question|subject|title|theme|query)\s*[:=]\s*(\S.*)$")
    quoted = re.search(r"[\"“«„]([^\"”»“\n]{4,120})[\"”»“]", material.instruction)
    named = re.search(
        r"(?i)\b(?:on|about|regarding|concerning)\s+(?:the\s+)?([^.:\n]{4,120}?)(?:\s+for\s+[^.:\n]+)?(?:[.:\n]|$)", material.instruction
    )
    hits = (labels.search(material.instruction), named, quoted, labels.search(material.prose))
    inner = next((found.group(1) for found in hits if found), material.prose)
    first = next((line.strip(" -•*") for line in inner.splitlines() if line.strip()), "")
    return " ".join(re.split(r"(?<=[.?!])\s", first, maxsplit=1)[0].strip(" .:;,\"'").split()[:18])


def content_words(text: str, *, limit: int = 6) -> tuple[str, ...]:
    """The words that carry a text: frequent first, then as they appear."""
    counts: dict[str, int] = {}
    for word in words_of(text):
        if len(word) > 3 and word not in COMMON and not word.isdigit():
            counts[word] = counts.get(word, 0) + 1
    return tuple(sorted(counts, key=lambda word: -counts[word])[:limit])


def overlap(question: str, text: str) -> float:
    """Which share of a question's carrying words a text has, from 0 to 1."""
    asked = {stem(word) for word in content_words(question, limit=40)} | set(re.findall(r"\d[\d.,]*", question))
    there = {stem(word) for word in words_of(text)} | set(re.findall(r"\d[\d.,]*", text))
    return len(asked & there) / len(asked) if asked else 0.0


_GREETING: Final = re.compile(
    r"(?i)^(?:hello|hi|hey|dear|good (?:morning|day|evening)|kind regards|best regards|regards|thanks|thank you|cheers|your team)\b"
)
_HEADER: Final = re.compile(r"(?i)^(?:from|to|cc|subject|date|sent|re|fw|fwd)\s*:")


def _is_sentence(text: str) -> bool:
    if len(text) <= 12 or len(text.split()) < 3 or _HEADER.match(text):
        return False
    if _GREETING.match(text) and len(text.split()) < 6:
        return False
    is_row = len(re.findall(r"\d[\d.,]*", text)) * 2 >= len(text.split())
    labelled = re.match(r"[\w ]{2,30}:\s", text) is not None
    return text[-1] in '.!?…”"' or (len(text.split()) >= 6 and not is_row and not labelled)


def _plain(text: str) -> str:
    return " ".join(re.sub(r"^[\s>#*•–-]+|[*_`]+", "", text).split())


def _json_values(text: str) -> Iterator[tuple[Json, int, int]]:
    """(value, where it begins, where it ends)."""
    decoder = json.JSONDecoder()
    opening = re.compile(r"[\[{]")
    at = tries = 0
    while tries < _MAX_JSON_STARTS and (found := opening.search(text, at)):
        tries += 1
        try:
            value, at = decoder.raw_decode(text, found.start())
        except (ValueError, RecursionError):
            at = found.end()
            continue
        if value:
            yield value, found.start(), at


def _written_out(text: str) -> str:
    pieces: list[str] = []
    at = 0
    for value, start, end in _json_values(text):
        pieces.extend((text[at:start], "\n", "\n".join(_as_lines(value, "")), "\n"))
        at = end
    return "".join((*pieces, text[at:]))


def _as_lines(value: Json, name: str) -> Iterator[str]:
    match value:
        case dict():
            for key, member in value.items():
                yield from _as_lines(member, key.replace("_", " "))
        case list():
            for member in value:
                yield from ([f"- {member}"] if isinstance(member, str) else _as_lines(member, name))
        case None:
            return
        case _:
            yield f"{name}: {value}" if name else str(value)


def _objects(values: list[Json]) -> Iterator[JsonObject]:
    for value in values:
        if isinstance(value, dict):
            yield value
            yield from _objects(list(value.values()))
        elif isinstance(value, list):
            yield from _objects(value)
