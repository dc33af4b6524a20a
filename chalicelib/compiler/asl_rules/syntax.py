"""What an expression of a state machine reads and calls, from its syntax tree.

In: the text between `{%` and `%}`. Out: `Syntax`, or the `Fault` that the parser found. Here every free variable counts, `$states` included; what the
workflow language calls a reference is `spec.expression`'s. Both use one parser.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Final

from chalicelib.spec.parse_tree import parse_tree
from chalicelib.spec.syntax_tree import Fault

COUNTED: Final = 128  # operands are counted up to here

_Node = Any  # a symbol of jsonata-python's tree


@dataclass(frozen=True, slots=True)
class Read:
    """A free variable: its name without `$`, the plain fields after it, and whether it is called."""

    name: str
    path: tuple[str, ...] = ()
    called: bool = False


@dataclass(frozen=True, slots=True)
class Syntax:
    """`top_level`: what reads the context item, which does not exist. `operands`: of the run of operators that the expression is; `chain`: of the
    longest run in it. `depth`: nesting.
    """

    reads: tuple[Read, ...]
    top_level: tuple[str, ...] = ()
    operands: int = 1
    chain: int = 1
    depth: int = 1


def read_syntax(text: str) -> Syntax | Fault:
    """The syntax of an expression. Never raises."""
    tree = parse_tree(text)
    if isinstance(tree, Fault):
        return tree
    walk = _Walk()
    try:
        depth = walk.visit(tree, _Place(set()))
    except RecursionError:
        return Fault("the expression is nested too deeply", 0)
    return Syntax(tuple(dict.fromkeys(walk.reads)), tuple(dict.fromkeys(walk.top_level)), _operands(tree), walk.chain, depth)


@dataclass(frozen=True, slots=True)
class _Place:
    """`bound`: local names. `nested`: inside a path's later step or a predicate, where there is a context item."""

    bound: set[str]
    nested: bool = False

    def inside(self) -> "_Place":
        return _Place(self.bound, nested=True)

    def block(self, names: Iterable[str] = ()) -> "_Place":
        return _Place(self.bound.union(names), self.nested)


@dataclass(slots=True)
class _Walk:
    """Visits the tree in the order of evaluation; `visit` gives the depth below a node."""

    reads: list[Read] = field(default_factory=list)
    top_level: list[str] = field(default_factory=list)
    chain: int = 1

    def visit(self, node: _Node, place: _Place) -> int:
        if node.type == "path":
            return 1 + self._path(node, place.block().inside(), place)
        return 1 + max(self._kind(node, place), self._tail(node, place.block()))

    def _kind(self, node: _Node, place: _Place) -> int:
        match node.type:
            case "variable":
                return self._variable([node], place)
            case "function" | "partial":
                return self._call(node, place)
            case "binary" | "apply":
                return self._operator(node, place)
            case "bind":
                return self._bind(node, place)
            case "block":
                return self._all(node.expressions, place.block())
            case "lambda":
                return self.visit(node.body, place.block(str(argument.value) for argument in node.arguments))
            case "condition":
                return self._all((node.condition, node.then, node._else), place)  # noqa: SLF001
            case "transform":
                return self._all((node.pattern, node.update, node.delete), place.inside())
            case "unary":
                return self._unary(node, place)
            case "sort":
                return self._all((term.expression for term in node.terms), place.inside())
            case _:
                return self._leaf(node, place)

    def _leaf(self, node: _Node, place: _Place) -> int:
        """A field name, a wildcard, or what reads nothing: literals, a path's parent, the `?` of a partial application."""
        return self._context_item(str(node.value), place) if node.type in {"name", "wildcard", "descendant"} else 0

    def _all(self, nodes: Iterable[_Node | None], place: _Place) -> int:
        return max((self.visit(node, place) for node in nodes if node is not None), default=0)

    def _operator(self, node: _Node, place: _Place) -> int:
        """The right side of `~>` is called, not read."""
        self.chain = max(self.chain, _operands(node))
        left = self.visit(node.lhs, place)
        return max(left, self.visit(node.rhs, place) if node.type == "binary" else self._procedure(node.rhs, place))

    def _call(self, node: _Node, place: _Place) -> int:
        return max(self._procedure(node.procedure, place), self._all(node.arguments, place))

    def _unary(self, node: _Node, place: _Place) -> int:
        if node.lhs_object is not None:
            return self._all((part for pair in node.lhs_object for part in pair), place)
        return self._all(node.expressions if node.expressions is not None else (node.expression,), place)

    def _bind(self, node: _Node, place: _Place) -> int:
        name = str(node.lhs.value)
        if node.rhs.type == "lambda":
            place.bound.add(name)  # a function may call itself
        below = self.visit(node.rhs, place)
        place.bound.add(name)
        return below

    def _procedure(self, node: _Node, place: _Place) -> int:
        if node.type != "variable" or node.value in place.bound:
            return self.visit(node, place)
        self.reads.append(Read(str(node.value), called=True))
        return 0

    def _path(self, node: _Node, inside: _Place, outside: _Place) -> int:
        """Names that `@` and `#` bind hold for the rest of the path, its grouping included."""
        first, *later = node.steps
        below = self._variable(node.steps, outside) if first.type == "variable" else self._kind(first, outside)
        below = max(below, self._tail(first, inside))
        for step in later:
            below = max(below, self._kind(step, inside), self._tail(step, inside))
        return max(below, self._group(node, inside))

    def _tail(self, node: _Node, place: _Place) -> int:
        """Predicates, index binds and grouping that hang on a node."""
        place.bound.update(str(name) for name in (node.focus, node.index) if isinstance(name, str))
        below = 0
        for stage in (*(node.predicate or ()), *(node.stages or ())):
            if stage.type == "index":
                place.bound.add(str(stage.value))
            else:
                below = max(below, self.visit(stage.expr, place.inside()))
        return max(below, self._group(node, place))

    def _group(self, node: _Node, place: _Place) -> int:
        return 0 if node.group is None else self._all((part for pair in node.group.lhs_object for part in pair), place.inside())

    def _variable(self, steps: list[_Node], place: _Place) -> int:
        name = str(steps[0].value)
        if name in {"", "$"}:
            return self._context_item("$" + name, place)
        if name not in place.bound:
            self.reads.append(Read(name, _fields(steps)))
        return 0

    def _context_item(self, shown: str, place: _Place) -> int:
        if not place.nested or shown == "$$":
            self.top_level.append(shown)
        return 0


def _fields(steps: list[_Node]) -> tuple[str, ...]:
    """The plain fields that follow a path's first step."""
    fields: list[str] = []
    for before, step in pairwise(steps):
        if before.predicate or before.stages or step.type != "name":
            break
        fields.append(str(step.value))
    return tuple(fields)


def _operands(node: _Node) -> int:
    """How many operands a run of operators has, counted down its left side."""
    count = 1
    while node is not None and node.type in {"binary", "apply"} and count < COUNTED:
        count, node = count + 1, node.lhs
    return count
