"""The shape of a state machine: its states, where each may lead, what it holds.

In: ASL as plain JSON, as `emit` writes it. Out: `Shape`, one scope of states. It reads no expressions and judges nothing; a machine that is no ASL
raises ValueError.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from chalicelib.spec.model import Json, JsonObject

WAITING: Final = ".waitForTaskToken"
DISTRIBUTED: Final = "DISTRIBUTED"


@dataclass(frozen=True, slots=True)
class StateShape:
    """`ways` are the states that may follow where it comes to its end, `caught` where an error of it leads; None is the scope's end."""

    name: str
    kind: str
    ways: tuple[str | None, ...]
    caught: tuple[str | None, ...] = ()
    scopes: "tuple[Shape, ...]" = ()
    has_token: bool = False
    is_distributed: bool = False

    @property
    def following(self) -> tuple[str | None, ...]:
        return tuple(dict.fromkeys((*self.ways, *self.caught)))


@dataclass(frozen=True, slots=True)
class Shape:
    start: str
    states: Mapping[str, StateShape]


def shape(scope: JsonObject) -> Shape:
    """The shape of a machine, a branch or an item processor."""
    states = _object(scope.get("States"))
    return Shape(_text(scope.get("StartAt")), {name: _state(name, _object(state)) for name, state in states.items()})


def _state(name: str, state: JsonObject) -> StateShape:
    kind = _text(state.get("Type"))
    processor = [_object(state["ItemProcessor"])] if "ItemProcessor" in state else []
    inner = [*processor, *(_object(branch) for branch in _list(state.get("Branches", [])))]
    rules = [_next(_object(rule)) for rule in _list(state.get("Choices", []))]
    return StateShape(
        name=name,
        kind=kind,
        ways=(*rules, *([_default(state)] if kind == "Choice" else [_next(state)])),
        caught=tuple(_next(_object(catcher)) for catcher in _list(state.get("Catch", []))),
        scopes=tuple(shape(scope) for scope in inner),
        has_token=str(state.get("Resource", "")).endswith(WAITING),
        is_distributed=any(_object(scope.get("ProcessorConfig", {})).get("Mode") == DISTRIBUTED for scope in processor),
    )


def _next(part: JsonObject) -> str | None:
    return _text(part["Next"]) if "Next" in part else None


def _default(choice: JsonObject) -> str | None:
    return _text(choice["Default"]) if "Default" in choice else None


def _object(value: Json) -> JsonObject:
    if not isinstance(value, dict):
        raise ValueError(f"no object: {value!r}")
    return value


def _list(value: Json) -> list[Json]:
    if not isinstance(value, list):
        raise ValueError(f"no list: {value!r}")
    return value


def _text(value: Json) -> str:
    if not isinstance(value, str):
        raise ValueError(f"no text: {value!r}")
    return value
