"""A binding: authored JSON in which strings may read the input and other nodes.

In: authored JSON. Out: `Binding`, a tree of literals and parsed expressions. A string that starts with `$` is a reference, `{% … %}` an expression,
`{{ … }}` inside a text an interpolation; `$$` at the start is a literal `$`, `{{{{` a literal `{{`. Which fields of which node type are bindings is
`spec.bindings`. It never raises on authored JSON: what cannot be read is `Broken`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final, assert_never

from chalicelib.spec.canonical import canonical_json
from chalicelib.spec.expression import Expression, Fault, parse_expression
from chalicelib.spec.model import Json

_MAX_CLOSINGS: Final = 16  # how many `}}` are tried as the end of one interpolation
_MAX_FAULTS: Final = 10  # of one text
MAX_INTERPOLATIONS: Final = 1_000  # in one text


@dataclass(frozen=True, slots=True)
class Literal:
    """A constant: escapes are already undone."""

    value: Json


@dataclass(frozen=True, slots=True)
class Value:
    """The whole value is what the expression gives."""

    expression: Expression


@dataclass(frozen=True, slots=True)
class Text:
    """A text: literal parts and interpolated expressions, at least one of the latter."""

    parts: tuple[str | Expression, ...]


@dataclass(frozen=True, slots=True)
class Members:
    """An object of which at least one member is no literal."""

    members: "Mapping[str, Binding]"


@dataclass(frozen=True, slots=True)
class Items:
    """An array of which at least one item is no literal."""

    items: "tuple[Binding, ...]"


@dataclass(frozen=True, slots=True)
class Broken:
    """A string that is no binding; positions count in the string."""

    faults: tuple[Fault, ...]


Binding = Literal | Value | Text | Members | Items | Broken


def parse_binding(value: Json) -> Binding:
    match value:
        case str():
            return _parse_string(value)
        case dict():
            return _members({key: parse_binding(member) for key, member in value.items()})
        case list():
            return _items(tuple(parse_binding(member) for member in value))
        case _:
            return Literal(value)


def parse_bare(text: str) -> Value | Broken:
    """An expression where `{% %}` may be left out: `if`, `cases`, `until`, `over`, `seconds`, an edge's `when`."""
    stripped = text.strip()
    if stripped.startswith("{%") and stripped.endswith("%}") and len(stripped) > 3:
        return _expression(stripped[2:-2], offset=text.index("{%") + 2)
    return _expression(text)


def expressions(binding: Binding) -> Iterator[Expression]:
    """Every expression, in the order of the text."""
    match binding:
        case Value(expression):
            yield expression
        case Text(parts):
            yield from (part for part in parts if isinstance(part, Expression))
        case Members(members):
            for member in members.values():
                yield from expressions(member)
        case Items(items):
            for item in items:
                yield from expressions(item)
        case Literal() | Broken():
            return
        case _:
            assert_never(binding)


def faults(binding: Binding, path: str = "") -> Iterator[tuple[str, Fault]]:
    """Every fault with the dotted path of the string in which it is."""
    match binding:
        case Broken(found):
            yield from ((path, fault) for fault in found)
        case Members(members):
            for key, member in members.items():
                yield from faults(member, f"{path}.{key}" if path else key)
        case Items(items):
            for index, item in enumerate(items):
                yield from faults(item, f"{path}.{index}" if path else str(index))
        case Literal() | Value() | Text():
            return
        case _:
            assert_never(binding)


def render_binding(value: Json, values: Mapping[str, Json]) -> Json:
    """What a worker does: the authored value with its expressions replaced by `values`, which is keyed by expression text.

    Raises KeyError for an expression that `values` lacks and ValueError for a broken binding: a published version has neither.
    """
    return _render(parse_binding(value), values)


def render_text(value: Json, values: Mapping[str, Json]) -> str:
    """`render_binding` where a text is wanted: strings verbatim, other values as canonical JSON, null as nothing."""
    return as_text(render_binding(value, values))


def as_text(value: Json) -> str:
    match value:
        case None:
            return ""
        case str():
            return value
        case _:
            return canonical_json(value)


def _render(binding: Binding, values: Mapping[str, Json]) -> Json:
    match binding:
        case Literal(value):
            return value
        case Value(expression):
            return values[expression.text]
        case Text(parts):
            return "".join(part if isinstance(part, str) else as_text(values[part.text]) for part in parts)
        case Members(members):
            return {key: _render(member, values) for key, member in members.items()}
        case Items(items):
            return [_render(item, values) for item in items]
        case Broken(found):
            raise ValueError(found[0].message)
        case _:
            assert_never(binding)


