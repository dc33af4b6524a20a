"""A fault of the emulator and what takes its place.

In: where the fault is and the code that replaces it. Out: `applied`, a context in which the replacements hold; leaving it restores the emulator as it
came.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Replacement:
    """`owner.attribute` becomes `value`."""

    owner: Any
    attribute: str
    value: Any


@dataclass(frozen=True, slots=True)
class Patch:
    """`fault` says what moto does and what AWS does instead; a reproducer of the same name in tests/local shows it on moto as it comes."""

    name: str
    fault: str
    replacements: tuple[Replacement, ...]


_ABSENT = object()


@contextmanager
def applied(patches: Iterable[Patch]) -> Iterator[None]:
    """Apply in order, restore in reverse order."""
    undo: list[Replacement] = []
    try:
        for patch in patches:
            for new in patch.replacements:
                undo.append(Replacement(new.owner, new.attribute, vars(new.owner).get(new.attribute, _ABSENT)))
                setattr(new.owner, new.attribute, new.value)
        yield
    finally:
        for old in reversed(undo):
            if old.value is _ABSENT:
                delattr(old.owner, old.attribute)
            else:
                setattr(old.owner, old.attribute, old.value)
