"""How one JSON value differs from another, place by place.

In: two values. Out: `Difference`s, each with its JSON pointer (RFC 6901), in the order of the document; at most so many. Lists are compared
place by place. Pure.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final, Literal

from chalicelib.spec.model import Json
from chalicelib.store.blobs import json_text

MOST: Final = 100
SHOWN: Final = 500  # characters of one side's value


@dataclass(frozen=True, slots=True)
class Difference:
    """`before` and `after` are the values' JSON, cut where it is long; None where there is none."""

    path: str
    kind: Literal["added", "removed", "changed"]
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class Differences:
    """`is_cut`: there are more."""

    found: tuple[Difference, ...] = ()
    is_cut: bool = False


def differences(before: Json, after: Json) -> Differences:
    found = tuple(islice(_between(before, after, ""), MOST + 1))
    return Differences(found[:MOST], len(found) > MOST)


def _between(before: Json, after: Json, path: str) -> Iterator[Difference]:
    match before, after:
        case dict(), dict():
            yield from _members(dict(before), dict(after), path)
        case list(), list():
            yield from _members(dict(enumerate(before)), dict(enumerate(after)), path)
        case _ if not _equal(before, after):
            yield Difference(path, "changed", _shown(before), _shown(after))
        case _:
            return


def _members(before: Mapping[Any, Json], after: Mapping[Any, Json], path: str) -> Iterator[Difference]:
    for name in dict.fromkeys((*before, *after)):
        at = f"{path}/{str(name).replace('~', '~0').replace('/', '~1')}"
        if name not in before:
            yield Difference(at, "added", None, _shown(after[name]))
        elif name not in after:
            yield Difference(at, "removed", _shown(before[name]), None)
        else:
            yield from _between(before[name], after[name], at)


def _equal(before: Json, after: Json) -> bool:
    """True is not 1 in JSON."""
    return before == after and isinstance(before, bool) == isinstance(after, bool)


def _shown(value: Json) -> str:
    text = json_text(value)
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"
