"""Which values become variables, in which scopes, and what they are called there.

In: an `Outline`, where every transition assigns all that it could. Out: `Names`: what is stored where, under which name; what a branch puts out.

Liveness decides: a value is stored in a scope only where something there reads it. A value of a Parallel's branch that is read outside leaves through
the branch's output and is stored outside. AWS forbids one name in nested scopes, so the innermost scope that stores a key has the plain name and the
scopes around it have others. A distributed map reaches nothing outside: what its items read arrives with each item's input.
"""

from dataclasses import dataclass, field
from typing import Final

from chalicelib.compiler.code import ENVELOPE, After, Key, Part, Read, Template, code, codes_in
from chalicelib.compiler.exits import ScopeExits
from chalicelib.compiler.nesting import Nesting
from chalicelib.compiler.outline import Each, Fork, Scope, State, Transition, all_scopes
from chalicelib.compiler.sheet import Outline

MAX_VARIABLE: Final = 80


@dataclass
class Names:
    """`stored[scope]`: the variables of a scope. `exports[branch]`: the keys that its end puts out, under `field_of(key)`."""

    outline: Outline
    stored: dict[Scope, dict[Key, str]] = field(default_factory=dict)
    exports: dict[Scope, dict[Key, None]] = field(default_factory=dict)
    nesting: Nesting = field(default_factory=Nesting)

    def home(self, key: Key) -> Scope:
        """The scope that assigns the key first; of a derived key, the scope of its node."""
        if key in self.outline.derived:
            return self.outline.homes.get(Key("output", node_of(key)), self.outline.root)  # a kept node has no state: all see it
        return self.outline.homes[key]

    def holder(self, scope: Scope, key: Key) -> Scope:
        """The scope whose variable a read in `scope` finds: the innermost that can see the key's home, or a distributed map's item."""
        if key in self.outline.constants:
            return next((each for each in scope.around() if each.is_distributed), self.outline.root)
        home = self.home(key)
        return next(each for each in scope.around() if each.is_distributed or self.nesting.holds(each, home))

    def branch_of(self, fork: Fork, key: Key) -> int | None:
        """Which branch of the fork the key comes from; None where it comes from elsewhere."""
        if key in self.outline.constants:
            return None
        return self.nesting.branch_of(fork, self.home(key))

    def is_inline(self, scope: Scope, key: Key) -> bool:
        """Whether a derived key is computed here instead of read."""
        outline = self.outline
        is_computed = key in outline.derived and key not in outline.settled and key not in outline.constants
        return is_computed and self.holder(scope, key) is self.home(key)

    def variable(self, scope: Scope, key: Key) -> str:
        return self.stored[self.holder(scope, key)][key]


def node_of(key: Key) -> str:
    """The node whose scope a key belongs to; an edge belongs to its source."""
    return key.name.split(">")[0]


def field_of(key: Key) -> str:
    """What a key is called where it needs no scope: in a branch's output, in an item's input."""
    match key.kind:
        case "output":
            return key.name
        case "active":
            source, _, target = key.name.partition(">")
            return f"{source[:30]}To{target[:30].replace('#', 'Active')}"
        case "item" | "path":
            return f"{key.name}{key.kind.capitalize()}"
        case "context" | "run":
            return key.kind.capitalize()
        case _:
            return f"{key.name}{key.kind.capitalize()}"


def name_variables(outline: Outline, item_names: dict[str, str]) -> Names:
    """`item_names`: for each map, what its nodes call an item."""
    names = Names(outline)
    _Liveness(names).run()
    _call(names, item_names)
    return names


