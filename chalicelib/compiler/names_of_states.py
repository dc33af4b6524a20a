"""State names: a node's state has the node's id; an invented one is `<node>--<role>`; a Parallel is named for what it holds.

In: ids and roles. Out: names that are unique over the whole machine and at most 80 characters long (AWS's limit).
An id holds no `-`, `&` or blank, so an invented name never meets an id.
"""

from collections.abc import Sequence
from typing import Final

from chalicelib.compiler.outline import Scope

MAX_NAME: Final = 80


class StateNames:
    def __init__(self) -> None:
        self._taken: set[str] = set()
        self._ends: dict[int, str] = {}

    def invent(self, node: str, role: str) -> str:
        return self._unique(f"{node}--{role}")

    def end_of(self, scope: Scope, first: str) -> str:
        """One end state a scope."""
        if id(scope) not in self._ends:
            self._ends[id(scope)] = self.invent(scope.name if scope.parent is None else first, "end")
        return self._ends[id(scope)]

    def of_branches(self, firsts: Sequence[str]) -> str:
        """`a & b & c`, or as many as fit `& 12 more`."""
        for count in range(len(firsts), 0, -1):
            rest = len(firsts) - count
            name = " & ".join((*firsts[:count], *([f"{rest} more"] if rest else [])))
            if len(name) <= MAX_NAME - 4:
                return self._unique(name)
        return self._unique(f"{len(firsts)} branches")

    def _unique(self, name: str) -> str:
        candidate, count = name, 1
        while candidate in self._taken:
            count += 1
            candidate = f"{name}-{count}"
        self._taken.add(candidate)
        return candidate
