"""What a person will see of a message template.

In: the JSON of a template and values for its variables. Out: `Preview`, the texts with the values in them; where there is none, the example, else the
variable itself, which is then among `missing`. Pure, never raises.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from chalicelib.channels.template_parts import VARIABLE, Part, buttons_of, part_of
from chalicelib.channels.text_parts import one_line
from chalicelib.channels.vendor_json import text_at
from chalicelib.spec.model import JsonObject


@dataclass(frozen=True, slots=True)
class Preview:
    """`header`: its text, or what it holds (`IMAGE`). `missing`: the variables that have neither a value nor an example."""

    header: str
    body: str
    footer: str
    buttons: tuple[str, ...]
    missing: tuple[str, ...] = ()


def preview(template: JsonObject, values: Mapping[str, str], *, header: Mapping[str, str] | None = None) -> Preview:
    """Header and body count their variables each from 1, so each has values of its own."""
    top, body, footer = (part_of(template, kind) for kind in ("HEADER", "BODY", "FOOTER"))
    missing: list[str] = []
    return Preview(
        header=(_filled(top, header or {}, missing) or text_at(top.told, "format")) if top else "",
        body=_filled(body, values, missing) if body else "",
        footer=footer.text if footer else "",
        buttons=tuple(button.text or button.kind for button in buttons_of(template)),
        missing=tuple(dict.fromkeys(missing)),
    )


def _filled(part: Part, values: Mapping[str, str], missing: list[str]) -> str:
    examples = part.examples

    def fill(found: re.Match[str]) -> str:
        name = found[1]
        text = one_line(values.get(name) or examples.get(name, ""))
        if not text:
            missing.append(name)
        return text or found[0]

    return VARIABLE.sub(fill, part.text)
