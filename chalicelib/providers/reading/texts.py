"""Strings that a schema asks for, found or written by what their name means.

In: a field's name and schema, and the material. Out: a string, or None where the material has nothing for it. One table, `_KINDS`, says which
words of a name ask for what; the first line that fits decides.
"""

import re
from collections.abc import Callable, Iterator
from typing import Final

from chalicelib.providers.reading import find, writing
from chalicelib.providers.reading.judge import sentiment, urgency
from chalicelib.providers.reading.material import Material, topic_of
from chalicelib.providers.reading.words import name_words
from chalicelib.spec.model import JsonObject

Finder = Callable[[Material, tuple[str, ...]], str | None]

_VENDOR_LABELS: Final = ("vendor", "supplier", "seller", "merchant", "company", "bill from", "issued by", "from", "lieferant", "store")
_CUSTOMER_LABELS: Final = ("bill to", "customer", "client", "buyer", "sold to", "invoice to", "kunde", "account")


def find_text(name: str, schema: JsonObject, material: Material) -> str | None:
    """The string for a field."""
    words = name_words(name)
    by_format = _FORMATS.get(str(schema.get("format")))
    if by_format is not None:
        return by_format(material, words)
    if isinstance(schema.get("pattern"), str):
        found = _by_pattern(str(schema["pattern"]), material)
        if found is not None:
            return found
    kind = _kind(words) or _kind(name_words(str(schema.get("description", "")))[:6])
    if kind is not None:
        return kind(material, words)
    return _labelled(material, words)


def _kind(words: tuple[str, ...]) -> Finder | None:
    return next((finder for names, finder in _KINDS if not names.isdisjoint(words)), None)


def _labelled(material: Material, words: tuple[str, ...]) -> str | None:
    label = " ".join(words)
    found = next(find.labelled(material.lines, (label,)), None) if label else None
    return writing.shortened(found) if found else None


def _by_pattern(pattern: str, material: Material) -> str | None:
    try:
        return next((word for word in _candidates(material.prose) if re.search(pattern, word)), None)
    except re.error:
        return None


def _candidates(text: str) -> Iterator[str]:
    yield from (word.strip(".,;:()[]\"'") for word in text.split())
    yield from find.dates(text)


def _date(material: Material, words: tuple[str, ...]) -> str | None:
    """The date behind its own label, else the first one; a due date is the last one."""
    if not _DUE.isdisjoint(words):
        named = find.dated_line(material.lines, ("due date", "due", "payable by", "pay by", "deadline"))
        found = find.dates(material.prose)
        return named or (found[-1] if found else None)
    others = [line for line in material.lines if not re.search(r"(?i)\b(?:due|pay(?:able)? by|deadline|deliver)", line)]
    named = find.dated_line(others, (" ".join(words), "invoice date", "date", "issued", "dated", "datum"))
    found = find.dates("\n".join(others)) or find.dates(material.prose)
    return named or (found[0] if found else None)


def _date_time(material: Material, words: tuple[str, ...]) -> str | None:
    day = _date(material, words)
    return f"{day}T{find.time_of_day(material.prose) or '00:00:00'}Z" if day else None


def _time(material: Material, _words: tuple[str, ...]) -> str | None:
    return find.time_of_day(material.prose)


def _first(pattern: re.Pattern[str]) -> Finder:
    def finder(material: Material, _words: tuple[str, ...]) -> str | None:
        found = pattern.search(material.prose)
        return found.group().strip() if found else None

    return finder


def _currency(material: Material, _words: tuple[str, ...]) -> str | None:
    return find.currency(material.prose)


def _vendor(material: Material, _words: tuple[str, ...]) -> str | None:
    """A label, else the first name with a legal form, else a letterhead."""
    told = next(find.labelled(material.lines, _VENDOR_LABELS), None)
    named = find.companies(material.prose)
    if told and not find.EMAIL.fullmatch(told):
        return re.split(r"\s{2,}|[|<]", told)[0].strip()
    if named:
        return named[0]
    head = material.lines[0] if material.lines else ""
    is_name = 1 <= len(head.split()) <= 6 and not re.search(r"\d{2}|[:?!{\[]|\.$", head)
    return re.sub(r"(?i)^\W+|\s*[-–]?\s*invoice\W*$", "", head) or None if is_name else None


def _customer(material: Material, _words: tuple[str, ...]) -> str | None:
    told = next(find.labelled(material.lines, _CUSTOMER_LABELS), None)
    if told:
        return re.split(r"\s{2,}|[|<,]", told)[0].strip()
    for at, line in enumerate(material.lines[:-1]):
        if line.lower().rstrip(":") in _CUSTOMER_LABELS:
            return material.lines[at + 1]
    named = find.companies(material.prose)
    return next(iter(find.people(material.prose)), None) or (named[1] if len(named) > 1 else None)


