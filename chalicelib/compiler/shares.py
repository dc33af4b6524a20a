"""How large an output may be before it goes to S3: each scope's limit, divided by the outputs that leave it.

In: `Names`. Out: bytes, for the payload of a worker. AWS bounds what a state puts out; a worker cannot know how many others share that room.
"""

from dataclasses import dataclass, field
from typing import Final

from chalicelib.compiler.code import After, codes_in
from chalicelib.compiler.names import Names
from chalicelib.compiler.outline import Each, Fork, Scope

INLINE_BYTES: Final = 24_576
STATE_BYTES: Final = 204_800  # of the 262,144 that AWS lets a state put out
LEAST_BYTES: Final = 512
_MAX_ITEMS: Final = 40  # of a map that names no limit


@dataclass
class Shares:
    names: Names
    _found: dict[Scope, int] = field(default_factory=dict)
    _leaving: dict[Fork, int] = field(default_factory=dict)

    def of(self, scope: Scope) -> int:
        """What one output in this scope may take: the share of the fullest scope around it."""
        return max(self._around(scope), LEAST_BYTES)

    def _around(self, scope: Scope) -> int:
        if scope not in self._found:
            outer = INLINE_BYTES if scope.parent is None else self._around(scope.parent)
            self._found[scope] = min(outer, STATE_BYTES // max(self._sharing(scope), 1))
        return self._found[scope]

    def _sharing(self, scope: Scope) -> int:
        """How many outputs leave together with one of this scope."""
        if scope.parent is None:
            return len({part.key for each in codes_in(scope.result) for part in each.parts if isinstance(part, After)})
        owner = scope.parent.states[scope.owner]
        if isinstance(owner, Each):
            return owner.max_items or _MAX_ITEMS
        assert isinstance(owner, Fork)
        if owner not in self._leaving:
            self._leaving[owner] = sum(key.kind == "output" for branch in owner.branches for key in self.names.exports.get(branch, {}))
        return self._leaving[owner]
