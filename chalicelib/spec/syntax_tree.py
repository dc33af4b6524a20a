"""What an expression's syntax tree tells: its references, or the first fault.

In: the stripped text. Out: `Tree` or `Fault`. The tree is jsonata-python's and untyped: `Any` ends here. It never evaluates and never raises.
"""

from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Any, Final

from chalicelib.spec.functions import NULL_TOLERANT_FUNCTIONS, REFUSED_FUNCTIONS, STEP_FUNCTIONS_FUNCTIONS
from chalicelib.spec.local_names import Frame, Place, Use
from chalicelib.spec.nothing import may_be_nothing
from chalicelib.spec.parse_tree import MAX_DEPTH, TOO_DEEP, Fault, parse_tree
from chalicelib.spec.static_path import NOTHING_STATIC, ROOT_ALONE, StaticPath, stages_of, static_path

__all__ = ["MAX_DEPTH", "Fault", "Reference", "Tree", "parse_tree", "read"]

_NULL_TOLERANT_OPERATORS: Final = frozenset({"=", "!=", "and", "or", "in"})
_CONTEXT_HINT: Final = "an expression starts at a node or the input: `$node.field` or `$context.field`"

_Node = Any  # a symbol of jsonata-python's tree


@dataclass(frozen=True, slots=True)
class Reference:
    """A read of `$root` and the static `path` after it; `text[start:end]` is exactly that path.

    `operand`: a null read here has to become undefined: it stands as an operand of an order comparison, of arithmetic, of `&` or `..`, as an
    argument of a function, as a sort key, or before a step that is no plain field. Otherwise it is a whole value, a member, an operand of
    `=` or `!=`, or a condition.
    """

    root: str
    path: tuple[str | int, ...]
    start: int
    end: int
    operand: bool


@dataclass(frozen=True, slots=True)
class Tree:
    references: tuple[Reference, ...]
    is_path: bool
    may_be_nothing: bool


def read(text: str) -> Tree | Fault:
    root = parse_tree(text)
    if isinstance(root, Fault):
        return root
    reader = _Reader(text)
    reader.visit(root, Place(Frame(), Use()))
    if reader.faults:
        return min(reader.faults, key=lambda fault: fault.position)
    return Tree(reader.references(), is_path=_is_path(root), may_be_nothing=may_be_nothing(root, text))


