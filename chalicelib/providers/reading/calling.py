"""Which of the tools on offer a prompt plainly asks for, and with what.

In: a prompt, a system prompt, tools. Out: arguments by tool, in the order of the offers. A tool is asked for when the prompt or the system prompt
names it, or when the prompt's order has the words of its description. Its required arguments must all stand in the prompt: nothing is made up, so a
tool whose arguments are not told is not called. What is material is not searched for names: a letter cannot ask for a tool.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Final

from chalicelib.providers.model import ToolOffer
from chalicelib.providers.reading.fill import told
from chalicelib.providers.reading.lexicon import NEGATIONS
from chalicelib.providers.reading.material import Material, content_words, read_material
from chalicelib.providers.reading.words import name_words, stem, words_of
from chalicelib.providers.structured import schema_faults
from chalicelib.spec.model import JsonObject

_MAX_DESCRIPTION: Final = 300
_LEAST_WORDS: Final = 2  # of a description that an order must have, and half of them at least
_SENTENCE_END: Final = re.compile(r"^(\S+(?: \S+){0,3})[.,;]$")  # of a few words that end the prompt's sentence
_DENIED: Final = frozenset((*NEGATIONS, "avoid", "instead"))


def calls(prompt: str, offers: Iterable[ToolOffer], *, system: str | None = None, must: bool = False) -> Iterator[tuple[ToolOffer, JsonObject]]:
    """The tools to call, each with its arguments. With `must`, the first that can be called is asked for when none is."""
    found = read_material(prompt)
    able = [(offer, arguments) for offer in offers if (arguments := _arguments(offer, found)) is not None]
    asked = [(offer, arguments) for offer, arguments in able if _is_asked(offer, found.instruction, system or "")]
    yield from asked or (able[:1] if must else ())


def _arguments(offer: ToolOffer, found: Material) -> JsonObject | None:
    """What the prompt tells for a tool, order and material alike; None where something required is missing."""
    whole = found if found.instruction == found.text else found.about(f"{found.instruction}\n\n{found.text}")
    arguments = told(offer.arguments, whole)
    if arguments is None:
        return None
    trimmed: JsonObject = {name: _SENTENCE_END.sub(r"\1", value) if isinstance(value, str) else value for name, value in arguments.items()}
    return None if schema_faults(trimmed, offer.arguments) else trimmed


def _is_asked(offer: ToolOffer, order: str, system: str) -> bool:
    mentions = [allowed for text in (order, system) for allowed in _mentions(offer.name, text)]
    return all(mentions) if mentions else _is_described(offer, order)


def _mentions(name: str, text: str) -> list[bool]:
    """For each `clock`, `get_weather` or `get weather` in a text, whether it is free of a `not` or `never` before it in its sentence."""
    words = r"[\s._-]?".join(re.escape(word) for word in name_words(name))
    pattern = rf"(?i)(?<![\w-]){words}(?![\w-])"
    return [_DENIED.isdisjoint(words_of(re.split(r"[.!?\n]", text[: hit.start()])[-1])) for hit in re.finditer(pattern, text)]


def _is_described(offer: ToolOffer, order: str) -> bool:
    first = re.split(r"(?<=[.!?])\s", offer.description[:_MAX_DESCRIPTION], maxsplit=1)[0]
    wanted = {stem(word) for word in content_words(f"{' '.join(name_words(offer.name))} {first}", limit=40)}
    there = wanted & {stem(word) for word in words_of(order)}
    return len(there) >= _LEAST_WORDS and 2 * len(there) >= len(wanted)
