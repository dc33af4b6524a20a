"""Bindings: what a string is, and what a worker makes of it."""

import pytest

from chalicelib.spec.binding import (
    Broken,
    Items,
    Literal,
    Members,
    Text,
    Value,
    as_text,
    expressions,
    faults,
    parse_bare,
    parse_binding,
    render_binding,
    render_text,
)
from chalicelib.spec.expression import Expression
from chalicelib.spec.model import Json


def shown(value: Json) -> list[str]:
    """A text's parts: literals as they are, expressions in angle brackets."""
    binding = parse_binding(value)
    assert isinstance(binding, Text), binding
    return [f"<{part.text}>" if isinstance(part, Expression) else part for part in binding.parts]


@pytest.mark.parametrize(
    ("authored", "value"),
    [
        ("plain", "plain"),
        ("", ""),
        ("$$5 off", "$5 off"),
        ("$$", "$"),
        ("{{{{ raw }}", "{{ raw }}"),
        ("a }} b", "a }} b"),
        ("a {% b", "a {% b"),
        ("%} a {% b", "%} a {% b"),
        (5, 5),
        (None, None),
        (True, True),
        ({"a": [1, "$$x"]}, {"a": [1, "$x"]}),
        ([], []),
        ({}, {}),
    ],
)
def test_it_reads_constants_and_undoes_escapes(authored: Json, value: Json) -> None:
    assert parse_binding(authored) == Literal(value)


@pytest.mark.parametrize(
    ("authored", "text"),
    [("$rank.best", "$rank.best"), ("$a.b[price > 1].c", "$a.b[price > 1].c"), ("{% $a + 1 %}", "$a + 1"), ("{%$a%}", "$a")],
)
def test_it_reads_a_whole_value(authored: str, text: str) -> None:
    binding = parse_binding(authored)
    assert isinstance(binding, Value)
    assert binding.expression.text == text


@pytest.mark.parametrize(
    ("authored", "parts"),
    [
        ("Hi {{ $a.b }}!", ["Hi ", "<$a.b>", "!"]),
        ("{{$a}}{{$b}}", ["<$a>", "<$b>"]),
        ("{{{{ {{ $a }} }}", ["{{ ", "<$a>", " }}"]),
        ("$$ {{ $a }}", ["$ ", "<$a>"]),
        ('{{ {"a": {"b": $x}} }}', ['<{"a": {"b": $x}}>']),
        ('{{ {"a": {"b": $x}}}}', ['<{"a": {"b": $x}}>']),
        ("{{ '}}' & $a }}", ["<'}}' & $a>"]),
        ("{{ '{%' }} x %}", ["<'{%'>", " x %}"]),
    ],
)
def test_it_finds_where_an_interpolation_ends(authored: str, parts: list[str]) -> None:
    assert shown(authored) == parts


@pytest.mark.parametrize(
    ("authored", "message", "position"),
    [
        ("$5 off", "more than one", 3),
        ("$count($x)", "more than one", 0),
        ("$a.b is {{ $c }}", "more than one", 5),
        ("$a.(b)", "more than one", 0),
        ("$a{b: c}", "more than one", 0),
        ("{% $a", "not closed", 0),
        ("{%}", "not closed", 0),
        ("{% %}", "empty", 3),
        ("{% $a + %}", "Unexpected end", 7),
        ("x {% $a %}", "stands inside a text", 2),
        ("x {{ $a", "not closed", 2),
        ("{{ }}", "empty", 3),
        ("{{ $a + }} and {{ $b", "Unexpected end", 7),
        ("{{ ( }}" + "}}" * 40, "before end", 4),
        ("{{ '" + "}}" * 40, "String literal", 4),
    ],
)
def test_it_tells_where_a_binding_breaks(authored: str, message: str, position: int) -> None:
    binding = parse_binding(authored)
    assert isinstance(binding, Broken)
    assert message in binding.faults[0].message
    assert binding.faults[0].position == position
    assert list(expressions(binding)) == []


def test_it_bounds_what_one_text_may_cost() -> None:
    assert isinstance(parse_binding("{{ $a }}" * 1_000), Text)
    assert isinstance(parse_binding("{{ $a }}" * 1_001), Broken)
    assert len(list(faults(parse_binding("{{ ( }}" * 50)))) == 10


def test_it_tells_every_fault_of_a_text() -> None:
    binding = parse_binding("{{ $a + }} and {{ $b * }}")
    assert [fault.position for _, fault in faults(binding)] == [7, 22]


def test_it_hints_at_braces_where_a_text_starts_with_a_reference() -> None:
    assert "{{ $node.field }}" in parse_binding("$a is {{ $b }}").faults[0].hint  # type: ignore[union-attr]


def test_it_keeps_objects_and_lists_with_their_constants() -> None:
    binding = parse_binding({"a": ["$x", 1], "b": "{{ $y }}!", "c": 2})
    assert isinstance(binding, Members)
    assert isinstance(binding.members["a"], Items)
    assert binding.members["c"] == Literal(2)
    assert [expression.text for expression in expressions(binding)] == ["$x", "$y"]


def test_it_gives_faults_the_path_of_their_string() -> None:
    binding = parse_binding({"a": ["$x", "$"], "b": {"c": "{{"}, "d": 1})
    assert [path for path, _ in faults(binding)] == ["a.1", "b.c"]
    assert [path for path, _ in faults(binding, "with")] == ["with.a.1", "with.b.c"]
    assert [path for path, _ in faults(parse_binding(["$"]), "")] == ["0"]


@pytest.mark.parametrize("authored", ["$a > 1", " $a > 1 ", "{% $a > 1 %}", "  {% $a > 1 %}\n"])
def test_it_reads_a_bare_expression_with_or_without_its_marks(authored: str) -> None:
    binding = parse_bare(authored)
    assert isinstance(binding, Value)
    assert binding.expression.text == "$a > 1"


def test_it_counts_a_bare_fault_in_the_authored_text() -> None:
    binding = parse_bare("  {% price > 1 %}")
    assert isinstance(binding, Broken)
    assert binding.faults[0].position == 5


def test_it_renders_what_a_worker_was_sent() -> None:
    authored: Json = {
        "whole": "$a.list",
        "text": "{{ $a.name }} has {{ $a.list }}, {{ $n }}{{ $missing }} and {{ $half }}",
        "items": ["{% $n + 1 %}", "$$5", 3],
        "constant": {"x": None},
    }
    values: dict[str, Json] = {"$a.list": [1, {"b": "ü"}], "$a.name": "Ann", "$n": 2.0, "$missing": None, "$n + 1": 3, "$half": 0.5}
    assert render_binding(authored, values) == {
        "whole": [1, {"b": "ü"}],
        "text": 'Ann has [1,{"b":"ü"}], 2 and 0.5',
        "items": [3, "$5", 3],
        "constant": {"x": None},
    }


def test_it_renders_a_text_from_any_value() -> None:
    assert render_text("$a", {"$a": {"b": 1}}) == '{"b":1}'
    assert render_text("$a", {"$a": None}) == ""
    assert as_text(True) == "true"


def test_it_refuses_to_render_what_was_not_sent_or_is_broken() -> None:
    with pytest.raises(KeyError):
        render_binding("$a", {})
    with pytest.raises(ValueError, match="not closed"):
        render_binding("{{", {})
