"""What an expression's syntax tree tells: its references, or the first fault.

In: the stripped text. Out: `Tree` or `Fault`. The only file that knows jsonata-python's tree, which is untyped: `Any` ends here. Shapes that matter:
a token's `position` is its end; `a.b.c` is one `path` with steps; predicates hang on a step as `predicate` or `stages`; `?:` and `??` are newer than
JSONata 2.0.6 and are taken out of the parser's table. It never evaluates and never raises.
"""

import re
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from typing import Any, Final

from chalicelib.spec.functions import NULL_TOLERANT_FUNCTIONS, REFUSED_FUNCTIONS, STEP_FUNCTIONS_FUNCTIONS

MAX_DEPTH: Final = 60  # AWS's evaluator overflows near 100 nested terms; a chain of 60 operands is 60 deep
_NULL_TOLERANT_OPERATORS: Final = frozenset({"=", "!=", "and", "or", "in"})
_CONTEXT_HINT: Final = "an expression starts at a node or the input: `$node.field` or `$context.field`"
_INDEX_END: Final = re.compile(r"[ \t\r\n]*\]")

_Node = Any  # a symbol of jsonata-python's tree


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a text is no expression or no binding: `position` counts characters from 0 in the text that was given."""

    message: str
    position: int
    hint: str = ""


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


def read(text: str) -> Tree | Fault:
    root = parse_tree(text)
    if isinstance(root, Fault):
        return root
    reader = _Reader(text)
    reader.visit(root, _Place(_Frame(), _Use()))
    if reader.faults:
        return min(reader.faults, key=lambda fault: fault.position)
    return Tree(reader.references(), is_path=_is_path(root))


# --- parsing ----------------------------------------------------------------------------------------------------


class _Parsers(threading.local):
    """One parser per thread: making one costs six times what parsing with it does, and its symbols point back at it."""

    def __init__(self) -> None:
        limit = sys.getrecursionlimit()
        from jsonata.parser import Parser

        sys.setrecursionlimit(limit)  # importing jsonata raises it for the whole process
        self.parser = Parser()
        for newer in ("??", "?:"):
            del self.parser.symbol_table[newer]


_parsers: list[_Parsers] = []


def _parser() -> _Node:
    if not _parsers:
        _parsers.append(_Parsers())
    parser = _parsers[0].parser
    parser.ancestor_label = parser.ancestor_index = 0
    parser.ancestry.clear()
    return parser


def parse_tree(text: str) -> _Node | Fault:
    """jsonata-python's tree, before any rule of ours."""
    from jsonata.jexception import JException

    parser = _parser()
    try:
        return parser.parse(text)
    except JException as fault:
        return _jsonata_fault(fault, text)
    except KeyError as fault:
        return _operator_fault(str(fault.args[0]), parser.lexer.position)
    except RecursionError:
        return _TOO_DEEP
    except Exception:  # its tokenizer runs off the end of broken text in several ways
        return Fault("the expression ends too early", len(text), "close every quote, bracket and comment")


_syntax = parse_tree
_TOO_DEEP: Final = Fault(
    f"the expression is more than {MAX_DEPTH} terms deep, which AWS does not evaluate",
    0,
    "split it over several transform nodes, or use $sum, $join or $merge on an array instead of a long chain",
)


def _jsonata_fault(fault: Any, text: str) -> Fault:
    token = fault.current if fault.error in {"S0201", "S0211"} else fault.expected
    position = min(int(fault.location or 0), len(text))
    if isinstance(token, str) and text[:position].endswith(token):
        position -= len(token)  # jsonata-python tells where the token ends
    return Fault(str(fault), position)


def _operator_fault(operator: str, end: int) -> Fault:
    if operator in {"??", "?:"}:
        return Fault(f"Step Functions does not know the operator `{operator}`", end - 2, "write `$exists(x) ? x : y`")
    return Fault(f"unexpected `{operator}`", end - len(operator), "write `!=` for unequal and `$not(…)` for a negation" if operator == "!" else "")


