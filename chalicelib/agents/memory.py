"""What an agent remembers, and which of it a question is about.

In: a question, records, and the question's vector where there is an embedder. Out: records ranked, the best first. By words with BM25 (Robertson
and Zaragoza 2009, k1 1.2, b 0.75); with vectors the ranks by words and by cosine are joined by reciprocal rank (Cormack, Clarke and Buettcher 2009,
k 60), so the two need no common scale. No language is assumed: words are compared without case and accents, Chinese, Japanese and Korean by pairs
of characters. Pure: the records are read and kept elsewhere, within the limits here.
"""

import math
import re
import sys
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Final

MAX_RECORDS: Final = 1_000  # in one memory
MAX_TOTAL_LENGTH: Final = 500_000  # characters of all texts in one memory
MAX_TEXT_LENGTH: Final = 4_000
MAX_TAGS: Final = 16
MAX_TAG_LENGTH: Final = 64
MAX_DIMENSIONS: Final = 4_096
MAX_QUERY_LENGTH: Final = 2_000
MAX_RESULTS: Final = 20

TAG_WEIGHT: Final = 2  # a word in a tag counts like two in the text
_SATURATION: Final = 1.2
_LENGTH_SHARE: Final = 0.75
_RANK_SHIFT: Final = 60
_ACCENT: Final = re.compile("[\u0300-\u036f]")
_CJK: Final = "\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff\U00020000-\U0003ffff"
_IS_CJK: Final = re.compile(f"[{_CJK}]")


@dataclass(frozen=True, slots=True)
class MemoryRecord:
    """One thing remembered. `at` is when it was last written, UTC."""

    id: str
    text: str
    tags: tuple[str, ...]
    at: datetime
    vector: tuple[float, ...] | None = None


@dataclass(frozen=True, slots=True)
class Ranked:
    """`score` orders; `words` is the BM25 score, `similarity` the cosine, None where there was nothing to compare."""

    record: MemoryRecord
    score: float
    words: float
    similarity: float | None = None


def rank(query: str, records: Sequence[MemoryRecord], *, vector: Sequence[float] | None = None, limit: int = MAX_RESULTS) -> tuple[Ranked, ...]:
    """Only what has to do with the question; of equals the newer, then the smaller id."""
    words = _by_words(query[:MAX_QUERY_LENGTH], records)
    similar = {} if vector is None else _by_vector(vector, records)
    scores: dict[int, float] = {}
    for found in (words, similar):
        for position, place in enumerate(_ordered(found, records), start=1):
            scores[place] = scores.get(place, 0.0) + 1 / (_RANK_SHIFT + position)
    best = _ordered(scores, records)[: max(0, min(limit, MAX_RESULTS))]
    return tuple(Ranked(records[place], scores[place], words.get(place, 0.0), similar.get(place)) for place in best)


def record_faults(record: MemoryRecord) -> tuple[str, ...]:
    """What keeps a record from being remembered."""
    faults = {
        "the text is empty": not record.text.strip(),
        f"the text has {len(record.text):,} characters; {MAX_TEXT_LENGTH:,} are allowed": len(record.text) > MAX_TEXT_LENGTH,
        f"there are {len(record.tags)} tags; {MAX_TAGS} are allowed": len(record.tags) > MAX_TAGS,
        f"a tag has 1 to {MAX_TAG_LENGTH} characters": any(not 1 <= len(tag.strip()) <= MAX_TAG_LENGTH for tag in record.tags),
        f"a vector has at most {MAX_DIMENSIONS:,} numbers": len(record.vector or ()) > MAX_DIMENSIONS,
    }
    return tuple(fault for fault, holds in faults.items() if holds)


