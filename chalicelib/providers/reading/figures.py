"""Numbers and booleans that a schema asks for.

In: a field's name and schema, and the material. Out: a number or a boolean, None where the material has nothing for it.
"""

import re
from collections.abc import Sequence
from typing import Final

from chalicelib.providers.reading import find, writing
from chalicelib.providers.reading.judge import holds, is_bold, quality, sentiment, urgency
from chalicelib.providers.reading.material import Material, overlap
from chalicelib.providers.reading.rows import rows
from chalicelib.providers.reading.words import name_words, stem
from chalicelib.spec.model import JsonObject

_TOTAL_LABELS: Final = (
    "grand total", "total due", "amount due", "balance due", "total amount", "invoice total", "total payable", "gesamtbetrag", "rechnungsbetrag",
    "total", "amount",
    "sum", "betrag", "price", "cost",
)  # fmt: skip
_MONEY_LABELS: Final[dict[str, tuple[str, ...]]] = {
    "subtotal": ("subtotal", "sub-total", "sub total", "net total", "net amount", "net", "netto"),
    "net": ("net total", "net amount", "subtotal", "sub-total", "net", "netto"),
    "tax": ("vat", "sales tax", "tax", "mwst", "gst"),
    "vat": ("vat", "tax", "mwst", "gst"),
    "shipping": ("shipping", "delivery", "freight", "postage"),
    "discount": ("discount", "rebate", "rabatt"),
    "deposit": ("deposit", "prepayment"),
    "budget": ("budget",),
    "salary": ("salary",),
}
_MONEY_WORDS: Final = frozenset(
    ("amount", "total", "price", "cost", "sum", "value", "gross", "fee", "balance", "paid", "due", "payment", "spend", "spent", *_MONEY_LABELS)
)
_JUDGED: Final = frozenset(("score", "rating", "stars", "quality", "grade", "sentiment", "polarity", "satisfaction", "mark"))
_CONFIDENCE: Final = frozenset(("confidence", "probability", "certainty", "likelihood"))
_COUNTS: Final = frozenset(("count", "quantity", "qty", "number", "items"))
_RATED: Final = re.compile(
    r"(?<![\d.,])(\d{1,4}(?:[.,]\d{1,3})?)\s*(?:/|out of|von)\s*(\d{1,4})\b|(?<![\d.,])(\d{1,2}(?:[.,]\d)?)\s*stars?\b|((?:★|⭐){1,5})", re.IGNORECASE
)


def find_number(name: str, schema: JsonObject, material: Material) -> float | None:
    """The number for a field."""
    words = name_words(name)
    known = set(words)
    if known & (_JUDGED | _CONFIDENCE) and material.query is not None:
        return _scaled(overlap(material.query, material.prose), schema, lowest=0.0, highest=1.0)
    if known & {"rate", "percent", "percentage"} and (share := _percentage(material, words)) is not None:
        return share
    if known & _MONEY_WORDS and not known & _JUDGED and (amount := _money(material, words)) is not None:
        return amount
    if known & _JUDGED:
        return _judged(known, schema, material)
    if (stated := near(material.lines, words)) is not None:
        return stated
    if known & _CONFIDENCE:
        return _scaled(0.9 if len(material.prose) > 80 else 0.6, schema, lowest=0.0, highest=1.0)
    if known & {"urgency", "priority", "severity", "risk"}:
        return _scaled(urgency(material.prose), schema, lowest=0.0, highest=1.0)
    if known & _COUNTS:
        return _count(material)
    if (described := near(material.lines, name_words(str(schema.get("description", "")))[:3])) is not None:
        return described
    return None


def find_truth(name: str, material: Material) -> bool | None:
    """The boolean for a field: a `yes` or `no` behind its label, else what the words of the text say."""
    words = [word for word in name_words(name) if word not in ("is", "has", "was", "are", "needs", "should")]
    for told in find.labelled(material.lines, (" ".join(words),)):
        if found := re.match(r"(?i)(yes|true|y|ja|ok|approved|no|false|n|nein|none)\b", told):
            return found.group(1).lower() in ("yes", "true", "y", "ja", "ok", "approved")
    if material.query is not None and {"supported", "supports", "true", "correct", "confirmed", "grounded"} & set(words):
        return overlap(material.query, material.prose) >= 0.5
    if {"risky", "risk", "overclaims", "exaggerated"} & set(words):
        return any(is_bold(sentence) for sentence in material.sentences)
    if {"violates", "violation", "exceeds", "exceeded", "over", "breaks"} & set(words):
        return writing.broken_limits(material) is not None
    if {"approved", "acceptable", "ok", "passes", "passed", "ready", "publishable", "good"} & set(words):
        return quality(material.prose) >= 0.7
    return holds(name, material.prose)