def _members(members: dict[str, Binding]) -> Binding:
    constants = {key: member.value for key, member in members.items() if isinstance(member, Literal)}
    return Literal(constants) if len(constants) == len(members) else Members(members)


def _items(items: tuple[Binding, ...]) -> Binding:
    constants = [item.value for item in items if isinstance(item, Literal)]
    return Literal(constants) if len(constants) == len(items) else Items(items)


@lru_cache(maxsize=16_384)
def _parse_string(text: str) -> Binding:
    if text.startswith("{%"):
        if text.endswith("%}") and len(text) > 3:
            return _expression(text[2:-2], offset=2)
        return Broken((Fault("`{%` is not closed: the string has to end with `%}`", 0, "an expression is the whole string: `{% … %}`"),))
    if text.startswith("$$"):
        return _interpolated(text, start=1)
    if text.startswith("$"):
        return _reference(text)
    return _interpolated(text, start=0)


def _expression(text: str, *, offset: int = 0) -> Value | Broken:
    parsed = parse_expression(text)
    return Broken((_shifted(parsed, offset),)) if isinstance(parsed, Fault) else Value(parsed)


def _shifted(fault: Fault, by: int) -> Fault:
    return replace(fault, position=fault.position + by)


def _reference(text: str) -> Binding:
    parsed = parse_expression(text)
    if isinstance(parsed, Expression) and parsed.is_path:
        return Value(parsed)
    if "{{" in text:
        hint = "in a text write the reference as `{{ $node.field }}`, and a literal dollar sign at the start as `$$`"
    else:
        hint = "write `{% … %}` around an expression, or `$$` for a literal dollar sign at the start"
    position = parsed.position if isinstance(parsed, Fault) else 0
    return Broken((Fault("a string that starts with `$` is a reference, and this is more than one", position, hint),))


def _interpolated(text: str, *, start: int) -> Binding:
    parts: list[str | Expression] = []
    found: list[Fault] = []
    at = start
    while (opening := text.find("{{", at)) >= 0 and len(found) < _MAX_FAULTS:
        parts.append(text[at:opening])
        if text.startswith("{{{{", opening):
            parts.append("{{")
            at = opening + 4
            continue
        if len(parts) > 2 * MAX_INTERPOLATIONS:
            return Broken((Fault(f"a text has {MAX_INTERPOLATIONS:,} interpolations at most", opening),))
        part, at = _interpolation(text, opening + 2)
        found.extend([part] if isinstance(part, Fault) else [])
        parts.extend([] if isinstance(part, Fault) else [part])
    parts.append(text[at:])
    found.extend(_stray_expressions(text, parts))
    if found:
        return Broken(tuple(found))
    merged = _merged(parts)
    return Text(merged) if any(isinstance(part, Expression) for part in merged) else Literal("".join(map(str, merged)))


def _interpolation(text: str, start: int) -> tuple[Expression | Fault, int]:
    """The expression from `start` to the first `}}` that ends one, and where the text goes on."""
    first: Fault | None = None
    after = end = text.find("}}", start)
    for _ in range(_MAX_CLOSINGS):
        if end < 0:
            break
        parsed = parse_expression(text[start:end])
        if isinstance(parsed, Expression):
            return parsed, end + 2
        first = first or _shifted(parsed, start)
        if parsed.position < len(text[start:end].rstrip()):
            break  # more text would not mend it
        end = text.find("}}", end + 1)
    if first is None:
        return Fault("`{{` is not closed", start - 2, "write `}}` at its end, or `{{{{` for a literal `{{`"), len(text)
    return first, after + 2


def _stray_expressions(text: str, parts: list[str | Expression]) -> Iterator[Fault]:
    for part in parts:
        if isinstance(part, str) and "{%" in part and "%}" in part[part.index("{%") :]:
            hint = "inside a text write `{{ … }}`; `{% … %}` has to be the whole string, without spaces around it"
            yield Fault("`{% %}` stands inside a text", text.index("{%"), hint)


def _merged(parts: list[str | Expression]) -> tuple[str | Expression, ...]:
    """Neighbouring literals as one, none of them empty."""
    merged: list[str | Expression] = []
    for part in parts:
        if isinstance(part, str) and merged and isinstance(merged[-1], str):
            merged[-1] += part
        elif part != "":
            merged.append(part)
    return tuple(merged)
