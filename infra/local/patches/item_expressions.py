"""Faults of moto's expressions for items that are no faults of behaviour: what is parsed, copied and walked anew for each call.

In: moto's parsers of update and condition expressions. Out: `PATCHES`. Nothing that a caller can see changes.
Parsed expressions are kept by their text and names; the values of a call are bound when it is made.
"""

from collections.abc import Callable, Hashable
from functools import lru_cache
from typing import Any, Final

from moto.dynamodb.comparisons import AttributeValue, ConditionExpressionParser, OpDefault
from moto.dynamodb.parsing.ast_nodes import DepthFirstTraverser, Expression, Node, UpdateExpressionFunction
from moto.dynamodb.parsing.expressions import UpdateExpressionParser

from infra.local.patches.patch import Patch, Replacement

_KEPT: Final = 1024  # expressions


# --- update expressions --------------------------------------------------------------------------------------------

_make = UpdateExpressionParser.make.__func__


@lru_cache(maxsize=_KEPT)
def _parsed_update(cls: Any, expression_str: str) -> Any:
    """Whoever changes the tree copies it first."""
    return _make(cls, expression_str)


def _make_once(cls: Any, expression_str: str) -> Any:
    return _parsed_update(cls, expression_str)


def _copied_tree(self: Any, _memo: Any = None) -> Any:
    twin = object.__new__(type(self))
    twin.type, twin.parent = self.type, None
    twin.children = self.children and [_copied_tree(child) if isinstance(child, Node) else child for child in self.children]
    for child in twin.children or ():
        if isinstance(child, Node):
            child.parent = twin
    return twin


def _traverse(self: Any, node: Any, child_id: int = -1) -> Any:
    """The same order of the same calls; which of its handlers takes a class of nodes is looked up once."""
    if not isinstance(node, Node):
        return node
    handlers = self._processing_map()
    hear = None if type(self).pre_processing_of_child is DepthFirstTraverser.pre_processing_of_child else self.pre_processing_of_child
    return _walked(node, child_id, handlers, hear)


def _walked(node: Any, child_id: int, handlers: dict[type, Callable[[Any], Any]], hear: Callable[[Any, int], None] | None) -> Any:
    parent = node.parent
    for number, child in enumerate(node.children or ()):
        if hear is not None:
            hear(node, number)
        if isinstance(child, Node):
            _walked(child, number, handlers, hear)
    kind: Any = type(node)
    handled_as = _first_base(kind, *handlers)
    if handled_as is None:
        return node
    new = handlers[handled_as](node)
    new.parent = parent
    if parent:
        parent.children[child_id] = new
    return new


@lru_cache(maxsize=_KEPT)
def _first_base(kind: Hashable, *bases: Hashable) -> Any:
    """The first of the classes that a class is of."""
    return next((base for base in bases if issubclass(kind, base)), None)  # type: ignore[arg-type]


def _find_clauses(self: Any, clause_types: list[type]) -> list[Any]:
    found: list[Any] = []
    _add_clauses(self, clause_types, found)
    return found


def _add_clauses(node: Any, wanted: list[type], found: list[Any]) -> None:
    for child in node.children or ():
        kind: Any = type(child)
        if kind in wanted:
            found.append(child)
        elif _first_base(kind, Expression, UpdateExpressionFunction) is not None:
            _add_clauses(child, wanted, found)


# --- conditions ----------------------------------------------------------------------------------------------------

_parse = ConditionExpressionParser.parse
_make_operand = ConditionExpressionParser._make_operand  # noqa: SLF001


class _Unbound(dict[str, str]):
    """Stands for the values while an expression is parsed: each by its own name."""

    def __missing__(self, name: str) -> str:
        return name


@lru_cache(maxsize=_KEPT)
def _parsed_condition(expression: str, names: frozenset[tuple[str, str]] | None) -> tuple[Any, list[str], list[str]]:
    """The tree, and the names and values that it asks for."""
    parser = _Remembering(expression, None if names is None else dict(names), _Unbound())
    _parse(parser)
    return parser.tree, parser.expr_attr_names_found, parser.expr_attr_values_found


class _Remembering(ConditionExpressionParser):  # type: ignore[misc] # moto is untyped
    """Keeps the tree in place of what is made of it."""

    tree: Any = None

    def _make_op_condition(self, node: Any) -> None:
        self.tree = node


def _parse_condition(self: Any) -> Any:
    if not self.condition_expression:
        return OpDefault(None, None)
    names = self.expression_attribute_names
    tree, names_found, values_found = _parsed_condition(self.condition_expression, None if names is None else frozenset(names.items()))
    for name in values_found:
        self._lookup_expression_attribute_value(name)
    self.expr_attr_names_found.extend(names_found)
    self.expr_attr_values_found.extend(values_found)
    return self._make_op_condition(tree)


def _bound_operand(self: Any, node: Any) -> Any:
    if node.kind == self.Kind.EXPRESSION_ATTRIBUTE_VALUE:
        return AttributeValue(self._lookup_expression_attribute_value(node.text))
    return _make_operand(self, node)


PATCHES: Final = (
    Patch(
        "updates_parsed_once",
        "An update expression is parsed twice for each call, its tree copied and walked ten times with a question about each node's class: "
        "a third of what a transaction takes.",
        (
            Replacement(UpdateExpressionParser, "make", classmethod(_make_once)),
            Replacement(Node, "__deepcopy__", _copied_tree),
            Replacement(Node, "find_clauses", _find_clauses),
            Replacement(DepthFirstTraverser, "traverse_node_recursively", _traverse),
        ),
    ),
    Patch(
        "conditions_parsed_once",
        "A condition is parsed up to three times for each call, with six expressions compiled for each of its words.",
        (
            Replacement(ConditionExpressionParser, "parse", _parse_condition),
            Replacement(ConditionExpressionParser, "_make_operand", _bound_operand),
        ),
    ),
)
