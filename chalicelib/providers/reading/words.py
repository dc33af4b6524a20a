"""Words: field names and texts as lower-case words, and whether two words are of one family.

In: a name or a text. Out: words. Nothing here knows a language's grammar; a family is a shared beginning.
"""

import re
from functools import lru_cache
from typing import Final

_CAMEL: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_WORD: Final = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")
_ENDINGS: Final = (
    "ations",
    "ation",
    "ments",
    "ment",
    "ings",
    "ing",
    "ness",
    "able",
    "ible",
    "ies",
    "ied",
    "ers",
    "er",
    "ed",
    "es",
    "ly",
    "al",
    "y",
    "e",
    "s",
)


@lru_cache(maxsize=2048)
def name_words(name: str) -> tuple[str, ...]:
    """`invoiceDate`, `invoice_date`, `Invoice Date` -> `("invoice", "date")`."""
    return tuple(word.lower() for word in _WORD.findall(_CAMEL.sub(" ", name).replace("_", " ").replace("-", " ")))


def words_of(text: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(text)]


@lru_cache(maxsize=8192)
def stem(word: str) -> str:
    """The beginning that a word shares with its family: `delayed`, `delays`, `delay` -> `delay`."""
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)]
    return word
