"""An expression of the workflow language: JSONata as Step Functions evaluates it, parsed when the workflow loads.

In: text without `{% %}`. Out: `Expression` with its references, or `Fault`. References come from jsonata-python's syntax tree
(`spec.syntax_tree`), never from a search in the text. It never evaluates anything and never raises, whatever the text.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

from chalicelib.spec import syntax_tree
from chalicelib.spec.functions import STEP_FUNCTIONS_FUNCTIONS
from chalicelib.spec.syntax_tree import Fault, Reference

__all__ = ["MAX_EXPRESSION_LENGTH", "STEP_FUNCTIONS_FUNCTIONS", "Expression", "Fault", "Reference", "parse_expression", "rewrite"]

MAX_EXPRESSION_LENGTH: Final = 16_384


@dataclass(frozen=True, slots=True)
class Expression:
    """`text` is stripped; `references` stand in the order of the text and never overlap.

    `is_reference`: the text is one reference and nothing else.
    `may_be_nothing`: it may come out as nothing (undefined) though all that it reads is there; Step Functions would fail the state.
    `is_path`: a reference with fields, indexes, predicates and wildcards, but no call or operator around it.
    """

    text: str
    references: tuple[Reference, ...]
    is_reference: bool
    is_path: bool
    may_be_nothing: bool = False


def parse_expression(text: str) -> Expression | Fault:
    """The expression, or why Step Functions would refuse it; a fault's position counts in `text` as given."""
    parsed = _parse(text.strip())
    if isinstance(parsed, Fault):
        return replace(parsed, position=parsed.position + len(text) - len(text.lstrip()))
    return parsed


def rewrite(expression: Expression, replacement: Callable[[Reference], str]) -> str:
    """The text with each reference's exact span replaced by `replacement(reference)`."""
    pieces: list[str] = []
    at = 0
    for reference in expression.references:
        pieces += (expression.text[at : reference.start], replacement(reference))
        at = reference.end
    return "".join((*pieces, expression.text[at:]))


@lru_cache(maxsize=32_768)
def _parse(text: str) -> Expression | Fault:
    if not text:
        return Fault("the expression is empty", 0)
    if len(text) > MAX_EXPRESSION_LENGTH:
        return Fault(f"the expression has {len(text):,} characters; {MAX_EXPRESSION_LENGTH:,} are allowed", MAX_EXPRESSION_LENGTH)
    tree = syntax_tree.read(text)
    if isinstance(tree, Fault):
        return tree
    whole = len(tree.references) == 1 and (tree.references[0].start, tree.references[0].end) == (0, len(text))
    return Expression(text, tree.references, is_reference=whole, is_path=tree.is_path, may_be_nothing=tree.may_be_nothing)
