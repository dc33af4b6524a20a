"""What the ways through a state machine take.

In: a machine's shape, the costs of its graph, the plan (which nodes of each block it serves). Out: a `Tally` from the start to the end. Every way
that a Choice or a caught error may take counts; a failure that ends the run does not.

States are looked at from the end, so each once: what a state takes is itself, what it holds, and one of the ways that follow. A loop (`<node>--again`
back to `<node>`) is cut at its way back and added as so many rounds.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from chalicelib.compiler.costs import ROLE, Costs, node_of
from chalicelib.compiler.machine_shape import Shape, StateShape
from chalicelib.compiler.plan import ForEach, Plan
from chalicelib.compiler.prices import EVENTS
from chalicelib.compiler.tally import NOTHING, Counts, Tally, either, exactly, total
from chalicelib.compiler.timing import entries

AGAIN: Final = "again"
CLOSE: Final = "close"


@dataclass(frozen=True)
class MachineTally:
    costs: Costs

    def scope(self, scope: Shape, plan: Plan) -> Tally:
        """A machine's or item processor's scope, with what is told of the native nodes of its block."""
        bodies = {entry.node: entry.body for entry in entries(plan) if isinstance(entry, ForEach)}
        told = self.costs.told([entry.node for entry in entries(plan)])
        return exactly(told) + self._states(scope, bodies)

    def _states(self, scope: Shape, bodies: Mapping[str, Plan]) -> Tally:
        found: dict[str | None, Tally] = {None: NOTHING}
        for name in _from_the_end(scope):
            found[name] = self._from(scope, scope.states[name], found, bodies)
        return found[scope.start]

    def _from(self, scope: Shape, state: StateShape, found: Mapping[str | None, Tally], bodies: Mapping[str, Plan]) -> Tally:
        """From the entry of the state to the end of its scope."""
        inner = self._inner(state, bodies)
        ways = [inner + found[way] for way in _forward(state, state.ways)] + [inner.at_most + found[way] for way in _forward(state, state.caught)]
        rounds = self._rounds(scope, state)
        return exactly(self._own(state)) + either(ways or [inner]) + rounds

    def _own(self, state: StateShape) -> Counts:
        node, role = node_of(state.name)
        match state.kind:
            case "Task" if role:
                return self.costs.task()
            case "Task":
                return self.costs.worker(node, waits=state.has_token)
            case "Parallel":
                return self.costs.state(EVENTS.parallel)
            case "Map":
                return self.costs.state(EVENTS.distributed_map if state.is_distributed else EVENTS.map)
            case _:
                return self.costs.state()

    def _inner(self, state: StateShape, bodies: Mapping[str, Plan]) -> Tally:
        """What the state holds: all its branches, or its items."""
        if state.kind != "Map":
            return total(self._states(branch, bodies) for branch in state.scopes)
        item = total(self.scope(processor, bodies[state.name]) for processor in state.scopes)
        if state.is_distributed:
            return Tally(_without_events(item.least), _without_events(item.most)).times(*self.costs.items(state.name))
        return (exactly(Counts(events=EVENTS.map_item)) + item).times(*self.costs.items(state.name))

    def _rounds(self, scope: Shape, state: StateShape) -> Tally:
        """The visits after the first, if the state begins a loop."""
        again = f"{state.name}{ROLE}{AGAIN}"
        if again not in scope.states:
            return NOTHING
        close = scope.states.get(f"{state.name}{ROLE}{CLOSE}")
        one = exactly(self._own(state)) + exactly(self._own(scope.states[again]))
        longest = one + exactly(self._own(close)) if close else one
        _, most = self.costs.visits(state.name)
        return longest.times(0, most - 1)


def _without_events(counts: Counts) -> Counts:
    return Counts(counts.transitions, counts.invocations, counts.writes, 0, counts.price)


def _forward(state: StateShape, ways: tuple[str | None, ...]) -> Iterator[str | None]:
    """The ways without the one that goes back to the loop's beginning."""
    node, role = node_of(state.name)
    return (way for way in dict.fromkeys(ways) if not (role == AGAIN and way == node))


def _from_the_end(scope: Shape) -> Iterator[str]:
    """The states that can be reached, each after all that may follow it. No recursion: a machine may be a chain of thousands."""
    seen: set[str | None] = {None}
    todo: list[tuple[str, Iterator[str | None]]] = []

    def enter(name: str) -> None:
        seen.add(name)
        state = scope.states[name]
        todo.append((name, _forward(state, state.following)))

    enter(scope.start)
    while todo:
        name, ways = todo[-1]
        following = next((way for way in ways if way not in seen), None)
        if following is None:
            todo.pop()
            yield name
        else:
            enter(following)
