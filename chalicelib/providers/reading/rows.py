"""Rows of things in a text: tables, CSV, numbered lines, lists of items with prices.

In: a `Material`. Out: rows as texts, each with the cells that a header names. Lines that are totals or headings are no rows.
"""

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from chalicelib.providers.reading import find
from chalicelib.providers.reading.material import Material

_TOTALS: Final = re.compile(
    r"(?i)^\W*(?:sub-?\s?total|total|grand total|amount due|balance|net|gross|vat|tax|sales tax|discount|shipping|summe|gesamt|netto|brutto|mwst|"
    r"invoice|date|due|iban|bic|terms|payment|bill to|ship to|order|customer|phone|tel|po)\b"
)
_RULE: Final = re.compile(r"^[\s|:+=_-]+$")
_MAX_ROWS: Final = 200


@dataclass(frozen=True)
class Row:
    """`cells` are by the header's names in lower case; without a header there are none."""

    text: str
    cells: Mapping[str, str] = field(default_factory=dict)


def rows(material: Material) -> list[Row]:
    """The rows of the clearest table or list of the material."""
    found = _table(material.lines) or _priced(material.lines) or [Row(text) for text in material.bullets]
    return found[:_MAX_ROWS]


def _table(lines: Sequence[str]) -> list[Row]:
    """A table with a header: cells parted by bars, tabs, semicolons, commas or wide gaps."""
    for separator in ("|", "\t", ";", ",", "  "):
        start = next((at for at in range(len(lines) - 1) if _is_header(lines, at, separator)), None)
        if start is None:
            continue
        names = [cell.lower() for cell in _cells(lines[start], separator)]
        body: list[Row] = []
        for line in lines[start + 1 :]:
            cells = _cells(line, separator)
            if _RULE.match(line):
                continue
            if len(cells) < max(2, len(names) - 1) or _TOTALS.match(line):
                break
            body.append(Row(line, dict(zip(names, cells, strict=False))))
        if body:
            return body
    return []


def _is_header(lines: Sequence[str], at: int, separator: str) -> bool:
    """Names only, and as many cells in the line below, of which one is a number or the header is ruled off."""
    names = _cells(lines[at], separator)
    if len(names) < 2 or any(re.search(r"\d", name) or len(name) > 30 or not name for name in names):
        return False
    below = next((line for line in lines[at + 1 :] if not _RULE.match(line)), "")
    ruled = bool(_RULE.match(lines[at + 1])) and "-" in lines[at + 1]
    cells = _cells(below, separator)
    return abs(len(cells) - len(names)) <= (1 if separator == "  " else 0) and (ruled or bool(re.search(r"\d", below)))


def _cells(line: str, separator: str) -> list[str]:
    if separator == "  ":
        return [cell.strip() for cell in re.split(r"\s{2,}", line.strip())]
    if separator == "|":
        return [cell.strip() for cell in line.strip().strip("|").split("|")] if "|" in line else [line]
    try:
        return [cell.strip() for cell in next(csv.reader([line], delimiter=separator), [])]
    except csv.Error:
        return [line]


def _priced(lines: Sequence[str]) -> list[Row]:
    """Lines that end in a price and begin with words: the items of a bill."""
    return [Row(_without_mark(line)) for line in lines if not _TOTALS.match(line) and _is_priced(line)]


def _is_priced(line: str) -> bool:
    return bool(find.decimals(line) or find.amounts(line)) and len(re.findall(r"[^\W\d_]{3,}", line)) >= 1 and _is_item(line)


def _is_item(line: str) -> bool:
    """Short, no sentence, no heading."""
    return len(line) < 160 and not line.endswith((":", "?")) and not re.search(r"[a-z][.!?]\s+[A-Z]|[a-z]{2}[.!]$", line) and len(line.split()) <= 16


def _without_mark(line: str) -> str:
    return re.sub(r"^\s*(?:[-*•–]|\d{1,2}[.)]\s)\s*", "", line)


def description(row: Row) -> str:
    """The words of a row: without numbers, prices and marks."""
    text = re.sub(r"^\s*\d+(?:[.,]\d+)?\s*(?:x|×|pcs\.?|pieces?|units?|hrs?|hours?|stk\.?)?\s+(?=\D)", "", row.text)
    text = re.split(r"\s{2,}|\t|\||;|\s[@–-]\s|:\s|,?\s+(?:qty|quantity|\d+\s*(?:x|×|pcs|pieces|units|hours|hrs|h)\b)", text, maxsplit=1)[0]
    text = re.sub(r"(?:[€$£]|\b(?:EUR|USD|GBP|CHF)\b)?\s*\d[\d.,' ]*(?:[€$£]|\b(?:EUR|USD|GBP|CHF)\b)?\s*$", "", text)
    return text.strip(" ,;:|-–@()")


def quantity(row: Row) -> float | None:
    """How many: `2 x`, `qty 3`, `5 pcs`, or the first whole number beside two prices."""
    found = re.search(
        r"(?i)(?:^|\s)(\d+(?:[.,]\d+)?)\s*(?:x|×|pcs\.?|pieces?|units?|hrs?|hours?|h|stk\.?)(?=\s|$|@)|(?:qty|quantity|x|×)\s*[:=]?\s*(\d+)", row.text
    )
    if found:
        return find.to_number(found[1] or found[2])
    whole = re.search(r"(?<![\w.,/-])(\d{1,6})(?=\s)(?!\s*(?:[€$£]|EUR|USD|GBP|CHF))", row.text)
    return float(whole[1]) if whole and (find.decimals(row.text) or find.amounts(row.text)) else None


def prices(row: Row) -> tuple[float | None, float | None]:
    """(each, together) of a row."""
    found = find.decimals(row.text) or find.amounts(row.text)
    if not found:
        return None, None
    count = quantity(row) or 1
    if len(found) == 1:
        together = found[0]
        each = found[0] / count
        if re.search(r"(?i)@|\beach\b|per (?:unit|piece|hour)|/(?:unit|h|pc)", row.text):
            each, together = found[0], found[0] * count
        return round(each, 2), round(together, 2)
    return found[-2], found[-1]
