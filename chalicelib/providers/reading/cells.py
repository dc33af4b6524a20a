"""What one row of a table or of a bill says to a field's name.

In: a `Field` that belongs to a row. Out: the value, None where the row says nothing to it.
"""

from typing import Final

from chalicelib.providers.reading import find
from chalicelib.providers.reading.field import Field
from chalicelib.providers.reading.rows import description, prices, quantity
from chalicelib.providers.reading.words import name_words, stem
from chalicelib.spec.model import Json


def _stems(line: str) -> frozenset[str]:
    return frozenset(stem(word) for word in line.split())


_SAME_HEADINGS: Final = (
    _stems("description item name product article service position"),
    _stems("quantity qty count pieces units"),
    _stems("vendor merchant supplier payee store"),
    _stems("comment note reason purpose"),
)
_QUANTITY: Final = _stems("quantity qty count units pieces number")
_EACH: Final = _stems("unit each rate")
_TOGETHER: Final = _stems("total amount price cost sum value line net gross")
_NAMES: Final = _stems("description item name product article title service position text label")


def of_row(field: Field) -> Json:
    """The row's value for a field: its cell, else what stands in a bill's line."""
    if field.row is None:
        return None
    numeric = field.kind in ("number", "integer")
    told = cell(field)
    if told is not None:
        return _read(told, numeric=numeric)
    words = {stem(word) for word in name_words(field.name)}
    each, together = prices(field.row)
    if not numeric:
        return (description(field.row) or None) if words & _NAMES else None
    if words & _EACH and words & _TOGETHER:
        return each
    if words & _QUANTITY:
        return quantity(field.row) or 1
    return together if words & _TOGETHER else None


def cell(field: Field) -> str | None:
    """The cell of the row whose heading is the field's name, or means it."""
    cells = field.row.cells if field.row is not None else {}
    wanted = tuple(stem(word) for word in name_words(field.name))
    by_stems = {tuple(stem(word) for word in name_words(heading)): text for heading, text in cells.items()}
    if wanted in by_stems:
        return by_stems[wanted]
    related = next((group for group in _SAME_HEADINGS if set(wanted) & group), frozenset())
    return next((text for heading, text in by_stems.items() if set(heading) & related or (len(wanted) > 1 and set(wanted) < set(heading))), None)


def _read(text: str, *, numeric: bool) -> Json:
    if numeric:
        return next(iter(find.amounts(text) or find.numbers(text)), None)
    return next(iter(find.dates(text)), text)
