"""Lists that a schema asks for.

In: a list's name and the material. Out: texts, rows or numbers. One table, `_WRITERS`, says which words of a name ask for what; else it is the
rows of a table or the points of the text.
"""

import json
from collections.abc import Callable, Sequence
from typing import Final

from chalicelib.providers.reading import find, writing
from chalicelib.providers.reading.material import Material, content_words
from chalicelib.providers.reading.rows import Row, description, rows
from chalicelib.providers.reading.words import name_words, stem
from chalicelib.spec.model import Json

USUAL: Final = 5
MOST: Final = 200
Writer = Callable[[Material, int], Sequence[str]]


def listed_texts(name: str, material: Material, limit: int) -> list[str]:
    """Texts for a list: by the words of its name."""
    words = {stem(word) for word in name_words(name)}
    write = next((writer for names, writer in _WRITERS if names & words), None)
    if write is not None:
        return list(write(material, min(limit, USUAL)))[:limit]
    found = list(material.bullets) or [text for row in rows(material) if (text := description(row))]
    return (found or list(writing.findings(material, min(limit, USUAL))))[:limit]


def listed_rows(name: str, material: Material, limit: int) -> list[Row]:
    """Rows for a list of objects: the objects of a JSON list, the rows of a table, or the points of the text where the name asks for such."""
    given = next((value for value in material.values if isinstance(value, list) and value and all(isinstance(item, dict) for item in value)), None)
    if isinstance(given, list):
        return [Row(json.dumps(item, ensure_ascii=False)) for item in given[:limit]]
    found = rows(material)
    if not found and {stem(word) for word in name_words(name)} & _POINTS:
        found = [Row(text) for text in writing.findings(material, min(limit, USUAL))]
    return found[: min(limit, MOST)]


def listed_numbers(material: Material) -> list[float]:
    return (find.amounts(material.prose) or find.numbers(material.prose))[:MOST]


def listed_options(options: list[Json], material: Material) -> list[Json]:
    """Those of the options that the text names."""
    text = f" {' '.join(name_words(material.prose))} "
    return [option for option in options if f" {' '.join(name_words(str(option)))} " in text]


def _stems(line: str) -> frozenset[str]:
    return frozenset(stem(word) for word in line.split())


_POINTS: Final = _stems("findings points facts insights highlights claims results sources risks topics sections steps actions tasks")
_WRITERS: Final[tuple[tuple[frozenset[str], Writer], ...]] = (
    (_stems("emails mails"), lambda material, _limit: find.EMAIL.findall(material.prose)),
    (_stems("urls links sources references"), lambda material, _limit: find.URL.findall(material.prose)),
    (_stems("dates deadlines"), lambda material, _limit: find.dates(material.prose)),
    (_stems("people names persons attendees authors"), lambda material, _limit: find.people(material.prose)),
    (_stems("companies vendors organisations"), lambda material, _limit: find.companies(material.prose)),
    (_stems("tags keywords labels topics"), lambda material, limit: content_words(material.prose, limit=limit)),
    (_stems("questions queries"), lambda material, limit: writing.questions(material, min(limit, 3))),
    (_stems("headings sections chapters outline"), writing.headings),
    (_stems("claims promises superlatives"), writing.claims),
    (_stems("pros positives strengths praise likes"), lambda material, limit: writing.opinions(material, limit, good=True)),
    (_stems("cons negatives complaints dislikes"), lambda material, limit: writing.opinions(material, limit, good=False)),
    (_stems("issues problems suggestions improvements weaknesses violations concerns feedback"), writing.remarks),
    (_stems("steps actions tasks todos plan"), writing.steps),
)
