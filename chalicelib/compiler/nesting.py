"""Which scope lies in which, and through which branch: asked for every read and every key, so answered from an index.

In: scopes of an outline that is drawn. Out: `Nesting`. It never changes a scope.
"""

from dataclasses import dataclass, field

from chalicelib.compiler.outline import Fork, Scope


@dataclass
class Nesting:
    """`_inward[inner][outer]`: the scope directly in `outer` in which `inner` lies; of a scope in itself, the scope."""

    _inward: dict[Scope, dict[Scope, Scope]] = field(default_factory=dict)
    _places: dict[Scope, int] = field(default_factory=dict)

    def holds(self, outer: Scope, inner: Scope) -> bool:
        """Whether `inner` is `outer` or lies in it."""
        return outer in self._around(inner)

    def toward(self, outer: Scope, inner: Scope) -> Scope | None:
        """The scope directly in `outer` that holds `inner`; None where there is none."""
        found = self._around(inner).get(outer)
        return None if found is outer else found

    def branch_of(self, fork: Fork, inner: Scope) -> int | None:
        """The position of the fork's branch that holds `inner`; None where `inner` lies elsewhere."""
        branch = self.toward(fork.scope, inner)
        if branch is None or branch.owner != fork.name:
            return None
        if branch not in self._places:
            self._places |= {each: position for position, each in enumerate(fork.branches)}
        return self._places[branch]

    def _around(self, inner: Scope) -> dict[Scope, Scope]:
        if inner not in self._inward:
            found, below = {}, inner
            for scope in inner.around():
                found[scope] = below
                below = scope
            self._inward[inner] = found
        return self._inward[inner]
