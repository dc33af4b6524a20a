"""Expressions against jsonata-python's evaluator: what is said of them without a run holds in one."""

from typing import Final

from hypothesis import assume, given, settings
from hypothesis import strategies as st
from jsonata.jexception import JException
from jsonata.jsonata import Jsonata

from chalicelib.spec.expression import Expression, parse_expression, rewrite
from chalicelib.spec.model import Json

VALUES: Final[dict[str, Json]] = {
    "a": {"x": 1, "y": {"z": "text"}, "list": [{"p": 5, "n": "one"}, {"p": 50, "n": "two"}]},
    "b": [1, 2, 3],
    "context": {"city": "Rome", "max": 10, "flag": True},
}
READS: Final = st.sampled_from(
    ["$a.x", "$a.y.z", "$a.list", "$a.list[0].n", "$b", "$b[1]", "$context.city", "$context.max", "$context.flag", "1", "'t'"]
)
FUNCTIONS: Final = (
    "count",
    "string",
    "sum",
    "exists",
    "not",
    "boolean",
    "type",
    "uppercase",
    "lookup",
    "keys",
    "reverse",
    "abs",
    "number",
    "length",
    "join",
)


def _larger(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.tuples(inner, st.sampled_from(["+", "-", "*", ">", "<=", "=", "!=", "and", "or", "in", "&"]), inner).map(
            lambda parts: f"({' '.join(parts)})"
        ),
        st.tuples(st.sampled_from(FUNCTIONS), inner).map(lambda parts: f"${parts[0]}({parts[1]})"),
        st.tuples(st.sampled_from(FUNCTIONS), inner).map(lambda parts: f"({parts[1]} ~> ${parts[0]})"),
        st.tuples(inner, inner, inner).map(lambda parts: f"({parts[0]} ? {parts[1]} : {parts[2]})"),
        st.tuples(inner, inner).map(lambda parts: f"({parts[0]} ? {parts[1]})"),
        st.tuples(inner, inner).map(lambda parts: f"[{parts[0]}, {parts[1]}]"),
        inner.map(lambda part: f"{{'k': {part}}}"),
        inner.map(lambda part: f"($v := {part}; [$v, $v])"),
        inner.map(lambda part: f"($v := {part}; $v)"),
        st.tuples(st.sampled_from(["$a.list[p > 10].n", "$a.list[p > 99].n", "$a.list^(>p).n", "$a.list.$uppercase(n)", "$b[$ > 9]"])).map(
            lambda parts: parts[0]
        ),
        inner.map(lambda part: f"$map([{part}], function($i) {{ $i }})"),
    )


EXPRESSIONS: Final = st.recursive(READS, _larger, max_leaves=8)


def evaluated(text: str) -> Json:
    """The value; a type error of the expression is no business of these tests."""
    compiled = Jsonata(text)
    for name, value in VALUES.items():
        compiled.assign(name, value)
    try:
        result: Json = compiled.evaluate(None)
    except (JException, TypeError, ValueError, AttributeError):
        assume(False)
    return result


def sound(text: str) -> Expression:
    parsed = parse_expression(text)
    assert isinstance(parsed, Expression), (text, parsed)
    return parsed


@given(EXPRESSIONS)
@settings(max_examples=60)
def test_it_gives_a_value_where_it_is_said_to(text: str) -> None:
    if not sound(text).may_be_nothing:
        assert evaluated(f"$exists({text})") is True


@given(EXPRESSIONS)
@settings(max_examples=60)
def test_it_means_the_same_with_every_reference_in_brackets(text: str) -> None:
    rewritten = rewrite(sound(text), lambda reference: f"(${reference.root}{_steps(reference.path)})")
    assert evaluated(rewritten) == evaluated(text)


def _steps(path: tuple[str | int, ...]) -> str:
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
