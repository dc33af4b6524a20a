"""Which JSON types an expression may give, as far as its syntax alone tells.

In: the text of a sound expression. Out: JSON Schema's type names; all of them where the syntax does not tell. What a reference gives is not asked.
"""

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final

from chalicelib.spec.schema_fields import ALL_TYPES
from chalicelib.spec.syntax_tree import Fault, parse_tree

_Node = Any  # a symbol of jsonata-python's tree, which is untyped
_BOOLEAN: Final = frozenset({"boolean"})
_NUMBER: Final = frozenset({"number"})
_STRING: Final = frozenset({"string"})
_ARRAY: Final = frozenset({"array"})
_OBJECT: Final = frozenset({"object"})

_OPERATORS: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        **dict.fromkeys(("=", "!=", "<", "<=", ">", ">=", "and", "or", "in"), _BOOLEAN),
        **dict.fromkeys(("+", "-", "*", "/", "%"), _NUMBER),
        "&": _STRING,
        "..": _ARRAY,
    }
)
_PREFIXES: Final[Mapping[str, frozenset[str]]] = MappingProxyType({"[": _ARRAY, "{": _OBJECT, "-": _NUMBER})
_FUNCTIONS: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        **dict.fromkeys(("boolean", "contains", "exists", "not"), _BOOLEAN),
        **dict.fromkeys(("average", "count", "max", "min", "sum", "length", "abs", "ceil", "floor", "number", "parseInteger", "power"), _NUMBER),
        **dict.fromkeys(("round", "sqrt", "millis", "toMillis", "random"), _NUMBER),
        **dict.fromkeys(("base64decode", "base64encode", "decodeUrl", "decodeUrlComponent", "encodeUrl", "encodeUrlComponent", "join"), _STRING),
        **dict.fromkeys(("lowercase", "uppercase", "pad", "replace", "string", "substring", "substringAfter", "substringBefore"), _STRING),
        **dict.fromkeys(("trim", "formatBase", "formatInteger", "formatNumber", "fromMillis", "now", "type", "hash", "uuid"), _STRING),
        **dict.fromkeys(("split", "shuffle", "range", "partition", "zip"), _ARRAY),
        "merge": _OBJECT,
    }
)


@lru_cache(maxsize=8192)
def result_types(text: str) -> frozenset[str]:
    tree = parse_tree(text)
    return ALL_TYPES if isinstance(tree, Fault) else _types(tree)


def _types(node: _Node) -> frozenset[str]:
    if node.predicate or node.stages or node.group is not None:
        return ALL_TYPES
    match node.type:
        case "string":
            return _STRING
        case "number":
            return _NUMBER
        case "value":
            return frozenset({"null"}) if node.value is None else _BOOLEAN
        case "binary":
            return _OPERATORS.get(str(node.value), ALL_TYPES)
        case "unary":
            return _PREFIXES.get(str(node.value), ALL_TYPES)
        case "function":
            return _of_function(node.procedure)
        case "apply":
            return _of_function(node.rhs.procedure if node.rhs.type == "function" else node.rhs)
        case "block":
            return _types(node.expressions[-1]) if node.expressions else ALL_TYPES
        case "bind":
            return _types(node.rhs)
        case "condition":
            return _of_branches([node.then, node._else])  # noqa: SLF001 (so the library names it)
        case _:
            return ALL_TYPES


def _of_function(procedure: _Node) -> frozenset[str]:
    return _FUNCTIONS.get(str(procedure.value), ALL_TYPES) if procedure.type == "variable" else ALL_TYPES


def _of_branches(branches: list[_Node | None]) -> frozenset[str]:
    return frozenset[str]().union(*(_types(branch) for branch in branches if branch is not None))
