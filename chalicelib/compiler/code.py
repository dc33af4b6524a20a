"""JSONata text with holes: what a state reads and assigns before variables have names.

In: nothing. Out: `Key` (a value that the machine carries), `Code` (an expression whose holes are keys) and `Template` (JSON with code at its leaves).
A key's variable depends on the scope that reads it; only `names` knows it, and only `emit` fills the holes.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Union

JsonScalar = None | bool | int | float | str


@dataclass(frozen=True, order=True, slots=True)
class Key:
    """A value that the machine carries.

    kind `output`: of the node `name`; `outcome`: the label of a gate, or `error`; `ran`: whether a node with a large formula ran;
    `active`: whether the edge `name` is active; `visit`: how often a repeated node was visited; `entry`: how
    often an agent was entered in all; `step`: what it says comes next; `item`, `path`: of the map `name`;
    `context`, `run`: the machine's input.
    """

    kind: str
    name: str = ""


CONTEXT: Final = Key("context")
ENVELOPE: Final = Key("run")


@dataclass(frozen=True, slots=True)
class Read:
    """The value as it is when the state is entered."""

    key: Key


@dataclass(frozen=True, slots=True)
class After:
    """The value as it is after the transition that evaluates this: what the transition itself assigns is read from its source."""

    key: Key


Part = str | Read | After


@dataclass(frozen=True, slots=True)
class Code:
    """One JSONata expression, without `{% %}`."""

    parts: tuple[Part, ...]

    def after(self) -> "Code":
        """The same, evaluated at the end of a transition."""
        return Code(tuple(After(part.key) if isinstance(part, Read) else part for part in self.parts))


Template = Union[Code, JsonScalar, "list[Template]", "Mapping[str, Template]"]


def code(*parts: "Part | Code") -> Code:
    """Parts and other code in a row."""
    flat: list[Part] = []
    for part in parts:
        flat.extend(part.parts if isinstance(part, Code) else (part,))
    return Code(tuple(flat))


def joined(separator: str, codes: "list[Code]") -> Code:
    """The codes with the separator between them."""
    parts: list[Part] = []
    for index, each in enumerate(codes):
        parts.extend((separator, *each.parts) if index else each.parts)
    return Code(tuple(parts))


def in_code(template: Template) -> Code:
    """The template as one expression."""
    match template:
        case Code():
            return code("(", template, ")")
        case list():
            return code("[", joined(", ", [in_code(item) for item in template]), "]")
        case Mapping():
            members = [code(f"{json.dumps(name, ensure_ascii=False)}: ", in_code(member)) for name, member in template.items()]
            return code("{", joined(", ", members), "}")
        case _:
            return code(json.dumps(template, ensure_ascii=False))


def codes_in(template: Template) -> Iterator[Code]:
    match template:
        case Code():
            yield template
        case list():
            for item in template:
                yield from codes_in(item)
        case Mapping():
            for member in template.values():
                yield from codes_in(member)
        case _:
            return


def after(template: Template) -> Template:
    """The template with every read put off to the end of its transition."""
    match template:
        case Code():
            return template.after()
        case list():
            return [after(item) for item in template]
        case Mapping():
            return {name: after(member) for name, member in template.items()}
        case _:
            return template
