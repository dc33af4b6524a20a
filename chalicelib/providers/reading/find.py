"""Facts in a text: money, currencies, numbers, dates, addresses, names, identifiers, and what stands behind a label.

In: a text. Out: what was found, first or best first; None or nothing where there is none. Dates come out as ISO 8601. Every rule is deterministic.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Final

CURRENCIES: Final = (
    "EUR",
    "USD",
    "GBP",
    "CHF",
    "SEK",
    "NOK",
    "DKK",
    "PLN",
    "CZK",
    "HUF",
    "JPY",
    "CNY",
    "INR",
    "CAD",
    "AUD",
    "NZD",
    "BRL",
    "MXN",
    "ZAR",
)
_SYMBOLS: Final = {"€": "EUR", "£": "GBP", "¥": "JPY", "₹": "INR", "$": "USD"}
_MONTHS: Final = {
    name: number
    for number, names in enumerate(
        ("jan january januar", "feb february februar", "mar march märz mrz", "apr april", "may mai", "jun june juni", "jul july juli", "aug august",
         "sep sept september", "oct october oktober okt", "nov november", "dec december dezember dez"), 1
    )
    for name in names.split()
}  # fmt: skip
_NUMBER: Final = r"[-+−]?\d{1,3}(?:[ '’.,]\d{3})+(?:[.,]\d{1,2})?(?![\d])|[-+−]?\d+(?:[.,]\d+)?"
NUMBER: Final = re.compile(rf"(?<![\w.,/-])(?:{_NUMBER})(?![\w/]|[.,-]\d)")
_MONEY: Final = re.compile(
    rf"(?:(?P<before>[€$£¥₹]|\b(?:{'|'.join(CURRENCIES)})\b)\s?(?P<first>{_NUMBER}))|(?:(?P<second>(?<![\w.,-])(?:{_NUMBER}))\s?(?P<after>[€£¥₹$]|(?:{'|'.join(CURRENCIES)})\b|euros?\b|dollars?\b))",
    re.IGNORECASE,
)
_MONTH_NAME: Final = "|".join(sorted(_MONTHS, key=len, reverse=True))
_DATES: Final = (
    re.compile(r"\b(?P<y>(?:19|20)\d\d)-(?P<m>\d{1,2})-(?P<d>\d{1,2})"),
    re.compile(r"\b(?P<d>\d{1,2})\.\s?(?P<m>\d{1,2})\.(?P<y>(?:19|20)\d\d)\b"),
    re.compile(r"\b(?P<a>\d{1,2})/(?P<b>\d{1,2})/(?P<y>(?:19|20)\d\d)\b"),
    re.compile(rf"\b(?P<d>\d{{1,2}})(?:st|nd|rd|th)?\.?\s+(?:of\s+)?(?P<name>{_MONTH_NAME})\.?,?\s+(?P<y>(?:19|20)\d\d)\b", re.IGNORECASE),
    re.compile(rf"\b(?P<name>{_MONTH_NAME})\.?\s+(?P<d>\d{{1,2}})(?:st|nd|rd|th)?,?\s+(?P<y>(?:19|20)\d\d)\b", re.IGNORECASE),
)
_TIME: Final = re.compile(r"\b([01]?\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?")
EMAIL: Final = re.compile(r"\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+\b")
URL: Final = re.compile(r"\bhttps?://[^\s<>\"')\]]+[^\s<>\"')\].,;:!?]")
PHONE: Final = re.compile(r"(?<![\w-])(?:\+|00)?\d[\d ()/-]{6,18}\d(?!\w)")
IBAN: Final = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,4})?\b")
_FORMS: Final = (
    r"GmbH(?:\s*&\s*Co\.?\s*KG)?|AG|KG|UG|e\.K\.|Inc\.?|Ltd\.?|LLC|LLP|PLC|Corp\.?|Co\.|S\.?A\.?R\.?L\.?|S\.?A\.?|S\.?r\.?l\.?|B\.?V\.?|N\.?V\.?|Oy|AB|"
    r"ApS|A/S|Pty"
)
_COMPANY: Final = re.compile(rf"\b((?:(?!(?:{_FORMS})\b)[A-ZÄÖÜ0-9][\w&'’.-]*\s+(?:(?:&|und|and|of|de)\s+)?){{1,5}}(?:{_FORMS}))(?![\w])")
_PERSON: Final = r"[A-ZÄÖÜÉ][\w'’-]+(?:\s+(?:(?:van|von|de|der|den|da|di|la|le|bin|al)\s+){0,2}[A-ZÄÖÜÉ][\w'’.-]+){1,2}"
_SIGNED: Final = re.compile(
    r"(?im)^(?:(?:kind|best|warm|many)\s+)?(?:regards|wishes|thanks|thank you|cheers|sincerely|yours(?:\s+\w+)?|greetings|mit freundlichen grüßen)"
    rf"[,.!]?[ \t]*\n[\n \t]{0, 20}(?-i:({_PERSON}|[A-ZÄÖÜÉ][\w'’-]+))"
)
_SIGNED_INLINE: Final = re.compile(rf"(?i:\b(?:thanks|thank you|regards|cheers|best|yours)[,.!]?)\s+({_PERSON}|[A-ZÄÖÜÉ][a-zäöüß'’-]+)\s*\Z")
_LAST_LINE: Final = re.compile(rf"\n[ \t]*({_PERSON}|[A-ZÄÖÜÉ][a-zäöüß'’-]+)\s*\Z")
_INTRODUCED: Final = re.compile(
    r"(?i:\b(?:my name is|i am|i'm|this is|signed by|submitted by|reported by|on behalf of|mr\.?|mrs\.?|ms\.?|dr\.?)\s+)" + rf"({_PERSON})"
)
_ADDRESSED: Final = re.compile(rf"(?im)^[ \t]*(?:from|von|name|customer|contact|sender|author|employee|reporter)\s*[:=]\s*[\"']?(?-i:({_PERSON}))")
_IDENTIFIER: Final = r"#?\s?((?=[A-Z0-9/_-]*\d)[A-Z0-9][A-Z0-9/_-]{1,24})"
_NUMBER_WORDS: Final = r"\s*(?:(?:no|nr|number|num|id|ref|reference|code)(?![a-z])\.?|#|№)"


def to_number(text: str) -> float:
    """`1.234,50`, `1,234.50`, `1 234,50`, `12,5` -> a number. A lone separator before three digits groups thousands."""
    plain = text.replace("−", "-").replace(" ", "").replace("'", "").replace("’", "").replace("+", "")
    comma, dot = plain.rfind(","), plain.rfind(".")
    if comma >= 0 and dot >= 0:
        decimal = max(comma, dot)
        plain = plain[:decimal].replace(",", "").replace(".", "") + "." + plain[decimal + 1 :]
    elif comma >= 0 or dot >= 0:
        mark = "," if comma >= 0 else "."
        groups = plain.split(mark)
        thousands = len(groups) > 2 or (len(groups[-1]) == 3 and groups[0].lstrip("-") not in ("", "0"))
        plain = "".join(groups) if thousands else ".".join(groups)
    return float(plain)


def numbers(text: str) -> list[float]:
    """The plain numbers of a text; dates and times are none."""
    bare = _TIME.sub(" ", text)
    for pattern in _DATES:
        bare = pattern.sub(" ", bare)
    return [to_number(found.group()) for found in NUMBER.finditer(_MONEY.sub(lambda money: f" {money['first'] or money['second']} ", bare))]


def amounts(text: str) -> list[float]:
    """Amounts of money: numbers with a currency beside them."""
    return [to_number(found["first"] or found["second"]) for found in _MONEY.finditer(text)]


def decimals(text: str) -> list[float]:
    """Numbers with two decimals: how prices are written in tables."""
    return [to_number(found) for found in re.findall(r"(?<![\w.,])-?\d{1,3}(?:[ '’.,]?\d{3})*[.,]\d{2}(?![\w.,]?\d)", text)]


def currency(text: str) -> str | None:
    """The currency named most often, as its ISO code."""
    counts: dict[str, int] = {}
    for code in re.findall(rf"\b(?:{'|'.join(CURRENCIES)})\b", text):
        counts[code] = counts.get(code, 0) + 1
    for symbol, code in _SYMBOLS.items():
        counts[code] = counts.get(code, 0) + text.count(symbol)
    for word, code in (("euros?", "EUR"), ("dollars?", "USD"), ("pounds? sterling", "GBP")):
        counts[code] = counts.get(code, 0) + len(re.findall(rf"(?i)\b{word}\b", text))
    best = max(counts, key=lambda code: counts[code])
    return best if counts[best] else None


def dates(text: str) -> list[str]:
    """Dates as ISO 8601, in the order of the text. `03/04/2026` is day first, unless the text counts in dollars."""
    found: list[tuple[int, str]] = []
    for pattern in _DATES:
        for hit in pattern.finditer(text):
            groups = hit.groupdict()
            day, month = _day_and_month(groups, month_first="$" in text or "USD" in text)
            try:
                found.append((hit.start(), date(int(groups["y"]), month, day).isoformat()))
            except ValueError:
                continue
    return [iso for _, iso in sorted(found)]


def _day_and_month(groups: dict[str, str], *, month_first: bool) -> tuple[int, int]:
    if "name" in groups:
        return int(groups["d"]), _MONTHS[groups["name"].lower().rstrip(".")]
    if "a" in groups:
        first, second = int(groups["a"]), int(groups["b"])
        american = second > 12 or (month_first and first <= 12)
        return (second, first) if american else (first, second)
    return int(groups["d"]), int(groups["m"])


def time_of_day(text: str) -> str | None:
    """The first clock time as `hh:mm:ss`."""
    found = _TIME.search(text)
    return f"{int(found[1]):02}:{found[2]}:{found[3] or '00'}" if found else None


def people(text: str) -> list[str]:
    """Names of people: who signed, who introduced themselves, who stands behind `From:`."""
    hits = [(pattern.search(text), pattern) for pattern in (_ADDRESSED, _SIGNED, _SIGNED_INLINE, _INTRODUCED, _LAST_LINE)]
    return list(dict.fromkeys(" ".join(hit.group(1).split()).rstrip(".,") for hit, _ in hits if hit))


def companies(text: str) -> list[str]:
    """Names that end with a legal form, in the order of the text."""
    return list(dict.fromkeys(" ".join(found.split()) for line in text.splitlines() for found in _COMPANY.findall(line)))


def identifier(text: str, words: Sequence[str]) -> str | None:
    """The number behind words such as `order` or `invoice`: `order no. A-1234`, `Order #1234`, `invoice number: 2026/114`."""
    for word in words:
        patterns = (
            rf"(?i:\b{re.escape(word)}{_NUMBER_WORDS}\s*(?:is\s*)?[:=]?\s*){_IDENTIFIER}",
            rf"(?i:\b{re.escape(word)}\s*[:=]?\s*)#\s?([A-Z0-9][A-Z0-9/_-]{{1,24}})",
            rf"(?i:\b{re.escape(word)}\s*[:=]?\s+){_IDENTIFIER}",
            rf"\b({re.escape(word[:3].upper())}[A-Z]*[-_ ]?\d[\dA-Z-]+)\b",
        )
        for pattern in patterns:
            found = re.search(pattern, text)
            if found and not dates(found.group(1)):
                return found.group(1).rstrip("-/_")
    return None


def labelled(lines: Sequence[str], labels: Sequence[str]) -> Iterator[str]:
    """What stands behind a label on its line (`Total due: 12`, `Total due   12`, `| Total due | 12 |`), better labels first."""
    for label in labels:
        pattern = re.compile(rf"(?i)^\W*{re.escape(label)}\b\s*(?:\([^)]*\))?\s*(?:[:=|]\s*|\s{{2,}}|\t+|\s+[-–]\s+)(\S.*)$")
        loose = re.compile(rf"(?i)\b{re.escape(label)}\b\s*(?:\([^)]*\))?\s*(?:[:=|]|is\b|of\b|was\b)\s*(\S.*)$")
        for expression in (pattern, loose):
            for line in lines:
                found = expression.search(line)
                if found:
                    yield found.group(1).strip(" |*_`")


def dated_line(lines: Sequence[str], labels: Sequence[str]) -> str | None:
    """The first date that stands behind a label on its line, better labels first."""
    for label in labels:
        for line in lines:
            found = re.search(rf"(?i)(?<![\w-]){re.escape(label)}\b", line)
            if found and (stated := dates(line[found.end() :])):
                return stated[0]
    return None


def line_with(lines: Sequence[str], labels: Sequence[str]) -> Iterator[str]:
    """Lines that begin with a label or hold it, better labels first, later lines first: totals stand last."""
    for label in labels:
        pattern = re.compile(rf"(?i)(?<![\w-]){re.escape(label)}\b")
        yield from (line[found.end() :] for line in reversed(lines) if (found := pattern.search(line)))
