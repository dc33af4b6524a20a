"""What is drawn on: the outline that grows, the names given so far, and the few moves that all drawing consists of.

In: a graph and what may be absent. Out: `Sheet`, with `Place` (where something is drawn) and `Enter` (what follows it).
`draw` brings the plan's shapes onto it, `draw_nodes` the node types.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from chalicelib.compiler.activation import ALWAYS, Atom, Formula, conjoin, holds
from chalicelib.compiler.code import CONTEXT, ENVELOPE, Code, Key, Template
from chalicelib.compiler.graph import Block, WorkflowGraph
from chalicelib.compiler.holdings import Holdings, Path, followed
from chalicelib.compiler.names_of_states import StateNames
from chalicelib.compiler.outline import Assign, Each, Fork, Scope, State, Transition
from chalicelib.compiler.plan import Plan
from chalicelib.compiler.questions import Questions
from chalicelib.compiler.reads import IsAbsent, Reader
from chalicelib.compiler.traces import Traces, told_inside, traces, waits_after

MACHINE_INPUT: Final = "$states.context.Execution.Input"

Enter = Callable[[Formula], Transition]
"""What follows: the transition into it, given what is known on the way."""


@dataclass(frozen=True)
class Place:
    """Where something is drawn: its scope, its block, and what certainly holds there."""

    scope: Scope
    block: Block
    facts: Formula = ALWAYS


@dataclass
class Outline:
    """`homes`: the scope that assigns a key first; `derived`: keys that are computed from others instead of assigned, but for those `settled` at once
    by the state that settles what they are computed from; `constants`: keys that are read from the machine's input by a path; `native_fields`: the
    fields of each key that the engine itself reads."""

    root: Scope
    homes: dict[Key, Scope] = field(default_factory=dict)
    derived: dict[Key, Code] = field(default_factory=dict)
    settled: dict[Key, None] = field(default_factory=dict)
    constants: dict[Key, str] = field(default_factory=lambda: {CONTEXT: f"{MACHINE_INPUT}.context", ENVELOPE: MACHINE_INPUT})
    run_fields: tuple[str, ...] = ("organisation_id", "run_id", "version_id")  # what a distributed map's item is told of its run
    native_fields: dict[Key, set[Path]] = field(default_factory=dict)
    states: dict[str, State] = field(default_factory=dict)


def end(_facts: Formula) -> Transition:
    """What follows the last of a scope."""
    return Transition(None)


def with_assigns(transition: Transition, assigns: Mapping[Key, Template]) -> Transition:
    """The transition with these assigned first."""
    return Transition(transition.target, {**assigns, **transition.assigns})


@dataclass
class Sheet:
    """The outline of one graph while it is drawn."""

    graph: WorkflowGraph
    is_absent: IsAbsent
    outline: Outline
    resume: Template = 0
    again: Mapping[str, int] = field(default_factory=dict)
    names: StateNames = field(default_factory=StateNames)
    told: dict[str, tuple[str, ...]] = field(default_factory=dict)
    waits: dict[str, str] = field(default_factory=dict)
    later: list[Callable[[], None]] = field(default_factory=list)
    holdings: Holdings = field(init=False)
    questions: Questions = field(init=False)

    def __post_init__(self) -> None:
        self.holdings = Holdings.of(self.graph)
        self.questions = Questions(self.graph, self.outline.derived, self.outline.settled, self.reader)

    def reader(self, path: tuple[str, ...], node: str | None) -> Reader:
        return Reader(self.graph, self.is_absent, path, node, self.holdings, self.outline.native_fields)

    def finish(self) -> None:
        """Draw what had to wait until it is known all that the engine reads."""
        self.outline.native_fields |= followed(self.outline.native_fields, self.holdings)
        for draw in self.later:
            draw()

    def tell(self, plan: Plan, block: Block) -> Traces:
        """Find out who tells of the block's native nodes."""
        found = traces(plan, block.nodes)
        self.told |= found.by_worker
        self.waits |= waits_after(plan, block.nodes)
        return found

    def tell_inside(self, plan: Plan, block: Block) -> None:
        """The same for a map's item."""
        self.told |= told_inside(plan, block.nodes)

    def add(self, state: State) -> None:
        state.scope.states[state.name] = state
        self.outline.states[state.name] = state

    def settle(self, keys: Iterable[Key], scope: Scope) -> None:
        """Note where these keys are assigned first."""
        for key in keys:
            self.outline.homes.setdefault(key, scope)

    def known(self, place: Place, *atoms: Atom) -> Formula:
        """The facts of the place and these outcomes."""
        both = conjoin((place.facts, *(holds(atom.variable, atom.label) for atom in atoms)), place.block.domains)
        return both if both is not None else place.facts

    def open(self, scope: Scope, enter: Enter, facts: Formula, first: str) -> None:
        """Give the scope its start; what the way in assigns gets a state of its own, since no transition leads there."""
        way = enter(facts)
        if way.target is None or way.assigns or (scope.arrivals and not self._can_arrive(scope.states[way.target])):
            name = self.names.invent(first, "start")
            self.add(Assign(name, scope, first, "start", next=way))
            scope.start = name
        else:
            scope.start = way.target
        for transition in scope.states[scope.start].exits():
            transition.assigns = {**scope.arrivals, **transition.assigns}

    @staticmethod
    def _can_arrive(state: State) -> bool:
        return not isinstance(state, Fork | Each)

    def landing(self, scope: Scope, transition: Transition, first: str) -> Transition:
        """The transition, with a state to end in where it ends the scope: a Choice and a Catch cannot end one themselves."""
        if transition.target is not None:
            return transition
        name = self.names.end_of(scope, first)
        if name not in scope.states:
            self.add(Assign(name, scope, first, "end"))
        return Transition(name, transition.assigns)
