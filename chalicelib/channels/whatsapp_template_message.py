"""A message template with its values, as WhatsApp takes it.

In: the template's name, language and values. Out: the content of one message, and what was cut of a value. Values stand on one line: WhatsApp refuses
others. A value that is missing would be refused as well, so a dash stands for it. Pure.
"""

from collections.abc import Mapping
from typing import Final

from chalicelib.channels.outbound import Cut, Template
from chalicelib.channels.text_parts import one_line, shortened
from chalicelib.spec.model import Json, JsonObject

MAX_VALUE: Final = 1_024  # of the body with all its values
MAX_HEADER_VALUE: Final = 60
MAX_PAYLOAD: Final = 256
MAX_QUICK_REPLIES: Final = 10
_MEDIA: Final = frozenset(("image", "video", "document"))
_NONE: Final = "-"


def template_content(template: Template) -> tuple[JsonObject, tuple[Cut, ...]]:
    """The header's values are those of its text, or `image`, `video` or `document` with an address or an id; a document may have a `file_name`.
    Raises ValueError for payloads that no button could bear: cut ones would come back as others."""
    cuts: list[Cut] = []
    components: list[Json] = []
    if template.header:
        components.append({"type": "header", "parameters": _header(template, cuts)})
    if template.values:
        components.append({"type": "body", "parameters": _texts(template.values, MAX_VALUE, is_named=template.is_named, cuts=cuts)})
    if len(template.payloads) > MAX_QUICK_REPLIES or not all(0 < len(each) <= MAX_PAYLOAD for each in template.payloads):
        raise ValueError(f"a template has at most {MAX_QUICK_REPLIES} quick replies, each with 1 to {MAX_PAYLOAD} characters of payload")
    components += [_quick_reply(index, payload) for index, payload in enumerate(template.payloads)]
    told: JsonObject = {"name": template.name, "language": {"code": template.language}}
    if components:
        told["components"] = components
    return {"type": "template", "template": told}, tuple(cuts)


def _quick_reply(index: int, payload: str) -> JsonObject:
    return {"type": "button", "sub_type": "quick_reply", "index": str(index), "parameters": [{"type": "payload", "payload": payload}]}


def _header(template: Template, cuts: list[Cut]) -> list[Json]:
    kind = next((key for key in template.header if key in _MEDIA), None)
    if kind is None:
        return _texts(template.header, MAX_HEADER_VALUE, is_named=template.is_named, cuts=cuts)
    file = file_of(template.header[kind])
    if kind == "document" and template.header.get("file_name"):
        file["filename"] = template.header["file_name"]
    return [{"type": kind, kind: file}]


def file_of(place: str) -> JsonObject:
    """An address that Meta fetches from, or the id of an upload."""
    return {"link": place} if "://" in place else {"id": place}


def _texts(values: Mapping[str, str], limit: int, *, is_named: bool, cuts: list[Cut]) -> list[Json]:
    found: list[Json] = []
    for name in _ordered(values):
        text, left = shortened(one_line(values[name]) or _NONE, limit)
        found.append({"type": "text", **({"parameter_name": name} if is_named else {}), "text": text})
        cuts += [Cut("shortened", f"value {name}", left)] if left else []
    return found


def _ordered(values: Mapping[str, str]) -> list[str]:
    """As numbers where they are numbers: `10` comes after `2`."""
    names = list(values)
    return sorted(names, key=int) if all(name.isascii() and name.isdigit() for name in names) else names
