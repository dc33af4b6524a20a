"""How two JSON values, and two texts, differ.

In: a value before and after, the dotted path at which it stands. Out: leaves that were added, removed or changed; words that stayed, came and went.
Pure. Objects are compared by key; lists of texts as sets, unless their order alone differs; lists of objects by what names each of them.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Final, Literal

from chalicelib.spec.canonical import canonical_json
from chalicelib.spec.model import Json, JsonObject

Kind = Literal["added", "removed", "changed", "renamed", "moved"]
Word = tuple[Literal["same", "removed", "added"], str]
_NAMING: Final = ("name", "choice", "tool", "workflow", "agent", "mcp")
_WORDS: Final = re.compile(r"\{\{.*?\}\}|\s+|\w+|[^\w\s]")
_LINES: Final = re.compile(r"[^\n]*\n|[^\n]+")
_MOST_WORDS: Final = 3000  # of one text; of longer ones lines are compared


@dataclass(frozen=True, slots=True)
class Leaf:
    """One difference. `before` is None where it was added, `after` where it was removed."""

    kind: Kind
    path: str
    before: Json = None
    after: Json = None


def same(before: Json, after: Json) -> bool:
    """Whether both are the same JSON: 1 and 1.0 are, 1 and true are not."""
    return canonical_json(before) == canonical_json(after)


def leaves(before: Json, after: Json, path: str) -> Iterator[Leaf]:
    """Where two values differ, as deep as that can be told."""
    if same(before, after):
        return
    match before, after:
        case dict(), dict():
            yield from _of_objects(before, after, path)
        case list(), list():
            yield from _of_lists(before, after, path)
        case _:
            yield Leaf("changed", path, before, after)


def _of_objects(before: Mapping[str, Json], after: Mapping[str, Json], path: str) -> Iterator[Leaf]:
    for name in (*before, *(name for name in after if name not in before)):
        place = f"{path}.{name}" if path else name
        if name not in after:
            yield Leaf("removed", place, before=before[name])
        elif name not in before:
            yield Leaf("added", place, after=after[name])
        else:
            yield from leaves(before[name], after[name], place)


def _of_lists(before: Sequence[Json], after: Sequence[Json], path: str) -> Iterator[Leaf]:
    yield from [*_of_items(before, after, path)] or [Leaf("changed", path, [*before], [*after])]  # nothing found: the order alone, or no names


def _of_items(before: Sequence[Json], after: Sequence[Json], path: str) -> Iterator[Leaf]:
    if all(isinstance(value, str) for value in (*before, *after)):
        yield from (Leaf("removed", path, before=value) for value in before if value not in after)
        yield from (Leaf("added", path, after=value) for value in after if value not in before)
        return
    old, new = _named(before), _named(after)
    if old is not None and new is not None:
        yield from _of_objects(old, new, path)


def _named(values: Sequence[Json]) -> JsonObject | None:
    """The list's items by what names them; None where something has no name, or two have one."""
    names = [_name(value) for value in values]
    if None in names or len(set(names)) < len(names):
        return None
    return {str(name): value for name, value in zip(names, values, strict=True)}


def _name(value: Json) -> str | None:
    match value:
        case str():
            return value
        case dict():
            return next((str(value[field]) for field in _NAMING if isinstance(value.get(field), str)), None)
        case _:
            return None


def words(before: str, after: str) -> tuple[Word, ...]:
    """Both texts as one, word by word; what is read by `{{ }}` counts as one word."""
    old, new = _WORDS.findall(before), _WORDS.findall(after)
    if max(len(old), len(new)) > _MOST_WORDS:
        old, new = _LINES.findall(before), _LINES.findall(after)
    return tuple(_joined(old, new))


def _joined(old: Sequence[str], new: Sequence[str]) -> Iterator[Word]:
    for tag, start, end, new_start, new_end in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            yield "same", "".join(old[start:end])
            continue
        if start < end:
            yield "removed", "".join(old[start:end])
        if new_start < new_end:
            yield "added", "".join(new[new_start:new_end])


def likeness(before: Json, after: Json) -> float:
    """From 0, nothing in common, to 1, the same: how much of one value is in the other."""
    if same(before, after):
        return 1.0
    match before, after:
        case dict(), dict():
            names = before.keys() | after.keys()
            return sum(likeness(before[name], after[name]) for name in names if name in before and name in after) / len(names)
        case str(), str():
            return SequenceMatcher(None, _WORDS.findall(before)[:400], _WORDS.findall(after)[:400], autojunk=False).ratio()
        case _:
            return 0.0
