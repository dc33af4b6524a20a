"""Whether an expression may come out as nothing (JSONata's undefined) although all that it reads is there.

In: a syntax tree. Out: `may_be_nothing`. A predicate may match nothing, a condition may lack its other branch, `$lookup` may not find. Step
Functions fails a state whose field comes out as nothing, so such an expression has to be guarded as a whole. What is not known may be nothing.
"""

from collections.abc import Iterable
from typing import Any, Final

from chalicelib.spec.static_path import stages_of, static_path

_TOTAL_OPERATORS: Final = frozenset({"=", "!=", "and", "or", "in", "&"})
_ALWAYS_A_VALUE: Final = frozenset({"count", "exists", "millis", "now", "random", "uuid"})
_NAMES: Final = """
abs base64decode base64encode boolean ceil contains decodeUrl decodeUrlComponent encodeUrl encodeUrlComponent floor formatBase formatInteger
formatNumber fromMillis hash join length lowercase not number pad parse parseInteger power replace round split sqrt string substring
substringAfter substringBefore sum toMillis trim type uppercase
"""
_VALUE_OF_VALUES: Final = frozenset(_NAMES.split())  # nothing exactly where an argument is nothing


def may_be_nothing(node: Any, text: str, local: frozenset[str] = frozenset()) -> bool:
    """`local`: the names bound around the node; what they hold is not followed."""
    if node.type in {"path", "variable"}:
        return not _is_read(node, text, local)
    if stages_of(node) or node.group is not None:
        return True
    match node.type:
        case "string" | "number" | "value":
            return False
        case "binary":
            return node.value not in _TOTAL_OPERATORS and _any((node.lhs, node.rhs), text, local)
        case "unary":
            return str(node.value) == "-" and may_be_nothing(node.expression, text, local)
        case "condition":
            other = node._else  # noqa: SLF001 (so the library names it)
            return other is None or _any((node.then, other), text, local)
        case "block":
            bound = frozenset(str(part.lhs.value) for part in node.expressions if part.type == "bind")
            return not node.expressions or may_be_nothing(node.expressions[-1], text, local | bound)
        case "function":
            return _call(node, node.arguments, text, local)
        case "apply":
            return _applied(node, text, local)
        case _:
            return True


def _is_read(node: Any, text: str, local: frozenset[str]) -> bool:
    """A plain read; whether that may be absent the compiler knows."""
    steps = node.steps if node.type == "path" else [node]
    if steps[0].type != "variable" or str(steps[0].value) in local:
        return False
    return static_path(steps, text, grouped=node.group is not None).is_whole


def _any(nodes: Iterable[Any], text: str, local: frozenset[str]) -> bool:
    return any(may_be_nothing(node, text, local) for node in nodes)


def _call(node: Any, arguments: Iterable[Any], text: str, local: frozenset[str]) -> bool:
    name = str(node.procedure.value) if node.procedure.type == "variable" else ""
    if name in _ALWAYS_A_VALUE - local:
        return False
    given = [argument for argument in arguments if argument.type != "regex"]
    return name not in _VALUE_OF_VALUES - local or _any(given, text, local)


def _applied(node: Any, text: str, local: frozenset[str]) -> bool:
    """`a ~> $f` and `a ~> $f(b)`."""
    function = node.rhs
    if function.type == "variable":
        return str(function.value) not in _VALUE_OF_VALUES - local or may_be_nothing(node.lhs, text, local)
    return function.type != "function" or _call(function, [node.lhs, *function.arguments], text, local)
