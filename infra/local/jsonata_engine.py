"""JSONata as Step Functions evaluates it, on jsonata-python.

In: an expression without `{% %}` and its variables as JSON values. Out: a JSON value, or `EvaluationFault` with AWS's wording.
Never re-declares variables as text: they are bound by value. Undefined is a fault, null is a value. Expressions are parsed once.

Sources: Step Functions Developer Guide, "Transforming data with JSONata" (the added functions, what fails); the ceilings are those measured on AWS.
"""

import hashlib
import json
import random
import threading
import uuid
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, Final

from jsonata import JException, Jsonata, Parser, Utils

TIMEOUT_MILLISECONDS: Final = 1000
MAX_DEPTH: Final = 100  # AWS: a chain of 99 terms passes, one of 101 does not
_NULL: Final = Utils.NULL_VALUE
_RESOURCE_CODES: Final = {"D1011": "Stack overflow error", "D1012": "Expression evaluation timeout"}
_HASHES: Final = {"MD5": "md5", "SHA-1": "sha1", "SHA-256": "sha256", "SHA-384": "sha384", "SHA-512": "sha512"}
_evaluating = threading.Lock()  # syntax trees are shared between threads, the library keeps its state in them


class EvaluationFault(Exception):  # noqa: N818 # named for what Step Functions calls it: the evaluation's fault, not ours
    """What AWS reports as States.QueryEvaluationError; the text goes after "The JSONata expression '…' "."""


class ParsedExpression:
    """A syntax tree and the names of the variables it reads (functions included)."""

    def __init__(self, text: str) -> None:
        self.program: Any = Jsonata(text)
        self.program.set_output_convert_nulls(False)
        self.program.set_validate_input(False)
        self.variables = frozenset(_variables(self.program.ast))


@lru_cache(maxsize=8192)
def parsed(text: str) -> ParsedExpression:
    """The expression's tree, from the cache; a syntax error is a fault."""
    try:
        with _evaluating:
            return ParsedExpression(text)
    except JException as error:
        raise EvaluationFault(f"could not be parsed. {_text(error)}") from error


def evaluate(text: str, variables: Mapping[str, Any]) -> Any:
    """The value of `text`; `variables` by name without `$`, only those that it reads are looked at."""
    expression = parsed(text)
    bindings = {name: to_jsonata(variables[name]) for name in expression.variables if name in variables}
    try:
        with _evaluating:
            result = _run(expression.program, {**_FUNCTIONS, **bindings})
    except JException as error:
        raise EvaluationFault(_RESOURCE_CODES.get(error.error) or f"threw an error during evaluation. {_text(error)}") from error
    except RecursionError as error:
        raise EvaluationFault("Stack overflow error") from error
    except EvaluationFault:
        raise
    except Exception as error:  # the library's own slips (TypeError, ValueError…) are evaluation errors to the machine
        raise EvaluationFault(f"threw an error during evaluation. {type(error).__name__}: {error}") from error
    if result is None:
        raise EvaluationFault("returned nothing (undefined).")
    return from_jsonata(result)


def to_jsonata(value: Any) -> Any:
    """JSON as the library wants it: its own null, whole floats as integers. Returns the very value where nothing changes."""
    match value:
        case None:
            return _NULL
        case dict():
            converted = {key: to_jsonata(member) for key, member in value.items()}
            return converted if any(converted[key] is not value[key] for key in value) else value
        case list():
            items = [to_jsonata(item) for item in value]
            return items if any(new is not old for new, old in zip(items, value, strict=True)) else value
        case float() if value.is_integer() and abs(value) < 2**53:
            return int(value)
        case _:
            return value


def from_jsonata(value: Any) -> Any:
    """A result as JSON, copied; functions and other values that are no JSON are a fault."""
    match value:
        case None | str() | bool() | int() | float():
            return value
        case dict():
            return {str(key): from_jsonata(member) for key, member in value.items()}
        case Utils.RangeList():
            return [from_jsonata(value[index]) for index in range(len(value))]
        case list():
            return [from_jsonata(item) for item in value]
        case _ if value is _NULL:
            return None
        case _:
            raise EvaluationFault("returned an unsupported result type.")


