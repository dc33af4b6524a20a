"""The texts of a machine that may be expressions, each with the place where it stands.

In: a `State`. Out: `Text`s. Names, comments, error names and constants are not among them: nothing is evaluated there.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final

from chalicelib.compiler.asl_rules.expressions import parse
from chalicelib.compiler.asl_rules.scopes import Entry, State, entries_of
from chalicelib.compiler.asl_rules.syntax import Syntax
from chalicelib.spec.model import Json, JsonObject
from chalicelib.spec.syntax_tree import Fault


class Place(Enum):
    """What an expression stands in: it decides what `$states` holds."""

    ARGUMENTS = "arguments"
    RESULT = "result"  # Assign and Output of the state itself
    CAUGHT = "caught"  # Assign and Output of a catcher
    CHOSEN = "chosen"  # Condition, Assign and Output of a choice rule
    SELECTOR = "selector"  # ItemSelector
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Text:
    """`syntax` is None for a literal."""

    state: State
    place: Place
    path: str
    value: str
    syntax: Syntax | Fault | None


_FIELDS: Final[Mapping[str, tuple[str, ...]]] = {
    "Task": ("Arguments", "Credentials", "TimeoutSeconds", "HeartbeatSeconds", "Assign", "Output"),
    "Choice": ("Assign", "Output"),
    "Parallel": ("Arguments", "Assign", "Output"),
    "Map": (
        "Items", "ItemSelector", "MaxConcurrency", "ToleratedFailurePercentage", "ToleratedFailureCount", "ItemReader", "ItemBatcher", "ResultWriter",
        "Assign", "Output",
    ),
    "Pass": ("Assign", "Output"),
    "Wait": ("Seconds", "Timestamp", "Assign", "Output"),
    "Succeed": ("Output",),
    "Fail": ("Error", "Cause"),
}  # fmt: skip
_PLACES: Final[Mapping[str, Place]] = {
    "Arguments": Place.ARGUMENTS,
    "ItemSelector": Place.SELECTOR,
    "Assign": Place.RESULT,
    "Output": Place.RESULT,
}
_ENTRY_FIELDS: Final[Mapping[str, tuple[str, ...]]] = {"Catch": ("Assign", "Output"), "Choices": ("Condition", "Assign", "Output")}
_ENTRY_PLACES: Final[Mapping[str, Place]] = {"": Place.RESULT, "Catch": Place.CAUGHT, "Choices": Place.CHOSEN}


def expression_of(value: str) -> str | None:
    return value[2:-2] if len(value) >= 4 and value.startswith("{%") and value.endswith("%}") else None


def texts_of(state: State) -> Iterator[Text]:
    for name in _FIELDS.get(state.type, ()):
        yield from _field_texts(state, _PLACES.get(name, Place.OTHER), state.path, state.fields, name)
    for entry in entries_of(state):
        for name in _ENTRY_FIELDS.get(entry.kind, ()):
            yield from texts_in(state, entry, name)


def texts_in(state: State, entry: Entry, field: str) -> Iterator[Text]:
    """The texts in one field of an entry."""
    return _field_texts(state, _ENTRY_PLACES[entry.kind], entry.path, entry.fields, field)


def _field_texts(state: State, place: Place, path: str, fields: JsonObject, name: str) -> Iterator[Text]:
    return _texts(state, place, f"{path}/{name}", fields[name]) if name in fields else iter(())


def _texts(state: State, place: Place, path: str, value: Json) -> Iterator[Text]:
    """The texts in a value, in its order; a stack, since foreign JSON may be deep."""
    waiting = [(path, value)]
    while waiting:
        at, part = waiting.pop()
        match part:
            case str():
                inner = expression_of(part)
                yield Text(state, place, at, part, None if inner is None else parse(inner))
            case list():
                waiting.extend((f"{at}[{index}]", member) for index, member in reversed(list(enumerate(part))))
            case dict():
                waiting.extend((f"{at}/{name}", member) for name, member in reversed(part.items()))
            case _:
                pass
