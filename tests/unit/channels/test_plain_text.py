"""Texts without marks, and long ones in parts."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.channels.plain_text import plain, shorten, split
from chalicelib.channels.text_parts import clean, size, utf8_bytes

FAMILY = "👩‍👩‍👧‍👦"
THUMB = "👍🏽"
PIECES = [*"ab.!? \n\t*_~[]()", "ü", "e\u0301", "😀", FAMILY, THUMB, "https://a.example/b_c", "[x](https://y.example)"]
TEXTS = (st.lists(st.sampled_from(PIECES), max_size=5) | st.lists(st.sampled_from(PIECES), min_size=30, max_size=90)).map("".join)
MEASURES = st.sampled_from([len, utf8_bytes, size])


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a *strong* and _soft_ word", "a strong and soft word"),
        ("**bold** __too__ ~~gone~~ ~gone~ ***all***", "bold too gone gone all"),
        ("*_both_* and _*both*_", "both and both"),
        ("*snake_case* stays snake_case", "snake_case stays snake_case"),
        ("2 * 3 * 4, 2*3*4, a_b_c, 5* or 4*", "2 * 3 * 4, 2*3*4, a_b_c, 5* or 4*"),
        ("*args and **kwargs", "*args and **kwargs"),
        ("* one\n  * two\n+ three\n- four", "- one\n  - two\n- three\n- four"),
        ("see [the page](https://a.example/x_y_z) now", "see the page (https://a.example/x_y_z) now"),
        ("![plan](https://a.example/p.png)", "plan (https://a.example/p.png)"),
        ("[https://a.example](https://a.example)", "https://a.example"),
        ("[w](https://a.example/A_(b))", "w (https://a.example/A_(b))"),
        ("https://a.example/_a_/*b*", "https://a.example/_a_/*b*"),
        ("*https://a.example/b*", "https://a.example/b"),
        ("not [a link] (at all)", "not [a link] (at all)"),
        ("a\x00b\x1b[1m\r\n\tc\ud83d", "ab[1m\n\tc"),
        (f"kept: {FAMILY} {THUMB}", f"kept: {FAMILY} {THUMB}"),
    ],
)
def test_it_shows_marks_as_words(text: str, shown: str) -> None:
    assert plain(text) == shown


def test_it_splits_where_a_paragraph_or_else_a_sentence_or_else_a_word_ends() -> None:
    assert split("one two\n\nthree four", 12, len) == ["one two", "three four"]
    assert split("Yes, so. And then", 12, len) == ["Yes, so.", "And then"]
    assert split("one two three four", 9, len) == ["one two", "three", "four"]
    assert split("abcdefghij", 4, len) == ["abcd", "efgh", "ij"]
    assert split("abcde fgh", 4, len) == ["abcd", "e", "fgh"]
    assert split(" \n ", 4, len) == []


def test_it_cuts_through_no_sign() -> None:
    assert split(f"abc{FAMILY}", 8, len) == ["abc", FAMILY]
    assert split(f"abc{THUMB}", 4, len) == ["abc", THUMB]
    assert split("abce\u0301x", 4, len) == ["abc", "e\u0301x"]


def test_it_cuts_through_a_sign_that_has_no_end() -> None:
    assert split("a" + "\u0301" * 99, 50, len) == ["a" + "\u0301" * 49, "\u0301" * 50]


def test_it_measures_as_the_vendors_do() -> None:
    assert (utf8_bytes("aü😀"), size("aü😀")) == (7, 4)


def test_it_says_how_much_it_left_out() -> None:
    assert shorten("abcdef", 6, len) == ("abcdef", 0)
    assert shorten("abcdefg", 6, len) == ("abcd …", 3)
    assert shorten("ab  efg", 6, len) == ("ab …", 3)
    assert shorten("üüüü", 7, utf8_bytes) == ("ü …", 3)


@given(TEXTS, st.integers(8, 60), MEASURES)
def test_it_loses_nothing_but_white_space_between_parts(text: str, most: int, measure: object) -> None:
    assert callable(measure)
    parts = split(text, most, measure)
    assert all(part and measure(part) <= most for part in parts)
    rest = text.strip()
    for part in parts:
        assert rest.startswith(part)
        rest = rest[len(part) :]
        assert not rest or rest[0].isspace() or not set(part) & set(" \n"), "a word was cut that was not too long"
        rest = rest.lstrip()
    assert not rest


@given(TEXTS, st.integers(8, 60), MEASURES)
def test_it_shortens_to_what_fits_and_keeps_the_beginning(text: str, most: int, measure: object) -> None:
    assert callable(measure)
    shown, left = shorten(text, most, measure)
    assert measure(shown) <= most
    assert (shown == text) if not left else text[: len(text) - left].rstrip() == shown.removesuffix(" …")


@given(st.text())
def test_it_leaves_only_what_can_be_shown(text: str) -> None:
    assert all(unicodedata.category(letter) not in {"Cc", "Cs"} or letter in "\n\t" for letter in clean(text))
    assert set(plain(text)) <= set(text) | set("- ()")
