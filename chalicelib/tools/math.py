"""The tool `math`: arithmetic on named values.

In: `{expression, values}`. Out: `{value}`, a finite number. The expression is parsed by Python's own parser and then walked here; only numbers,
names of the values, + - * / % **, and the functions of `_FUNCTIONS` are let in, with limits on size, depth and powers. Nothing is ever evaluated
by Python.
"""

import ast
import math
import operator
from collections.abc import Callable, Mapping
from typing import Final

from chalicelib.spec.model import Json, JsonObject
from chalicelib.tools.failures import ArgumentsInvalid, CalculationFailed
from chalicelib.tools.tool import Surroundings, Tool

MAX_LENGTH: Final = 2_000
MAX_NODES: Final = 500
MAX_POWER: Final = 1_000
MAX_DIGITS: Final = 300
Number = int | float


def _round(value: Number, digits: Number = 0) -> Number:
    """Half to even, as the statisticians and Python do; whole numbers come out whole."""
    result = round(value, int(digits))
    return int(result) if int(digits) <= 0 else result


_OPERATORS: Final[Mapping[type[ast.operator], Callable[[Number, Number], Number]]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
}
_FUNCTIONS: Final[Mapping[str, tuple[Callable[..., Number], int, int]]] = {  # name -> function, fewest and most arguments
    "min": (min, 2, 50),
    "max": (max, 2, 50),
    "abs": (abs, 1, 1),
    "round": (_round, 1, 2),
    "floor": (math.floor, 1, 1),
    "ceil": (math.ceil, 1, 1),
    "sqrt": (math.sqrt, 1, 1),
}


def math_tool() -> Tool:
    return Tool("math", _run)


def _run(arguments: JsonObject, _surroundings: Surroundings) -> Json:
    values = arguments.get("values") or {}
    return {"value": calculate(str(arguments["expression"]), _numbers(values))}


def calculate(expression: str, values: Mapping[str, Number]) -> Number:
    """The expression's value. Raises ArgumentsInvalid for what is no arithmetic, CalculationFailed for what has no result."""
    tree = _parse(expression)
    try:
        result = _value(tree, values)
    except ZeroDivisionError as error:
        raise CalculationFailed("division by zero") from error
    except (OverflowError, ValueError) as error:
        raise CalculationFailed("the result is no number, or too large") from error
    return _checked(result)


def _parse(expression: str) -> ast.expr:
    if len(expression) > MAX_LENGTH:
        raise ArgumentsInvalid(f"the expression is longer than {MAX_LENGTH} characters")
    try:
        tree = ast.parse(expression.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise ArgumentsInvalid("the expression cannot be read as arithmetic") from error
    if sum(1 for _ in ast.walk(tree)) > MAX_NODES:
        raise ArgumentsInvalid("the expression has too many parts")
    return tree


def _value(node: ast.expr, values: Mapping[str, Number]) -> Number:
    match node:
        case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
            return _checked(number)
        case ast.Name(id=name) if name in values:
            return values[name]
        case ast.Name(id=name):
            raise ArgumentsInvalid(f"the expression names {name}, which the values do not have")
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_value(operand, values)
        case ast.UnaryOp(op=ast.UAdd(), operand=operand):
            return _value(operand, values)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
            return _combined(op, _value(left, values), _value(right, values))
        case ast.Call(func=ast.Name(id=name), args=given, keywords=[]) if name in _FUNCTIONS:
            return _called(name, [_value(argument, values) for argument in given])
        case _:
            raise ArgumentsInvalid("the expression may hold numbers, names of values, + - * / % **, min, max, abs, round, floor, ceil and sqrt")


def _combined(op: ast.operator, left: Number, right: Number) -> Number:
    if isinstance(op, ast.Pow) and (abs(right) > MAX_POWER or abs(left) > 1e100):
        raise CalculationFailed("the power is too large")
    result = _OPERATORS[type(op)](left, right)
    if isinstance(result, complex):
        raise CalculationFailed("the result is no real number")
    return _checked(result)


def _called(name: str, given: list[Number]) -> Number:
    function, fewest, most = _FUNCTIONS[name]
    if not fewest <= len(given) <= most:
        raise ArgumentsInvalid(f"{name} takes {fewest if fewest == most else f'{fewest} to {most}'} arguments")
    return _checked(function(*given))


def _checked(number: Number) -> Number:
    """A number of a size that JSON readers can hold."""
    if isinstance(number, float) and not math.isfinite(number):
        raise CalculationFailed("the result is no number, or too large")
    if isinstance(number, int) and abs(number) >= 10**MAX_DIGITS:
        raise CalculationFailed("the result is too large")
    return number


def _numbers(values: Json) -> dict[str, Number]:
    if not isinstance(values, dict):
        raise ArgumentsInvalid("values is an object of numbers")
    return {name: value for name, value in values.items() if isinstance(value, int | float) and not isinstance(value, bool)}
