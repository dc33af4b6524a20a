"""What Meta would refuse in a message template, told before it is submitted: a refusal takes up to a day, and too many of them block a name.

In: the JSON of a template. Out: findings, each with its code and place; none for a template that keeps the rules that are known. Pure, never raises.
One check, one function. Meta may refuse all the same: people of theirs read what is submitted.

Source: https://developers.facebook.com/documentation/business-messaging/whatsapp/templates/overview
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from types import MappingProxyType
from typing import Final

from chalicelib.channels.template_parts import VARIABLE, Part, buttons_of, is_named, parts_of, variables_of
from chalicelib.channels.text_parts import size
from chalicelib.channels.vendor_json import at, text_at
from chalicelib.spec.model import JsonObject

CODES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "template-name": "the name has 1 to 512 small letters, digits and underscores",
        "template-language": "the language is a code such as `en` or `pt_BR`",
        "template-category": "the category is UTILITY, MARKETING or AUTHENTICATION",
        "template-format": "the format of parameters is POSITIONAL or NAMED",
        "template-component": "the component is unknown, or there twice",
        "template-body": "a template has a body with a text",
        "template-length": "the text is too long",
        "template-header": "the header is a text of one line, or a file with an example",
        "template-footer": "the footer has no variables",
        "template-braces": "braces open and close in pairs around a variable",
        "template-variable": "the variable's name is none of its format",
        "template-sequence": "variables count from 1 without a gap",
        "template-dangling": "the text begins or ends with a variable",
        "template-adjacent": "two variables stand next to each other",
        "template-crowded": "there are too many variables for so few words",
        "template-example": "a variable has no example",
        "template-button": "the kind of the button is unknown, or its fields are missing",
        "template-button-count": "there are too many buttons of a kind",
        "template-button-order": "quick replies are not apart from the other buttons",
        "template-button-url": "an address has one variable at its end, with an example",
        "template-button-text": "two buttons have the same text, or one has a variable",
    }
)
MAX_BODY: Final = 1_024
MAX_HEADER: Final = 60
MAX_FOOTER: Final = 60
MAX_BUTTON: Final = 25
MAX_URL: Final = 2_000
MAX_BUTTONS: Final = 10
MAX_BY_KIND: Final[Mapping[str, int]] = MappingProxyType({"URL": 2, "PHONE_NUMBER": 1, "COPY_CODE": 1})
_WORDS_PER_VARIABLE: Final = 2  # and one more; Meta tells no figure, those who submit many found this one
_CATEGORIES: Final = frozenset(("UTILITY", "MARKETING", "AUTHENTICATION"))
_KINDS: Final = frozenset(("HEADER", "BODY", "FOOTER", "BUTTONS"))
_FILES: Final = frozenset(("IMAGE", "VIDEO", "DOCUMENT"))
_BUTTON_FIELDS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "QUICK_REPLY": ("text",),
        "URL": ("text", "url"),
        "PHONE_NUMBER": ("text", "phone_number"),
        "COPY_CODE": ("example",),
        "FLOW": ("text",),
        "OTP": ("otp_type",),
    }
)
_NAME: Final = re.compile(r"[a-z0-9_]{1,512}")
_LANGUAGE: Final = re.compile(r"[a-z]{2,3}(?:_[A-Z]{2,3})?")
_NAMED: Final = re.compile(r"[a-z][a-z0-9_]*")
_NUMBERED: Final = re.compile(r"[1-9][0-9]{0,2}")
_ADJACENT: Final = re.compile(r"\}\}\s*\{\{")


@dataclass(frozen=True, slots=True)
class Finding:
    """`place` as in the document: `components[0].text`. `said` tells more than the code where there is more."""

    code: str
    place: str
    said: str = ""

    @property
    def message(self) -> str:
        return f"{CODES[self.code]}{f': {self.said}' if self.said else ''}"


def findings(template: JsonObject) -> tuple[Finding, ...]:
    """In the order of the checks."""
    return tuple(found for check in _CHECKS for found in check(template))


def _name(template: JsonObject) -> Iterator[Finding]:
    if _NAME.fullmatch(text_at(template, "name")) is None:
        yield Finding("template-name", "name")


def _language(template: JsonObject) -> Iterator[Finding]:
    if _LANGUAGE.fullmatch(text_at(template, "language")) is None:
        yield Finding("template-language", "language")


def _category(template: JsonObject) -> Iterator[Finding]:
    if text_at(template, "category") not in _CATEGORIES:
        yield Finding("template-category", "category")


def _format(template: JsonObject) -> Iterator[Finding]:
    if "parameter_format" in template and text_at(template, "parameter_format").upper() not in ("POSITIONAL", "NAMED"):
        yield Finding("template-format", "parameter_format")


def _components(template: JsonObject) -> Iterator[Finding]:
    seen: set[str] = set()
    for part in parts_of(template):
        if part.kind not in _KINDS or part.kind in seen:
            yield Finding("template-component", part.place, part.kind)
        seen.add(part.kind)


def _body(template: JsonObject) -> Iterator[Finding]:
    """Meta writes the bodies of authentication itself."""
    if text_at(template, "category") != "AUTHENTICATION" and not any(part.kind == "BODY" and part.text.strip() for part in parts_of(template)):
        yield Finding("template-body", "components")


def _lengths(template: JsonObject) -> Iterator[Finding]:
    limits = {"BODY": MAX_BODY, "HEADER": MAX_HEADER, "FOOTER": MAX_FOOTER}
    texts = [(f"{part.place}.text", part.text, limits.get(part.kind, MAX_BODY)) for part in parts_of(template)]
    texts += [(f"{button.place}.text", button.text, MAX_BUTTON) for button in buttons_of(template)]
    texts += [(f"{button.place}.url", button.url, MAX_URL) for button in buttons_of(template)]
    for place, text, limit in texts:
        if size(text) > limit:
            yield Finding("template-length", place, f"{size(text)} characters, of {limit}")


def _header(template: JsonObject) -> Iterator[Finding]:
    for part in _of(template, "HEADER"):
        kind = text_at(part.told, "format").upper()
        if kind == "TEXT":
            if not part.text.strip() or "\n" in part.text or len(part.variables) > 1:
                yield Finding("template-header", f"{part.place}.text", "at most one variable, no line break")
        elif kind in _FILES:
            if not at(part.told, "example", "header_handle"):
                yield Finding("template-header", part.place, "example.header_handle is missing")
        elif kind != "LOCATION":
            yield Finding("template-header", f"{part.place}.format", "TEXT, IMAGE, VIDEO, DOCUMENT or LOCATION")


def _footer(template: JsonObject) -> Iterator[Finding]:
    for part in _of(template, "FOOTER"):
        if part.variables:
            yield Finding("template-footer", f"{part.place}.text")


def _braces(template: JsonObject) -> Iterator[Finding]:
    for place, text in _texts(template):
        if re.search(r"[{}]", VARIABLE.sub("", text)):
            yield Finding("template-braces", place)


def _variables(template: JsonObject) -> Iterator[Finding]:
    for part in _worded(template):
        for name in part.variables:
            if _form(template).fullmatch(name) is None:
                yield Finding("template-variable", f"{part.place}.text", name)


def _sequence(template: JsonObject) -> Iterator[Finding]:
    for part in _worded(template):
        numbers = {int(name) for name in part.variables if _NUMBERED.fullmatch(name)}
        if not is_named(template) and numbers != set(range(1, len(numbers) + 1)):
            yield Finding("template-sequence", f"{part.place}.text", ", ".join(map(str, sorted(numbers))))


def _dangling(template: JsonObject) -> Iterator[Finding]:
    for part in _of(template, "BODY"):
        text = part.text.strip()
        if text.startswith("{{") or text.endswith("}}"):
            yield Finding("template-dangling", f"{part.place}.text")


def _adjacent(template: JsonObject) -> Iterator[Finding]:
    for part in _worded(template):
        if _ADJACENT.search(part.text):
            yield Finding("template-adjacent", f"{part.place}.text")


def _crowded(template: JsonObject) -> Iterator[Finding]:
    for part in _of(template, "BODY"):
        words = len(VARIABLE.sub(" ", part.text).split())
        count = len(set(part.variables))
        if count and words < _WORDS_PER_VARIABLE * count + 1:
            yield Finding("template-crowded", f"{part.place}.text", f"{words} words, {count} variables")


def _examples(template: JsonObject) -> Iterator[Finding]:
    for part in _worded(template):
        examples = part.examples
        for name in dict.fromkeys(part.variables):
            if _form(template).fullmatch(name) and not examples.get(name, "").strip():
                yield Finding("template-example", f"{part.place}.example", name)


def _button_fields(template: JsonObject) -> Iterator[Finding]:
    for button in buttons_of(template):
        fields = _BUTTON_FIELDS.get(button.kind)
        missing = [key for key in fields or () if not at(button.told, key)]
        if fields is None:
            yield Finding("template-button", f"{button.place}.type", button.kind)
        elif missing:
            yield Finding("template-button", button.place, ", ".join(missing))


def _button_counts(template: JsonObject) -> Iterator[Finding]:
    buttons = buttons_of(template)
    for kind, limit in {"buttons": MAX_BUTTONS, **MAX_BY_KIND}.items():
        counted = [button for button in buttons if kind in ("buttons", button.kind)]
        if len(counted) > limit:
            yield Finding("template-button-count", counted[limit].place, f"{len(counted)} {kind}, of {limit}")


def _button_order(template: JsonObject) -> Iterator[Finding]:
    groups = [next(group) for _, group in groupby(buttons_of(template), key=lambda button: button.kind == "QUICK_REPLY")]
    for button in groups[2:3]:
        yield Finding("template-button-order", button.place)


def _button_urls(template: JsonObject) -> Iterator[Finding]:
    for button in buttons_of(template):
        count = len(variables_of(button.url))
        if count > 1 or (count and not button.url.endswith("}}")) or (count and not at(button.told, "example")):
            yield Finding("template-button-url", f"{button.place}.url")


def _button_texts(template: JsonObject) -> Iterator[Finding]:
    seen: set[str] = set()
    for button in buttons_of(template):
        if (button.text and button.text in seen) or variables_of(button.text):
            yield Finding("template-button-text", f"{button.place}.text", button.text)
        seen.add(button.text)


def _form(template: JsonObject) -> re.Pattern[str]:
    return _NAMED if is_named(template) else _NUMBERED


def _of(template: JsonObject, kind: str) -> Iterator[Part]:
    return (part for part in parts_of(template) if part.kind == kind)


def _worded(template: JsonObject) -> Iterator[Part]:
    """The parts whose texts take values."""
    return (part for part in parts_of(template) if part.kind in ("HEADER", "BODY"))


def _texts(template: JsonObject) -> Iterator[tuple[str, str]]:
    for part in parts_of(template):
        yield f"{part.place}.text", part.text
    for button in buttons_of(template):
        yield f"{button.place}.text", button.text
        yield f"{button.place}.url", button.url


Check = Callable[[JsonObject], Iterator[Finding]]
_CHECKS: Final[tuple[Check, ...]] = (
    _name,
    _language,
    _category,
    _format,
    _components,
    _body,
    _lengths,
    _header,
    _footer,
    _braces,
    _variables,
    _sequence,
    _dangling,
    _adjacent,
    _crowded,
    _examples,
    _button_fields,
    _button_counts,
    _button_order,
    _button_urls,
    _button_texts,
)
