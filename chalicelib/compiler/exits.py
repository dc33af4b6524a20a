"""The ways out of the states of one scope, by what is asked of them: which assign a key, and which end the scope.

In: a `Scope` that is drawn. Out: `ScopeExits`. It says who assigns, never what: an assignment added later (an item's arrival) reads nothing.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from chalicelib.compiler.code import Key
from chalicelib.compiler.outline import Scope, State, Transition

Way = tuple[State, Transition]


@dataclass(frozen=True)
class ScopeExits:
    """In the order of the scope's states, so that names are given in the same order each time."""

    positions: Mapping[State, int]
    assigning: Mapping[Key, Sequence[Way]]
    ending: Sequence[Way]

    @staticmethod
    def of(scope: Scope) -> "ScopeExits":
        ways = [(state, transition) for state in scope.states.values() for transition in state.exits()]
        assigning: dict[Key, list[Way]] = defaultdict(list)
        for state, transition in ways:
            for key in transition.assigns:
                assigning[key].append((state, transition))
        positions = {state: position for position, state in enumerate(scope.states.values())}
        return ScopeExits(positions, dict(assigning), [way for way in ways if way[1].target is None])

    def giving(self, key: Key, fork: State | None) -> list[tuple[State, Transition | None]]:
        """The ways that assign the key, and with None for a way the Parallel that puts it out."""
        found: list[tuple[State, Transition | None]] = [*self.assigning.get(key, ())]
        if fork is not None:
            found.append((fork, None))
            found.sort(key=lambda way: self.positions[way[0]])
        return found