@dataclass
class _Liveness:
    """Follows reads from the states' entries and the scopes' results to what must be stored and put out."""

    names: Names
    exits: dict[Scope, ScopeExits] = field(init=False)
    todo: list[tuple[Scope, Key]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.exits = {scope: ScopeExits.of(scope) for scope in all_scopes(self.names.outline.root)}

    def run(self) -> None:
        for scope in self.exits:
            for state in scope.states.values():
                for template in state.reads():
                    self._read(template, scope, state, None)
                for transition in state.exits():
                    if transition.target is None:
                        self._read(scope.result, scope, state, transition)
        while self.todo:
            self._define(*self.todo.pop())

    def _read(self, template: Template, scope: Scope, state: State, transition: Transition | None) -> None:
        for each in codes_in(template):
            for part in each.parts:
                if not isinstance(part, str):
                    self._need(part, scope, state, transition)

    def _need(self, part: Part, scope: Scope, state: State, transition: Transition | None) -> None:
        assert not isinstance(part, str)
        key, names = part.key, self.names
        if isinstance(part, After) and transition is not None:
            if key in transition.assigns:
                self._read(transition.assigns[key], scope, state, transition)
                return
            if isinstance(state, Fork) and (index := names.branch_of(state, key)) is not None:
                self._export(state.branches[index], key)
                return
        if key in scope.arrivals and scope.start == state.name:
            return
        if names.is_inline(scope, key):
            derived = names.outline.derived[key]
            self._read(derived.after() if isinstance(part, After) else derived, scope, state, transition)
            return
        self._store(names.holder(scope, key), key)

    def _store(self, holder: Scope, key: Key) -> None:
        if key in self.names.outline.constants and not holder.is_distributed:
            return
        stored = self.names.stored.setdefault(holder, {})
        if key not in stored:
            stored[key] = ""
            self.todo.append((holder, key))

    def _define(self, scope: Scope, key: Key) -> None:
        """Follow what gives a stored key its value in this scope."""
        if scope.is_distributed and key not in scope.arrivals and self._is_outside(scope, key):
            self._import(scope, key)
        for state, transition in self.exits[scope].giving(key, self._fork_with(scope, key)):
            if transition is not None:
                self._read(transition.assigns[key], scope, state, transition)
            else:
                assert isinstance(state, Fork)
                index = self.names.branch_of(state, key)
                assert index is not None
                self._export(state.branches[index], key)

    def _is_outside(self, scope: Scope, key: Key) -> bool:
        return key in self.names.outline.constants or not self.names.nesting.holds(scope, self.names.home(key))

    def _fork_with(self, scope: Scope, key: Key) -> State | None:
        """The Parallel of this scope in one of whose branches the key comes to be."""
        inner = None if key in self.names.outline.constants else self.names.nesting.toward(scope, self.names.home(key))
        return scope.states.get(inner.owner) if inner is not None and inner.is_branch else None

    def _export(self, branch: Scope, key: Key) -> None:
        exports = self.names.exports.setdefault(branch, {})
        if key in exports:
            return
        exports[key] = None
        for state, transition in self.exits[branch].ending:
            self._need(After(key), branch, state, transition)

    def _import(self, scope: Scope, key: Key) -> None:
        """Send the value with each item, and let the item's first state keep it."""
        assert scope.parent is not None
        each = scope.parent.states[scope.owner]
        assert isinstance(each, Each)
        member = field_of(key)
        each.selector[member] = {name: code(Read(key), f".{name}") for name in self._run_fields()} if key == ENVELOPE else code(Read(key))
        scope.arrivals[key] = code(f"$states.input.{member}")
        for transition in scope.states[scope.start].exits():
            transition.assigns.setdefault(key, scope.arrivals[key])
        self._read(each.selector[member], scope.parent, each, None)

    def _run_fields(self) -> tuple[str, ...]:
        """What an item is told of its run: what every worker needs, and the trigger where something reads it."""
        outline = self.names.outline
        reads_trigger = any(path[:1] in ((), ("trigger",)) for path in outline.native_fields.get(ENVELOPE, ()))
        return (*outline.run_fields, "trigger") if reads_trigger else outline.run_fields


def _call(names: Names, item_names: dict[str, str]) -> None:
    """Name what is stored: the innermost scope plainly, those around it with a number."""
    taken: dict[str, Key] = {}
    depth: dict[Key, int] = {}
    for scope in reversed(list(all_scopes(names.outline.root))):
        for key in names.stored.get(scope, {}):
            depth[key] = depth.get(key, 0) + 1
            names.stored[scope][key] = _fresh(_plain(key, scope, item_names), depth[key], key, taken)


def _plain(key: Key, scope: Scope, item_names: dict[str, str]) -> str:
    if key.kind != "item":
        return field_of(key)
    wanted = item_names[key.name]
    shadowed = any(item_names.get(each.owner) == wanted for each in scope.around() if each is not scope and not each.is_branch and each.owner)
    return field_of(key) if shadowed else wanted


def _fresh(plain: str, count: int, key: Key, taken: dict[str, Key]) -> str:
    name = plain[: MAX_VARIABLE - 8] + (f"Up{count - 1}" if count > 1 else "")
    serial = 1
    while taken.setdefault(name, key) != key:
        serial += 1
        name = f"{plain[: MAX_VARIABLE - 8]}X{serial}"
    return name
