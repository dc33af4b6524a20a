"""What the ways through a state machine take.

In: a machine's shape, the costs of its graph, the plan (which nodes of each block it serves). Out: a `Tally` from the start to the end. Every way
that a Choice or a caught error may take counts; a failure that ends the run does not.

States are looked at from the end, so each once: what a state takes is itself, what it holds, and one of the ways that follow. A loop (`<node>--again`
or `<node>--next` back to `<node>`) is cut at its way back and added as so many rounds.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from chalicelib.compiler.costs import ROLE, ROOT, Costs, Spot, node_of, state
from chalicelib.compiler.machine_shape import Shape, StateShape
from chalicelib.compiler.plan import ForEach, Plan
from chalicelib.compiler.prices import EVENTS
from chalicelib.compiler.tally import NOTHING, Counts, Tally, either, exactly, total
from chalicelib.compiler.timing import entries
from chalicelib.compiler.traces import told_inside, waits_after

AGAIN: Final = "again"
CLOSE: Final = "close"
COLLECT: Final = "collect"
NEXT: Final = "next"
PAUSE: Final = "pause"
WAIT: Final = "wait"


def machine_tally(machine: Shape, plan: Plan, costs: Costs) -> Tally:
    return _block(machine, plan, costs, ROOT)


def _block(scope: Shape, plan: Plan, costs: Costs, spot: Spot) -> Tally:
    """The machine's or an item processor's scope, with what is told of its block's nodes."""
    visits = entries(plan)
    bodies = {entry.node: entry.body for entry in visits if isinstance(entry, ForEach)}
    announcing = frozenset(waits_after(plan, costs.nodes)) if spot is ROOT else frozenset[str]()
    telling = told_inside(plan, costs.nodes) if spot.in_items else {}
    return costs.told((entry.node for entry in visits), spot) + _Scope(scope, costs, bodies, announcing, telling, spot).tally()


@dataclass(frozen=True)
class _Scope:
    """One scope of states. `bodies`: the plans of the block's maps; `announcing`: the workers that a Wait follows; `telling`: what workers of an item
    tell of its native nodes."""

    shape: Shape
    costs: Costs
    bodies: Mapping[str, Plan]
    announcing: frozenset[str]
    telling: Mapping[str, tuple[str, ...]]
    spot: Spot

    def tally(self) -> Tally:
        found: dict[str | None, Tally] = {None: NOTHING}
        for name in _from_the_end(self.shape):
            found[name] = self._from(self.shape.states[name], found)
        return found[self.shape.start]

    def _from(self, entered: StateShape, found: Mapping[str | None, Tally]) -> Tally:
        """From the entry of the state to the end of its scope."""
        inner = self._inner(entered)
        ways = [inner + found[way] for way in _forward(entered, entered.ways)]
        caught = [inner.at_most + found[way] for way in _forward(entered, entered.caught)]
        return self._own(entered) + self._told(entered) + either(ways + caught) + self._rounds(entered)

    def _told(self, entered: StateShape) -> Tally:
        """What a worker writes of native nodes, at its first visit. Who else could have told of one may have done so before."""
        told = self.telling.get(entered.name, ())
        others = {name for worker, names in self.telling.items() if worker != entered.name for name in names}
        return self.costs.told_of_item(len(told) - len(others.intersection(told)), len(told), self.spot)

    def _own(self, entered: StateShape) -> Tally:
        node, role = node_of(entered.name)
        match entered.kind:
            case "Task" if role == COLLECT:
                return self.costs.collecting(self.spot)
            case "Task" if role:
                return exactly(self.costs.task())
            case "Task":
                return self.costs.visit(node, self.spot, announces=node in self.announcing)
            case "Parallel":
                return exactly(state(EVENTS.parallel))
            case "Map":
                return exactly(state(EVENTS.distributed_map if entered.is_distributed else EVENTS.map))
            case _:
                return exactly(state())

    def _inner(self, entered: StateShape) -> Tally:
        """What the state holds: all its branches, or its items."""
        if entered.kind != "Map":
            branches = (_Scope(branch, self.costs, self.bodies, self.announcing, self.telling, self.spot.in_branch()) for branch in entered.scopes)
            return total(branch.tally() for branch in branches)
        spot = self.spot.in_item(is_distributed=entered.is_distributed)
        item = total(_block(processor, self.bodies[entered.name], self.costs, spot) for processor in entered.scopes)
        told = self.costs.map_told(entered.name, self.spot, item)
        each = item.without_events if entered.is_distributed else item + exactly(Counts(events=EVENTS.map_item))
        return told + each.times(*self.costs.items(entered.name))

    def _rounds(self, entered: StateShape) -> Tally:
        """The visits after the first, if the state begins a loop."""
        states = self.shape.states
        again = f"{entered.name}{ROLE}{AGAIN}"
        entries = self._entries(entered)
        if again not in states:
            return entries
        close = states.get(f"{entered.name}{ROLE}{CLOSE}")
        parts = [entered, states[again], *([close] if close else [])]
        longest = total(map(self._own, parts)) + exactly(self.costs.visited_again(entered.name, self.spot))
        _, most = self.costs.visits(entered.name)
        return entries.times(1, most) + longest.times(0, most - 1)

    def _entries(self, entered: StateShape) -> Tally:
        """What the entries after the first take, in one visit."""
        states = self.shape.states
        if f"{entered.name}{ROLE}{NEXT}" not in states:
            return NOTHING
        waits = f"{entered.name}{ROLE}{WAIT}" in states
        return self.costs.entered_later(entered.name, waits=waits)


def _forward(entered: StateShape, ways: tuple[str | None, ...]) -> Iterator[str | None]:
    """The ways without those that go back to the loop's beginning."""
    node, role = node_of(entered.name)
    back = {AGAIN: (node,), NEXT: (node, *(f"{node}{ROLE}{each}" for each in (WAIT, PAUSE)))}.get(role, ())
    return (way for way in dict.fromkeys(ways) if way not in back)


def _from_the_end(scope: Shape) -> Iterator[str]:
    """The states that can be reached, each after all that may follow it. No recursion: a machine may be a chain of thousands."""
    seen: set[str | None] = {None}
    todo: list[tuple[str, Iterator[str | None]]] = []

    def enter(name: str) -> None:
        seen.add(name)
        entered = scope.states[name]
        todo.append((name, _forward(entered, entered.following)))

    enter(scope.start)
    while todo:
        name, ways = todo[-1]
        following = next((way for way in ways if way not in seen), None)
        if following is None:
            todo.pop()
            yield name
        else:
            enter(following)