# --- scopes -----------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Use:
    """How a value is used: as an operand here, or wherever the locals that it is bound to are (`flows_into`)."""

    operand: bool = False
    flows_into: "list[_Use]" = field(default_factory=list)

    @property
    def is_operand(self) -> bool:
        return self.operand or any(use.is_operand for use in self.flows_into)


@dataclass(slots=True)
class _Frame:
    """Local names of a block, lambda or path; `declared` are those that a block binds further down, which its lambdas may already name."""

    parent: "_Frame | None" = None
    names: dict[str, _Use] = field(default_factory=dict)
    declared: frozenset[str] = frozenset()

    def outwards(self) -> "Iterator[_Frame]":
        frame: _Frame | None = self
        while frame is not None:
            yield frame
            frame = frame.parent

    def lookup(self, name: str) -> _Use | None:
        return next((frame.names[name] for frame in self.outwards() if name in frame.names), None)

    def for_lambda(self, parameters: list[str]) -> "_Frame":
        later = {name for frame in self.outwards() for name in frame.declared if self.lookup(name) is None}
        return _Frame(self, {name: _Use() for name in (*sorted(later), *parameters)})


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a node stands: its local names, how its value is used, whether `$` and bare field names mean something here, how deep."""

    frame: _Frame
    use: _Use
    nested: bool = False
    depth: int = 1

    def inner(self, use: _Use | None = None, *, nested: bool | None = None, frame: _Frame | None = None) -> "_Place":
        return _Place(frame or self.frame, use or _Use(), self.nested if nested is None else nested, self.depth + 1)


@dataclass(frozen=True, slots=True)
class _StaticPath:
    """The part of a path that is plain fields and constant indexes: `steps` whole steps and `stages` stages of the last of them."""

    path: tuple[str | int, ...]
    end: int
    steps: int
    stages: int
    is_whole: bool = False


_NOTHING_STATIC: Final = _StaticPath((), 0, 0, 0)
_ROOT_ALONE: Final = _StaticPath((), 0, 1, 0)


# --- reading ----------------------------------------------------------------------------------------------------


class _Reader:
    """Walks the tree once in evaluation order. Collects references and faults; changes nothing else."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._found: list[tuple[Reference, _Use]] = []
        self.faults: list[Fault] = []

    def references(self) -> tuple[Reference, ...]:
        settled = (replace(reference, operand=use.is_operand) for reference, use in self._found)
        return tuple(sorted(settled, key=lambda reference: reference.start))

    def visit(self, node: _Node, place: _Place) -> None:
        """One node with the predicates and the grouping that hang on it."""
        if place.depth > MAX_DEPTH:
            self.faults.append(_TOO_DEEP)
            return
        if node.type in {"path", "variable"}:
            self._path(node, place)
            return
        followed = bool(_stages(node)) or node.group is not None
        self._visit_kind(node, replace(place, use=_Use(operand=True)) if followed else place)
        self._visit_stages(_stages(node), place)
        self._visit_group(node.group, place)

    def _visit_kind(self, node: _Node, place: _Place) -> None:
        match node.type:
            case "string" | "number" | "value" | "regex" | "operator":
                pass  # literals, and the `?` of a partial application
            case "name" | "wildcard" | "descendant" | "parent":
                self._context_item(node, place)
            case "binary":
                use = _Use(operand=str(node.value) not in _NULL_TOLERANT_OPERATORS)
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
                self.visit(node.lhs, place.inner(_Use(operand=True)))
                self.visit(node.rhs, place.inner())
            case "transform":
                parts = (part for part in (node.pattern, node.update, node.delete) if part is not None)
                self._visit_all(parts, replace(place, nested=True), _Use())
            case kind:
                self._refuse(f"Step Functions does not know `{kind}` here", node)

    def _visit_all(self, nodes: Any, place: _Place, use: _Use) -> None:
        for node in nodes:
            self.visit(node, place.inner(use))

    def _unary(self, node: _Node, place: _Place) -> None:
        match str(node.value):
            case "[":
                self._visit_all(node.expressions, place, place.use)  # an array's members are used as the array is: $sum([$a.x, $b.x])
            case "{":
                self._visit_pairs(node.lhs_object, place)
            case _:
                self.visit(node.expression, place.inner(_Use(operand=True)))

    def _visit_pairs(self, pairs: Any, place: _Place, *, nested: bool | None = None) -> None:
        for key, value in pairs:
            self.visit(key, place.inner(_Use(operand=True), nested=nested))
            self.visit(value, place.inner(nested=nested))

    def _visit_group(self, group: _Node | None, place: _Place) -> None:
        if group is not None:
            self._visit_pairs(group.lhs_object, place, nested=True)

    def _visit_stages(self, stages: list[_Node], place: _Place) -> None:
        for stage in stages:
            if stage.type == "index":
                place.frame.names[str(stage.value)] = _Use()
            else:
                self.visit(stage.expr, place.inner(nested=True))

    def _scope(self, node: _Node, place: _Place) -> None:
        match node.type:
            case "lambda":
                frame = place.frame.for_lambda([str(argument.value) for argument in node.arguments])
                self.visit(node.body, place.inner(frame=frame))
            case "block":
                self._block(node, place)
            case _:
                self._bind(node, place)

    def _block(self, node: _Node, place: _Place) -> None:
        declared = frozenset(str(part.lhs.value) for part in node.expressions if part.type == "bind")
        frame = _Frame(place.frame, declared=declared)
        for part in node.expressions:
            self.visit(part, place.inner(place.use if part is node.expressions[-1] else None, frame=frame))

    def _bind(self, node: _Node, place: _Place) -> None:
        """`$x := value`: how the value is used is how `$x` is used further on."""
        use = _Use(flows_into=[place.use])
        name = str(node.lhs.value)
        if node.rhs.type == "lambda":
            place.frame.names[name] = use  # a function may call itself
        self.visit(node.rhs, place.inner(use))
        place.frame.names[name] = use

    def _call(self, node: _Node, place: _Place) -> None:
        procedure = node.procedure
        name = str(procedure.value) if procedure.type == "variable" else ""
        if procedure.type == "path" and procedure.steps[0].type == "name":
            called = str(procedure.steps[0].value)
            self._refuse(f"`{called}` is no function", procedure.steps[0], f"function names start with `$`: `${called}(…)`")
        elif not name or place.frame.lookup(name) is not None:
            self.visit(procedure, place.inner())
        else:
            self._known_function(procedure, name)
        self._visit_all(node.arguments, place, _Use(operand=name not in NULL_TOLERANT_FUNCTIONS))

    def _known_function(self, node: _Node, name: str) -> None:
        if name in REFUSED_FUNCTIONS:
            self._refuse(f"Step Functions has no `${name}`", node)
        elif name not in STEP_FUNCTIONS_FUNCTIONS:
            near = get_close_matches(name, sorted(STEP_FUNCTIONS_FUNCTIONS), n=1)
            self._refuse(f"there is no function `${name}`", node, f"did you mean `${near[0]}`?" if near else "")

    # --- paths ---------------------------------------------------------------------------------------------------

    def _path(self, node: _Node, place: _Place) -> None:
        """Steps in order: what the root's static path covers is read with it, the rest is visited with a context item in reach."""
        steps = node.steps if node.type == "path" else [node]
        inside = place.inner(frame=_Frame(place.frame), nested=True)
        first = place if len(steps) == 1 else replace(place, use=_Use(operand=True))
        done = self._root(steps, node.group, place) if steps[0].type == "variable" else _NOTHING_STATIC
        for index, step in enumerate(steps):
            if index >= done.steps:
                self._step(step, inside if index else first)
            self._bind_position(step, inside.frame)
            covered = done.stages if index == done.steps - 1 else 0
            self._visit_stages(_stages(step)[covered:] if index >= done.steps - 1 else [], inside)
        self._visit_group(node.group, inside)

    def _step(self, step: _Node, place: _Place) -> None:
        match step.type:
            case "variable":
                self._root([step], step.group, place)
            case "sort":
                for term in step.terms:
                    self.visit(term.expression, place.inner(_Use(operand=True)))
            case _:
                self._visit_kind(step, place)
        self._visit_group(step.group, place)

    def _bind_position(self, step: _Node, frame: _Frame) -> None:
        """`@$v` and `#$i` name things for the rest of the path."""
        for name in (step.focus, step.index):
            if isinstance(name, str):
                frame.names[name] = _Use()

    def _root(self, steps: list[_Node], group: _Node | None, place: _Place) -> _StaticPath:
        """The path's first step is a variable: a reference, a local, a function or the context item."""
        name = str(steps[0].value)
        static = _static_path(steps, self._text, grouped=group is not None)
        use = place.use if static.is_whole else _Use(operand=True)
        local = place.frame.lookup(name)
        if local is not None:
            local.flows_into.append(use)
        elif self._names_a_root(steps[0], name, place):
            start = int(steps[0].position) - len(name) - 1
            self._found.append((Reference(name, static.path, start, static.end, operand=False), use))
            return static
        return _ROOT_ALONE

    def _names_a_root(self, node: _Node, name: str, place: _Place) -> bool:
        if name == "":
            self._context_item(node, place)
        elif name == "$":
            self._refuse("`$$` means nothing in Step Functions", node, _CONTEXT_HINT)
        elif name == "states":
            self._refuse("`$states` belongs to the engine", node, "the run's input is `$context`, a node's output is `$node_id`")
        elif name in REFUSED_FUNCTIONS:
            self._known_function(node, name)
        else:
            return name not in STEP_FUNCTIONS_FUNCTIONS
        return False

    def _context_item(self, node: _Node, place: _Place) -> None:
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


