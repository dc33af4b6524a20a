"""YAML and JSON as plain JSON: traps, limits, hostile texts."""

import json

import pytest

from chalicelib.spec import yaml_text
from chalicelib.spec.model import Json
from chalicelib.spec.yaml_text import compose


def value(text: str | bytes) -> Json:
    composed = compose(text)
    assert composed.diagnostics == ()
    return composed.value


def codes(text: str | bytes) -> list[str]:
    return [diagnostic.code for diagnostic in compose(text).diagnostics]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: 1", {"a": 1}),
        ("a: -1.5e3", {"a": -1500.0}),
        ("a: +2", {"a": 2}),
        ("a: 2.", {"a": 2.0}),
        ("a: null\nb: ~\nc:", {"a": None, "b": None, "c": None}),
        ("a: true\nb: False", {"a": True, "b": False}),
        ("a: '1'\nb: \"true\"\nc: 'no'", {"a": "1", "b": "true", "c": "no"}),
        ("a: 2026-01-01\nb: 2026-01-01T00:00:00Z", {"a": "2026-01-01", "b": "2026-01-01T00:00:00Z"}),
        ("a: -x\nb: .\nc: 1.2.3", {"a": "-x", "b": ".", "c": "1.2.3"}),
        ("true: 1\n2: x\nnull: y", {"true": 1, "2": "x", "null": "y"}),
        ("- 1\n- [2, {a: b}]", [1, [2, {"a": "b"}]]),
        ("a: &x [1]\nb: *x", {"a": [1], "b": [1]}),
        ("a: &x text\nb: *x", {"a": "text", "b": "text"}),
        ("text", "text"),
        ("", None),
        (b"\xef\xbb\xbfa: \xc3\xbc", {"a": "ü"}),
    ],
)
def test_it_reads_yaml(text: str | bytes, expected: Json) -> None:
    assert value(text) == expected


def test_it_reads_json_with_everything_that_json_allows() -> None:
    document = {"emoji": "\U0001f600 and ü", "slash": "a/b", "line": 'a\nb\t"c" \\d', "n": [0, -1, 1.5e-7, True, None], "": {}}
    assert value(json.dumps(document)) == document
    assert value(json.dumps(document, indent="\t", ensure_ascii=False).replace("a/b", "a\\/b")) == document


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: yes", []),
        ("yes: a", ["yaml-boolean"]),
        ("'yes': a", []),
        ("a: 010", ["yaml-number"]),
        ("a: 1:30", ["yaml-number"]),
        ("a: .inf", ["yaml-number"]),
        ("a: 1e999", ["number-too-large"]),
        ("a: 1" + "0" * 350, ["number-too-large"]),
        ("a: 1" + "0" * 5000, ["number-too-large"]),
        ("a: 1\na: 2\nb: 1\nb: {c: 1}", ["duplicate-key", "duplicate-key"]),
        ("a: !!int 5\n!x b: 1", ["yaml-tag", "yaml-tag"]),
        ("<<: {a: 1}", ["yaml-merge"]),
        ("{{a}}: 1", ["yaml-key"]),
        ("? [a]\n: 1", ["yaml-key"]),
        ("a: &x 1\n*x : 2", ["yaml-key"]),
        ("a: &x [*x]", ["yaml-alias"]),
        ("a: *x", ["yaml-alias"]),
        ("a: 1\n---\nb: 2", ["many-documents"]),
        ("a: [1", ["yaml-syntax"]),
        ("a: @x", ["yaml-syntax"]),
        ("a:\n\t- x", ["yaml-syntax"]),
        ("a: b: c", ["yaml-syntax"]),
        ("a: \x07", ["yaml-syntax"]),
        ("a: \ud800", ["yaml-syntax"]),
        (b"\xff\xfea", ["not-utf8"]),
        ("[" * 65, ["nested-too-deep"]),
        ("a: " + "x" * 1_000_000, ["text-too-large"]),
    ],
)
def test_it_says_what_yaml_did(text: str | bytes, expected: list[str]) -> None:
    assert codes(text) == expected


def test_it_stops_an_alias_bomb_early() -> None:
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 30))
    assert codes(bomb) == ["yaml-alias"]


def test_it_keeps_the_first_of_two_members() -> None:
    assert compose("a: 1\na: {b: 2}").value == {"a": 1}
    assert compose("a: {x: 1}\na: {x: yes}").value == {"a": {"x": 1}}


def test_it_remembers_how_a_boolean_was_spelt() -> None:
    composed = compose("a: [yes, 'no']\nb: Off")
    assert composed.value == {"a": [True, "no"], "b": False}
    assert composed.positions.doubtful == {"a.0": "yes", "b": "Off"}


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("a: {% x %}", "starts with `%`"),
        ("a:\n\t- x", "indent with spaces"),
        ("a: b: c", "quotes around a text that contains a colon"),
        ("a: [1", "close the bracket"),
        ("a: 'x", "close the quotes"),
        ("a: {{ $b }}", '"{{ $node.field }}"'),
    ],
)
def test_it_hints_at_the_usual_slips(text: str, hint: str) -> None:
    assert hint in compose(text).diagnostics[0].hint


def test_it_places_a_broken_character() -> None:
    found = compose("a: 1\nb: x\x07").diagnostics[0].location
    assert (found.line, found.column) == (2, 5)


def test_it_gives_no_value_for_a_text_that_breaks_off() -> None:
    assert compose("a: 1\nb: [").value is None


def test_it_reads_the_same_without_libyaml(monkeypatch: pytest.MonkeyPatch) -> None:
    import yaml

    text = "a: &x {b: [1, yes], c: 'd'}\ne: *x\nf: |\n  text\ng: 010\n"
    fast = compose(text)
    monkeypatch.setattr(yaml_text, "Loader", yaml.SafeLoader)
    assert compose(text) == fast
    assert "starts with `%`" in compose("a: {% x %}").diagnostics[0].hint
