"""Questions on ways that assign what they ask."""

import pytest

from chalicelib.compiler.code import Code, Key, Read, Template, after, code
from chalicelib.compiler.known import asked_after
from chalicelib.compiler.outline import Scope
from chalicelib.compiler.sheet import Outline

GATE, OTHER, LABEL = Key("output", "gate"), Key("output", "other"), Key("outcome", "gate")
ERROR: Template = {"error": {"name": code("$states.errorOutput.Error"), "code": 7, "flags": [1]}}


def asked(question: Code, value: Template, *, derived: dict[Key, Code] | None = None) -> Code | bool | None:
    outline = Outline(Scope("run"), derived=derived or {})
    return asked_after(question, {GATE: value}, outline)


def boolean(*parts: str | Read) -> Code:
    return code("($C := ", *parts, "; $type($C) = 'boolean' ? $C : false)")


@pytest.mark.parametrize(
    ("path", "value", "answer"),
    [
        (".choice", {"choice": "go"}, True),
        (".choice", {"choice": "stop"}, False),
        (".choice", None, False),
        (".choice", ERROR, False),
        (".error.missing", ERROR, False),
        ("", "go", True),
        ("", None, False),
    ],
)
def test_it_answers_what_constants_answer(path: str, value: Template, answer: bool) -> None:
    parts: list[str | Read] = [Read(GATE), *([path] if path else []), " = 'go'"]
    assert asked(code(*parts), value) is answer
    assert asked(boolean(*parts), value) is answer


def test_it_answers_comparisons_of_other_kinds() -> None:
    assert asked(boolean(Read(GATE), ".error.code", " > 5"), ERROR) is True
    assert asked(boolean(Read(GATE), ".status", " = 200"), ERROR) is False
    assert asked(code(Read(GATE), " = true"), True) is True
    assert asked(boolean(Read(GATE), ".status = 200"), ERROR) is False


@pytest.mark.parametrize("path", [".error.name", ".error.name.first", ".error.flags", ".error.flags.first", ".error"])
def test_it_does_not_know_what_the_way_computes(path: str) -> None:
    assert asked(code(Read(GATE), path, " = 'go'"), ERROR) is None


def test_it_leaves_questions_about_others_as_they_are() -> None:
    question = code(Read(OTHER), " = 'go'")
    assert asked(question, None) == question


def test_it_puts_constants_beside_what_is_left_to_ask() -> None:
    question = code(Read(OTHER), " = 'go'", " and ", Read(GATE), " = 'go'")
    assert asked(question, "go") == code(Read(OTHER), " = 'go'", " and ", "true")


@pytest.mark.parametrize("first", [True, False])
def test_it_drops_alternatives_that_cannot_be(first: bool) -> None:
    never, maybe = code("(", Read(GATE), " = 'go'", ")"), code("(", Read(OTHER), " = 'go'", ")")
    question = code(never, " or ", maybe) if first else code(maybe, " or ", never)
    assert asked(question, None) == maybe


def test_it_looks_through_what_is_computed_from_outputs() -> None:
    derived = {LABEL: code(Read(GATE), ".choice")}
    assert asked(code(Read(LABEL), " = 'go'"), {"choice": "go"}, derived=derived) is True
    assert asked(code(Read(LABEL), " = 'go'"), ERROR, derived={LABEL: code(Read(GATE), ".error.name")}) is None
    others = code(Read(LABEL), " = 'go'")
    assert asked(others, None, derived={LABEL: code(Read(OTHER), ".choice")}) == others


def test_it_leaves_a_question_that_fails_to_where_it_is_asked() -> None:
    question = asked(code(Read(GATE), " > 5"), None)
    assert question == code("null", " > 5")


def test_it_answers_nothing_with_a_function_or_a_value_that_is_no_boolean() -> None:
    assert asked(code(Read(GATE), " & $now()"), "x") == code('"x"', " & $now()")
    assert asked(code(Read(GATE), " & 'y'"), "x") == code('"x"', " & 'y'")


def test_it_answers_reads_at_the_end_of_a_way_alike() -> None:
    question = after(code(Read(GATE), " = 'go'"))
    assert isinstance(question, Code)
    assert asked(question, "go") is True


def test_it_looks_into_what_the_way_settles() -> None:
    """A truth that the way assigns from what it assigns: answered where constants make it."""
    outline = Outline(Scope("run"), derived={LABEL: code(Read(GATE), ".choice")})
    settled = {LABEL: code(Read(GATE), ".choice").after()}
    question = code(Read(LABEL), " = 'go'")
    assert asked_after(question, {GATE: {"choice": "go"}, **settled}, outline) is True
    assert asked_after(question, {GATE: code("$states.result"), **settled}, outline) is None
    assert asked_after(question, settled, outline) == code("(", Read(GATE), ".choice", ")", " = 'go'")
