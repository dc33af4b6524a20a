"""Patterns of events, checked when a trigger is saved: what EventBridge would refuse, and what would fire for everything.

In: a pattern. Out: nothing, or TriggerInvalid, which says where. Which operators there are is EventBridge's business; their form is ours. Pure.
Source: EventBridge User Guide, "Event patterns".
"""

from typing import Final

from chalicelib.errors import TriggerInvalid
from chalicelib.spec.canonical import canonical_json
from chalicelib.spec.model import Json, JsonObject

MAX_BYTES: Final = 4096
OPERATORS: Final = frozenset({"prefix", "suffix", "equals-ignore-case", "anything-but", "exists", "numeric", "wildcard", "cidr"})
_FIELDS: Final = frozenset({"version", "id", "detail-type", "source", "account", "time", "region", "resources", "detail", "$or"})
_TELLING: Final = ("source", "detail-type", "detail", "resources")
_MOST_DEPTH: Final = 20


def check_pattern(pattern: JsonObject) -> None:
    """Raises TriggerInvalid."""
    size = len(canonical_json(pattern).encode())
    if size > MAX_BYTES:
        raise TriggerInvalid(f"the pattern has {size:,} bytes; EventBridge takes {MAX_BYTES:,}")
    unknown = sorted(set(pattern) - _FIELDS)
    if unknown:
        raise TriggerInvalid(f"the pattern names {unknown[0]}, which no event has; its own fields stand below `detail`")
    _check_object(pattern, "the pattern", _MOST_DEPTH)
    if not _narrows(pattern):
        raise TriggerInvalid("the pattern would fire for nearly every event: name a source, a detail-type, resources or something of the detail")


def _check_object(pattern: JsonObject, where: str, depth: int) -> None:
    if not pattern:
        raise TriggerInvalid(f"{where} is empty")
    if depth == 0:
        raise TriggerInvalid(f"the pattern is nested more than {_MOST_DEPTH} deep")
    for name, wanted in pattern.items():
        place = name if where == "the pattern" else f"{where}.{name}"
        match wanted:
            case list() if name == "$or":
                _check_options(wanted, place, depth)
            case list():
                _check_conditions(wanted, place)
            case dict():
                _check_object(wanted, place, depth - 1)
            case _:
                raise TriggerInvalid(f"{place}: what is wanted stands in a list, as in [{canonical_json(wanted)}]")


def _check_options(options: list[Json], where: str, depth: int) -> None:
    if len(options) < 2:
        raise TriggerInvalid(f"{where}: two patterns at least")
    for option in options:
        if not isinstance(option, dict):
            raise TriggerInvalid(f"{where}: a list of patterns")
        _check_object(option, where, depth - 1)


def _check_conditions(conditions: list[Json], where: str) -> None:
    if not conditions:
        raise TriggerInvalid(f"{where}: the list is empty, so nothing could match")
    for condition in conditions:
        if isinstance(condition, list):
            raise TriggerInvalid(f"{where}: a value, or a comparison such as {{prefix: …}}, not a list in a list")
        if isinstance(condition, dict) and (len(condition) != 1 or not set(condition) <= OPERATORS):
            raise TriggerInvalid(f"{where}: a comparison is one of {', '.join(sorted(OPERATORS))}")


def _narrows(pattern: JsonObject) -> bool:
    """Whether some of what tells events apart is asked for in a way that not all have."""
    options = pattern.get("$or")
    if isinstance(options, list) and all(isinstance(option, dict) and _narrows(option) for option in options):
        return True
    return any(_is_telling(pattern[name]) for name in _TELLING if name in pattern)


def _is_telling(wanted: Json) -> bool:
    match wanted:
        case dict():
            return any(_is_telling(inner) for inner in wanted.values())
        case list():
            return all(_is_telling_condition(condition) for condition in wanted)
        case _:
            return False


def _is_telling_condition(condition: Json) -> bool:
    match condition:
        case {"prefix": ""} | {"suffix": ""} | {"wildcard": "*"} | {"anything-but": _} | {"exists": _}:
            return False
        case _:
            return True
