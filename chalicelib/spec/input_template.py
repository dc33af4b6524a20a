"""The input of a trigger: JSON in which strings read what the trigger was told.

In: a template, and what its kind is told (`$body`, `$event`, …). Out: the input of a run, or the template's faults. A string that starts with `$` is
a reference, `{{ $body.name }}` inside a text an interpolation, as in a workflow; what is missing is null. It only reads: what has to be computed, the
workflow computes, so `{% %}` and calls are refused. Nothing that comes from outside is ever taken for a template.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, assert_never

from chalicelib.spec.binding import Binding, Broken, Items, Literal, Members, Text, Value, expressions, parse_binding, render_binding
from chalicelib.spec.expression import Expression
from chalicelib.spec.model import Json

MAX_DEPTH: Final = 40


@dataclass(frozen=True, slots=True)
class TemplateFault:
    """`pointer` is the JSON pointer of the string that is at fault."""

    pointer: str
    message: str


def template_faults(template: Json, roots: frozenset[str]) -> tuple[TemplateFault, ...]:
    """All that keeps a template from being one, where `roots` are what its kind of trigger is told."""
    if _depth(template) > MAX_DEPTH:
        return (TemplateFault("", f"the input is nested more than {MAX_DEPTH} deep"),)
    return tuple(_faults(template, parse_binding(template), roots, ""))


def render_template(template: Json, told: Mapping[str, Json]) -> Json:
    """The input: every reference replaced by what it reads, null where there is nothing."""
    binding = parse_binding(template)
    return render_binding(template, {expression.text: read(expression, told) for expression in expressions(binding)})


def read(expression: Expression, told: Mapping[str, Json]) -> Json:
    """What one reference reads."""
    reference = expression.references[0]
    value: Json = told.get(reference.root)
    for step in reference.path:
        match value, step:
            case dict(), str():
                value = value.get(step)
            case list(), int() if -len(value) <= step < len(value):
                value = value[step]
            case _:
                return None
    return value


def is_constant(template: Json) -> bool:
    """Whether nothing is read in it."""
    return isinstance(parse_binding(template), Literal)


def constant_of(template: Json) -> Json:
    """A constant template with its escapes undone."""
    return render_binding(template, {})


def _faults(template: Json, binding: Binding, roots: frozenset[str], pointer: str) -> Iterator[TemplateFault]:
    match binding:
        case Broken(found):
            yield from (TemplateFault(pointer, fault.message + (f"; {fault.hint}" if fault.hint else "")) for fault in found)
        case Value(expression):
            if isinstance(template, str) and template.startswith("{%"):
                yield TemplateFault(pointer, "`{% %}` is not computed here: read with `$…` and compute in the workflow")
            else:
                yield from _faults_of(expression, roots, pointer)
        case Text(parts):
            for part in parts:
                if isinstance(part, Expression):
                    yield from _faults_of(part, roots, pointer)
        case Members(members):
            for name, member in members.items():
                yield from _faults(template[name] if isinstance(template, dict) else None, member, roots, f"{pointer}/{_escaped(name)}")
        case Items(items):
            for position, item in enumerate(items):
                yield from _faults(template[position] if isinstance(template, list) else None, item, roots, f"{pointer}/{position}")
        case Literal():
            return
        case _:
            assert_never(binding)


def _faults_of(expression: Expression, roots: frozenset[str], pointer: str) -> Iterator[TemplateFault]:
    if not expression.is_reference:
        yield TemplateFault(pointer, f"`{expression.text}` computes; the input of a trigger only reads, such as `$body.customer.id`")
        return
    root = expression.references[0].root
    if root not in roots:
        known = ", ".join(f"${name}" for name in sorted(roots))
        yield TemplateFault(pointer, f"`${root}` is nothing that this trigger is told; it is told {known}")


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")


def _depth(value: Json) -> int:
    deepest, level = 0, [value]
    while level and deepest <= MAX_DEPTH:
        deepest += 1
        level = [inner for each in level if isinstance(each, (dict, list)) for inner in (each.values() if isinstance(each, dict) else each)]
    return deepest
