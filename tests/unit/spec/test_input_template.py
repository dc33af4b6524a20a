"""The input of a trigger: what it reads, what it is refused for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.spec.input_template import MAX_DEPTH, constant_of, is_constant, render_template, template_faults
from chalicelib.spec.model import Json

TOLD: dict[str, Json] = {"body": {"a": [{"b": 1}, "two"], "s": "x", "n": None, "t": "$body.s {{ $body.s }}"}}
ROOTS = frozenset({"body"})
JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner))


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("$body.a[0].b", 1),
        ("$body.a[-1]", "two"),
        ("$body.a[5]", None),
        ("$body.s[0]", None),
        ("$body.none.at.all", None),
        ("$body.n", None),
        ("$body.a.b", None),
        ("$none", None),
        ("{{ $body.s }}-{{ $body.a }}-{{ $body.n }}", 'x-[{"b":1},"two"]-'),
        ("$$body", "$body"),
        ("{{{{ x", "{{ x"),
        ({"x": ["$body.s", 3, {"y": "$body.a[1]"}]}, {"x": ["x", 3, {"y": "two"}]}),
        ("$body.t", "$body.s {{ $body.s }}"),  # what came from outside is no template
        ([1, True, None], [1, True, None]),
    ],
)
def test_it_reads_what_is_there_and_null_where_nothing_is(template: Json, expected: Json) -> None:
    assert template_faults(template, ROOTS | {"none"}) == ()
    assert render_template(template, TOLD) == expected


@pytest.mark.parametrize(
    ("template", "pointer", "told"),
    [
        ("{% 1 + 1 %}", "", "compute in the workflow"),
        ("{% $body.a %}", "", "compute in the workflow"),
        ("{{ $count($body.a) }}", "", "only reads"),
        ("$body.a[b = 1]", "", "only reads"),
        ("$header.x", "", "is told $body"),
        ("{{ $header.x }}", "", "is told $body"),
        ({"a/b": ["$body.s", {"c~d": "$body."}]}, "/a~1b/1/c~0d", ""),
        ("{{ $body.s", "", "not closed"),
        ("say {% $body.s %}", "", "stands inside a text"),
    ],
)
def test_it_says_where_and_why_something_is_no_template(template: Json, pointer: str, told: str) -> None:
    (found,) = template_faults(template, ROOTS)
    assert found.pointer == pointer
    assert told in found.message


def test_it_refuses_what_is_nested_too_deep() -> None:
    deep: Json = "x"
    for _ in range(MAX_DEPTH):
        deep = [deep]
    assert "nested" in template_faults(deep, ROOTS)[0].message
    assert template_faults([1], ROOTS) == ()


def test_it_knows_what_is_constant_and_undoes_its_escapes() -> None:
    assert (is_constant({"a": "$$x"}), constant_of({"a": "$$x"})) == (True, {"a": "$x"})
    assert not is_constant({"a": "$body"})


@given(JSON)
def test_it_takes_nothing_that_is_told_for_a_template(told: Json) -> None:
    assert render_template("$body", {"body": told}) == told
    assert render_template({"a": ["$body"]}, {"body": told}) == {"a": [told]}


@given(JSON)
def test_it_never_raises_on_what_somebody_writes(template: Json) -> None:
    if not template_faults(template, ROOTS):
        render_template(template, TOLD)
