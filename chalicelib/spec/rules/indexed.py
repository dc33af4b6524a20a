"""Which fields of the input runs can be found by. In: `Authored`. Out: diagnostics where a field is none, or holds no single value."""

from collections.abc import Iterator
from typing import Final

from chalicelib.spec.diagnostic import Diagnostic
from chalicelib.spec.indexed import INDEXABLE, field_of
from chalicelib.spec.model import Json
from chalicelib.spec.rules.authored import Authored

_HINT: Final = "name a text, number or boolean of the input by its path, such as `customer.id`"


def not_indexable(authored: Authored) -> Iterator[Diagnostic]:
    """A field that the input's schema does not have, does not describe, or says to be no text, number or boolean; or one that stands twice."""
    names, schema = authored.value("indexed"), authored.value("input")
    if not isinstance(names, list) or "input" in authored.told:
        return
    for index, name in enumerate(names):
        fault = _fault(name, names[:index], schema)
        if fault:
            yield authored.error("not-indexable", f"runs cannot be found by `{name}`: {fault}", f"indexed.{index}", _HINT)


def _fault(name: Json, before: list[Json], schema: Json) -> str:
    if not isinstance(name, str):
        return ""  # told already
    if name in before:
        return "it stands twice"
    types = field_of(schema if isinstance(schema, dict) else {}, name)
    if types is None:
        return "the input has no such field"
    others = sorted(types - INDEXABLE - {"null"})
    return f"its schema allows {', '.join(others)}" if others else "" if types & INDEXABLE else "it is always null"
