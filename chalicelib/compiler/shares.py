"""How large an output may be before it goes to S3: each scope's room, divided by the outputs that leave it.

In: `Names`. Out: bytes, for the payload of a worker. AWS bounds what a state puts out; a worker cannot know how many others share that room. A map's
results share the room that the map's output has; where they are collected from S3, each item has a state's room for itself.
"""

from dataclasses import dataclass, field
from typing import Final

from chalicelib.compiler.code import After, Key, codes_in
from chalicelib.compiler.collecting import LEAST_BYTES, STATE_BYTES
from chalicelib.compiler.names import Names
from chalicelib.compiler.outline import Each, Fork, Scope

INLINE_BYTES: Final = 24_576
_MAX_ITEMS: Final = 40  # of a map that names no limit


@dataclass
class Shares:
    names: Names
    _found: dict[Scope, int] = field(default_factory=dict)
    _leaving: dict[Fork, int] = field(default_factory=dict)

    def of(self, scope: Scope) -> int:
        """What one output in this scope may take."""
        return max(min(self._room(scope), INLINE_BYTES), LEAST_BYTES)

    def _room(self, scope: Scope) -> int:
        if scope not in self._found:
            self._found[scope] = self._room_in(scope)
        return self._found[scope]

    def _room_in(self, scope: Scope) -> int:
        if scope.parent is None:
            return STATE_BYTES // max(len(_put_out(scope)), 1)
        owner = scope.parent.states[scope.owner]
        if isinstance(owner, Each):
            outputs = sum(key.kind == "output" for key in _put_out(scope))
            return self._room_of_map(owner) // max(outputs, 1)
        assert isinstance(owner, Fork)
        if owner not in self._leaving:
            self._leaving[owner] = sum(key.kind == "output" for branch in owner.branches for key in self.names.exports.get(branch, {}))
        return min(self._room(scope.parent), STATE_BYTES // max(self._leaving[owner], 1))

    def _room_of_map(self, owner: Each) -> int:
        """What all outputs of one item may take together."""
        if owner.results is not None:
            return STATE_BYTES
        stays = owner.scope.parent is None and Key("output", owner.name) not in _put_out(owner.scope)
        return (STATE_BYTES if stays else self._room(owner.scope)) // (owner.max_items or _MAX_ITEMS)


def _put_out(scope: Scope) -> set[Key]:
    """The keys that the scope's result is made of."""
    return {part.key for each in codes_in(scope.result) for part in each.parts if isinstance(part, After)}
