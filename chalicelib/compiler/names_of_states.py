"""State names: a node's state has the node's id; an invented one is `<node>--<role>`; a Parallel is named for what it holds.

In: ids and roles. Out: names that are unique over the whole machine and at most 80 characters long (AWS's limit).
An id holds no `-`, `&` or blank, so an invented name never meets an id.
"""

from collections.abc import Sequence
from typing import Final

from chalicelib.compiler.outline import Scope

MAX_NAME: Final = 80
ROOM: Final = 4  # for a number that tells two of one name apart


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
        count = len(firsts)
        while count > 1 and len(self._listed(firsts, count)) > MAX_NAME - ROOM:
            count -= 1
        return self._unique(self._listed(firsts, count))

    @staticmethod
    def _listed(firsts: Sequence[str], count: int) -> str:
        rest = len(firsts) - count
        return " & ".join((*firsts[:count], *([f"{rest} more"] if rest else [])))

    def _unique(self, name: str) -> str:
        candidate, count = name, 1
        while candidate in self._taken:
            count += 1
            candidate = f"{name}-{count}"
        self._taken.add(candidate)
        return candidate