def _stages(step: _Node) -> list[_Node]:
    return [*(step.predicate or ()), *(step.stages or ())]


def _static_path(steps: list[_Node], text: str, *, grouped: bool) -> _StaticPath:
    """How far fields and constant indexes reach without a gap in the text (a grouping may stand between two steps)."""
    path: list[str | int] = []
    end = int(steps[0].position)
    limit = text.find("{", end) if grouped else len(text)
    for index, step in enumerate(steps):
        if index and (step.type != "name" or step.ancestor is not None or int(step.position) > limit):
            return _StaticPath(tuple(path), end, index, len(_stages(steps[index - 1])))
        if index:
            path.append(str(step.value))
            end = int(step.position)
        if step.focus is not None or isinstance(step.index, str) or step.keep_array:
            return _StaticPath(tuple(path), end, index + 1, 0)
        for count, stage in enumerate(_stages(step)):
            closing = _index_end(stage, text)
            if closing is None or closing > limit:
                return _StaticPath(tuple(path), end, index + 1, count)
            path.append(int(stage.expr.value))
            end = closing
    return _StaticPath(tuple(path), end, len(steps), len(_stages(steps[-1])), is_whole=not grouped)


def _index_end(stage: _Node, text: str) -> int | None:
    """Where `[3]` ends, if that is what the stage is."""
    if stage.type != "filter" or stage.expr.type != "number" or not isinstance(stage.expr.value, int):
        return None
    closing = _INDEX_END.match(text, int(stage.expr.position))
    return closing.end() if closing else None


def _is_path(node: _Node) -> bool:
    steps = node.steps if node.type == "path" else [node]
    plain = all(step.type in {"name", "wildcard"} and step.group is None for step in steps[1:])
    return steps[0].type == "variable" and plain and node.group is None
