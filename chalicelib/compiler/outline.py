"""The machine before its variables have names: scopes, states, transitions, and what each assigns.

In: nothing; `draw` builds it from a plan. Out: `Scope`, the states, `Transition`. `names` asks it what is read where; `emit` renders it.
A transition carries everything that its way could assign; `names` drops what nothing reads. So a skipped node costs an assignment, not a state.
"""

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field

from chalicelib.compiler.code import Code, Key, Template
from chalicelib.spec.nodes import Retry


@dataclass(eq=False)
class Transition:
    """To `target`, a state of the same scope; None ends the scope."""

    target: str | None
    assigns: dict[Key, Template] = field(default_factory=dict)


@dataclass(eq=False)
class Scope:
    """The states of one ASL `States` object.

    `result` is what its end puts out (reads in it are `After`); None for a branch, whose end puts out what is read outside.
    `arrivals` are keys that its first state finds in `$states.input`, by the code that reads them there.
    """

    name: str
    parent: "Scope | None" = None
    start: str = ""
    states: "dict[str, State]" = field(default_factory=dict)
    result: Template = None
    is_branch: bool = False
    is_distributed: bool = False
    arrivals: dict[Key, Code] = field(default_factory=dict)
    owner: str = ""  # the state of the parent that holds this scope

    def around(self) -> "Iterator[Scope]":
        """This scope and those around it, innermost first."""
        scope: Scope | None = self
        while scope is not None:
            yield scope
            scope = scope.parent


@dataclass(eq=False)
class State:
    """`node` and `role`: which authored node it serves, and as what (`""`: the node itself)."""

    name: str
    scope: Scope
    node: str = ""
    role: str = ""
    comment: str | None = None

    @abstractmethod
    def exits(self) -> "Iterator[Transition]":
        """The ways out of it."""

    def reads(self) -> Iterator[Template]:
        """What it evaluates on entry."""
        yield from ()


@dataclass(eq=False)
class Catch:
    errors: tuple[str, ...]
    transition: Transition


@dataclass(eq=False)
class Leaving(State):
    """A state with one regular exit."""

    next: Transition = field(default_factory=lambda: Transition(None))

    def exits(self) -> Iterator[Transition]:
        yield self.next


@dataclass(eq=False)
class Catching(Leaving):
    catches: list[Catch] = field(default_factory=list)

    def exits(self) -> Iterator[Transition]:
        yield self.next
        for catch in self.catches:
            yield catch.transition


@dataclass(frozen=True)
class Call:
    """What a Task calls that is not the worker: `resource` under `role`; `result` is where its answer stands. The Task's payload is its arguments."""

    resource: str
    role: str
    result: str = "$states.result"


@dataclass(eq=False)
class Work(Catching):
    """A Task that invokes the worker; with `token` it waits for SendTaskSuccess. `answers_steps`: the worker says what comes next, too.
    `call`: the engine calls somebody else instead."""

    payload: Template = None
    call: Call | None = None
    token: bool = False
    answers_steps: bool = False
    timeout_seconds: int | Code | None = None
    retry: Retry | None = None

    def reads(self) -> Iterator[Template]:
        yield self.payload
        yield self.timeout_seconds

    @property
    def result(self) -> str:
        if self.call is not None:
            return self.call.result
        if self.token:
            return "$states.result"
        return "$states.result.Payload.output" if self.answers_steps else "$states.result.Payload"


@dataclass(eq=False)
class Decide(State):
    """A Choice: the first rule whose code comes out true, else the default."""

    rules: list[tuple[Code, Transition]] = field(default_factory=list)
    default: Transition = field(default_factory=lambda: Transition(None))

    def exits(self) -> Iterator[Transition]:
        for _, transition in self.rules:
            yield transition
        yield self.default

    def reads(self) -> Iterator[Template]:
        for condition, _ in self.rules:
            yield condition


@dataclass(eq=False)
class Fork(Catching):
    """A Parallel. What its branches' ends put out is assigned by the keys that are read outside."""

    branches: list[Scope] = field(default_factory=list)


@dataclass(eq=False)
class Each(Catching):
    """A Map: `items`, and per item an input made by `selector`. `results`: the folder in S3 that the engine writes the results to."""

    items: Template = None
    selector: dict[str, Template] = field(default_factory=dict)
    body: Scope = field(default_factory=lambda: Scope(""))
    concurrency: int | None = None
    max_items: int | None = None
    results: Code | None = None

    def reads(self) -> Iterator[Template]:
        yield self.items
        yield self.selector
        yield self.results


@dataclass(eq=False)
class Pause(Leaving):
    """A Wait: `seconds` or a `timestamp`."""

    seconds: Template = None
    timestamp: Template = None

    def reads(self) -> Iterator[Template]:
        yield self.seconds
        yield self.timestamp


@dataclass(eq=False)
class Assign(Leaving):
    """A Pass, for what a transition must assign and has no state to carry it."""


def inner_scopes(state: State) -> list[Scope]:
    match state:
        case Fork():
            return state.branches
        case Each():
            return [state.body]
        case _:
            return []


def all_scopes(scope: Scope) -> Iterator[Scope]:
    """The scope and all in it, outer before inner."""
    yield scope
    for state in scope.states.values():
        for inner in inner_scopes(state):
            yield from all_scopes(inner)
