"""A message template as it is submitted to Meta, taken apart: its header, body, footer, buttons, and the variables in their texts.

In: the JSON of a template. Out: its parts; `{{1}}` and `{{name}}` as variables. What is not there is empty. Pure, never raises.

Source: https://developers.facebook.com/documentation/business-messaging/whatsapp/templates/components
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from chalicelib.channels.vendor_json import at, each_at, text_at
from chalicelib.spec.model import JsonObject

VARIABLE: Final = re.compile(r"\{\{([^{}]*)\}\}")


@dataclass(frozen=True, slots=True)
class Part:
    """A component or a button. `kind` in capitals; `place` is where it stands in the document."""

    kind: str
    place: str
    told: JsonObject

    @property
    def text(self) -> str:
        return text_at(self.told, "text")

    @property
    def url(self) -> str:
        return text_at(self.told, "url")

    @property
    def variables(self) -> tuple[str, ...]:
        """Their names as written, in their order, again where they stand again."""
        return variables_of(self.text)

    @property
    def examples(self) -> dict[str, str]:
        """By variable: `header_text` and `body_text` in order, the `_named_params` by name."""
        prefix = self.kind.lower()
        listed = at(self.told, "example", f"{prefix}_text")
        flat = listed[0] if isinstance(listed, list) and listed and isinstance(listed[0], list) else listed
        found = {str(number): text for number, text in enumerate(flat, 1) if isinstance(text, str)} if isinstance(flat, list) else {}
        for named in each_at(self.told, "example", f"{prefix}_text_named_params"):
            found[text_at(named, "param_name")] = text_at(named, "example")
        return found


def is_named(template: JsonObject) -> bool:
    return text_at(template, "parameter_format").upper() == "NAMED"


def parts_of(template: JsonObject) -> tuple[Part, ...]:
    return tuple(Part(text_at(told, "type").upper(), f"components[{index}]", told) for index, told in enumerate(each_at(template, "components")))


def part_of(template: JsonObject, kind: str) -> Part | None:
    return next((part for part in parts_of(template) if part.kind == kind), None)


def buttons_of(template: JsonObject) -> tuple[Part, ...]:
    return tuple(_buttons(template))


def _buttons(template: JsonObject) -> Iterator[Part]:
    for part in parts_of(template):
        for index, told in enumerate(each_at(part.told, "buttons") if part.kind == "BUTTONS" else ()):
            yield Part(text_at(told, "type").upper(), f"{part.place}.buttons[{index}]", told)


def variables_of(text: str) -> tuple[str, ...]:
    return tuple(found[1] for found in VARIABLE.finditer(text))
