"""The syntax tree of a JSONata text, as jsonata-python gives it, or why there is none.

In: text. Out: the library's tree, which is untyped (`spec.syntax_tree` reads it), or `Fault`. Shapes that matter: a token's `position` is its end;
`a.b.c` is one `path` with steps; predicates hang on a step as `predicate` or `stages`. `?:` and `??` are newer than JSONata 2.0.6 and are taken out
of the parser's table. It never evaluates and never raises.
"""

import sys
import threading
from dataclasses import dataclass
from typing import Any, Final

MAX_DEPTH: Final = 60  # AWS's evaluator overflows near 100 nested terms; a chain of 60 operands is 60 deep


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a text is no expression or no binding: `position` counts characters from 0 in the text that was given."""

    message: str
    position: int
    hint: str = ""


TOO_DEEP: Final = Fault(
    f"the expression is more than {MAX_DEPTH} terms deep, which AWS does not evaluate",
    0,
    "split it over several transform nodes, or use $sum, $join or $merge on an array instead of a long chain",
)


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


def _parser() -> Any:
    if not _parsers:
        _parsers.append(_Parsers())
    parser = _parsers[0].parser
    parser.ancestor_label = parser.ancestor_index = 0
    parser.ancestry.clear()
    return parser


def parse_tree(text: str) -> Any:
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
        return TOO_DEEP
    except Exception:  # its tokenizer runs off the end of broken text in several ways
        return Fault("the expression ends too early", len(text), "close every quote, bracket and comment")


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