def near(lines: Sequence[str], words: Sequence[str]) -> float | None:
    """The number that stands with a name on one line: behind it first (`nights: 3`), then before it (`3 nights`)."""
    wanted = [word for word in words if len(word) > 2 and word not in ("number", "the", "total", "count", "and")]
    for word in wanted:
        family = re.escape(stem(word))
        for line in lines:
            behind = re.search(rf"(?i)\b{family}\w*\W{{0,3}}(?:is|of|was|at|=|:)?\s*(?:about\s+)?(?:[€$£]\s?)?({find.NUMBER.pattern})", line)
            before = re.search(rf"(?i)({find.NUMBER.pattern})\s*-?(?:\w+\s)?{family}\w*", line)
            found = behind or before
            if found and not find.dates(line[found.start() : found.end() + 8]):
                return find.to_number(found.group(1))
    return None


def _money(material: Material, words: tuple[str, ...]) -> float | None:
    """The amount behind its own label; a total falls back on the largest amount there is."""
    special = next((labels for word, labels in _MONEY_LABELS.items() if word in words), None)
    labels = special or ((" ".join(words), *_TOTAL_LABELS) if len(words) > 1 else _TOTAL_LABELS)
    for rest in find.line_with(material.lines, labels):
        stated = find.amounts(rest) or find.decimals(rest) or find.numbers(re.sub(r"(?<![\d.,])\d{1,6}(?:[.,]\d{1,4})?\s?%", " ", rest))
        if stated:
            return stated[-1]
    stated = find.amounts(material.prose) or find.decimals(material.prose)
    return max(stated) if stated and special is None else None


def _percentage(material: Material, words: tuple[str, ...]) -> float | None:
    hits = [(line, found) for line in material.lines for found in re.findall(r"(?<![\d.,])(\d{1,6}(?:[.,]\d{1,4})?)\s?%", line)]
    named = [found for line, found in hits if any(word in line.lower() for word in words if word not in ("rate", "percent", "percentage"))]
    chosen = named or [found for _, found in hits]
    return find.to_number(chosen[0]) if chosen else None


def _judged(known: set[str], schema: JsonObject, material: Material) -> float:
    """A rating in the text, else sentiment for opinions and quality for texts under work."""
    low, high = _bound(schema, "minimum", 0.0), _bound(schema, "maximum", 10.0)
    if writing.rewrites(material):
        return _scaled(quality(writing.better(material)), schema, lowest=0.0, highest=10.0)
    told = _RATED.search(material.prose)
    if told is not None:
        return _on_scale(told, low, high)
    mood = (sentiment(material.prose) + 1) / 2
    if known & {"sentiment", "polarity", "satisfaction"} or low < 0:
        return _scaled(mood, schema, lowest=-1.0, highest=1.0)
    is_text = re.search(r"(?i)\b(?:draft|article|post|text|copy|content|essay|announcement|newsletter)\b", material.instruction) is not None
    return _scaled(quality(writing.draft_of(material)) if is_text else mood, schema, lowest=0.0, highest=10.0)


def _on_scale(told: re.Match[str], low: float, high: float) -> float:
    """`4/5`, `8 out of 10`, `3 stars`, `★★★` on the scale that is asked for."""
    most = find.to_number(told[2]) if told[2] else 5.0
    given = find.to_number(told[1] or told[3]) if told[1] or told[3] else float(len(told[4]))
    share = min(1.0, given / most) if most > 0 else 0.0
    return given if high == most else round(low + share * (high - low), 2)


def _scaled(share: float, schema: JsonObject, *, lowest: float, highest: float) -> float:
    """A share of 0 to 1 on the schema's own scale; `lowest` and `highest` where it has none."""
    low, high = _bound(schema, "minimum", lowest), _bound(schema, "maximum", highest)
    return round(low + share * (high - low), 2)


def _bound(schema: JsonObject, name: str, default: float) -> float:
    value = schema.get(name)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else default


def _count(material: Material) -> float | None:
    listed = next((value for value in material.values if isinstance(value, list)), None)
    found = rows(material) if listed is None else listed
    return float(len(found)) if found else None