def room_faults(record: MemoryRecord, others: Sequence[MemoryRecord]) -> tuple[str, ...]:
    """Why a memory of `others` has no room for the record. One of the same id is replaced."""
    kept = [other for other in others if other.id != record.id]
    total = len(record.text) + sum(len(other.text) for other in kept)
    faults = {
        f"the memory holds {MAX_RECORDS:,} records; delete some": len(kept) >= MAX_RECORDS,
        f"the memory would hold {total:,} characters; {MAX_TOTAL_LENGTH:,} are allowed, so delete some records": total > MAX_TOTAL_LENGTH,
    }
    return tuple(fault for fault, holds in faults.items() if holds)


def _ordered(scores: Mapping[int, float], records: Sequence[MemoryRecord]) -> list[int]:
    return sorted(scores, key=lambda place: (-scores[place], -records[place].at.timestamp(), records[place].id))


# --- words --------------------------------------------------------------------------------------------------------


def _by_words(query: str, records: Sequence[MemoryRecord]) -> dict[int, float]:
    """BM25 of each record that shares a word with the question."""
    asked = set(tokens(query))
    counts = [_counted(record) for record in records]
    lengths = [sum(count.values()) for count in counts]
    usual = sum(lengths) / len(lengths) if any(lengths) else 1.0
    rarity = {word: _rarity(sum(word in count for count in counts), len(counts)) for word in asked}
    scores: dict[int, float] = {}
    for place, count in enumerate(counts):
        drag = _SATURATION * (1 - _LENGTH_SHARE + _LENGTH_SHARE * lengths[place] / usual)
        shared = sorted(word for word in asked if word in count)  # in order, so that the sum is the same each time
        if shared:
            scores[place] = sum(rarity[word] * count[word] * (_SATURATION + 1) / (count[word] + drag) for word in shared)
    return scores


def _rarity(holding: int, total: int) -> float:
    return math.log(1 + (total - holding + 0.5) / (holding + 0.5))


def _counted(record: MemoryRecord) -> Counter[str]:
    counted = Counter(tokens(record.text))
    for tag in record.tags:
        for word in tokens(tag):
            counted[word] += TAG_WEIGHT
    return counted


@lru_cache(maxsize=4 * MAX_RECORDS)
def tokens(text: str) -> tuple[str, ...]:
    """The words of a text: composed, without case and accents; runs of CJK as pairs of neighbours, a single one as itself."""
    word, run = _patterns()
    found: list[str] = []
    for each in word.findall(unicodedata.normalize("NFKC", text).casefold()):
        for piece in run.findall(each):
            found.extend(_pairs(piece) if _IS_CJK.match(piece) else (_plain(piece),))
    return tuple(found)


def _pairs(run: str) -> Iterable[str]:
    return (run,) if len(run) == 1 else (run[place : place + 2] for place in range(len(run) - 1))


def _plain(word: str) -> str:
    """Without accents, those of Latin, Greek and Cyrillic; other scripts' marks are letters in all but name and stay."""
    return unicodedata.normalize("NFC", _ACCENT.sub("", unicodedata.normalize("NFD", word)))


@lru_cache(maxsize=1)
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """(a word: letters, digits and marks; a run of one kind in it)."""
    marks = "".join(chr(code) for code in range(min(sys.maxunicode, 0xFFFF)) if unicodedata.category(chr(code))[0] == "M")
    return re.compile(f"(?:[^\\W_]|[{marks}])+"), re.compile(f"[{_CJK}]+|[^{_CJK}]+")


# --- vectors ------------------------------------------------------------------------------------------------------


def _by_vector(vector: Sequence[float], records: Sequence[MemoryRecord]) -> dict[int, float]:
    """The cosine of each record whose vector is of the question's kind and points its way at all."""
    found: dict[int, float] = {}
    for place, record in enumerate(records):
        if record.vector is not None and len(record.vector) == len(vector):
            similarity = _cosine(vector, record.vector)
            if similarity > 0:
                found[place] = similarity
    return found


def _cosine(left: Sequence[float], right: Sequence[float]) -> float:
    norms = math.hypot(*left) * math.hypot(*right)
    return sum(a * b for a, b in zip(left, right, strict=True)) / norms if norms else 0.0
