"""Values that may lie in S3, as code: what a worker is sent, what a map iterates in place of a list, and what stands for one of its items.

In: where the pointer record would stand, and the list's path in the value behind it (`Pointed`). Out: `Code`.

A pointer record has a skeleton of each list that is iterated: its length, or an object per item with what the engine reads of it. The map gets
objects only; the item's pointer is put together once an item begins, so that no state holds many of them.
"""

import json
import re
from dataclasses import dataclass
from typing import Final

from chalicelib.compiler.code import Code, Key, Read, code
from chalicelib.compiler.holdings import EACH, SOMEWHERE, Holdings, Path, names_of
from chalicelib.spec.expression import Reference

ITEM: Final = "$states.context.Map.Item"
_NAME: Final = re.compile(r"[A-Za-z_]\w*")


@dataclass(frozen=True)
class Pointed:
    """`record`: the value that may be a pointer record; `names`: the list in what it stands for."""

    record: Code
    names: Path

    @property
    def skeleton(self) -> Code:
        return code(self.record, f".Pointer.lists.{self._name}")

    @property
    def _name(self) -> str:
        return self.names[0] if len(self.names) == 1 else f"`{'.'.join(self.names) or '*'}`"

    def iterated(self, otherwise: Code) -> Code:
        """The list, or as many objects as it has items."""
        return code("($L := ", self.skeleton, "; $type($L) = 'number' ? [1..$L].{} : $exists($L) ? $L : ", otherwise, ")")

    def item(self) -> Code:
        """One item in the map's ItemSelector."""
        path = ", ".join([*(f"'{name}'" for name in self.names), f"{ITEM}.Index"])
        fields = f"'key': $P.key, 'bytes': $P.bytes, 'sha256': $P.sha256, 'path': $append($P.path, [{path}]), 'lists': {ITEM}.Value.Pointer.lists"
        pointed = f"$merge([{ITEM}.Value, {{'Pointer': {{{fields}}}}}])"
        return code("($P := ", self.record, f".Pointer; $exists($P.lists.{self._name}) ? {pointed} : {ITEM}.Value)")


def pointed(holdings: Holdings, key: Key, reference: Reference) -> Pointed | None:
    """The list that the reference reads, where it may lie in S3 as a whole."""
    names = names_of(reference)
    record = None if names is None else holdings.record_of(key, names)
    return None if names is None or record is None else Pointed(_below(key, record), names[len(record) :])


def moved(holdings: Holdings, key: Key, reference: Reference, plain: Code) -> Code | None:
    """A field that goes on as it is: by a pointer of its own where it lies in S3. None where it cannot."""
    found = pointed(holdings, key, reference)
    if found is None or not found.names:
        return None
    path = ", ".join(f"'{name}'" for name in found.names)
    pointer = f"{{'Pointer': {{'key': $P.key, 'bytes': $P.bytes, 'sha256': $P.sha256, 'path': $append($P.path, [{path}])}}}}"
    return code("($V := ", plain, "; $P := ", found.record, f".Pointer; $exists($P) and ($not($exists($V)) or $V = null) ? {pointer} : $V)")


def for_worker(holdings: Holdings, key: Key, reference: Reference, otherwise: Code) -> Code | None:
    """What a worker is sent where the reference may read through a pointer record: what it needs to read that path itself, else the value.

    None where no pointer record can stand on the way.
    """
    spots = sorted(spot for spot in holdings.spots(key) if _is_on_way(spot, reference))
    if not spots:
        return None
    if spots == [()]:
        return code(Read(key), ".Pointer ? ", Read(key), " : ", otherwise)
    records = list(dict.fromkeys(_names(spot) for spot in spots))
    nearest, *others = (_below(key, names) for names in records)
    asked = code("$exists(", nearest, ".Pointer)", *(code(" or $exists(", other, ".Pointer)") for other in others))
    path = json.dumps(list(reference.path[len(records[0]) :])).replace('"', "'")
    return code(asked, " ? {'Pointer': {'inline': ", nearest, f", 'read': {path}", "}} : ", otherwise)


def _is_on_way(spot: Path, reference: Reference) -> bool:
    names = _names(spot)
    return SOMEWHERE not in spot and names == reference.path[: len(names)] and len(names) < len(reference.path)


def _names(spot: Path) -> Path:
    return tuple(name for name in spot if name != EACH)


def _below(key: Key, names: Path) -> Code:
    parts = "".join(f".{name}" if _NAME.fullmatch(name) else f".`{name}`" for name in names)
    return code(Read(key), *((parts,) if parts else ()))
