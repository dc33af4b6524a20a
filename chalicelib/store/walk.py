"""Where a path leads in a JSON value, as JSONata walks it.

In: a value and a path of field names and indexes. Out: what stands there, null where it leads nowhere. Fields of an array are those of its items, one
alone stands for itself. It knows no pointers: whoever may meet one on the way hands in `follow`.
"""

from collections.abc import Callable
from typing import Final

from chalicelib.spec.model import Json

Path = tuple[str | int, ...]
Follow = Callable[[Json], Json]
_ABSENT: Final = object()


def _as_it_is(value: Json) -> Json:
    return value


def walk(value: Json, path: Path, *, follow: Follow = _as_it_is) -> Json:
    """`follow` gives what a value on the way stands for; it is asked before each step."""
    current: object = value
    for step in path:
        whole = follow(current)  # type: ignore[arg-type]  # what a walk in JSON finds is JSON
        current = _index(whole, step) if isinstance(step, int) else _field(whole, step, follow)
        if current is _ABSENT:
            return None
    return current  # type: ignore[return-value]


def listed(value: Json) -> list[Json]:
    """What a map iterates: a list as it is, nothing for null, else the value alone."""
    return value if isinstance(value, list) else [] if value is None else [value]


def _field(value: Json, name: str, follow: Follow) -> object:
    if isinstance(value, dict):
        return value.get(name, _ABSENT)
    if not isinstance(value, list):
        return _ABSENT
    found: list[object] = []
    for item in value:
        inner = _field(follow(item), name, follow)
        if inner is not _ABSENT:
            found.extend(inner if isinstance(inner, list) else [inner])
    return _ABSENT if not found else found[0] if len(found) == 1 else found


def _index(value: Json, at: int) -> object:
    items = value if isinstance(value, list) else [value]
    return items[at] if -len(items) <= at < len(items) else _ABSENT
