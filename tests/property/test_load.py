"""Loading never raises, whatever the text, and what it accepts it can write and read again."""

import random
from pathlib import Path
from typing import Final

from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.spec.canonical import canonical_json, dump
from chalicelib.spec.codes import CODES
from chalicelib.spec.expression import Expression, Fault, parse_expression, rewrite
from chalicelib.spec.load import Loaded, load

WORKFLOW: Final = (Path(__file__).parent.parent / "fixtures" / "every_node_type.yaml").read_text("utf-8")
PIECES: Final = (
    *(": ", "- ", "{", "}", "[", "]", "\n", "  ", '"', "'", ",", "#", "|", ">", "\t", "&a ", "*a", "!!str ", "---\n", "<<: ", "%"),
    *("{{ ", " }}", "{% ", " %}", "$", "$$", "$context.x", "(", ")", "/*", "~", "!", "?:", "??", "`"),
    *("yes", "null", "1e999", "0x1F", "type", "nodes", "on_error", "\x00", "\ud800", "\U0001f600"),
)
TOKENS: Final = ("$a", ".b", "[0]", "[x=1]", " + ", " & ", "^(", "@$v", "#$i", ":=", ";", " ? ", " : ", "$count(", "function($x){")
ANY_TEXT: Final = st.binary(max_size=200) | st.lists(st.sampled_from(PIECES), max_size=60).map("".join) | st.text(max_size=100)
ANY_EXPRESSION: Final = st.lists(st.sampled_from([*PIECES, *TOKENS]), max_size=12).map("".join)


def sound(loaded: Loaded) -> Loaded:
    """What holds of every answer."""
    assert (loaded.spec is None) == any(diagnostic.is_error for diagnostic in loaded.diagnostics)
    for diagnostic in loaded.diagnostics:
        assert diagnostic.code in CODES
        assert diagnostic.location.line >= 1
        assert diagnostic.location.column >= 1
        assert diagnostic.message
    if loaded.spec is not None:
        assert load(canonical_json(dump(loaded.spec))).spec == loaded.spec
    return loaded


def test_it_loads_the_workflow_that_the_others_mutate() -> None:
    assert sound(load(WORKFLOW)).diagnostics == ()


@given(st.integers(0, 2**32), st.integers(1, 6))
@settings(max_examples=60, deadline=None)
def test_it_never_raises_on_a_mutated_workflow(seed: int, count: int) -> None:
    chance = random.Random(seed)
    text = WORKFLOW
    for _ in range(count):
        start = chance.randrange(len(text) + 1)
        end = min(len(text), start + chance.choice((0, 0, 1, 3, 20, 200)))
        text = text[:start] + chance.choice((*PIECES, "", text[end : end + 40])) + text[end:]
    sound(load(text))


@given(st.integers(0, 2**32))
@settings(max_examples=40, deadline=None)
def test_it_never_raises_when_values_change_places(seed: int) -> None:
    chance = random.Random(seed)
    lines = WORKFLOW.splitlines(keepends=True)
    for _ in range(3):
        one, other = chance.randrange(len(lines)), chance.randrange(len(lines))
        key, _, _ = lines[one].partition(":")
        _, _, value = lines[other].partition(":")
        lines[one] = f"{key}:{value}" if value else lines[other]
    sound(load("".join(lines)))


@given(ANY_TEXT)
@settings(max_examples=100, deadline=None)
def test_it_never_raises_on_any_text(text: bytes | str) -> None:
    sound(load(text))


@given(ANY_EXPRESSION)
@settings(max_examples=100, deadline=None)
def test_it_reads_any_expression_or_says_where_it_breaks(text: str) -> None:
    parsed = parse_expression(text)
    if isinstance(parsed, Fault):
        assert 0 <= parsed.position <= len(text)
        return
    assert isinstance(parsed, Expression)
    for reference in parsed.references:
        assert parsed.text[reference.start :].startswith(f"${reference.root}")
    starts = [reference.start for reference in parsed.references]
    ends = [reference.end for reference in parsed.references]
    assert all(end <= start for end, start in zip(ends, starts[1:], strict=False))
    assert rewrite(parsed, lambda reference: parsed.text[reference.start : reference.end]) == parsed.text