def _person(material: Material, words: tuple[str, ...]) -> str | None:
    return next(iter(find.people(material.prose)), None) or _labelled(material, words)


def _thing(material: Material, words: tuple[str, ...]) -> str | None:
    """A system that is named: `the Checkout API`, `service payments`."""
    named = re.search(
        r"\b(?!(?:The|An?|Our|This|Your)\s)((?:[A-Z][\w-]+\s+){0,2}[A-Z][\w-]+\s+(?:API|[Ss]ervice|[Dd]atabase|[Ss]erver|[Aa]pp|[Pp]ortal|[Ss]hop))\b",
        material.prose,
    )
    told = re.search(r"(?i)\b(?:service|component|system|product|app)\s+[\"']?([a-z][\w-]{2,30})\b", f"{material.prose}\n{material.instruction}")
    return _labelled(material, words) or (named.group(1) if named else told.group(1) if told else None)


def _identifier(material: Material, words: tuple[str, ...]) -> str | None:
    heads = [word for word in words if word not in _ID_WORDS] or ["number", "id", "reference"]
    return find.identifier(material.prose, [" ".join(heads), *heads])


def _order(material: Material, words: tuple[str, ...]) -> str | None:
    return find.identifier(material.prose, [word for word in words if word in _ID_HEADS])


def _sentiment(material: Material, _words: tuple[str, ...]) -> str:
    score = sentiment(material.prose)
    return "neutral" if abs(score) < 0.25 else "positive" if score > 0 else "negative"


def _urgency(material: Material, _words: tuple[str, ...]) -> str:
    level = urgency(material.prose)
    return "high" if level >= 0.6 else "low" if level < 0.25 else "medium"


def _written(write: Callable[[Material], str]) -> Finder:
    return lambda material, _words: write(material)


def _remark(material: Material) -> str:
    return " ".join(writing.remarks(material, 3))


def _question(material: Material) -> str:
    return writing.questions(material, 1)[0]


def _action(material: Material) -> str:
    pace = "today" if urgency(material.prose) >= 0.7 else "in the normal order of work"
    return f"Handle “{writing.title(material)[:80]}” {pace}."


def _of_text(write: Callable[[str], str]) -> Finder:
    return lambda material, _words: write(material.prose)


def _names(*lines: str) -> frozenset[str]:
    return frozenset(word for line in lines for word in line.split())


_DUE: Final = _names("due deadline payable expiry expires end until return delivery")
_ID_WORDS: Final = _names("id ids number no nr num reference ref code sku identifier")
_ID_HEADS: Final = _names("order ticket invoice tracking booking reservation case")

_FORMATS: Final[dict[str, Finder]] = {
    "date": _date,
    "date-time": _date_time,
    "time": _time,
    "email": _first(find.EMAIL),
    "uri": _first(find.URL),
}
_KINDS: Final[tuple[tuple[frozenset[str], Finder], ...]] = (
    (_names("reply response letter"), _written(writing.reply)),
    (_names("draft rewritten rewrite revised improved edited polished corrected"), _written(writing.answer)),
    (_names("summary overview abstract gist synopsis conclusion tldr digest recap"), _written(writing.summary)),
    (_names("evidence quote excerpt"), _written(writing.evidence)),
    (_names("cause"), _written(writing.cause)),
    (_names("reason reasons rationale explanation why justification because reasoning"), _written(writing.reason)),
    (_names("feedback comment comments remark remarks critique suggestion advice improvement"), _written(_remark)),
    (_names("action recommendation recommended next resolution todo"), _written(_action)),
    (_names("question"), _written(_question)),
    (_names("topic theme query"), _written(topic_of)),
    (_names("title headline subject"), _written(writing.title)),
    (_names("currency"), _currency),
    (_ID_WORDS, _identifier),
    (_names("email mail"), _first(find.EMAIL)),
    (_names("url link website homepage uri"), _first(find.URL)),
    (_names("iban"), _first(find.IBAN)),
    (_names("phone telephone mobile tel"), _first(find.PHONE)),
    (_names("timestamp datetime"), _date_time),
    (_names("date deadline due issued dated day"), _date),
    (_names("time"), _time),
    (_names("vendor supplier seller merchant company organisation organization firm issuer brand"), _vendor),
    (_names("customer client buyer"), _customer),
    (_names("name person author sender employee contact requester reporter owner signer"), _person),
    (_names("service component system product application app"), _thing),
    (_names("language lang locale"), _of_text(writing.language)),
    (_names("sentiment tone mood polarity"), _sentiment),
    (_names("urgency priority severity risk impact"), _urgency),
    (_names("category kind type intent department team class label area"), _of_text(writing.category)),
    (_ID_HEADS, _order),
    (
        _names("answer finding insight text body content message note notes result description report details brief memo"),
        _written(writing.answer),
    ),
)
