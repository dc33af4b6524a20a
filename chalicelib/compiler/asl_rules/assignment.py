"""Definite assignment: which variables have certainly been assigned when a state is entered.

In: a `Machine`. Out: for each state the set of such variables, and for a doubtful one a way on which it is missing. A forward dataflow over each
scope's transitions, catch edges included, from the outside in; sets are bit masks. All expressions of a state see the variables as on its entry.
"""

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from chalicelib.compiler.asl_rules.machine import Machine
from chalicelib.compiler.asl_rules.scopes import Entry, Scope, ScopeKind, State, entries_of, text_of

_EVERYTHING: Final = -1  # of a state that nothing leads to


@dataclass(frozen=True)
class Assignment:
    """`on_entry`: bit mask by state. `bits`: the bit of each variable."""

    on_entry: Mapping[State, int]
    bits: Mapping[str, int]

    def is_certain(self, state: State, name: str) -> bool:
        return bool(self.on_entry[state] & self.bits[name])


@dataclass(frozen=True, slots=True)
class _Edge:
    target: str
    assigned: int


def assignment(machine: Machine) -> Assignment:
    bits = {name: 1 << index for index, name in enumerate(sorted(machine.variables))}
    on_entry: dict[State, int] = {}
    for scope in machine.scopes:
        outside = 0 if scope.owner is None or scope.kind is ScopeKind.DISTRIBUTED else on_entry[scope.owner]
        on_entry |= _scope_entries(scope, outside, bits)
    return Assignment(on_entry, bits)


def _scope_entries(scope: Scope, outside: int, bits: Mapping[str, int]) -> dict[State, int]:
    """Each state once more whenever less is certain on its entry than was thought."""
    edges = {name: list(_edges(state, bits)) for name, state in scope.states.items()}
    known = dict.fromkeys(scope.states, _EVERYTHING)
    waiting: deque[str] = deque()
    start = text_of(scope.fields.get("StartAt"))
    if start in known:
        known[start] = outside
        waiting.extend(_in_flow_order(start, edges))
    while waiting:
        name = waiting.popleft()
        for edge in edges[name]:
            certain = known.get(edge.target, 0) & (known[name] | edge.assigned)
            if edge.target in known and certain != known[edge.target]:
                known[edge.target] = certain
                waiting.append(edge.target)
    return {scope.states[name]: mask for name, mask in known.items()}


def _edges(state: State, bits: Mapping[str, int]) -> Iterator[_Edge]:
    for entry in entries_of(state):
        assigned = sum(bits[name] for name in entry.names)
        yield from (_Edge(target, assigned) for target in targets_of(entry))


def targets_of(entry: Entry) -> Iterator[str]:
    yield from (target for name in ("Next", "Default") if isinstance(target := entry.fields.get(name), str))


def _in_flow_order(start: str, edges: Mapping[str, list[_Edge]]) -> list[str]:
    """Reverse postorder from the start: without loops, every state after all that lead to it."""
    finished: list[str] = []
    seen = {start}
    stack = [(start, iter(edges[start]))]
    while stack:
        _name, rest = stack[-1]
        target = next((edge.target for edge in rest if edge.target in edges and edge.target not in seen), None)
        if target is None:
            finished.append(stack.pop()[0])
        else:
            seen.add(target)
            stack.append((target, iter(edges[target])))
    return finished[::-1]


def way_without(state: State, name: str) -> list[str]:
    """A shortest way to a state, from the outermost scope's start, on which no transition assigns the variable."""
    inner = _way_in_scope(state, name)
    owner = state.scope.owner
    return inner if owner is None or state.scope.kind is ScopeKind.DISTRIBUTED else [*way_without(owner, name), *inner]


def _way_in_scope(state: State, name: str) -> list[str]:
    states, start = state.scope.states, text_of(state.scope.fields.get("StartAt"))
    ways: dict[str, list[str]] = {start: [start]}
    waiting = deque([start])
    while waiting and state.name not in ways:
        at = waiting.popleft()
        free = (entry for entry in entries_of(states[at]) if name not in entry.names)
        for target in (target for entry in free for target in targets_of(entry)):
            if target in states and target not in ways:
                ways[target] = [*ways[at], target]
                waiting.append(target)
    return ways.get(state.name, [])