def _run(program: Any, bindings: dict[str, Any]) -> Any:
    program.environment = program.create_frame(Jsonata.static_frame)
    program.environment.set_runtime_bounds(TIMEOUT_MILLISECONDS, MAX_DEPTH)
    Jsonata.CURRENT.jsonata = program
    return program.evaluate(None, bindings)


def _text(error: JException) -> str:
    return f"{error.error}: {error}" if getattr(error, "error", None) else str(error)


def _variables(tree: Any) -> Iterator[str]:
    """Every name after a `$`, found by walking the tree."""
    seen: set[int] = set()
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, (list, tuple)):
            waiting.extend(node)
        elif isinstance(node, Parser.Symbol) and id(node) not in seen:
            seen.add(id(node))
            if node.type == "variable" and isinstance(node.value, str):
                yield node.value
            waiting.extend(member for member in vars(node).values() if isinstance(member, (list, tuple, Parser.Symbol)))


# --- the functions that Step Functions adds, and the one that it takes away ---------------------------------------


def _partition(values: Any, size: Any) -> Any:
    if values is None or size is None:
        return None
    width = int(size)
    if width <= 0:
        raise EvaluationFault("threw an error during evaluation. $partition: the chunk size must be positive")
    items = values if isinstance(values, list) else [values]
    return [list(items[start : start + width]) for start in range(0, len(items), width)]


def _range(first: Any, last: Any, step: Any) -> Any:
    if first is None or last is None or step is None:
        return None
    start, end, delta = int(first), int(last), int(step)
    if delta == 0 or abs(end - start) // abs(delta) >= 1000:
        raise EvaluationFault("threw an error during evaluation. $range: the step must not be 0 and the array may hold 1000 elements at most")
    return list(range(start, end + (1 if delta > 0 else -1), delta))


def _hash(text: Any, algorithm: Any) -> Any:
    if text is None or algorithm is None:
        return None
    if algorithm not in _HASHES:
        raise EvaluationFault(f"threw an error during evaluation. $hash: unknown algorithm {algorithm}")
    return hashlib.new(_HASHES[algorithm], str(text).encode(), usedforsecurity=False).hexdigest()


def _random(seed: Any = None) -> float:
    """java.util.Random(seed).nextDouble(), as on AWS: $random(42) is 0.7275636800328681."""
    if seed is None:
        return random.random()  # noqa: S311
    state = (int(seed) ^ 0x5DEECE66D) & ((1 << 48) - 1)
    words = []
    for bits in (26, 27):
        state = (state * 0x5DEECE66D + 0xB) & ((1 << 48) - 1)
        words.append(state >> (48 - bits))
    return float((words[0] << 27) + words[1]) / float(1 << 53)


def _parse(text: Any) -> Any:
    if text is None:
        return None
    try:
        return to_jsonata(json.loads(text, parse_constant=_refuse_constant))
    except (ValueError, TypeError) as error:
        raise EvaluationFault(f"threw an error during evaluation. $parse: {error}") from error


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def _eval(*_arguments: Any) -> Any:
    raise EvaluationFault("threw an error during evaluation. T1006: Attempted to invoke a non-function")


def _uuid() -> str:
    return str(uuid.uuid4())


class _Function(Jsonata.JLambda):  # type: ignore[misc] # the library is untyped
    """A JLambda that takes what arguments it is given and knows undefined (None)."""

    def call(self, _input: Any, arguments: Any) -> Any:
        given = list(arguments or ())
        return self.function(*(given + [None] * (self.function.__code__.co_argcount - len(given))))


_FUNCTIONS: Final = {
    "partition": _Function(_partition),
    "range": _Function(_range),
    "hash": _Function(_hash),
    "random": _Function(_random),
    "uuid": _Function(_uuid),
    "parse": _Function(_parse),
    "eval": _Function(_eval),
}