class _Reader:
    """Walks the tree once in evaluation order. Collects references and faults; changes nothing else."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._found: list[tuple[Reference, Use]] = []
        self.faults: list[Fault] = []

    def references(self) -> tuple[Reference, ...]:
        settled = (replace(reference, operand=use.is_operand) for reference, use in self._found)
        return tuple(sorted(settled, key=lambda reference: reference.start))

    def visit(self, node: _Node, place: Place) -> None:
        """One node with the predicates and the grouping that hang on it."""
        if place.depth > MAX_DEPTH:
            self.faults.append(TOO_DEEP)
            return
        if node.type in {"path", "variable"}:
            self._path(node, place)
            return
        followed = bool(stages_of(node)) or node.group is not None
        self._visit_kind(node, replace(place, use=Use(operand=True)) if followed else place)
        self._visit_stages(stages_of(node), place)
        self._visit_group(node.group, place)

    def _visit_kind(self, node: _Node, place: Place) -> None:
        match node.type:
            case "string" | "number" | "value" | "regex" | "operator":
                pass  # literals, and the `?` of a partial application
            case "name" | "wildcard" | "descendant" | "parent":
                self._context_item(node, place)
            case "binary":
                use = Use(operand=str(node.value) not in _NULL_TOLERANT_OPERATORS)
                self._visit_all((node.lhs, node.rhs), place, use)
            case "unary":
                self._unary(node, place)
            case "function" | "partial":
                self._call(node, place)
            case "lambda" | "block" | "bind":
                self._scope(node, place)
            case "condition":
                self.visit(node.condition, place.inner())
                branches = (node.then, node._else)  # noqa: SLF001 (so the library names it)
                self._visit_all((branch for branch in branches if branch is not None), place, place.use)
            case "apply":
                self.visit(node.lhs, place.inner(Use(operand=True)))
                self.visit(node.rhs, place.inner())
            case "transform":
                parts = (part for part in (node.pattern, node.update, node.delete) if part is not None)
                self._visit_all(parts, replace(place, nested=True), Use())
            case kind:
                self._refuse(f"Step Functions does not know `{kind}` here", node)

    def _visit_all(self, nodes: Any, place: Place, use: Use) -> None:
        for node in nodes:
            self.visit(node, place.inner(use))

    def _unary(self, node: _Node, place: Place) -> None:
        match str(node.value):
            case "[":
                self._visit_all(node.expressions, place, place.use)  # an array's members are used as the array is: $sum([$a.x, $b.x])
            case "{":
                self._visit_pairs(node.lhs_object, place)
            case _:
                self.visit(node.expression, place.inner(Use(operand=True)))

    def _visit_pairs(self, pairs: Any, place: Place, *, nested: bool | None = None) -> None:
        for key, value in pairs:
            self.visit(key, place.inner(Use(operand=True), nested=nested))
            self.visit(value, place.inner(nested=nested))

    def _visit_group(self, group: _Node | None, place: Place) -> None:
        if group is not None:
            self._visit_pairs(group.lhs_object, place, nested=True)

    def _visit_stages(self, stages: list[_Node], place: Place) -> None:
        for stage in stages:
            if stage.type == "index":
                place.frame.names[str(stage.value)] = Use()
            else:
                self.visit(stage.expr, place.inner(nested=True))

    def _scope(self, node: _Node, place: Place) -> None:
        match node.type:
            case "lambda":
                frame = place.frame.for_lambda([str(argument.value) for argument in node.arguments])
                self.visit(node.body, place.inner(frame=frame))
            case "block":
                self._block(node, place)
            case _:
                self._bind(node, place)

    def _block(self, node: _Node, place: Place) -> None:
        declared = frozenset(str(part.lhs.value) for part in node.expressions if part.type == "bind")
        frame = Frame(place.frame, declared=declared)
        for part in node.expressions:
            self.visit(part, place.inner(place.use if part is node.expressions[-1] else None, frame=frame))

    def _bind(self, node: _Node, place: Place) -> None:
        """`$x := value`: how the value is used is how `$x` is used further on."""
        use = Use(flows_into=[place.use])
        name = str(node.lhs.value)
        if node.rhs.type == "lambda":
            place.frame.names[name] = use  # a function may call itself
        self.visit(node.rhs, place.inner(use))
        place.frame.names[name] = use

    def _call(self, node: _Node, place: Place) -> None:
        procedure = node.procedure
        name = str(procedure.value) if procedure.type == "variable" else ""
        if procedure.type == "path" and procedure.steps[0].type == "name":
            called = str(procedure.steps[0].value)
            self._refuse(f"`{called}` is no function", procedure.steps[0], f"function names start with `$`: `${called}(…)`")
        elif not name or place.frame.lookup(name) is not None:
            self.visit(procedure, place.inner())
        else:
            self._known_function(procedure, name)
        self._visit_all(node.arguments, place, Use(operand=name not in NULL_TOLERANT_FUNCTIONS))

    def _known_function(self, node: _Node, name: str) -> None:
        if name in REFUSED_FUNCTIONS:
            self._refuse(f"Step Functions has no `${name}`", node)
        elif name not in STEP_FUNCTIONS_FUNCTIONS:
            near = get_close_matches(name, sorted(STEP_FUNCTIONS_FUNCTIONS), n=1)
            self._refuse(f"there is no function `${name}`", node, f"did you mean `${near[0]}`?" if near else "")

    # --- paths ---------------------------------------------------------------------------------------------------

    def _path(self, node: _Node, place: Place) -> None:
        """Steps in order: what the root's static path covers is read with it, the rest is visited with a context item in reach."""
        steps = node.steps if node.type == "path" else [node]
        inside = place.inner(frame=Frame(place.frame), nested=True)
        first = place if len(steps) == 1 else replace(place, use=Use(operand=True))
        done = self._root(steps, node.group, place) if steps[0].type == "variable" else NOTHING_STATIC
        for index, step in enumerate(steps):
            if index >= done.steps:
                self._step(step, inside if index else first)
            self._bind_position(step, inside.frame)
            covered = done.stages if index == done.steps - 1 else 0
            self._visit_stages(stages_of(step)[covered:] if index >= done.steps - 1 else [], inside)
        self._visit_group(node.group, inside)

    def _step(self, step: _Node, place: Place) -> None:
        match step.type:
            case "variable":
                self._root([step], step.group, place)
            case "sort":
                for term in step.terms:
                    self.visit(term.expression, place.inner(Use(operand=True)))
            case _:
                self._visit_kind(step, place)
        self._visit_group(step.group, place)

    def _bind_position(self, step: _Node, frame: Frame) -> None:
        """`@$v` and `#$i` name things for the rest of the path."""
        for name in (step.focus, step.index):
            if isinstance(name, str):
                frame.names[name] = Use()

    def _root(self, steps: list[_Node], group: _Node | None, place: Place) -> StaticPath:
        """The path's first step is a variable: a reference, a local, a function or the context item."""
        name = str(steps[0].value)
        static = static_path(steps, self._text, grouped=group is not None)
        use = place.use if static.is_whole else Use(operand=True)
        local = place.frame.lookup(name)
        if local is not None:
            local.flows_into.append(use)
        elif self._names_a_root(steps[0], name, place):
            start = int(steps[0].position) - len(name) - 1
            self._found.append((Reference(name, static.path, start, static.end, operand=False), use))
            return static
        return ROOT_ALONE

    def _names_a_root(self, node: _Node, name: str, place: Place) -> bool:
        if name == "":
            self._context_item(node, place)
        elif name == "$":
            self._refuse("`$$` means nothing in Step Functions", node, _CONTEXT_HINT)
        elif name == "states":
            self._refuse("`$states` belongs to the engine", node, "the run's input is `$context`, a node's output is `$node_id`")
        elif name in REFUSED_FUNCTIONS:
            self._known_function(node, name)
        elif not name.isidentifier():
            self._refuse(
                f"`${name}` is no reference", node, "names have letters, digits and `_`; a literal dollar sign at the start of a string is `$$`"
            )
        else:
            return name not in STEP_FUNCTIONS_FUNCTIONS
        return False

    def _context_item(self, node: _Node, place: Place) -> None:
        if not place.nested:
            shown = {"name": node.value, "wildcard": "*", "descendant": "**", "parent": "%"}.get(node.type, "$")
            named = f"write `$node.{shown}` or `$context.{shown}`, and a text in quotes: '{shown}'"
            self._refuse(f"`{shown}` has nothing to refer to here", node, named if node.type == "name" else _CONTEXT_HINT)

    def _refuse(self, message: str, node: _Node, hint: str = "") -> None:
        self.faults.append(Fault(message, _start(node), hint))


def _start(node: _Node) -> int:
    """Where a token starts, as near as the tree tells: it knows its end."""
    width = len(str(node.value)) + (node.type == "variable") if node.type in {"name", "variable"} else 1
    return max(int(node.position) - width, 0)


def _is_path(node: _Node) -> bool:
    steps = node.steps if node.type == "path" else [node]
    plain = all(step.type in {"name", "wildcard"} and step.group is None for step in steps[1:])
    return steps[0].type == "variable" and plain and node.group is None
