"""The scopes and states of a machine's plain JSON, and the small questions about them.

In: any JSON object. Out: `Scope`s and `State`s. What is not of the shape that ASL asks for is left out here and named by `shape`.
Reading never fails.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property

from chalicelib.spec.model import Json, JsonObject


class ScopeKind(Enum):
    MACHINE = "machine"
    BRANCH = "branch"
    ITEMS = "items"
    DISTRIBUTED = "distributed"


@dataclass(frozen=True, eq=False)
class Scope:
    """The states of one `States` object. `owner` is the Parallel or Map that it lies in."""

    kind: ScopeKind
    fields: JsonObject
    path: str
    owner: "State | None" = None
    states: "dict[str, State]" = field(default_factory=dict)

    def around(self) -> "Iterator[Scope]":
        """The scopes around this one, innermost first."""
        scope = self
        while scope.owner is not None:
            scope = scope.owner.scope
            yield scope


@dataclass(frozen=True, eq=False)
class State:
    name: str
    fields: JsonObject
    path: str
    scope: Scope

    @cached_property
    def is_distributed(self) -> bool:
        """Whether it lies inside a distributed map."""
        return any(scope.kind is ScopeKind.DISTRIBUTED for scope in (self.scope, *self.scope.around()))

    @cached_property
    def type(self) -> str:
        """Its `Type`, empty where that is no text."""
        return text_of(self.fields.get("Type"))


def read_scopes(definition: JsonObject) -> tuple[Scope, ...]:
    """All scopes from the outside in; the first is the machine's own."""
    scopes = [Scope(ScopeKind.MACHINE, definition, "")]
    for scope in scopes:  # grows as it is walked
        for name, fields in members_of(scope.fields.get("States")):
            state = State(name, fields, f"{scope.path}/States/{name}", scope)
            scope.states[name] = state
            scopes.extend(_inner_scopes(state))
    return tuple(scopes)


def _inner_scopes(state: State) -> Iterator[Scope]:
    for index, branch in objects_in(state.fields.get("Branches")):
        yield Scope(ScopeKind.BRANCH, branch, f"{state.path}/Branches[{index}]", state)
    processor = state.fields.get("ItemProcessor")
    if isinstance(processor, dict):
        kind = ScopeKind.DISTRIBUTED if mode_of(processor) == "DISTRIBUTED" else ScopeKind.ITEMS
        yield Scope(kind, processor, f"{state.path}/ItemProcessor", state)


def mode_of(processor: JsonObject) -> str:
    """The processing mode of a map's `ItemProcessor`."""
    config = processor.get("ProcessorConfig")
    return text_of(config.get("Mode")) if isinstance(config, dict) else ""


def text_of(value: Json) -> str:
    return value if isinstance(value, str) else ""


def objects_in(value: Json) -> Iterator[tuple[int, JsonObject]]:
    """The members of an array that are objects, with their index."""
    if isinstance(value, list):
        yield from ((index, member) for index, member in enumerate(value) if isinstance(member, dict))


def members_of(value: Json) -> Iterator[tuple[str, JsonObject]]:
    """The members of an object that are objects, with their name."""
    if isinstance(value, dict):
        yield from ((name, member) for name, member in value.items() if isinstance(member, dict))


@dataclass(frozen=True, slots=True)
class Entry:
    """What may assign variables and shape an output in one go: a state itself, one of its catchers, or one of its choice rules."""

    kind: str  # "", Catch or Choices
    fields: JsonObject
    path: str

    @property
    def names(self) -> tuple[str, ...]:
        """The variables that it assigns."""
        assigned = self.fields.get("Assign")
        return tuple(assigned) if isinstance(assigned, dict) else ()


def entries_of(state: State) -> Iterator[Entry]:
    yield Entry("", state.fields, state.path)
    part = {"Choice": "Choices", "Task": "Catch", "Parallel": "Catch", "Map": "Catch"}.get(state.type)
    if part is not None:
        yield from (Entry(part, entry, f"{state.path}/{part}[{index}]") for index, entry in objects_in(state.fields.get(part)))


def transitions(state: State) -> Iterator[tuple[str, str]]:
    """Where a state may lead: (name, place), for every text that stands where a state's name belongs."""
    for entry in entries_of(state):
        for name in ("Next", "Default"):
            if isinstance(target := entry.fields.get(name), str):
                yield target, f"{entry.path}/{name}"
